"""What is called MIRACL is MIRACL: counted, read whole at first use and once, and named in the report by its size."""

import gzip
import hashlib
import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from click.testing import CliRunner

from claimcheck.appraisal.made_with import _provenance
from claimcheck.cli import main
from claimcheck.corpora import checked, large_door, large_files, sizes
from claimcheck.corpora.large import languages
from claimcheck.corpora.manifest import manifest
from claimcheck.errors import CorruptInput

COUNT = 40


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sizes, "PASSAGES", {**sizes.PASSAGES, "yo": COUNT})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def lines(count: int, first: int = 0) -> bytes:
    return b"".join(json.dumps({"docid": f"{number}#0", "title": "t", "text": "x"}).encode() + b"\n"
                    for number in range(first, first + count))


def corpus(folder: Path, name: str = "miracl", **files: bytes) -> Path:
    """The passages of Yoruba as a person puts them there."""
    place = folder / name / "yo-corpus"
    place.mkdir(parents=True)
    for file, content in files.items():
        (place / file.replace("_", "-").replace("--", ".")).write_bytes(content)
    return place


def located(*places: Path, name: str = "miracl") -> large_door.Language:
    found = large_door.locate(name, "yo", places)
    assert isinstance(found, large_door.Language)
    return found


def refused(*places: Path, name: str = "miracl") -> str:
    with pytest.raises(CorruptInput) as caught:
        large_door.locate(name, "yo", places)
    fault, = caught.value.faults
    return f"{fault.path.name}: {fault.what}"


def test_a_pool_is_called_miracl_if_it_has_as_many_passages_as_were_published(tmp_path: Path, data_dir: Path):
    corpus(tmp_path / "whole", docs_0__jsonl=lines(30), docs_1__jsonl=lines(10, 30))
    assert located(tmp_path / "whole", data_dir).count == COUNT
    corpus(tmp_path / "cut", docs_0__jsonl=lines(30))
    assert refused(tmp_path / "cut", data_dir) == "yo-corpus: holds 30 passages, and MIRACL has 40 in yo"
    corpus(tmp_path / "empty")
    assert refused(tmp_path / "empty", data_dir) == "yo-corpus: holds no shards of a corpus"


