"""What the documents say is true: their commands exist and their example gives the verdict that they tell."""

import json
import math
import re
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from claimcheck.claim import Claim, Kind
from claimcheck.prediction import DATA_CHECKS, RERUN_CHECKS, TABLE_CHECKS


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def test_the_worked_example_gives_what_the_page_says(claimcheck, root: Path, tmp_path: Path):
    page = root / "docs" / "claim-files.md"
    (tmp_path / "claims").mkdir()
    table, = blocks(page, "csv")
    claim, _ = blocks(page, "yaml")
    (tmp_path / "claims" / "reported.csv").write_text(table, encoding="utf-8")
    (tmp_path / "claims" / "b-beats-a.yaml").write_text(claim, encoding="utf-8")
    assert claimcheck("validate", "claims").returncode == 0
    assert claimcheck("run", "claims", "--out", "out").returncode == 0
    tier = json.loads((tmp_path / "out" / "report.json").read_text())["claims"][0]["tiers"]["reported"]
    text = page.read_text(encoding="utf-8")
    assert f"says `{tier['verdict']}`; the report adds `{tier['findings'][0]['printed']}`" in text.replace("\n", " ")


def test_the_example_of_a_re_run_is_no_test_in_five_languages_and_one_in_eleven(claimcheck, root: Path, tmp_path: Path):
    (tmp_path / "claims").mkdir()
    _, claim = blocks(root / "docs" / "claim-files.md", "yaml")
    (tmp_path / "claims" / "crosslingual-ahead.yaml").write_text(claim, encoding="utf-8")
    beside = ("--reproductions", root / "reproductions")
    assert claimcheck("validate", "claims", *beside).stdout.endswith("no fault\n")
    assert "reduced (not a test of this claim)" in claimcheck("plan", "claims", *beside).stdout
    assert "reduced (with profile folds)" in claimcheck("plan", "claims", "--profile", "folds", *beside).stdout


def test_every_command_of_the_readme_runs(claimcheck, paper_claims: Path, data_dir: Path, root: Path):
    commands = [line.split("#")[0].split("|")[0].split() for name in ("README.md", "docs/report-json.md", "docs/data.md")
                for block in blocks(root / name, "sh") for line in block.splitlines() if line.startswith("claimcheck ")]
    assert len(commands) >= 8
    for command in commands:
        if "fetch" in command or "folds" in command:
            continue  # no test downloads anything, and a quarter of an hour is too long for one
        done = claimcheck(*command[1:], cwd=paper_claims.parent, CLAIMCHECK_DATA=str(data_dir))
        assert done.returncode == 0, (command, done.stderr)


def test_the_page_on_scoring_shows_what_its_commands_and_its_code_give(claimcheck, root: Path, tmp_path: Path):
    page = root / "docs" / "scoring.md"
    run, judgments, printed, head = blocks(page, "text")
    code, = blocks(page, "python")
    (tmp_path / "my.run").write_text(run, encoding="utf-8")
    (tmp_path / "my.qrels").write_text(judgments, encoding="utf-8")
    commands = [line.split("#")[0].split()[1:] for block in blocks(page, "sh") for line in block.splitlines()]
    done = [claimcheck(*command) for command in commands]
    assert [each.returncode for each in done] == [0] * 4, [each.stderr for each in done]
    assert done[1].stdout == printed
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert (tmp_path / "with-header.run").read_text(encoding="utf-8").startswith(head)
    for name in ("with-header.run", "without.run"):
        assert claimcheck("score", name, *commands[1][2:]).stdout == printed


def test_the_page_on_evaluation_exports_a_run_and_scores_it(claimcheck, paper_claims: Path, data_dir: Path, root: Path):
    block, = blocks(root / "docs" / "evaluation.md", "sh")
    plan, export, score = (line.split("#")[0].split()[1:] for line in block.splitlines())
    here = {"cwd": paper_claims.parent, "CLAIMCHECK_DATA": str(data_dir)}
    tiny = ("--profile", "tiny")  # a smaller run than the page's, of the same names
    listed = claimcheck(*plan, *tiny, **here)
    key = next(line.split()[0] for line in listed.stdout.splitlines() if "untrained  seed 0" in line)
    done = claimcheck(*(key if word == "KEY" else word for word in export), *tiny, "--depth", "20", **here)
    assert done.returncode == 0, done.stderr
    scored = claimcheck(*score, **here)
    assert scored.returncode == 0, scored.stderr
    assert scored.stdout.startswith("query")


