"""Packed pairs: what was written is read back row by row, no fault of a source is kept to itself, and nothing half is left."""

import gzip
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimcheck.corpora.pair_sources import MOST, sources
from claimcheck.corpora.pairs import PairTexts
from claimcheck.corpora.parallel import StreamedPairs, locate, open_pairs, packed, verify
from claimcheck.corpora.parallel_writing import pack
from claimcheck.errors import CorruptInput, UsageFault
from claimcheck.files import held
from claimcheck.run import digest_of

Item = tuple[str, str, str | None] | None  # query, passage, negative; or it does not stand

# what ends a line for some readers, a NUL, beyond the first plane, right to left, a combining mark
ODD = "a\u2028\u2029\x85\x0b\x0c\r\n\t\0\\\"é中\U0001f600ש\u0301 "
TEXT = st.text(ODD, max_size=6).map(lambda text: text + "x")
ITEM: st.SearchStrategy[Item] = st.none() | st.tuples(TEXT, TEXT, st.none() | TEXT)


def json_line(item: Item, **more: object) -> str:
    if item is None:
        return "null"
    query, passage, negative = item
    return json.dumps({"query": query, "passage": passage, **({"negative": negative} if negative else {}), **more},
                      ensure_ascii=False)


def write_lines(folder: Path, **files: Iterable[str]) -> Path:
    folder.mkdir(exist_ok=True)
    for language, lines in files.items():
        (folder / f"{language}.jsonl").write_bytes("".join(f"{line}\n" for line in lines).encode())
    return folder


def write_json(folder: Path, items: Mapping[str, Sequence[Item]]) -> Path:
    return write_lines(folder, **{language: map(json_line, own) for language, own in items.items()})


def write_zipped(folder: Path, items: Mapping[str, Sequence[Item]]) -> Path:
    for path in write_json(folder, items).iterdir():
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    return folder


def write_columns(folder: Path, items: Mapping[str, Sequence[Item]]) -> Path:
    folder.mkdir(exist_ok=True)
    for language, own in items.items():
        whole = [(None, None, None) if item is None else item for item in own]
        columns = {name: pyarrow.array([item[place] for item in whole], pyarrow.string())
                   for place, name in enumerate(("query", "passage", "negative"))}
        pyarrow.parquet.write_table(pyarrow.table(columns), folder / f"{language}.parquet", row_group_size=3)
    return folder


def check(pairs: StreamedPairs, items: Mapping[str, Sequence[Item]], order: Iterable[int]) -> None:
    """That the corpus gives these items, asked in this order."""
    assert pairs.languages == tuple(sorted(items))
    for language, own in items.items():
        assert pairs.count == len(own)
        assert pairs.stands(language).tolist() == [item is not None for item in own]
        asked = [place for place in order if own[place] is not None]
        expected = [own[place] for place in asked]
        assert pairs.texts(language, np.array(asked, dtype=np.int64)) == PairTexts(
            queries=tuple(item[0] for item in expected), passages=tuple(item[1] for item in expected),
            negatives=tuple(item[2] for item in expected))


SOME: dict[str, list[Item]] = {  # seven items; none stands in yo
    "ar": [("س", "ج", None), None, ("q2", "p2\u2028\tx", "n2"), ("q3", "p3", None), None, ("q5", "p5", "n5"), ("q", "p", None)],
    "en": [("where?", "there", "then"), ("q1", "p1", None), None, ("q3", "p3", "n\0"), None, None, ("q6", "\nb\n", None)],
    "yo": [None] * 7,
}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def faults(caught: pytest.ExceptionInfo[CorruptInput]) -> list[tuple[str, int, int, str]]:
    return [(fault.path.name, fault.line, fault.column, fault.what) for fault in caught.value.faults]


# ---------------------------------------------------------------- what is packed is what is read


