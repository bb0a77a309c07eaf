"""The paper's training data: what the registry says, fetching from a hub on this machine, and preparing published files."""

import gzip
import hashlib
import io
import json
import os
import pickle
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from claimcheck.cli import main
from claimcheck.corpora import door, large_door, sizes, tabbed, training_files
from claimcheck.corpora.pair_sources import MOST
from claimcheck.corpora.pairs import PairTexts, in_memory
from claimcheck.corpora.parallel import open_pairs, packed, verify
from claimcheck.corpora.parallel_writing import pack
from claimcheck.corpora.preparing import MSMARCO_LANGUAGES, MSMARCO_TRIPLES, msmarco_tables, prepare
from claimcheck.corpora.training_data import TrainingPart, training_parts
from claimcheck.corpora.triple_writing import Tables, pack_triples
from claimcheck.corpora.triples import TriplePairs
from claimcheck.errors import CorruptInput, UsageFault
from claimcheck.run import digest_of

PARTS = training_parts()
LOADABLE = ("mr-tydi-en", "mfaq-en", "mmarco", "squadshifts")


def faults(caught: pytest.ExceptionInfo[CorruptInput]) -> list[tuple[str, int, int, str]]:
    return [(fault.path.name, fault.line, fault.column, fault.what) for fault in caught.value.faults]


def left(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def no_locks(names: Sequence[str]) -> list[str]:
    return [name for name in names if not name.endswith(".lock")]


# --- the registry -------------------------------------------------------------------------------------------------------------


def test_the_registry_has_what_the_reproduction_says_that_the_paper_used(root: Path):
    text = (root / "reproductions" / "hybrid-batches.yaml").read_text(encoding="utf-8")
    train = re.search(r"train: \[(wikiqa[^]]*)\]", text)
    assert train is not None
    assert list(PARTS) == [*train[1].split(", "), "squadshifts"]
    assert "select: squadshifts" in text
    stated = re.sub(r"\s+", " ", text)
    for part in PARTS.values():
        assert part.items is None or f" {part.items:,}" in stated, part.name
    assert PARTS["squadshifts"].items is None
    assert PARTS["squadshifts"].expected == 7938 + 10065 + 9803 + 9885


def test_what_is_loadable_names_a_commit_and_where_it_was_read_and_what_is_not_why(root: Path):
    assert tuple(name for name, part in PARTS.items() if part.loadable) == LOADABLE
    for part in PARTS.values():
        assert part.title
        assert part.languages == tuple(sorted(part.languages))
        assert part.licence
        assert part.citation
        assert part.address.startswith("https://")
        assert not part.revision_checked  # nothing here asked the hub; whoever did may say so
        if not part.loadable:
            assert (part.revision, part.files, part.origin, part.download_bytes, part.parser) == (None, (), "", None, "")
            continue
        assert re.fullmatch(r"[0-9a-f]{40}", part.revision or "")
        assert part.revision_from
        assert part.origin == f"{part.address} at {part.revision}"
        assert (part.download_bytes is None) == (part.size_from == "")
        assert all(not name.startswith("/") and ".." not in name for name in part.files)
        assert not part.digests or sum(size for size, _ in part.digests) == part.download_bytes
        assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for _, digest in part.digests)
        assert not part.repository.startswith("https://github.com/") or len(part.digests) == len(part.files)


def test_the_files_of_the_triples_are_those_of_its_languages():
    part = PARTS["mmarco"]
    tables = [path for language in part.languages for path in msmarco_tables(language)]
    assert sorted(part.files) == sorted([MSMARCO_TRIPLES, *tables])
    assert part.non_commercial
    assert set(part.languages) < set(MSMARCO_LANGUAGES)
    assert len(MSMARCO_LANGUAGES) == 14


def test_the_table_of_the_page_is_the_registry(root: Path):
    whole = (root / "docs" / "data.md").read_text(encoding="utf-8")
    page = whole.partition("## The paper's training data")[2].partition("\n## ")[0]
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in page.splitlines()
            if line.startswith("| `")]
    assert rows == [(f"`{part.name}`", part.title, ", ".join(part.languages), f"{part.expected:,}",
                     part.terms.replace("NON-COMMERCIAL USE ONLY", "non-commercial"),
                     f"`{part.repository}` at `{(part.revision or '')[:12]}`" if part.loadable else "not published")
                    for part in PARTS.values()]


# --- fetching -----------------------------------------------------------------------------------------------------------------

REPOSITORY, COMMIT = "some-org/questions", "a" * 40
FILES = {"data/large.tsv": b"1\tlarge\n" * 50_000, "data/small.jsonl": b'{"query": "q"}\n', "README.md": b"not wanted"}
PUBLISHED = replace(PARTS["mr-tydi-en"], name="questions", repository=REPOSITORY, revision=COMMIT,
                    files=("data/large.tsv", "data/small.jsonl"))