def test_the_command_that_verifies_counts_what_is_here_and_says_where_nothing_is(tmp_path: Path, data_dir: Path,
                                                                                 monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CLAIMCHECK_DATA", str(data_dir))

    def told(*names: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(main, ["data", "verify", *names, "--data-dir", str(tmp_path)])
        return done.exit_code, done.stdout, done.stderr

    assert told("miracl")[:2] == (1, f"miracl: nothing is here to check; {manifest()['miracl'].note}\n")
    place = corpus(tmp_path, docs_0__jsonl=lines(COUNT))
    assert told("miracl")[:2] == (0, "miracl, yo: 40 passages, as many as published; put there by hand, no digest is known\n")
    assert "miracl, yo: 40 passages" in told()[1]
    (place / "docs-0.jsonl").write_bytes(lines(COUNT - 1))
    status, out, said = told("miracl")
    assert (status, out) == (1, "miracl, yo: 1 fault\n")
    assert "holds 39 passages, and MIRACL has 40 in yo; put all of them there" in said


def test_a_shard_that_was_cut_off_is_found_before_anything_is_trained(tmp_path: Path, data_dir: Path):
    corpus(tmp_path / "gz", **{"docs_0__jsonl.gz": gzip.compress(lines(COUNT))[:-9]})
    assert refused(tmp_path / "gz", data_dir).startswith("docs-0.jsonl.gz: the gzip file is cut off or broken")
    place = corpus(tmp_path / "parquet")
    table = pyarrow.table({"docid": [str(number) for number in range(COUNT)], "title": ["t"] * COUNT, "text": ["x"] * COUNT})
    pyarrow.parquet.write_table(table, place / "0.parquet")
    assert located(tmp_path / "parquet", data_dir).count == COUNT
    (place / "0.parquet").write_bytes((place / "0.parquet").read_bytes()[:-7])
    assert refused(tmp_path / "parquet", data_dir).startswith("0.parquet: not parquet, or cut off")


def test_files_that_nobody_reads_move_no_key_and_those_that_are_read_do(tmp_path: Path, data_dir: Path):
    place = corpus(tmp_path, docs_0__jsonl=lines(COUNT))
    before = located(tmp_path, data_dir).digest
    (place / "README.md").write_text("read me")
    assert located(tmp_path, data_dir).digest == before
    (place / "docs-0.jsonl").write_bytes(lines(COUNT, 1))
    assert located(tmp_path, data_dir).digest != before


def test_a_file_is_read_once_until_it_changes(tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch):
    place = corpus(tmp_path, docs_0__jsonl=lines(30), docs_1__jsonl=lines(10, 30))
    read: list[str] = []
    digest = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda file, name: read.append(Path(file.name).name) or digest(file, name))

    def shards_read() -> list[str]:
        read.clear()
        checked._read.cache_clear()  # as another process
        located(tmp_path, data_dir)
        return [name for name in read if name.startswith("docs")]

    assert shards_read() == ["docs-0.jsonl", "docs-1.jsonl"]
    assert shards_read() == []
    (place / "docs-1.jsonl").write_bytes(lines(10, 50))  # of the same size
    assert shards_read() == ["docs-1.jsonl"]
    note = tmp_path / "miracl" / ".yo.checked.json"
    note.write_text("{")
    assert shards_read() == ["docs-0.jsonl", "docs-1.jsonl"]


def test_where_nothing_can_be_written_beside_the_files_the_note_is_in_the_cache(tmp_path: Path,
                                                                               monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a").write_bytes(b"a")
    write = checked.beside

    def refusing(path: Path, content: bytes) -> Path:
        if path.parent == tmp_path:
            raise PermissionError
        return write(path, content)

    monkeypatch.setattr(checked, "beside", refusing)
    found = checked.digests([tmp_path / "a"], tmp_path / ".note.json")
    assert found == {tmp_path / "a": hashlib.sha256(b"a").hexdigest()}
    assert not (tmp_path / ".note.json").exists()
    assert len(list((tmp_path / "cache").rglob("checked/*.json"))) == 1
    checked._read.cache_clear()
    monkeypatch.setattr(hashlib, "file_digest", lambda *_: pytest.fail("read again"))
    assert checked.digests([tmp_path / "a"], tmp_path / ".note.json") == found


def hard_negatives(folder: Path, passages: int, queries: int) -> Path:
    place = folder / "miracl-hard-negatives"
    tables = {"corpus": {"_id": [f"{number}#0" for number in range(passages)], "title": ["t"] * passages,
                         "text": ["x"] * passages},
              "queries": {"_id": [f"q{number}" for number in range(queries)], "text": ["q"] * queries},
              "qrels": {"query-id": [f"q{number}" for number in range(queries)],
                        "corpus-id": [f"{number % 50}#0" for number in range(queries)], "score": [1] * queries}}
    for kind, columns in tables.items():
        (place / f"yo-{kind}").mkdir(parents=True)
        pyarrow.parquet.write_table(pyarrow.table(columns), place / f"yo-{kind}" / "dev.parquet")
    return place


def test_hard_negatives_have_all_their_queries_all_that_answers_them_and_are_not_the_whole(tmp_path: Path, data_dir: Path):
    name = "miracl-hard-negatives"
    hard_negatives(tmp_path / "whole", 60, 119)
    assert located(tmp_path / "whole", data_dir, name=name).count == 60
    hard_negatives(tmp_path / "few", 60, 118)
    assert refused(tmp_path / "few", name=name) == "yo-queries: holds 118 queries where 119 were published"
    hard_negatives(tmp_path / "cut", 48, 119)
    assert refused(tmp_path / "cut", name=name) == "yo-corpus: lacks 2 passages that are judged relevant, `48#0` first"
    hard_negatives(tmp_path / "all", COUNT, 119)
    assert refused(tmp_path / "all", name=name) == "yo-corpus: holds all 40 passages of MIRACL in yo"
    hard_negatives(tmp_path / "under", 60, 119).rename(tmp_path / "under" / "miracl")
    assert refused(tmp_path / "under", data_dir) == "yo-corpus: holds 60 passages, and MIRACL has 40 in yo"
    # 11,076 queries in all, as its repository has them: ar, fi and ru are cut to a thousand
    assert sum(map(large_files.queries_of, languages(name))) == 11_076


def test_what_runs_were_made_with_says_how_large_each_pool_was():
    machine = {"processor": "p", "cores": 1, "system": "s", "architecture": "a"}
    leg = {"route": "mixed > miracl", "evaluated": {"sw": {"candidates": 131_924}, "yo": {"candidates": 49_043}},
           "threads": 1, "device": "cpu", "instructions": "i",
           "products": {"rows": 1, "columns": 1, "threads": 1, "library": "l"}}
    record = {"sources": "s", "code": {}, "libraries": {}, "data": {}, "machine": machine,
              "legs": [leg, {**leg, "route": "mixed > xquad-r"}]}
    told = dict(_provenance(record))
    assert told["pools of mixed > miracl"] == "sw 131,924 passages, yo 49,043 passages"
    assert not [name for name in told if "xquad-r" in name]