@settings(max_examples=60, deadline=None)
@given(data=st.data(), count=st.integers(1, 12), rows=st.integers(1, 5), write=st.sampled_from([write_json, write_columns]))
def test_what_is_packed_is_read_in_any_order_and_with_repeats(data, count: int, rows: int, write):
    items = {language: data.draw(st.lists(ITEM, min_size=count, max_size=count)) for language in ("ar", "en", "zh-Hans")}
    order = data.draw(st.lists(st.integers(0, count - 1), max_size=2 * count))
    with tempfile.TemporaryDirectory() as name:
        pairs = pack(write(Path(name) / "source", items), Path(name), name="c", rows=rows)
        check(pairs, items, order)
        check(open_pairs(pairs.folder), items, order)
        verify(pairs)


@pytest.mark.parametrize("write", [write_json, write_zipped, write_columns])
def test_every_form_gives_the_same_bytes(tmp_path: Path, write):
    one = pack(write_json(tmp_path / "json", SOME), tmp_path / "a", name="c", licence="CC0", rows=3)
    other = pack(write(tmp_path / "source", SOME), tmp_path / "b", name="c", licence="CC0", rows=3)
    check(other, SOME, [6, 0, 3, 3, 5, 0])
    assert one.digest == other.digest
    assert ({path.name: path.read_bytes() for path in one.folder.iterdir()}
            == {path.name: path.read_bytes() for path in other.folder.iterdir()})


def test_what_is_stated_and_counted(tmp_path: Path):
    pairs = pack(write_json(tmp_path / "source", SOME), tmp_path, name="my-corpus.v1", licence="CC0", source_note="by hand",
                 citation="Nobody 2020")
    assert pairs.folder == tmp_path / "parallel" / "my-corpus.v1"
    assert (pairs.name, pairs.count, pairs.licence, pairs.source, pairs.citation) == (
        "my-corpus.v1", 7, "CC0", "by hand", "Nobody 2020")
    assert {language: (part.items, part.negatives) for language, part in pairs.parts.items()} == {
        "ar": (5, 2), "en": (4, 2), "yo": (0, 0)}  # counted in SOME by hand
    assert pairs.bytes == sum(path.stat().st_size for path in pairs.folder.glob("*.arrow"))
    sealed = json.loads((pairs.folder / "pairs.json").read_text(encoding="utf-8"))
    assert pairs.digest == sealed.pop("sha256") == digest_of(sealed)


def test_the_digest_is_that_of_texts_and_notes_not_of_the_place(tmp_path: Path):
    source = write_json(tmp_path / "source", SOME)
    first, second = pack(source, tmp_path / "a", name="c"), pack(source, tmp_path / "b", name="c")
    assert first.digest == second.digest
    write_json(source, SOME | {"ar": [*SOME["ar"][:-1], ("q", "p", "a negative more")]})
    assert pack(source, tmp_path / "c", name="c").digest != first.digest


def test_tab_separated_values_with_an_empty_line_where_an_item_does_not_stand(tmp_path: Path):
    write_lines(tmp_path / "source", ar=[json_line(("q", "p", None))] * 4)
    (tmp_path / "source" / "en.tsv").write_bytes(b'\xef\xbb\xbfq0\tp\xe2\x80\xa80\r\n\nq2\t"p2\tn2\nq3\tp3\t')
    pairs = pack(tmp_path / "source", tmp_path, name="c")
    english = [("q0", "p\u20280", None), None, ("q2", '"p2', "n2"), ("q3", "p3", None)]
    check(pairs, {"ar": [("q", "p", None)] * 4, "en": english}, [3, 2, 0])


def test_ids_are_compared_and_not_kept(tmp_path: Path):
    source = write_lines(tmp_path / "source", ar=[json_line(("q", "p", None), id=5), "null"],
                         en=[json_line(("q", "p", None), id="5"), json_line(("q", "p", None), id="6")])
    check(pack(source, tmp_path, name="c"), {"ar": [("q", "p", None), None], "en": [("q", "p", None)] * 2}, [0])


