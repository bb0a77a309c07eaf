"""The command as its user meets it: exit status, what goes where, what it imports, and where it works."""

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from claimcheck import __version__

BROKEN = """\
spec_version: 1
id: Two
statment: It is so.
kind: arithmetics
scope: benchmark
scope: benchmark
paper: p
where: w
source_report: {verified: true, confidence: 7}
atoms:
\t- id: a
\t  says: it
\t  needs: x
"""


def test_the_main_job_reports_on_stdout_and_writes_three_files(claimcheck, paper_claims: Path, tmp_path: Path):
    done = claimcheck("run", paper_claims, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 16  # a head, twelve claims, and three planted truths since no data are here
    assert re.search(r"hybrid-batches-08 .*unverified +tables agree in part +could not run +not run", done.stdout)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["index.html", "report.json", "report.tex"]
    assert "\x1b" not in done.stdout + done.stderr
    assert len(done.stderr.splitlines()) <= 6
    assert done.stderr.count("not seen here: ") == 2  # two data sets, each with where it could be had


def test_the_report_goes_to_a_folder_named_after_the_claims(claimcheck, paper_claims: Path, tmp_path: Path):
    assert claimcheck("run", paper_claims).returncode == 0
    assert (tmp_path / "report" / "hybrid-batches" / "index.html").is_file()


def test_the_same_input_gives_the_same_bytes_wherever_it_lies(claimcheck, paper_claims: Path, root: Path, tmp_path: Path):
    for number, claims in enumerate((root / "claims", paper_claims)):
        assert claimcheck("run", claims, "--out", tmp_path / str(number), PYTHONHASHSEED=str(number)).returncode == 0
    for name in ("index.html", "report.json", "report.tex"):
        assert (tmp_path / "0" / name).read_bytes() == (tmp_path / "1" / name).read_bytes()


def test_json_on_stdout_is_the_report(claimcheck, paper_claims: Path, tmp_path: Path):
    done = claimcheck("run", paper_claims, "--out", tmp_path / "out", "--format", "json")
    assert done.stdout == (tmp_path / "out" / "report.json").read_text(encoding="utf-8")


def test_a_tier_that_is_named_and_cannot_run_ends_with_1_and_still_reports(claimcheck, paper_claims: Path, tmp_path: Path):
    for tier, why in (("reduced", "XQuAD-R is not on this machine"), ("full", "The runs of this profile are of tier reduced")):
        done = claimcheck("run", paper_claims, "--tier", tier, "--out", tmp_path / tier)
        assert done.returncode == 1
        assert f"tier {tier} could not run" in done.stderr
        assert why in done.stderr
        claims = json.loads((tmp_path / tier / "report.json").read_text())["claims"]
        assert {each["verdict"] for claim in claims for each in claim["tiers"].values()} <= {"not run", "could not run"}
    assert claimcheck("run", paper_claims, "--tier", "reported", "--out", tmp_path / "r").returncode == 0


def test_tiers_that_were_not_asked_for_say_so(claimcheck, paper_claims: Path, tmp_path: Path):
    claimcheck("run", paper_claims, "--tier", "reported", "--out", tmp_path / "out")
    claim = json.loads((tmp_path / "out" / "report.json").read_text())["claims"][7]
    assert claim["tiers"]["full"]["why"] == "Not asked for."


def test_fail_on_is_a_gate(claimcheck, paper_claims: Path, tmp_path: Path):
    assert claimcheck("run", paper_claims, "--fail-on", "refuted", "--out", tmp_path / "o").returncode == 0
    done = claimcheck("run", paper_claims, "--fail-on", "refuted", "--fail-on", "verified", "--out", tmp_path / "o")
    assert done.returncode == 1
    assert "--fail-on: hybrid-batches-07: verified" in done.stderr


def test_a_profile_without_a_reproduction_is_bad_usage(claimcheck, paper_claims: Path):
    (paper_claims.parent / "reproductions" / "hybrid-batches.yaml").unlink()
    assert claimcheck("run", paper_claims, "--profile", "quick").returncode == 2


def test_nothing_is_replaced_where_one_file_cannot_be(claimcheck, paper_claims: Path, tmp_path: Path):
    (tmp_path / "out" / "report.tex").mkdir(parents=True)
    (tmp_path / "out" / "index.html").write_text("old", encoding="utf-8")
    done = claimcheck("run", paper_claims, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert (tmp_path / "out" / "index.html").read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["index.html", "report.tex"]


def test_a_full_disk_is_one_line(claimcheck, paper_claims: Path):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "claimcheck", "list", str(paper_claims)], stdout=full, text=True,
                              stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_a_claim_keeps_its_number_when_others_are_left_out(claimcheck, paper_claims: Path, tmp_path: Path):
    claimcheck("run", paper_claims, "--only", "hybrid-batches-09", "--out", tmp_path / "o")
    assert [claim["number"] for claim in json.loads((tmp_path / "o" / "report.json").read_text())["claims"]] == [9]


def test_no_path_of_a_machine_stands_in_a_report(claimcheck, paper_claims: Path, tmp_path: Path):
    (paper_claims / "hybrid-batches" / "reported.csv").unlink()
    assert claimcheck("run", paper_claims, "--out", tmp_path / "out").returncode == 0
    for name in ("index.html", "report.json", "report.tex"):
        assert str(paper_claims) not in (tmp_path / "out" / name).read_text(encoding="utf-8")
    assert "hybrid-batches/08-best-in-multilingual-retrieval.yaml" in (tmp_path / "out" / "report.json").read_text()


def test_only_judges_the_claims_that_are_named(claimcheck, paper_claims: Path, tmp_path: Path):
    done = claimcheck("run", paper_claims, "--only", "hybrid-batches-09", "--only", "hybrid-batches-02", "--out", tmp_path)
    named = [line.split()[0] for line in done.stdout.splitlines()[1:] if not line.startswith("self-test")]
    assert named == ["hybrid-batches-02", "hybrid-batches-09"]


@pytest.mark.parametrize(("arguments", "what"), [
    (["run", "nowhere"], "no such file or folder"),
    (["run", "CLAIMS", "--only", "hybrid-batches-8"], "did you mean `hybrid-batches-08`?"),
    (["run", "CLAIMS", "--profile", "quik"], "did you mean `quick`?"),
    (["run", "CLAIMS", "--tier", "all"], "'all' is not one of"),
    (["run", "CLAIMS", "--jobs", "0"], "0 is not in the range"),
    (["run", "CLAIMS", "--data-dir", "nowhere"], "does not exist"),
    (["run", ""], "the path is empty"),
    (["run", "CLAIMS", "--out", ""], "the path is empty"),
    (["run", "CLAIMS", "--fail-on", "bad"], "'bad' is not one of"),
    (["run", "CLAIMS", "--out", "CLAIMS/hybrid-batches/reported.csv"], "cannot be written"),
    (["run"], "Missing argument"),
    (["runn"], "No such command"),
    (["list", "nowhere"], "no such file or folder"),
    (["schema", "claims"], "is not one of"),
])
def test_bad_usage_ends_with_2_and_says_what_to_do(claimcheck, paper_claims: Path, arguments: list[str], what: str):
    done = claimcheck(*[argument.replace("CLAIMS", str(paper_claims)) for argument in arguments])
    assert done.returncode == 2, done.stdout + done.stderr
    assert what in done.stderr
    assert "Traceback" not in done.stderr


def test_faulty_claim_files_end_with_2_before_anything_is_written(claimcheck, paper_claims: Path, tmp_path: Path):
    (paper_claims / "two.yaml").write_text(BROKEN, encoding="utf-8")
    done = claimcheck("run", paper_claims, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert not (tmp_path / "out").exists()
    assert done.stdout == ""
    assert "two.yaml:3:1: unknown key `statment`; did you mean `statement`?" in done.stderr


def test_a_corrupt_table_ends_with_1_before_anything_is_written(claimcheck, paper_claims: Path, tmp_path: Path):
    table = paper_claims / "hybrid-batches" / "reported.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("0.7581", "o.7581"), encoding="utf-8")
    done = claimcheck("run", paper_claims, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "reported.csv:38:48: `o.7581` is not a number" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_missing_table_could_not_run_with_the_remedy(claimcheck, paper_claims: Path, tmp_path: Path):
    (paper_claims / "hybrid-batches" / "reported.csv").unlink()
    done = claimcheck("run", paper_claims, "--out", tmp_path / "out")
    assert done.returncode == 0
    claim = json.loads((tmp_path / "out" / "report.json").read_text())["claims"][7]
    assert claim["tiers"]["reported"]["verdict"] == "could not run"
    assert "reported.csv" in claim["tiers"]["reported"]["remedy"]
    assert claimcheck("run", paper_claims, "--tier", "reported", "--out", tmp_path / "out").returncode == 1


def test_validate_tells_every_fault_of_every_file(claimcheck, tmp_path: Path):
    (tmp_path / "claims").mkdir()
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / "claims" / name).write_text(BROKEN, encoding="utf-8")
    done = claimcheck("validate", "claims")
    assert done.returncode == 2
    lines = done.stdout.splitlines()
    assert all(re.fullmatch(r"claims/[ab]\.yaml:\d+:\d+: .+; .+", line) for line in lines), lines
    assert [sum(name in line for line in lines) for name in ("a.yaml", "b.yaml")] == [8, 8]
    assert "did you mean `arithmetic`?" in done.stdout
    assert "a tab in the indentation" in done.stdout
    assert "the key `scope` stands twice (first in line 5)" in done.stdout


def test_validate_works_with_and_without_reproductions_and_tables(claimcheck, paper_claims: Path, root: Path):
    assert claimcheck("validate", paper_claims).returncode == 0
    assert claimcheck("validate", paper_claims.parent).returncode == 0
    assert claimcheck("validate", paper_claims.parent / "reproductions").returncode == 0
    (paper_claims.parent / "reproductions" / "hybrid-batches.yaml").unlink()
    (paper_claims / "hybrid-batches" / "reported.csv").unlink()
    done = claimcheck("validate", paper_claims)
    assert done.returncode == 0
    assert "no reproduction called hybrid-batches was found" in done.stderr
    assert "reported.csv does not stand beside it" in done.stderr


@pytest.mark.parametrize(("file", "before", "after", "what"), [
    ("08-best-in-multilingual-retrieval.yaml", "arm: hybrid\n          among", "arm: hybird\n          among",
     "no cell of reported.csv has sampling `hybird`; did you mean `hybrid`?"),
    ("08-best-in-multilingual-retrieval.yaml", "metric: [map, recall@10]", "metric: [map, recall@5]",
     "no cell of reported.csv has metric `recall@5`"),
    ("08-best-in-multilingual-retrieval.yaml", "among: sampling", "among: samplings",
     "reported.csv has no column `samplings`; did you mean `sampling`?"),
    ("08-best-in-multilingual-retrieval.yaml", "against: [monolingual, crosslingual]", "against: [monolingual, cross]",
     "reproduction hybrid-batches has no arm `cross`"),
    ("08-best-in-multilingual-retrieval.yaml", "datasets: [xquad-r, mlqa-r]\n          margin",
     "datasets: [xquad-r, mlqa]\n          margin", "evaluates no data set `mlqa`; did you mean `mlqa-r`?"),
    ("06-map-is-reported.yaml", "values: [xquad-r, mlqa-r]", "values: [xquad-r, mlqa-t, miracll]",
     "no cell of reported.csv has dataset `miracll`; did you mean `miracl`?"),
    ("10-reduces-language-bias.yaml", "{table: [7, 8], metric: rank_distance}", "{table: 3, metric: rank_distance}",
     "no cell of reported.csv has all of this at once"),
    ("09-better-with-both-backbones.yaml", "measure: AP", "measure: APP", "`measure` cannot be `APP`"),
    ("09-better-with-both-backbones.yaml", "settings: [monolingual,", "settings: [monolingal,", "did you mean `monolingual`?"),
    ("09-better-with-both-backbones.yaml", "backbones: [xlm-r, labse]", "backbones: [xlmr, labse]",
     "reproduction hybrid-batches has no backbone `xlmr`; did you mean `xlm-r`?"),
    ("12-robustness-to-perturbed-queries.yaml", "P1z", "P99", "the perturbation `P99` is not known"),
    ("09-better-with-both-backbones.yaml", "id: hybrid-batches-09", "id: hybrid-batches-08",
     "the id `hybrid-batches-08` is taken by"),
])
def test_validate_checks_a_claim_against_its_table_and_reproduction(claimcheck, paper_claims: Path, file: str, before: str,
                                                                  after: str, what: str):
    path = paper_claims / "hybrid-batches" / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    done = claimcheck("validate", paper_claims)
    assert done.returncode == 2
    assert what in done.stdout


def test_a_faulty_reproduction_is_told_with_its_place(claimcheck, paper_claims: Path):
    path = paper_claims.parent / "reproductions" / "hybrid-batches.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("        alpha: 0.5\n", "        alpha: 5\n").replace("paper:\n  id:", "paper:\n  ID:"),
                    encoding="utf-8")
    done = claimcheck("validate", paper_claims)
    assert done.returncode == 2
    assert re.search(r"hybrid-batches\.yaml:\d+:\d+: `alpha` is 5, out of its range", done.stdout)


def test_an_audit_that_selects_nothing_is_a_fault(claimcheck, paper_claims: Path):
    path = paper_claims.parent / "reproductions" / "hybrid-batches.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("metric: recall@1}", "metric: recall@7}"), encoding="utf-8")
    done = claimcheck("validate", paper_claims)
    assert done.returncode == 2
    assert "no cell of reported.csv has metric `recall@7`" in done.stdout