class DataHub:
    """A hub on this machine with one data set at one commit; it notes what was asked for."""

    def __init__(self) -> None:
        self.files, self.given, self.asked, self.broken = dict(FILES), dict(FILES), [], set[str]()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments: object) -> None:
                pass

            def do_HEAD(self) -> None:
                self.answer(*hub.answer(self.path), body=False)

            def do_GET(self) -> None:
                hub.asked.append(self.path)
                self.answer(*hub.answer(self.path), body=True)

            def answer(self, status: int, headers: dict[str, str], content: bytes, *, body: bool) -> None:
                begin = 0
                if status == 200 and (asked := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))):
                    status, begin = 206, int(asked[1])
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content) - begin), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if body and self.path.rpartition("/")[2] in hub.broken:
                    self.wfile.write(content[begin:begin + (len(content) - begin) // 2])
                    self.close_connection = True
                elif body:
                    self.wfile.write(content[begin:])

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        path = path.partition("?")[0]
        if f"datasets/{REPOSITORY}/" not in path:
            return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"
        if COMMIT not in path:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
        if path == f"/api/datasets/{REPOSITORY}/revision/{COMMIT}":
            listed = [{"rfilename": name, "size": len(content), "blobId": blob(content), **self.lfs(name)}
                      for name, content in self.files.items()]
            return 200, {}, json.dumps({"id": REPOSITORY, "sha": COMMIT, "tags": ["license:mit"], "siblings": listed}).encode()
        if path == f"/api/datasets/{REPOSITORY}/tree/{COMMIT}":
            return 200, {}, json.dumps([{"type": "file", "path": name, "size": len(content), "oid": blob(content)}
                                        for name, content in self.files.items()]).encode()
        name = path.removeprefix(f"/datasets/{REPOSITORY}/resolve/{COMMIT}/")
        if name not in self.files:
            return 404, {"X-Error-Code": "EntryNotFound"}, b""
        etag = self.lfs(name).get("lfs", {}).get("sha256") or blob(self.files[name])
        return 200, {"X-Repo-Commit": COMMIT, "ETag": f'"{etag}"'}, self.given[name]

    def lfs(self, name: str) -> dict[str, dict[str, object]]:
        content = self.files[name]
        return {"lfs": {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}} \
            if name.endswith(".tsv") else {}

    def fetched(self) -> list[str]:
        return sorted(path.rpartition("/")[2] for path in self.asked if "/resolve/" in path)


def blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataHub]:
    made = DataHub()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", made.address)
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE",
                        made.address + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between the library's own attempts
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_the_files_of_a_part_are_fetched_at_their_commit_and_nothing_else(hub: DataHub, tmp_path: Path):
    said: list[str] = []
    place = training_files.fetch(PUBLISHED, tmp_path / "data", said.append)
    assert place == tmp_path / "data" / "sources" / "questions" / COMMIT
    assert left(place) == sorted(PUBLISHED.files)
    assert all((place / name).read_bytes() == FILES[name] for name in PUBLISHED.files)
    assert hub.fetched() == ["large.tsv", "small.jsonl"]
    assert said[0] == f"{PUBLISHED.title}: about 26.7 MB, licence Apache-2.0, from {PUBLISHED.origin}"
    assert "0.4 MB in 2 files, the hub says licence mit" in said[2]
    assert said[-1] == f"{REPOSITORY} at commit {COMMIT[:12]}: 2 files as the hub lists them"
    assert training_files.here(PUBLISHED, [tmp_path / "none", tmp_path / "data"]) == (place, ())
    training_files.fetch(PUBLISHED, tmp_path / "data", said.append)
    assert len(hub.fetched()) == 2  # what is here is not asked for again


def test_passages_are_fetched_by_language_and_count_as_here_when_all_came(hub: DataHub, tmp_path: Path, data_dir: Path,
                                                                           monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(large_door, "repository", lambda name: (REPOSITORY, COMMIT))
    monkeypatch.setattr(sizes, "PASSAGES", {"yo": 4, "sw": 2})
    shards = {f"yo-corpus/dev-0000{number}-of-00002.parquet": corpus(f"{number}#0", f"{number}#1") for number in range(2)}
    hub.files = hub.given = {**shards, "sw-corpus/dev-00000-of-00001.parquet": corpus("0#0"), "README.md": b"not wanted"}
    place = large_door.fetch("miracl", ("yo",), tmp_path / "data", lambda _: None)
    assert left(place) == [".yo.checked.json", "yo-corpus/dev-00000-of-00002.parquet", "yo-corpus/dev-00001-of-00002.parquet",
                           "yo.json"]
    found = large_door.locate("miracl", "yo", [tmp_path / "data", data_dir])
    assert isinstance(found, large_door.Language)
    assert (found.passages, found.count, found.fetched) == (place / "yo-corpus", 4, True)
    assert isinstance(large_door.locate("miracl", "sw", [tmp_path / "data", data_dir]), large_door.Lacking)
    (place / "yo-corpus" / "dev-00001-of-00002.parquet").unlink()  # as if it had never come
    assert isinstance(large_door.locate("miracl", "yo", [tmp_path / "data", data_dir]), large_door.Lacking)
    with pytest.raises(CorruptInput, match=r"th-corpus"):
        large_door.fetch("miracl", ("th",), tmp_path / "data", lambda _: None)
    with pytest.raises(UsageFault, match="miracl has no language `el`"):
        large_door.fetch("miracl", ("el",), tmp_path / "data", lambda _: None)


def corpus(*identifiers: str) -> bytes:
    """Passages as the hub has them."""
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"_id": identifiers, "title": ["t"] * len(identifiers),
                                               "text": [f"text {each}" for each in identifiers]}), sink)
    return sink.getvalue()


def test_a_byte_that_changed_after_fetching_is_found_at_first_use_and_by_verifying(
        hub: DataHub, tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(large_door, "repository", lambda name: (REPOSITORY, COMMIT))
    monkeypatch.setattr(sizes, "PASSAGES", {**sizes.PASSAGES, "yo": 2})
    monkeypatch.setenv("CLAIMCHECK_DATA", str(data_dir))
    hub.files = hub.given = {"yo-corpus/dev-00000-of-00001.parquet": corpus("0#0", "0#1")}
    place = large_door.fetch("miracl", ("yo",), tmp_path, lambda _: None)
    path = place / "yo-corpus" / "dev-00000-of-00001.parquet"
    asked = ["data", "verify", "miracl", "--data-dir", str(tmp_path)]
    done = CliRunner().invoke(main, asked)
    assert (done.exit_code, done.stdout) == (0, "miracl, yo: 2 passages, every file as fetched\n")
    whole, state = path.read_bytes(), path.stat()
    path.write_bytes(whole.replace(b"text 0#1", b"text 0#2"))
    assert len(whole) == path.stat().st_size
    with pytest.raises(CorruptInput, match="differs from what was fetched; remove it and fetch again"):
        large_door.locate("miracl", "yo", [tmp_path, data_dir])
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))  # as a disk that rots would leave it
    done = CliRunner().invoke(main, asked)
    assert (done.exit_code, done.stdout) == (1, "miracl, yo: 1 fault\n")
    assert "dev-00000-of-00001.parquet:1:1: differs from what was fetched" in done.stderr
    path.write_bytes(whole)
    assert CliRunner().invoke(main, asked).exit_code == 0
    (place / "yo-corpus" / "more.parquet").write_bytes(corpus("9#9"))
    with pytest.raises(CorruptInput, match=r"more\.parquet:1:1: was not fetched"):
        large_door.locate("miracl", "yo", [tmp_path, data_dir])