def test_another_process_is_handed_paths_and_reads_the_same(tmp_path: Path):
    pairs = pack(write_json(tmp_path / "source", SOME), tmp_path, name="c", rows=2)
    handed = pickle.dumps(pairs)
    code = ("import pickle, sys, numpy; pairs = pickle.load(sys.stdin.buffer); "
            "sys.stdout.buffer.write(pickle.dumps(pairs.texts('ar', numpy.array([6, 0, 6]))))")
    done = subprocess.run([sys.executable, "-c", code], input=handed, capture_output=True, check=True)
    assert pickle.loads(done.stdout) == pairs.texts("ar", np.array([6, 0, 6]))
    assert pickle.loads(handed) == pairs


def test_threads_read_one_corpus_at_once(tmp_path: Path):
    own = [(f"q{number}", f"p{number}", None) for number in range(2000)]
    pairs = pack(write_json(tmp_path / "source", {"en": own}), tmp_path, name="c", rows=2)
    asked = [np.random.default_rng(seed).permutation(len(own)) for seed in range(8)]
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = list(pool.map(lambda items: pairs.texts("en", items), asked))
    assert [each.queries for each in found] == [tuple(f"q{item}" for item in items.tolist()) for items in asked]


@pytest.mark.parametrize(("items", "what"), [
    ([0, 1], "does not stand in ar"), ([7], "items are 0 to 6"), ([0, -1], "not -1 to 0")])
def test_items_that_do_not_stand_or_are_none_are_refused(tmp_path: Path, items: list[int], what: str):
    pairs = pack(write_json(tmp_path / "source", SOME), tmp_path, name="c")
    with pytest.raises(ValueError, match=what):
        pairs.texts("ar", np.array(items))


def test_what_stands_cannot_be_written_to(tmp_path: Path):
    stands = pack(write_json(tmp_path / "source", SOME), tmp_path, name="c").stands("ar")
    assert stands.dtype == bool
    with pytest.raises(ValueError, match="read-only"):
        stands[0] = False


def test_a_corpus_is_looked_for_in_the_folders_in_order(tmp_path: Path):
    source = write_json(tmp_path / "source", SOME)
    for place, name in (("a", "one"), ("b", "one"), ("b", "two")):
        pack(source, tmp_path / place, name=name)
    places = [tmp_path / each for each in ("none", "a", "b")]
    assert packed(places) == {"one": tmp_path / "a" / "parallel" / "one", "two": tmp_path / "b" / "parallel" / "two"}
    assert locate("two", places) == tmp_path / "b" / "parallel" / "two"
    assert locate("../parallel/two", places) is None
    assert locate(".two.lock", places) is None
    assert locate("three", places) is None


# ---------------------------------------------------------------- sources with faults


GOOD = json_line(("q", "p", None))