def test_an_audit_of_cells_that_are_not_printed_stops_no_run_and_is_said(claimcheck, paper_claims: Path, tmp_path: Path):
    table = paper_claims / "hybrid-batches" / "reported.csv"
    kept = [line for line in table.read_text(encoding="utf-8").splitlines() if "mlqa-r,monolingual,recall@1" not in line]
    table.write_text("\n".join(kept) + "\n", encoding="utf-8")
    done = claimcheck("run", paper_claims, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "no cell of reported.csv has all of this at once" in done.stderr
    audits = json.loads((tmp_path / "out" / "report.json").read_text())["table_findings"]
    found = {each["says"]: each["text"] for each in audits}
    assert found["Printed monolingual R@1 of MLQA-R as k/n (n = questions: 0 of 0)"] == "nothing to check"
    assert claimcheck("validate", paper_claims).returncode == 2


def test_every_claim_is_in_the_sentence_about_the_tables(claimcheck, paper_claims: Path, tmp_path: Path):
    (paper_claims / "hybrid-batches" / "reported.csv").unlink()
    assert claimcheck("run", paper_claims, "--out", tmp_path / "out").returncode == 0
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "Of 11 claims the paper&#39;s own tables are not at hand for 9, do not concern 2." in page


def test_a_claim_file_with_another_ending_is_not_passed_over_in_silence(claimcheck, paper_claims: Path, tmp_path: Path):
    (paper_claims / "more.yml").write_text("id: x\n", encoding="utf-8")
    assert "more.yml: is not read: claim files end in .yaml" in claimcheck("validate", paper_claims).stderr


def test_list_shows_the_claims_and_refuses_what_is_not_one(claimcheck, paper_claims: Path):
    done = claimcheck("list", paper_claims, "--format", "json")
    assert [each["id"] for each in json.loads(done.stdout)] == [f"hybrid-batches-{number:02}" for number in range(1, 13)]
    (paper_claims / "two.yaml").write_text(BROKEN, encoding="utf-8")
    assert claimcheck("list", paper_claims).returncode == 2


def test_a_statement_cannot_steer_the_terminal(claimcheck, paper_claims: Path):
    path = paper_claims / "hybrid-batches" / "02-experiments-on-three-datasets.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("statement: Experiments", 'statement: "\\e[31mExperiments').replace("Datasets.", 'Datasets."'),
                    encoding="utf-8")
    done = claimcheck("list", paper_claims)
    assert done.returncode == 2
    assert "\x1b" not in done.stdout


def test_plan_says_what_can_run_and_which_runs_a_profile_asks_for(claimcheck, paper_claims: Path):
    done = claimcheck("plan", paper_claims, "--profile", "folds", "--seed", "3", "--format", "json")
    made, = json.loads(done.stdout)["plans"]
    assert len(made["runs"]) == 25  # 1 backbone * (4 arms + untrained) * 5 seeds
    assert {run["seed"] for run in made["runs"]} == {3, 4, 5, 6, 7}
    assert made["tier"] == "reduced"
    said = claimcheck("plan", paper_claims).stdout
    assert "cannot be run here: XQuAD-R is not on this machine" in said
    assert "hybrid-batches-09: reported (can run), reduced (not a test of this claim), full (not with profile quick)" in said


def test_report_writes_again_without_running(claimcheck, paper_claims: Path, tmp_path: Path):
    assert claimcheck("run", paper_claims, "--out", tmp_path / "a").returncode == 0
    assert claimcheck("report", paper_claims, "--out", tmp_path / "b").returncode == 0
    assert (tmp_path / "a" / "index.html").read_bytes() == (tmp_path / "b" / "index.html").read_bytes()


@pytest.mark.parametrize("which", ["claim", "reproduction", "report"])
def test_schema_prints_json_schema(claimcheck, which: str):
    assert json.loads(claimcheck("schema", which).stdout)["$schema"].endswith("2020-12/schema")


def test_other_files_of_the_report_folder_are_left_alone(claimcheck, paper_claims: Path, tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine", encoding="utf-8")
    assert claimcheck("run", paper_claims, "--out", tmp_path / "out").returncode == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["index.html", "mine.txt", "report.json", "report.tex"]


def test_the_version_is_printed(claimcheck):
    assert claimcheck("--version").stdout == f"claimcheck, version {__version__}\n"


IMPORTS = """
import sys
from claimcheck.cli import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    assert not ended.code, ended.code
heavy = {"numpy", "torch", "scipy", "transformers", "pandas", "datasets"} & set(sys.modules)
light = {"rich", "jinja2", "pydantic", "ruamel"} & set(sys.modules)
print("LOADED", sorted(heavy), sorted(light))
"""


@pytest.mark.parametrize(("arguments", "light"), [(["--help"], []), (["list", "CLAIMS"], ["ruamel"]),
                                                  (["validate", "CLAIMS"], ["pydantic", "ruamel"])])
def test_nothing_heavy_is_imported_until_a_verb_needs_it(root: Path, arguments: list[str], light: list[str]):
    words = [word.replace("CLAIMS", str(root / "claims")) for word in arguments]
    done = subprocess.run([sys.executable, "-c", IMPORTS, *words], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"LOADED [] {light}"


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals on this system")
def test_on_a_terminal_progress_goes_to_stderr_and_results_stay_clean(paper_claims: Path, tmp_path: Path):
    parent, child = os.openpty()
    command = [sys.executable, "-m", "claimcheck", "run", str(paper_claims), "--out", str(tmp_path / "out")]
    environment = {**os.environ, "TERM": "xterm-256color", "CLAIMCHECK_DATA": "", "XDG_CACHE_HOME": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=child, text=True, env=environment, cwd=tmp_path) as done:
        os.close(child)
        shown: list[bytes] = []
        reader = threading.Thread(target=lambda: read_all(parent, shown))  # a terminal holds little: who writes would wait
        reader.start()
        assert done.stdout is not None
        text = done.stdout.read()
    reader.join()
    os.close(parent)
    assert done.returncode == 0
    assert "\x1b" not in text
    seen = b"".join(shown)
    assert b"judging" in seen
    assert b"training and evaluating, profile planted" in seen
    assert b"\x1b" in seen


def read_all(terminal: int, into: list[bytes]) -> None:
    """Read what is written to a terminal until nobody has it open."""
    while True:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:
            return
        if not chunk:
            return
        into.append(chunk)