def test_a_file_that_breaks_off_is_asked_for_again_and_one_that_came_whole_is_kept(hub: DataHub, tmp_path: Path):
    hub.broken.add("large.tsv")
    with pytest.raises(CorruptInput, match=r"could not be downloaded from .*; files that came whole are kept"):
        training_files.fetch(PUBLISHED, tmp_path, lambda line: None)
    folder = tmp_path / training_files.inside(PUBLISHED)
    assert not (folder / "data" / "large.tsv").exists()
    assert (folder / "data" / "small.jsonl").read_bytes() == FILES["data/small.jsonl"]
    assert training_files.here(PUBLISHED, [tmp_path]) == (None, ("data/large.tsv",))
    assert not list(folder.rglob("*.incomplete"))
    hub.broken.clear()
    hub.asked.clear()
    training_files.fetch(PUBLISHED, tmp_path, lambda line: None)
    assert hub.fetched() == ["large.tsv"]
    assert left(folder) == sorted(PUBLISHED.files)
    assert (folder / "data" / "large.tsv").read_bytes() == FILES["data/large.tsv"]


@pytest.mark.parametrize("name", PUBLISHED.files)
def test_a_file_that_is_not_what_the_hub_lists_is_removed_and_the_other_kept(hub: DataHub, tmp_path: Path, name: str):
    hub.given[name] = FILES[name][:-2] + b"x\n"
    with pytest.raises(CorruptInput) as caught:
        training_files.fetch(PUBLISHED, tmp_path, lambda line: None)
    assert faults(caught) == [(Path(name).name, 1, 1, f"what {hub.address} gave is not what it lists")]
    _, absent = training_files.here(PUBLISHED, [tmp_path])
    assert absent == (name,)
    hub.given[name] = FILES[name]
    training_files.fetch(PUBLISHED, tmp_path, lambda line: None)
    assert training_files.here(PUBLISHED, [tmp_path])[1] == ()


def test_a_file_that_stands_there_and_differs_is_left_alone(hub: DataHub, tmp_path: Path):
    path = tmp_path / training_files.inside(PUBLISHED) / "data" / "large.tsv"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"mine")
    with pytest.raises(CorruptInput, match=r"large\.tsv:1:1: differs from what the hub lists; remove it"):
        training_files.fetch(PUBLISHED, tmp_path, lambda line: None)
    assert path.read_bytes() == b"mine"
    assert hub.fetched() == []


@pytest.mark.parametrize(("part", "error", "what"), [
    (PARTS["wikiqa"], UsageFault, "wikiqa cannot be had: the nine languages were made by in-house machine translation"),
    (replace(PUBLISHED, revision=None), UsageFault, "no public text told a commit"),
    (replace(PUBLISHED, revision="b" * 40), UsageFault, f"{REPOSITORY}: the hub has no commit bbbb"),
    (replace(PUBLISHED, repository="some-org/other"), UsageFault, "the hub shows no such data set"),
    (replace(PUBLISHED, files=("data/large.tsv", "data/other.tsv")), CorruptInput, r"other\.tsv:1:1: .* holds no such file"),
])
def test_what_cannot_be_fetched_is_told_in_one_line(hub: DataHub, tmp_path: Path, part: TrainingPart,
                                                    error: type[Exception], what: str):
    with pytest.raises(error, match=what) as caught:
        training_files.fetch(part, tmp_path, lambda line: None)
    assert "\n" not in str(caught.value)
    assert left(tmp_path) == []


def test_a_disk_without_room_is_told_before_the_download(hub: DataHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 1000}))
    with pytest.raises(UsageFault, match=r"0\.4 MB are to come and 0\.0 MB are free"):
        training_files.fetch(PUBLISHED, tmp_path, lambda line: None)
    assert hub.fetched() == []