@pytest.mark.parametrize(("line", "column", "what"), [
    (b'{"query": "q", "passage": "p"', 30, "not JSON: Expecting ',' delimiter"),
    (b"", 1, "not JSON: Expecting value"),
    (b'{"query": "q", "passage": "p"} null', 32, "not JSON: Extra data"),
    (b"[" * 100_000, 1, "not JSON of this kind: nested too deeply"),
    (b'["q", "p"]', 1, "neither an object nor null"),
    (b'{"query": "q"}', 1, "has no `passage`"),
    (b"{}", 1, "has no `query` and no `passage`"),
    (b'{"query": "", "passage": "p"}', 2, "`query` holds no text"),
    ('{"query": "q", "passage": " \u2028\\n"}'.encode(), 16, "`passage` holds no text"),
    (b'{"query": "q", "passage": "p", "negative": ""}', 32, "`negative` holds no text"),
    (b'{"query": "q", "passage": null}', 16, "`passage` is null"),
    (b'{"query": 3, "passage": "p"}', 2, "`query` is int instead of text"),
    (b'{"query": "q", "passage": "p", "negative": ["n"]}', 32, "`negative` is list instead of text"),
    (b'{"query": "q", "passage": "p", "id": true}', 32, "`id` is bool instead of text"),
    (b'{"query": "q", "passage": "p", "title": "t"}', 32, "`title` is unknown; the keys are query, passage, negative, id"),
    (b'{"query": "q", "passage": "p", "query": "r"}', 2, "the key `query` stands twice"),
    (b'{"query": "q", "passage": "\\ud800"}', 16, "`passage` holds half a surrogate pair, which is no UTF-8 text"),
    ('{"query": "é'.encode() + b"\xff", 13, "not UTF-8 text: invalid start byte"),
])
def test_a_faulty_line_is_told_with_its_place_and_nothing_is_kept(tmp_path: Path, line: bytes, column: int, what: str):
    source = write_lines(tmp_path / "source", ar=[GOOD] * 3, en=[])
    (source / "en.jsonl").write_bytes(b"\n".join([GOOD.encode(), line, GOOD.encode(), b""]))
    with pytest.raises(CorruptInput) as caught:
        pack(source, tmp_path / "out", name="c", rows=1)
    assert faults(caught) == [("en.jsonl", 2, column, what)]
    assert names(tmp_path / "out" / "parallel") == [".c.lock"]


@pytest.mark.parametrize(("line", "column", "what"), [
    ("q", 1, "1 field between tabs instead of 2 or 3"), ("q\tp\tn\tm", 1, "4 fields between tabs instead of 2 or 3"),
    ("q\t \tn", 3, "`passage` holds no text"), ("\tp", 1, "`query` holds no text"),
    ("q\tpp\t ", 6, "`negative` holds no text")])
def test_a_faulty_line_of_tab_separated_values(tmp_path: Path, line: str, column: int, what: str):
    (tmp_path / "en.tsv").write_text(f"q\tp\n{line}\n", encoding="utf-8")
    with pytest.raises(CorruptInput) as caught:
        pack(tmp_path, tmp_path / "out", name="c")
    assert faults(caught) == [("en.tsv", 2, column, what)]


def test_faults_of_all_files_come_at_once_and_past_the_first_of_a_file_as_a_number(tmp_path: Path):
    source = write_lines(tmp_path / "source", ar=["{}"] * (MOST + 5), en=[*[GOOD] * (MOST + 4), '{"query": 1, "passage": 2}'],
                         sw=[GOOD] * 2, yo=[])
    with pytest.raises(CorruptInput) as caught:
        pack(source, tmp_path, name="c")
    told = faults(caught)
    assert told[:MOST] == [("ar.jsonl", number, 1, "has no `query` and no `passage`") for number in range(1, MOST + 1)]
    assert told[MOST:] == [
        ("ar.jsonl", MOST + 1, 1, "5 more faults from here on"),
        ("en.jsonl", MOST + 5, 2, "`query` is int instead of text"),
        ("en.jsonl", MOST + 5, 14, "`passage` is int instead of text"),
        ("sw.jsonl", 2, 1, f"holds 2 items, ar.jsonl holds {MOST + 5}: item i is line i of every file"),
        ("yo.jsonl", 1, 1, f"holds 0 items, ar.jsonl holds {MOST + 5}: item i is line i of every file")]


def test_ids_that_differ_are_told_with_their_places_whatever_batch_they_stand_in(tmp_path: Path):
    source = write_lines(tmp_path / "source", **{language: [json_line(("q", "p", None), id=each) for each in ids]
                                                 for language, ids in (("ar", "abcd"), ("en", "abxd"), ("sw", "ybcd"))})
    with pytest.raises(CorruptInput) as caught:
        pack(source, tmp_path, name="c", rows=2)
    assert faults(caught) == [
        ("en.jsonl", 3, 32, "the id is `x`, in ar.jsonl it is `c`: item i is line i of every file"),
        ("sw.jsonl", 1, 32, "the id is `y`, in ar.jsonl it is `a`: item i is line i of every file")]