def test_the_page_on_evaluation_measures_miracl_from_a_corpus_that_was_made(root: Path, tmp_path: Path):
    import torch

    code, = blocks(root / "docs" / "evaluation.md", "python")
    namespace: dict[str, Any] = {}
    exec(code, namespace)
    (tmp_path / "corpus-sw").mkdir()
    passages = [{"docid": f"{number}#0", "title": "", "text": str(number)} for number in range(30)]
    shard = tmp_path / "corpus-sw" / "docs-0.jsonl"
    shard.write_text("".join(f"{json.dumps(each)}\n" for each in passages), encoding="utf-8")
    (tmp_path / "topics.miracl-v1.0-sw-dev.tsv").write_text("q1\t3\nq2\t28\n", encoding="utf-8")
    (tmp_path / "qrels.miracl-v1.0-sw-dev.tsv").write_text(
        "q1\tQ0\t28#0\t1\nq2\tQ0\t29#0\t1\nq2\tQ0\t0#0\t0\n", encoding="utf-8")

    def embed(texts: list[str], role: str) -> torch.Tensor:
        return torch.tensor([[float(text), 1.0] for text in texts])  # whatever is asked, larger numbers come first

    # 29 is first, 28 second: nDCG@10 is 1/log2(3) of one query and 1 of the other
    assert namespace["swahili"](tmp_path, tmp_path / "shards", embed, "numbers") == pytest.approx(
        {"nDCG@10": (1 / math.log2(3) + 1) / 2, "R@100": 1.0})


def test_the_readmes_test_command_is_the_one_that_ci_calls(root: Path):
    make, = (line for block in blocks(root / "README.md", "sh") for line in block.splitlines() if "tests" in line)
    assert make.split("#")[0].strip() == (root / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1] == "make check"


@pytest.mark.parametrize("name", [*(kind.value for kind in Kind), *TABLE_CHECKS, *DATA_CHECKS, *RERUN_CHECKS])
def test_every_kind_and_check_is_documented(root: Path, name: str):
    assert f"| `{name}` |" in (root / "docs" / "claim-files.md").read_text(encoding="utf-8")


def test_every_key_of_a_claim_is_documented(root: Path):
    text = (root / "docs" / "claim-files.md").read_text(encoding="utf-8")
    section = text.partition("## Keys of a claim")[2].partition("## Kinds")[0]
    for item in fields(Claim):
        line = next((line for line in section.splitlines() if f"`{item.name}`" in "".join(line.split("|")[1:2])), "")
        needed = item.default is MISSING and item.default_factory is MISSING
        assert f"| {'yes' if needed else 'no'} |" in line, item.name


def test_kinds_are_said_to_be_settled_where_they_are(root: Path):
    text = (root / "docs" / "claim-files.md").read_text(encoding="utf-8")
    for kind in Kind:
        assert re.search(rf"^\| `{kind.value}` \|.*\| `{kind.settled_at.value}` \|$", text, flags=re.MULTILINE), kind


def test_nothing_in_the_package_names_a_paper(root: Path):
    for path in sorted((root / "claimcheck").rglob("*.py")):
        text = path.read_text(encoding="utf-8").lower()
        assert "hybrid-batches" not in text, path
        assert "labse" not in text, path


def test_every_room_of_the_house_is_on_its_map(root: Path):
    text = (root / "docs" / "house.md").read_text(encoding="utf-8")
    for path in sorted((root / "claimcheck").iterdir()):
        if not path.name.startswith("_"):
            assert f"`{path.name}{'/' if path.is_dir() else ''}`" in text, path.name