def test_a_part_on_github_is_fetched_by_its_digests(hub: DataHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(door, "SCHEMES", ("http://127.0.0.1:",))
    monkeypatch.setattr(training_files, "RAW", f"{hub.address}/datasets/")
    # the fake hub gives files under REPOSITORY/resolve/COMMIT, GitHub under REPOSITORY/COMMIT
    part = replace(PUBLISHED, repository=f"https://github.com/{REPOSITORY}/resolve",
                   digests=tuple((len(FILES[name]), hashlib.sha256(FILES[name]).hexdigest()) for name in PUBLISHED.files))
    place = training_files.fetch(part, tmp_path, lambda line: None)
    assert all((place / name).read_bytes() == FILES[name] for name in part.files)
    other = replace(part, digests=((len(FILES["data/large.tsv"]), "0" * 64), part.digests[1]))
    with pytest.raises(CorruptInput, match=r"is not the published sources/questions/"):
        training_files.fetch(other, tmp_path / "other", lambda line: None)
    assert left(tmp_path / "other") == []


# --- triples ------------------------------------------------------------------------------------------------------------------

Table = Mapping[int, str]
TEXT = st.text("a é中\U0001f600\u2028ש\t\0x", max_size=5)


def write_table(path: Path, table: Table, ending: str = "\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(f"{number}\t{text}{ending}" for number, text in table.items()).encode())


def write_tables(folder: Path, queries: Mapping[str, Table], passages: Mapping[str, Table]) -> dict[str, Tables]:
    made = {}
    for language in queries:
        made[language] = Tables(queries=folder / f"{language}.q.tsv", passages=folder / f"{language}.p.tsv")
        write_table(made[language].queries, queries[language])
        write_table(made[language].passages, passages[language])
    return made


def write_triples(path: Path, triples: Sequence[Sequence[int]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join("\t".join(map(str, each)) + "\n" for each in triples).encode())
    return path


QUERIES: dict[str, Table] = {"en": {7: "seven?", 3: "three?"}, "de": {3: "drei?", 7: "sieben?"}}
PASSAGES: dict[str, Table] = {"en": {0: "zero", 1: "one", 2: "two"}, "de": {0: "null", 1: "eins", 2: ""}}
THREE = [(7, 0, 1), (3, 1, 2), (7, 2, 0)]


@pytest.fixture
def small(tmp_path: Path) -> TriplePairs:
    return pack_triples(write_tables(tmp_path / "source", QUERIES, PASSAGES), write_triples(tmp_path / "source" / "t", THREE),
                        tmp_path, name="c", rows=2)


def naive(queries: Table, passages: Table, triple: Sequence[int]) -> tuple[str, str, str] | None:
    """The texts of a triple, None if it does not stand."""
    texts = (queries.get(triple[0], ""), passages.get(triple[1], ""), passages.get(triple[2], ""))
    return None if any(not text.strip() for text in texts) else texts


@settings(max_examples=60, deadline=None)
@given(data=st.data(), rows=st.integers(1, 5), piece=st.integers(1, 40))
def test_triples_give_what_a_naive_reading_of_the_files_gives(data: st.DataObject, rows: int, piece: int):
    ids = st.one_of(st.integers(0, 12), st.sampled_from([500, 99_999_999, 999_999_999]))
    queries = {language: data.draw(st.dictionaries(ids, TEXT, min_size=1, max_size=6)) for language in ("ar", "en")}
    passages = {language: data.draw(st.dictionaries(ids, TEXT, min_size=1, max_size=8)) for language in ("ar", "en")}
    asked, given_ = (sorted(set(one["ar"]) | set(one["en"])) for one in (queries, passages))
    triples = data.draw(st.lists(st.tuples(st.sampled_from(asked), st.sampled_from(given_), st.sampled_from(given_)),
                                 min_size=1, max_size=20))
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tabbed.pieces, "__defaults__", (piece,))
        source = Path(name) / "source"
        pairs = pack_triples(write_tables(source, queries, passages), write_triples(source / "t", triples), Path(name),
                             name="c", rows=rows)
        assert (pairs.languages, pairs.count) == (("ar", "en"), len(triples))
        for language in pairs.languages:
            own = [naive(queries[language], passages[language], triple) for triple in triples]
            stands = [each is not None for each in own]
            assert pairs.stands(language).tolist() == stands
            assert pairs.items[language] == sum(stands)
            order = data.draw(st.permutations([item for item, each in enumerate(own) if each is not None] * 2))
            wanted = [own[item] or ("", "", "") for item in order]
            assert pairs.texts(language, np.array(order, dtype=np.int64)) == PairTexts(
                queries=tuple(each[0] for each in wanted), passages=tuple(each[1] for each in wanted),
                negatives=tuple(each[2] for each in wanted))
        verify(pairs)
        assert open_pairs(pairs.folder) == pairs


def test_what_is_on_the_disk_is_each_text_once_and_three_numbers_an_item(small: TriplePairs):
    assert left(small.folder) == ["de.passages.arrow", "de.queries.arrow", "de.stands.npy", "en.passages.arrow",
                                  "en.queries.arrow", "pairs.json", "triples.npy"]
    assert np.load(small.folder / "triples.npy").tolist() == [[1, 0, 1], [0, 1, 2], [1, 2, 0]]  # rows are ids in order
    assert small.items == small.negatives == {"de": 1, "en": 3}
    assert small.bytes == sum(path.stat().st_size for path in small.folder.iterdir() if path.name != "pairs.json")
    assert small.stands("en").strides == (0,)  # no memory where all stand
    stated = json.loads((small.folder / "pairs.json").read_text())
    assert small.digest == stated.pop("sha256") == digest_of(stated)


def test_triples_are_handed_on_as_paths_and_held_in_memory_like_other_pairs(small: TriplePairs):
    assert len(pickle.dumps(small)) < 4000
    assert pickle.loads(pickle.dumps(small)) == small
    held = in_memory(small)
    assert held.queries["de"] == ("sieben?", None, None)
    assert held.negatives["en"] == ("one", "two", "zero")


@pytest.mark.parametrize(("language", "items", "what"), [
    ("de", [0, 1], "does not stand in de"), ("en", [3], "items are 0 to 2"), ("en", [-1], "not -1 to -1")])
def test_items_that_do_not_stand_or_are_none_are_refused(small: TriplePairs, language: str, items: list[int], what: str):
    with pytest.raises(ValueError, match=what):
        small.texts(language, np.array(items))


def test_two_packings_give_the_same_bytes_whatever_the_order_of_lines(small: TriplePairs, tmp_path: Path):
    backwards = {language: dict(reversed(table.items())) for language, table in PASSAGES.items()}
    other = pack_triples(write_tables(tmp_path / "other", QUERIES, backwards), write_triples(tmp_path / "other" / "t", THREE),
                         tmp_path / "second", name="c", rows=2)
    assert other.digest == small.digest
    assert ({path.name: path.read_bytes() for path in other.folder.iterdir()}
            == {path.name: path.read_bytes() for path in small.folder.iterdir()})


def test_line_ends_marks_and_tabs_in_texts_are_read_as_they_stand(tmp_path: Path):
    tables = write_tables(tmp_path, {"en": {1: "q"}}, {"en": {1: "p", 2: "n"}})
    tables["en"].queries.write_bytes(b"\xef\xbb\xbf1\ta \"b\tc\r\n")
    tables["en"].passages.write_bytes(b"1\tp\r\n2\t\xe3\x80\x80n")
    (tmp_path / "t").write_bytes(b"1\t1\t2")
    pairs = pack_triples(tables, tmp_path / "t", tmp_path, name="c")
    assert pairs.texts("en", np.array([0])) == PairTexts(queries=('a "b\tc',), passages=("p",), negatives=("\u3000n",))


@pytest.mark.parametrize(("name", "content", "expected"), [
    ("t", b"7\t0\t1\n7\t0\n", ("t", 2, 1, "2 fields between tabs instead of 3")),
    ("t", b"7\t0\t1\t2\n", ("t", 1, 1, "4 fields between tabs instead of 3")),
    ("t", b"7\t0\t1\n\n", ("t", 2, 1, "1 field between tabs instead of 3")),
    ("t", b"7\t0\t1\n7\t0\t77\n", ("t", 2, 5, "the passage `77` stands in no file of passages")),
    ("t", b"3\t0\t1\n8\t0\t1\n", ("t", 2, 1, "the question `8` stands in no file of queries")),
    ("t", b"7\t-1\t1\n", ("t", 1, 3, "the id `-1` is no whole number of at most 9 digits")),
    ("t", b"7\t0\t1x\n", ("t", 1, 5, "the id `1x` is no whole number of at most 9 digits")),
    ("t", b"", ("t", 1, 1, "there are no items to pack")),
    ("t", None, ("t", 1, 1, "cannot be read: No such file or directory")),
    ("en.p.tsv", b"0\tzero\n1\n2\ttwo\n", ("en.p.tsv", 2, 1, "1 field instead of 2, an id and a text with a tab between them")),
    ("en.p.tsv", b"0\tzero\nx1\tone\n", ("en.p.tsv", 2, 1, "the id `x1` is no whole number of at most 9 digits")),
    ("en.p.tsv", b"1234567890\tone\n", ("en.p.tsv", 1, 1, "the id `1234567890` is no whole number of at most 9 digits")),
    ("en.p.tsv", b"0\tzero\n1\tone\n0\ttwo\n", ("en.p.tsv", 3, 1, "the id `0` stands in line 1 already")),
    ("en.q.tsv", b"7\tseven\n3\t\xc3\xa9\xff\n", ("en.q.tsv", 2, 4, "not UTF-8 text: invalid start byte")),
    ("en.q.tsv", b"", ("en.q.tsv", 1, 1, "holds nothing")),
    ("en.q.tsv", None, ("en.q.tsv", 1, 1, "cannot be read: No such file or directory")),
])
def test_a_fault_of_a_file_is_told_with_its_place_and_nothing_is_kept(tmp_path: Path, name: str, content: bytes | None,
                                                                     expected: tuple[str, int, int, str]):
    source = tmp_path / "source"
    tables, triples = write_tables(source, QUERIES, PASSAGES), write_triples(source / "t", THREE)
    (source / name).unlink()
    if content is not None:
        (source / name).write_bytes(content)
    with pytest.raises(CorruptInput) as caught:
        pack_triples(tables, triples, tmp_path, name="c", rows=2)
    assert faults(caught) == [expected]
    assert no_locks(left(tmp_path / "parallel")) == []


def test_of_many_faults_the_first_are_told_and_how_many_more(tmp_path: Path):
    tables = write_tables(tmp_path, QUERIES, PASSAGES)
    (tmp_path / "t").write_bytes(b"7\t0\n" * (MOST + 3))
    with pytest.raises(CorruptInput) as caught:
        pack_triples(tables, tmp_path / "t", tmp_path, name="c")
    told = faults(caught)
    assert len(told) == MOST + 1
    assert told[-1] == ("t", MOST + 1, 1, "3 more faults from here on")


@pytest.mark.parametrize(("name", "damage", "what"), [
    ("triples.npy", lambda content: content[:-4], "it is cut off"),
    ("triples.npy", lambda content: content.replace(b"<i4", b"<f4"), "holds float32 of shape"),
    ("de.stands.npy", lambda content: b"x" * len(content), "cannot be read as an array"),
    ("en.passages.arrow", lambda content: b"x" * len(content), "cannot be read as Arrow IPC"),
    ("en.queries.arrow", None, "is missing"),
])
def test_damage_that_shows_without_reading_is_told(small: TriplePairs, name: str, what: str,
                                                   damage: Callable[[bytes], bytes] | None):
    path = small.folder / name
    content = path.read_bytes()
    path.unlink()
    if damage is not None:
        path.write_bytes(damage(content))
    with pytest.raises(CorruptInput, match=what) as caught:
        open_pairs(small.folder)
    assert [fault.path.name for fault in caught.value.faults] == [name]


def test_a_number_of_a_row_that_is_none_and_a_byte_that_changed_are_told(small: TriplePairs):
    path = small.folder / "triples.npy"
    content = bytearray(path.read_bytes())
    content[-4:] = (9).to_bytes(4, "little")
    path.write_bytes(content)
    pairs = open_pairs(small.folder)
    with pytest.raises(CorruptInput, match="names row 9 of passages, of which there are 3"):
        replace_cache_free(pairs).texts("en", np.array([2]))
    with pytest.raises(CorruptInput, match=r"triples\.npy:1:1: differs from the digest in pairs\.json"):
        verify(pairs)


def replace_cache_free(pairs: object) -> TriplePairs:
    """The same pairs, of which no file was read in this process before."""
    assert isinstance(pairs, TriplePairs)
    return replace(pairs, triples=replace(pairs.triples, sha256="0" * 64))


# --- preparing ----------------------------------------------------------------------------------------------------------------


def passage(title: str, text: str) -> dict[str, str]:
    return {"docid": "1#0", "title": title, "text": text}


TYDI = [{"query_id": "1", "query": "Who?", "positive_passages": [passage("Ada", "She did."), passage("B", "b")],
         "negative_passages": [passage("C", "c"), passage("D", "d")]},
        {"query_id": "2", "query": "When?", "positive_passages": [passage("E", "e")], "negative_passages": []},
        {"query_id": "3", "query": "Why?", "positive_passages": [passage("F", " ")], "negative_passages": []}]
FAQ = [{"id": 1, "language": "en", "num_pairs": 2, "domain": "a.org", "qa_pairs": [
    {"question": "How?", "answer": "So.", "language": "en"},
    {"question": "Where?", "answer": "Here\u2028.", "language": "en"}]},
       {"id": 2, "language": "en", "num_pairs": 1, "domain": "b.org", "qa_pairs": [
           {"question": "What?", "answer": "", "language": "en"}]}]


def shifted(name: str) -> dict[str, object]:
    """A set of SQuADShifts with three questions on two paragraphs of two articles."""
    def asked(*texts: str) -> list[dict[str, object]]:
        return [{"question": text, "id": text, "answers": [{"text": "a", "answer_start": 0}]} for text in texts]

    return {"version": "1.0", "data": [
        {"title": "T", "split": name, "paragraphs": [{"context": f"{name} one\n", "qas": asked(f"{name} 1?", f"{name} 2?")}]},
        {"title": "U", "split": name, "paragraphs": [{"context": f"{name} two", "qas": asked(f"{name} 3?")}]}]}


def json_lines(items: Sequence[object]) -> bytes:
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items).encode()


def content_of(name: str) -> dict[str, bytes]:
    """The files of a part as they are published, small."""
    if name == "mr-tydi-en":
        return {"mrtydi-v1.1-english/train.jsonl.gz": gzip.compress(json_lines(TYDI), mtime=0)}
    if name == "mfaq-en":
        return {"data/en/train.jsonl": json_lines(FAQ)}
    if name == "squadshifts":
        return {path: json.dumps(shifted(Path(path).name.removesuffix("_v1.0.json"))).encode() for path in PARTS[name].files}
    made = {MSMARCO_TRIPLES: b"30\t0\t2\n10\t1\t0\n"}
    for language in PARTS[name].languages:
        queries, passages = msmarco_tables(language)
        made[queries] = f"30\t{language} dreißig\n10\t{language} zehn\n".encode()
        made[passages] = "".join(f"{number}\t{language} {number}\n" for number in range(3)).encode()
    return made


COUNTS = {"mr-tydi-en": 3, "mfaq-en": 3, "squadshifts": 12, "mmarco": 2}


def published(place: Path, name: str, changed: Mapping[str, bytes | None] | None = None) -> TrainingPart:
    """Put small files of a part into a data folder; the part as it were if these were all."""
    for path, content in (content_of(name) | (changed or {})).items():
        target = place / training_files.inside(PARTS[name]) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if content is not None:
            target.write_bytes(content)
    return as_known(place, replace(PARTS[name], items=COUNTS[name]))


def as_known(place: Path, part: TrainingPart) -> TrainingPart:
    """A part whose files have the digests of those in a data folder, where digests of its files are known at all."""
    if not part.digests:
        return part
    files = [place / training_files.inside(part) / name for name in part.files]
    return replace(part, digests=tuple((len(content), hashlib.sha256(content).hexdigest()) for content in
                                       (path.read_bytes() if path.is_file() else b"" for path in files)))


def test_questions_with_their_first_passages(tmp_path: Path):
    pairs = prepare(published(tmp_path, "mr-tydi-en"), [tmp_path], tmp_path)
    assert pairs.stands("en").tolist() == [True, True, False]
    assert pairs.texts("en", np.array([1, 0])) == PairTexts(queries=("When?", "Who?"), passages=("E e", "Ada She did."),
                                                            negatives=(None, "C c"))


def test_questions_and_answers_of_pages(tmp_path: Path):
    pairs = prepare(published(tmp_path, "mfaq-en"), [tmp_path], tmp_path)
    assert pairs.stands("en").tolist() == [True, True, False]
    assert pairs.texts("en", np.array([0, 1])) == PairTexts(queries=("How?", "Where?"), passages=("So.", "Here\u2028."),
                                                            negatives=(None, None))


def test_questions_with_their_paragraphs_set_by_set(tmp_path: Path):
    pairs = prepare(published(tmp_path, "squadshifts"), [tmp_path], tmp_path)
    found = pairs.texts("en", np.arange(12))
    assert found.queries == tuple(f"{name} {number}?" for name in ("new_wiki", "nyt", "reddit", "amazon_reviews")
                                  for number in (1, 2, 3))
    assert found.passages[:4] == ("new_wiki one\n", "new_wiki one\n", "new_wiki two", "nyt one\n")
    assert set(found.negatives) == {None}


def test_triples_in_seven_languages(tmp_path: Path):
    pairs = prepare(published(tmp_path, "mmarco"), [tmp_path], tmp_path)
    assert isinstance(pairs, TriplePairs)
    assert pairs.languages == ("ar", "de", "en", "es", "hi", "ru", "zh")
    assert pairs.texts("hi", np.array([1, 0])) == PairTexts(queries=("hi zehn", "hi dreißig"), passages=("hi 1", "hi 0"),
                                                            negatives=("hi 0", "hi 2"))


@pytest.mark.parametrize("name", LOADABLE)
def test_a_prepared_part_says_where_it_is_from_and_two_give_the_same_bytes(tmp_path: Path, name: str):
    part = published(tmp_path, name)
    pairs = prepare(part, [tmp_path / "none", tmp_path], tmp_path / "out")
    assert pairs.folder == tmp_path / "out" / "parallel" / name
    assert (pairs.name, pairs.source, pairs.licence, pairs.citation) == (name, part.origin, part.terms, part.citation)
    again = prepare(part, [tmp_path], tmp_path / "again")
    assert again.digest == pairs.digest
    assert left(again.folder) == left(pairs.folder)
    assert all((again.folder / each).read_bytes() == (pairs.folder / each).read_bytes() for each in left(pairs.folder))
    verify(pairs)


@pytest.mark.parametrize("name", LOADABLE)
def test_another_number_of_items_is_refused_unless_it_is_asked_for_and_then_noted(tmp_path: Path, name: str):
    part = replace(published(tmp_path, name), items=99)
    with pytest.raises(CorruptInput, match=rf"{COUNTS[name]} items where 99 were published; it may be cut off"):
        prepare(part, [tmp_path], tmp_path)
    assert packed([tmp_path]) == {}
    pairs = prepare(part, [tmp_path], tmp_path, any_count=True)
    assert pairs.source == f"{part.origin}, but {COUNTS[name]} items where 99 were published"
    assert pairs.source != part.origin


TYDI_FILE, FAQ_FILE = "mrtydi-v1.1-english/train.jsonl.gz", "data/en/train.jsonl"
SHIFTS_FILE, CHINESE = "datasets/nyt_v1.0.json", "data/google/collections/chinese_collection.tsv"


@pytest.mark.parametrize(("name", "path", "content", "expected"), [
    ("mr-tydi-en", TYDI_FILE, gzip.compress(json_lines(TYDI * 400))[:-9],
     ("train.jsonl.gz", 1201, 1, "the gzip file is cut off")),
    ("mr-tydi-en", TYDI_FILE, gzip.compress(b'{"query": "q"}\n'),
     ("train.jsonl.gz", 1, 1, "has no `positive_passages` and no `negative_passages`")),
    ("mr-tydi-en", TYDI_FILE, gzip.compress(b'{"query": "q", "positive_passages": [{"text": "t"}], "negative_passages": []}\n'),
     ("train.jsonl.gz", 1, 16, "`positive_passages` is no list of passages with title and text")),
    ("mr-tydi-en", TYDI_FILE, gzip.compress(b'{"query": 5, "positive_passages": [], "negative_passages": []}\n'),
     ("train.jsonl.gz", 1, 1, "int instead of a text")),
    ("mfaq-en", FAQ_FILE, json_lines(FAQ)[:-9], ("train.jsonl", 2, 124, "not JSON: ")),
    ("mfaq-en", FAQ_FILE, json_lines([*FAQ, {"qa_pairs": [{"question": "q"}]}]),
     ("train.jsonl", 3, 2, "`qa_pairs` is no list of objects with question and answer")),
    ("mfaq-en", FAQ_FILE, json_lines([*FAQ, []]), ("train.jsonl", 3, 1, "no object")),
    ("mfaq-en", FAQ_FILE, json_lines(FAQ) + b'{"qa_pairs": "\xff"}\n', ("train.jsonl", 3, 15, "not UTF-8 text: ")),
    ("squadshifts", SHIFTS_FILE, json.dumps(shifted("nyt")).encode()[:-30], ("nyt_v1.0.json", 1, 423, "not JSON, or cut off")),
    ("squadshifts", SHIFTS_FILE, b'{"data": [{"paragraphs": [{"context": "c"}]}]}',
     ("nyt_v1.0.json", 1, 1, "data[0].paragraphs[0]: no paragraph with `context` and `qas`")),
    ("squadshifts", SHIFTS_FILE, b'{"data": [{"paragraphs": [{"context": "c", "qas": [{}]}]}]}',
     ("nyt_v1.0.json", 1, 1, "data[0].paragraphs[0].qas[0]: no question with a paragraph")),
    ("squadshifts", SHIFTS_FILE, b"[]", ("nyt_v1.0.json", 1, 1, "is no SQuAD JSON")),
    ("squadshifts", SHIFTS_FILE, b"\xff", ("nyt_v1.0.json", 1, 1, "not UTF-8 text: invalid start byte at byte 0")),
    ("mmarco", CHINESE, b"0\tzh 0\n1\n2\tzh 2\n", ("chinese_collection.tsv", 2, 1, "1 field instead of 2")),
    ("mmarco", MSMARCO_TRIPLES, b"30\t0\t2\n10\t1\t3\n", ("triples.train.ids.small.tsv", 2, 6, "the passage `3` stands in no")),
])
def test_a_published_file_with_a_fault_is_told_once_with_its_place_and_nothing_is_kept(
        tmp_path: Path, name: str, path: str, content: bytes, expected: tuple[str, int, int, str]):
    part = published(tmp_path, name, {path: content})
    with pytest.raises(CorruptInput) as caught:
        prepare(part, [tmp_path], tmp_path / "out")
    (where, line, column, what), = faults(caught)
    assert (where, line) == expected[:2]
    assert column == expected[2]
    assert what.startswith(expected[3])
    assert no_locks(left(tmp_path / "out")) == []


@pytest.mark.parametrize(("name", "path"), [("mmarco", CHINESE), ("squadshifts", SHIFTS_FILE)])
def test_a_file_that_is_not_here_is_told_before_anything_is_read(tmp_path: Path, name: str, path: str):
    part = published(tmp_path, name, {path: None})
    total = len(part.files)
    with pytest.raises(UsageFault, match=rf"{name}: 1 of {total} files, {re.escape(path)} first, are not on this machine"):
        prepare(part, [tmp_path], tmp_path / "out")
    assert left(tmp_path / "out") == []


def test_a_passage_that_a_language_lacks_takes_its_item_away_there_alone(tmp_path: Path):
    part = published(tmp_path, "mmarco", {CHINESE: b"0\tzh 0\n1\tzh 1\n"})  # passage 2 is missing
    pairs = prepare(part, [tmp_path], tmp_path)
    assert pairs.items == {"ar": 2, "de": 2, "en": 2, "es": 2, "hi": 2, "ru": 2, "zh": 1}
    assert pairs.stands("zh").tolist() == [False, True]


# --- the commands -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    monkeypatch.delenv("CLAIMCHECK_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def invoke(*arguments: object) -> tuple[int, str, str]:
        done = CliRunner().invoke(main, ["data", *map(str, arguments)])
        return done.exit_code, done.stdout, done.stderr

    return invoke


def test_the_list_shows_every_part_and_what_to_do_next(run: Callable[..., tuple[int, str, str]], tmp_path: Path):
    here = ("--data-dir", tmp_path)
    published(tmp_path, "mr-tydi-en")
    published(tmp_path, "mfaq-en", {FAQ_FILE: None})
    rows = {row["name"]: row for row in json.loads(run("list", *here, "--format", "json")[1]) if row.get("training")}
    assert list(rows) == list(PARTS)
    assert rows["wikiqa"]["unavailable"].startswith("the nine languages were made by in-house")
    assert (rows["mr-tydi-en"]["files_here"], rows["mr-tydi-en"]["remedy"]) == (1, "run `claimcheck data prepare mr-tydi-en`")
    assert (rows["mfaq-en"]["files_here"], rows["mfaq-en"]["bytes"], rows["mfaq-en"]["revision_checked"]) == (0, None, False)
    text = run("list", *here)[1]
    assert f"{PARTS['mmarco'].origin} (not checked here; " in text
    assert "0 of 15 files here, about 32169.5 MB; prepared: no; Apache-2.0 (NON-COMMERCIAL USE ONLY)" in text
    assert "run `claimcheck data fetch mfaq-en` (size not known before download, CC0-1.0)" in text
    assert "unavailable\n    the nine languages were made by in-house machine translation" in text


def test_a_part_is_prepared_listed_and_verified(run: Callable[..., tuple[int, str, str]], tmp_path: Path):
    here = ("--data-dir", tmp_path)
    published(tmp_path, "mmarco")
    status, _, said = run("prepare", "mmarco", *here)
    assert status == 1
    assert "triples.train.ids.small.tsv:1:1: 2 items where 39,780,811 were published" in said
    status, out, said = run("prepare", "mmarco", *here, "--any-count")
    assert status == 0
    assert "ru: 2 of 2 items, 2 with a negative\n" in out
    assert "mmarco: NOT AS PUBLISHED, " in said
    row, packed_row = (row for row in json.loads(run("list", *here, "--format", "json")[1]) if row["name"] == "mmarco")
    assert row["prepared"] == "otherwise"
    assert (packed_row["count"], packed_row["files"], packed_row["items"]["zh"]) == (2, 15, 2)
    assert run("verify", "mmarco", *here)[:2] == (0, "mmarco: every file as packed\n")
    assert "stands already" in run("prepare", "mmarco", *here, "--any-count")[2]


def test_a_file_that_is_not_the_published_one_is_not_prepared_where_its_digest_is_known(tmp_path: Path):
    published(tmp_path, "squadshifts")  # invented questions under the names of the published files
    with pytest.raises(CorruptInput) as caught:
        prepare(replace(PARTS["squadshifts"], items=COUNTS["squadshifts"]), [tmp_path], tmp_path)
    assert [fault[0] for fault in faults(caught)] == sorted(Path(name).name for name in PARTS["squadshifts"].files)
    assert {fault[3] for fault in faults(caught)} == {"differs from the published one, by its SHA-256"}
    with pytest.raises(CorruptInput):
        prepare(PARTS["squadshifts"], [tmp_path], tmp_path, any_count=True)
    assert packed([tmp_path]) == {}


def test_own_pairs_cannot_be_packed_as_if_they_were_a_published_part(run: Callable[..., tuple[int, str, str]], tmp_path: Path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "en.tsv").write_text("q\tp\n")
    origin = PARTS["mmarco"].origin
    status, _, said = run("pack", tmp_path / "source", "--name", "mmarco", "--source", origin, "--out", tmp_path)
    assert (status, packed([tmp_path])) == (2, {})
    assert "is what `claimcheck data prepare mmarco` says of the published mmarco" in said
    assert run("pack", tmp_path / "source", "--name", "own", "--source", f"{origin}, a part", "--out", tmp_path)[0] == 0


def test_a_wrong_count_blames_the_file_that_says_it_or_the_folder_where_several_do(tmp_path: Path):
    for name, blamed in (("mmarco", "triples.train.ids.small.tsv"), ("mfaq-en", "train.jsonl"),
                         ("squadshifts", PARTS["squadshifts"].revision)):
        part = replace(published(tmp_path, name), items=99)
        with pytest.raises(CorruptInput) as caught:
            prepare(part, [tmp_path], tmp_path)
        assert [fault[0] for fault in faults(caught)] == [blamed]


def test_what_is_no_gzip_is_one_fault(tmp_path: Path):
    with pytest.raises(CorruptInput) as caught:
        prepare(published(tmp_path, "mr-tydi-en", {TYDI_FILE: b"<html>"}), [tmp_path], tmp_path)
    assert [what.partition(":")[0] for *_, what in faults(caught)] == ["the gzip file is cut off or broken"]


def test_a_folder_that_is_not_there_yet_is_made_by_fetching_and_is_not_needed_before(
        run: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    fetched: list[Path] = []
    monkeypatch.setattr(training_files, "fetch", lambda part, folder, report: fetched.append(folder) or folder)
    monkeypatch.setenv("CLAIMCHECK_DATA", str(tmp_path / "new" / "data"))
    status, _, said = run("fetch", "mfaq-en", "--data-dir", tmp_path / "new" / "data")
    assert (status, said, fetched) == (0, "", [tmp_path / "new" / "data"])
    assert fetched[0].is_dir()


@pytest.mark.parametrize(("arguments", "what"), [
    (("fetch", "mmarco", "--language", "de"), "this one is fetched whole; leave it out"),
    (("verify", "mmarco"), "run `claimcheck data fetch mmarco`, then `claimcheck data prepare mmarco`"),
    (("overlap", "mmarco", "xquad-r"), "run `claimcheck data fetch mmarco`, then `claimcheck data prepare mmarco`"),
    (("overlap", "wikiqa", "xquad-r"), "wikiqa cannot be had"),
    (("fetch", "wikiqa"), "wikiqa cannot be had: the nine languages"), (("prepare", "wikiqa"), "wikiqa cannot be had"),
    (("fetch", "mmarcos"), "did you mean `mmarco`?"), (("prepare", "mmarcos"), "did you mean `mmarco`?"),
    (("prepare", "squadshifts"), "run `claimcheck data fetch squadshifts` (16.5 MB, CC-BY-4.0)")])
def test_what_cannot_be_done_is_told_in_a_line(run: Callable[..., tuple[int, str, str]], tmp_path: Path,
                                               arguments: tuple[str, ...], what: str):
    status, _, said = run(*arguments, "--data-dir", tmp_path)
    assert status == 2
    assert what in said
    assert said.count("\n") == 1


def test_what_another_folder_holds_is_not_downloaded_again(run: Callable[..., tuple[int, str, str]], tmp_path: Path,
                                                           monkeypatch: pytest.MonkeyPatch):
    published(tmp_path / "shared", "mfaq-en")
    monkeypatch.setenv("CLAIMCHECK_DATA", str(tmp_path / "shared"))
    status, out, _ = run("fetch", "mfaq-en", "--data-dir", tmp_path)
    assert (status, out) == (0, f"mfaq-en: 1 file in {tmp_path / 'shared' / training_files.inside(PARTS['mfaq-en'])} already\n")


def test_a_packed_corpus_of_the_older_form_is_opened_as_before(tmp_path: Path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "en.tsv").write_text("q\tp\n")
    pairs = pack(tmp_path / "source", tmp_path, name="c")
    assert open_pairs(pairs.folder) == pairs
    assert (pairs.items, pairs.negatives) == ({"en": 1}, {"en": 0})