def test_an_id_is_compared_where_the_first_language_does_not_stand(tmp_path: Path):
    source = write_lines(tmp_path / "source", ar=["null"], en=[json_line(("q", "p", None), id="a")],
                         sw=[json_line(("q", "p", None), id="b")])
    with pytest.raises(CorruptInput, match=r"sw.jsonl:1:32: the id is `b`, in en.jsonl it is `a`"):
        pack(source, tmp_path, name="c")


def test_files_without_a_line_hold_no_items(tmp_path: Path):
    with pytest.raises(CorruptInput, match="there are no items to pack"):
        pack(write_lines(tmp_path / "source", ar=[], en=[]), tmp_path, name="c")


def test_a_file_that_is_cut_off_is_told_once(tmp_path: Path):
    source = write_lines(tmp_path / "source", en=[GOOD] * 1000)
    whole = gzip.compress("".join(f'{{"query": "q{number}", "passage": "p"}}\n' for number in range(1000)).encode())
    (source / "ar.jsonl.gz").write_bytes(whole[:-9])
    with pytest.raises(CorruptInput) as caught:
        pack(source, tmp_path, name="c")
    (name, _, _, what), = faults(caught)
    assert name == "ar.jsonl.gz"
    assert "the gzip file is cut off or broken" in what


def test_columns_of_another_kind_are_told(tmp_path: Path):
    table = pyarrow.table({"query": ["q"], "passage": [1], "title": ["t"]})
    pyarrow.parquet.write_table(table, tmp_path / "ar.parquet")
    pyarrow.parquet.write_table(table.select(["query"]), tmp_path / "en.parquet")
    pyarrow.parquet.write_table(pyarrow.table({"query": ["q", " "], "passage": ["p", None]}), tmp_path / "sw.parquet")
    (tmp_path / "yo.parquet").write_bytes((tmp_path / "sw.parquet").read_bytes()[:-1])
    with pytest.raises(CorruptInput) as caught:
        pack(tmp_path, tmp_path, name="c")
    told = faults(caught)
    assert told[:-1] == [
        ("ar.parquet", 1, 1, "has the column passage of int64 instead of string"),
        ("ar.parquet", 1, 1, "has the column title, which is unknown; known are query, passage, negative, id"),
        ("en.parquet", 1, 1, "has no column passage"),
        ("sw.parquet", 2, 1, "`passage` is null"), ("sw.parquet", 2, 1, "`query` holds no text")]
    assert told[-1][0] == "yo.parquet"
    assert "not parquet, or broken" in told[-1][3]


@pytest.mark.parametrize(("files", "what"), [
    ([], "holds nothing to pack"), (["README.md", ".ar.jsonl"], "holds nothing to pack"),
    (["ar.jsonl", "ar.tsv"], "ar.jsonl holds ar already"), (["ar.train.jsonl"], "`ar.train` is no language")])
def test_a_folder_that_cannot_be_packed_is_refused(tmp_path: Path, files: list[str], what: str):
    for name in files:
        (tmp_path / name).write_text(f"{GOOD}\n")
    with pytest.raises(UsageFault, match=what):
        sources(tmp_path)


def test_names_that_cannot_be_given_are_refused(tmp_path: Path):
    source = write_json(tmp_path / "source", SOME)
    pack(source, tmp_path, name="taken")
    for name, what in (("taken", "stands already"), ("xquad-r", "a data set of the manifest has it"),
                       ("../a", "a name is letters"), (".a", "a name is letters"), ("", "a name is letters")):
        with pytest.raises(UsageFault, match=what):
            pack(source, tmp_path, name=name)
    check(open_pairs(tmp_path / "parallel" / "taken"), SOME, [0])
    with held(tmp_path / "parallel" / ".busy.lock"), pytest.raises(UsageFault, match="another process is packing it"):
        pack(source, tmp_path, name="busy")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageFault, match="cannot be written"):
        pack(source, tmp_path / "file", name="c")


# ---------------------------------------------------------------- interruptions


def test_a_killed_pack_leaves_nothing_that_looks_whole_and_the_next_clears_it(tmp_path: Path):
    source = write_json(tmp_path / "source", SOME)
    code = ("import os, sys; from pathlib import Path; from claimcheck.corpora.parallel_writing import pack\n"
            "pack(Path(sys.argv[1]), Path(sys.argv[2]), name='c', rows=2, told=lambda read: os.kill(os.getpid(), 9))")
    done = subprocess.run([sys.executable, "-c", code, source, tmp_path], check=False)
    assert done.returncode == -signal.SIGKILL
    begun = tmp_path / "parallel" / ".c.packing"
    assert names(begun) == ["ar.arrow", "en.arrow", "yo.arrow"]  # it was killed in the middle
    assert packed([tmp_path]) == {}
    with pytest.raises(CorruptInput, match=r"pairs.json:1:1: is missing"):
        open_pairs(begun)
    (begun / "left.over").write_text("")
    check(pack(source, tmp_path, name="c", rows=2), SOME, [0, 3])
    assert names(tmp_path / "parallel") == [".c.lock", "c"]
    assert not (tmp_path / "parallel" / "c" / "left.over").exists()


def test_an_interrupted_pack_cleans_up(tmp_path: Path):
    def interrupt(read: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack(write_json(tmp_path / "source", SOME), tmp_path, name="c", rows=2, told=interrupt)
    assert names(tmp_path / "parallel") == [".c.lock"]


def test_what_is_read_is_told_up_to_the_size_of_the_files(tmp_path: Path):
    source = write_zipped(tmp_path / "source", SOME)
    write_columns(source, {"de": SOME["en"]})
    told: list[int] = []
    pack(source, tmp_path, name="c", rows=2, told=told.append)
    assert len(told) == 4  # batches of two of seven items
    assert told == sorted(told)
    assert told[-1] == sum(path.stat().st_size for path in source.iterdir())


# ---------------------------------------------------------------- damage


def damaged(tmp_path: Path) -> Path:
    """A corpus of one batch each in three languages, with texts long enough to be damaged."""
    long = [("q" * 50, "p" * 500, None)] * 3
    return pack(write_json(tmp_path / "source", {"ar": long, "en": long, "sw": long}), tmp_path, name="c").folder


def test_all_damage_that_shows_without_reading_is_told_at_once(tmp_path: Path):
    folder = damaged(tmp_path)
    size = (folder / "ar.arrow").stat().st_size
    os.truncate(folder / "ar.arrow", size - 8)
    (folder / "en.arrow").unlink()
    (folder / "sw.arrow").write_bytes(b"x" * size)
    with pytest.raises(CorruptInput) as caught:
        open_pairs(folder)
    cut, missing, other = faults(caught)
    assert cut == ("ar.arrow", 1, 1, f"holds {size - 8} bytes instead of {size}, it is cut off")
    assert missing == ("en.arrow", 1, 1, "is missing")
    assert other[0] == "sw.arrow"
    assert other[3].startswith("cannot be read as Arrow IPC: ")


def resealed(folder: Path, **changes: object) -> None:
    """Give `ar.arrow` of a corpus its own size in `pairs.json`, and other entries, so that the layout alone is wrong."""
    stated = json.loads((folder / "pairs.json").read_text(encoding="utf-8"))
    stated.pop("sha256")
    stated["languages"]["ar"]["bytes"] = (folder / "ar.arrow").stat().st_size
    stated |= changes
    (folder / "pairs.json").write_text(json.dumps(stated | {"sha256": digest_of(stated)}), encoding="utf-8")


def test_a_file_of_other_columns_or_of_another_number_of_batches_is_told(tmp_path: Path):
    folder = damaged(tmp_path)
    table = pyarrow.table({"query": ["q"], "passage": ["p"]})
    with pyarrow.ipc.new_file(str(folder / "ar.arrow"), table.schema) as file:
        file.write_table(table)
    resealed(folder, rows=2)
    with pytest.raises(CorruptInput) as caught:
        open_pairs(folder)
    columns = "holds the columns query (string), passage (string) instead of query, passage, negative (each large_string)"
    batches = "the number of record batches is 1 instead of 2"
    assert faults(caught) == [("ar.arrow", 1, 1, columns), ("en.arrow", 1, 1, batches), ("sw.arrow", 1, 1, batches)]


def test_a_batch_of_another_length_is_told_when_it_is_read(tmp_path: Path):
    folder = damaged(tmp_path)
    resealed(folder, count=4)
    with pytest.raises(CorruptInput, match="the record batch 0 is damaged: 3 rows instead of 4"):
        open_pairs(folder).texts("ar", np.array([0]))


def changed(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert len(old) == len(new)
    assert old in content
    path.write_bytes(content.replace(old, new, 1))


def test_a_byte_that_changed_is_found_by_reading_all(tmp_path: Path):
    folder = damaged(tmp_path)
    verify(open_pairs(folder))
    for language in ("ar", "sw"):
        changed(folder / f"{language}.arrow", b"ppp", b"pqp")
    with pytest.raises(CorruptInput) as caught:
        verify(open_pairs(folder))
    assert faults(caught) == [(f"{language}.arrow", 1, 1, "differs from the digest in pairs.json") for language in ("ar", "sw")]


@pytest.mark.parametrize(("old", "new", "what"), [
    (b"q" * 50, b"q" * 49 + b"\xff", "ar.arrow:1:1: the text of item 0 is damaged: 'utf-8' codec can't decode"),
    # where the texts of a column start: the second passage does at byte 500
    (np.array([0, 500, 1000]).tobytes(), np.array([0, 2**40, 1000]).tobytes(), "item 0 is damaged: bytes 0 to 1099511627776"),
])
def test_damage_that_reading_meets_is_told_and_ends_no_process(tmp_path: Path, old: bytes, new: bytes, what: str):
    folder = damaged(tmp_path)
    changed(folder / "ar.arrow", old, new)
    with pytest.raises(CorruptInput, match=what):
        open_pairs(folder).texts("ar", np.array([0]))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"name": "c"}', b'{"name": "c", "sha256": "0"}'])
def test_a_statement_that_is_damaged_is_told(tmp_path: Path, content: bytes):
    folder = damaged(tmp_path)
    (folder / "pairs.json").write_bytes(content)
    with pytest.raises(CorruptInput, match=r"pairs.json:1:1: (cannot be read|differs from the digest of itself)"):
        open_pairs(folder)


def test_a_corpus_packed_anew_in_the_same_place_is_read_anew(tmp_path: Path):
    source = write_json(tmp_path / "source", SOME)
    before = pack(source, tmp_path, name="c")
    check(before, SOME, [0, 3])
    before.folder.rename(tmp_path / "elsewhere")
    other = {"ar": SOME["en"], "en": SOME["ar"], "yo": SOME["yo"]}
    check(pack(write_json(source, other), tmp_path, name="c"), other, [0, 3])


# ---------------------------------------------------------------- size


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path):
    """A hundred rows among 200,000 take no more than among 20,000: measured in bytes that Python and pyarrow allocate."""
    taken = {}
    for count in (20_000, 200_000):
        source = tmp_path / f"source{count}"
        write_lines(source, en=(f'{{"query": "q{number}", "passage": "{"p" * 80}{number}"}}' for number in range(count)))
        folder = pack(source, tmp_path, name=f"c{count}", rows=8192).folder
        asked = np.array(random.Random(1).choices(range(count), k=100))
        before = pyarrow.total_allocated_bytes()
        tracemalloc.start()
        texts = open_pairs(folder).texts("en", asked)
        taken[count] = tracemalloc.get_traced_memory()[1] + pyarrow.total_allocated_bytes() - before
        tracemalloc.stop()
        assert texts.queries == tuple(f"q{item}" for item in asked.tolist())
    # what is kept of a record batch is about 2 KB (25 batches of the larger corpus, 3 of the smaller); its texts are 24 MB
    assert taken[200_000] < taken[20_000] + 25 * 4096
    assert taken[200_000] < 250_000


def test_packing_holds_one_batch_of_one_language(tmp_path: Path):
    peaks = []
    for count in (2_000, 20_000):
        source = write_lines(tmp_path / f"source{count}", **{language: [json_line(("q" * 100, "p" * 400, None))] * count
                                                             for language in ("ar", "en", "sw")})
        before = pyarrow.total_allocated_bytes()
        tracemalloc.start()
        pack(source, tmp_path, name=f"c{count}", rows=500)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert pyarrow.total_allocated_bytes() - before < 100_000
    assert peaks[1] < 1.1 * peaks[0]
    assert peaks[1] < 1_500_000  # a batch is 500 rows of 500 characters in Python and in Arrow, and what Python adds to each


# ---------------------------------------------------------------- the verb


def test_the_verb_packs_lists_and_verifies(claimcheck, tmp_path: Path):
    source, here = write_json(tmp_path / "source", SOME), ("--data-dir", tmp_path / "data")
    notes = ("--licence", "CC0", "--source", "a\x1b")
    done = claimcheck("data", "pack", source, "--name", "mine", "--out", tmp_path / "data", *notes)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "packing mine: 1 megabyte\n"
    assert "ar: 5 of 7 items, 2 with a negative\n" in done.stdout
    listed = claimcheck("data", "list", *here).stdout
    assert "mine  packed pairs: 7 items in ar, en, yo, 0.0 MB; CC0\n    a\\x1b\n" in listed
    row = json.loads(claimcheck("data", "list", *here, "--format", "json").stdout)[-1]
    assert (row["name"], row["count"], row["items"]) == ("mine", 7, {"ar": 5, "en": 4, "yo": 0})
    done = claimcheck("data", "verify", "mine", *here)
    assert (done.returncode, done.stdout) == (0, "mine: every file as packed\n")


def test_the_verb_tells_damage_and_names_that_are_near(claimcheck, tmp_path: Path):
    pack(write_json(tmp_path / "source", SOME), tmp_path, name="mine")
    changed(tmp_path / "parallel" / "mine" / "ar.arrow", b"q3", b"q4")
    done = claimcheck("data", "verify", "--data-dir", tmp_path)
    assert done.returncode == 1
    assert "mine: 1 file is not as packed" in done.stdout
    assert "ar.arrow:1:1: differs from the digest in pairs.json" in done.stderr
    (tmp_path / "parallel" / "mine" / "ar.arrow").unlink()
    assert "ar.arrow:1:1: is missing" in claimcheck("data", "list", "--data-dir", tmp_path).stdout
    done = claimcheck("data", "verify", "mines", "--data-dir", tmp_path)
    assert done.returncode == 2
    assert "did you mean `mine`?" in done.stderr


def test_the_verb_tells_faults_and_ends_with_1(claimcheck, tmp_path: Path):
    done = claimcheck("data", "pack", write_lines(tmp_path / "s", ar=["{}"]), "--name", "mine", "--out", tmp_path)
    assert done.returncode == 1
    assert "s/ar.jsonl:1:1: has no `query` and no `passage`; mend the file" in done.stderr


def test_the_page_on_data_packs_as_it_shows(root: Path, tmp_path: Path):
    page = (root / "docs" / "data.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith('{"query"') or line == "null"]
    pairs = pack(write_lines(tmp_path / "source", en=lines), tmp_path, name="c")
    assert pairs.stands("en").tolist() == [True, False, True]
    assert pairs.parts["en"].negatives == 1
