"""MIRACL: the published dev files, every fault of them with its line, and the corpus streamed alike from both of its forms."""

import gzip
import itertools
import json
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from claimcheck.corpora.corpus import JudgedQueries, Question
from claimcheck.corpora.miracl import DEV_QUERIES, LANGUAGES, Passage, encoded_text, passages, read_dev
from claimcheck.errors import CorruptInput, UsageFault

# twelve shards, so that the order of their names (docs-0, docs-1, docs-10, ...) is not the order of their numbers;
# texts with what ends a line for some readers and not in JSON lines
CORPUS = tuple(tuple(Passage(id=f"{shard}#{place}", title=f"Títle {shard}", text=f"línia\u2028{place}\x85 \"x\"\n中")
                     for place in range(3)) for shard in range(12))


def json_lines(each: Sequence[Passage]) -> bytes:
    return "".join(json.dumps({"docid": one.id, "title": one.title, "text": one.text}, ensure_ascii=False) + "\n"
                   for one in each).encode()


def zipped(folder: Path) -> Path:
    for number, shard in enumerate(CORPUS):
        (folder / f"docs-{number}.jsonl.gz").write_bytes(gzip.compress(json_lines(shard)))
    return folder


def plain(folder: Path) -> Path:
    for number, shard in enumerate(CORPUS):
        (folder / f"docs-{number}.jsonl").write_bytes(json_lines(shard))
    return folder


def columns(path: Path, each: Sequence[Passage], identifier: str = "_id", **options: object) -> None:
    table = pyarrow.table({"text": [one.text for one in each], identifier: [one.id for one in each],
                           "title": [one.title for one in each]})
    pyarrow.parquet.write_table(table, path, **options)


def parquet(folder: Path, identifier: str = "_id") -> Path:
    for number, shard in enumerate(CORPUS):
        columns(folder / f"train-{number}-of-12.parquet", shard, identifier)
    return folder


def parquet_with_docid(folder: Path) -> Path:
    return parquet(folder, "docid")


def faults(read: Callable[[], object]) -> list[tuple[str, int, int, str]]:
    with pytest.raises(CorruptInput) as caught:
        read()
    return [(fault.path.name, fault.line, fault.column, fault.what) for fault in caught.value.faults]


def dev(tmp_path: Path, topics: str | bytes, qrels: str | bytes) -> Callable[[], JudgedQueries]:
    for name, text in (("topics.tsv", topics), ("qrels.tsv", qrels)):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return lambda: read_dev(tmp_path / "topics.tsv", tmp_path / "qrels.tsv", "sw")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_published_files_hold_the_published_number_of_queries_and_each_is_judged(data_dir: Path, language: str):
    topics, qrels = (data_dir / "miracl" / f"{kind}.miracl-v1.0-{language}-dev.tsv" for kind in ("topics", "qrels"))
    found = read_dev(topics, qrels, language)
    assert (found.name, found.language) == (f"miracl/{language}", language)
    assert len(found.queries) == DEV_QUERIES[language]
    assert {query.id for query in found.queries} == set(found.judgments)
    # every line of the file is a judgment, and MIRACL keeps only queries that some passage answers
    assert sum(map(len, found.judgments.values())) == qrels.read_bytes().count(b"\n")
    assert {grade for grades in found.judgments.values() for grade in grades.values()} == {0, 1}
    assert all(1 in grades.values() for grades in found.judgments.values())


def test_miracl_has_18_languages_and_no_other_is_read(tmp_path: Path):
    assert " ".join(LANGUAGES) == "ar bn de en es fa fi fr hi id ja ko ru sw te th yo zh"
    with pytest.raises(UsageFault, match="no language `tr`"):
        read_dev(tmp_path / "topics", tmp_path / "qrels", "tr")


def test_queries_and_judgments_come_as_they_stand(tmp_path: Path):
    # a line separator inside a text, spaces at its ends, a mark and line ends of Windows, no line end at the end
    found = dev(tmp_path, "\ufeffb\t mbili\u2028tatu \r\na\tmoja\r\n", "b\tQ0\t7#1\t0\nb\tQ0\t7#0\t2\na\tQ0\t1#0\t1")()
    assert found.queries == (Question(id="b", language="sw", text=" mbili\u2028tatu "),
                             Question(id="a", language="sw", text="moja"))
    assert [(query, list(grades.items())) for query, grades in found.judgments.items()] == [
        ("b", [("7#1", 0), ("7#0", 2)]), ("a", [("1#0", 1)])]


def test_every_fault_of_both_files_is_told_at_once_with_its_line(tmp_path: Path):
    topics = b"1\tone\n2\n3\t \n1\tagain\n\n4\tfour\n5\t\xff\n6\tsix\tseven\n"
    qrels = ("1\tQ0\t1#0\t1\n1\tQ0\t1#0\t0\n1\tQ0\t1#1\tx\n1\tQ0\t1#2\t1.0\n9\tQ0\t9#0\t1\n9\tQ0\t9#1\t1\n2 Q0 2#0 1\n"
             "3\tQ0\t3#0\t1\n5\tQ0\t\t1\n6\tQ0\t6#0\t-1\n")
    assert faults(dev(tmp_path, topics, qrels)) == [
        ("qrels.tsv", 2, 1, "the passage `1#0` was judged for `1` in line 1 already"),
        ("qrels.tsv", 3, 10, "the grade `x` is no whole number"),  # behind 1, Q0, 1#1 and three tabs: 1 + 2 + 3 + 3 + 1
        ("qrels.tsv", 4, 10, "the grade `1.0` is no whole number"),
        ("qrels.tsv", 5, 1, "judges the query `9`, which is not in topics.tsv"),  # told once, though line 6 does so too
        ("qrels.tsv", 7, 1, "1 fields between tabs instead of 4"),
        ("qrels.tsv", 9, 1, "a judgment without query or passage"),
        ("qrels.tsv", 10, 10, "the grade `-1` is no whole number"),
        ("topics.tsv", 2, 1, "1 fields between tabs instead of 2"),
        ("topics.tsv", 3, 3, "a query without text"),
        ("topics.tsv", 4, 1, "the query id `1` stands in line 1 already"),
        ("topics.tsv", 6, 1, "the query `4` has no judgment in qrels.tsv"),
        ("topics.tsv", 7, 1, "not UTF-8 text"),
        ("topics.tsv", 8, 1, "3 fields between tabs instead of 2"),
    ]


@pytest.mark.parametrize("grade", ["1_0", "१", "", " 1", "1e0", "9" * 10])
def test_a_grade_is_digits_and_nothing_else(tmp_path: Path, grade: str):
    assert [found[:3] for found in faults(dev(tmp_path, "1\tone\n", f"1\tQ0\t1#0\t{grade}\n"))] == [("qrels.tsv", 1, 10)]


def test_empty_and_missing_files_are_told_without_what_follows_from_them(tmp_path: Path):
    assert faults(dev(tmp_path, "", "1\tQ0\t1#0\t1\n")) == [("topics.tsv", 1, 1, "holds nothing")]
    (tmp_path / "qrels.tsv").unlink()
    (tmp_path / "topics.tsv").write_text("1\tone\n")
    assert faults(lambda: read_dev(tmp_path / "topics.tsv", tmp_path / "qrels.tsv", "sw")) == [
        ("qrels.tsv", 1, 1, "cannot be read: No such file or directory")]


@pytest.mark.parametrize("form", [zipped, plain, parquet, parquet_with_docid])
def test_the_same_passages_come_out_of_every_form_in_the_order_of_the_shards(tmp_path: Path, form: Callable[[Path], Path]):
    (tmp_path / "README.md").write_text("is left alone")
    assert list(passages(form(tmp_path))) == list(itertools.chain(*CORPUS))


def test_an_encoder_is_given_title_space_text():
    assert encoded_text(Passage(id="39#0", title="Albedo", text="Albedo is")) == "Albedo Albedo is"


def test_passages_arrive_before_the_fault_of_a_later_gzip_shard(tmp_path: Path):
    zipped(tmp_path)
    cut = tmp_path / "docs-1.jsonl.gz"
    cut.write_bytes(cut.read_bytes()[:-9])  # gzip ends with eight bytes of checksum and length: this one lacks data, too
    stream = passages(tmp_path)
    assert list(itertools.islice(stream, 3)) == list(CORPUS[0])
    [(name, line, column, what)] = faults(lambda: list(stream))
    assert (name, column) == ("docs-1.jsonl.gz", 1)
    assert 1 <= line <= 4  # at the first line that did not come, at the latest behind the third
    assert "the gzip file is cut off or broken" in what


@pytest.mark.parametrize(("damage", "what"), [
    (lambda raw: raw[:0], "a shard without passages"), (lambda raw: b"<html>" + raw, "cut off or broken"),
    (lambda raw: raw[:20] + bytes(9) + raw[29:], "cut off or broken"),
])
def test_a_gzip_shard_that_is_empty_or_no_gzip_or_damaged_is_told(tmp_path: Path, damage: Callable[[bytes], bytes], what: str):
    path = tmp_path / "docs-0.jsonl.gz"
    path.write_bytes(damage(gzip.compress(json_lines(CORPUS[0]))))
    assert what in faults(lambda: list(passages(tmp_path)))[0][3]


@pytest.mark.parametrize(("line", "what"), [
    ('{"docid": "1#0", "title": "t"', "not JSON"), ('{"docid": "1#0"}', "without text under title, text"),
    ('["1#0", "t", "x"]', "without text under docid, title, text"), ('{"docid": 1, "title": "t", "text": "x"}', "under docid"),
    ('{"docid": "", "title": "t", "text": "x"}', "under docid"),
    ('{"docid": "1#0", "title": null, "text": "x"}', "under title"), ('{"docid": "\udcff"}', "codec can't decode"),
    pytest.param("[" * 100_000, "recursion", id="deep"), pytest.param("9" * 5000, "digits", id="long"),
])
def test_a_broken_line_is_told_with_file_and_line_when_the_stream_gets_there(tmp_path: Path, line: str, what: str):
    raw = json_lines(CORPUS[0]) + b"\n" + line.encode(errors="surrogateescape") + b"\n" + json_lines(CORPUS[1])
    (tmp_path / "docs-0.jsonl").write_bytes(raw)
    stream = passages(tmp_path)
    assert [next(stream).id for _ in range(3)] == ["0#0", "0#1", "0#2"]
    with pytest.raises(CorruptInput, match=what) as caught:
        next(stream)
    # three passages and an empty line stand before it
    assert [(fault.path.name, fault.line) for fault in caught.value.faults] == [("docs-0.jsonl", 5)]


def test_every_parquet_shard_that_is_cut_off_or_lacks_columns_is_told_before_the_first_passage(tmp_path: Path):
    parquet(tmp_path)
    cut, other, pointer = (tmp_path / f"train-{number}-of-12.parquet" for number in (1, 2, 3))
    cut.write_bytes(cut.read_bytes()[:-1])
    pyarrow.parquet.write_table(pyarrow.table({"title": ["t"], "contents": ["x"]}), other)
    pointer.write_text("version https://git-lfs.github.com/spec/v1\n")
    found = faults(lambda: passages(tmp_path))
    assert [(name, what.split(":")[0]) for name, _, _, what in found] == [
        (cut.name, "not parquet, or cut off"), (other.name, "has no column _id or docid"), (other.name, "has no column text"),
        (pointer.name, "not parquet, or cut off")]


def test_passages_arrive_before_the_damage_inside_a_parquet_shard(tmp_path: Path):
    many = [Passage(id=f"1#{place}", title="t", text=f"text {place}") for place in range(4096)]
    path = tmp_path / "0000.parquet"
    # two row groups; a byte in the middle of the last column of the second is turned over, which only its checksum shows
    columns(path, many, row_group_size=2048, write_page_checksum=True, compression="none", use_dictionary=False)
    chunk = pyarrow.parquet.read_metadata(path).row_group(1).column(0)
    raw = bytearray(path.read_bytes())
    raw[chunk.data_page_offset + chunk.total_compressed_size // 2] ^= 0xFF
    path.write_bytes(raw)
    stream = passages(tmp_path)
    assert list(itertools.islice(stream, 2048)) == many[:2048]
    assert [(name, line) for name, line, _, _ in faults(lambda: list(stream))] == [("0000.parquet", 2049)]


def test_a_row_without_a_text_is_told_with_its_number(tmp_path: Path):
    table = pyarrow.table({"_id": ["1#0", "1#1"], "title": ["t", "t"], "text": ["x", None]})
    pyarrow.parquet.write_table(table, tmp_path / "0000.parquet")
    assert faults(lambda: list(passages(tmp_path))) == [("0000.parquet", 2, 1, "a passage without text under text")]


@pytest.mark.parametrize(("names", "what"), [
    ([], "holds no shards of a corpus"), (["README.md", "corpus.jsonl"], "holds no shards of a corpus"),
    (["docs-0.jsonl", "0000.parquet"], "holds the corpus in two forms, docs-0.jsonl and 0000.parquet"),
    (["docs-0.jsonl", "docs-0.jsonl.gz"], "holds the shards 0, 0"), (["docs-0.jsonl", "docs-2.jsonl"], "holds the shards 0, 2"),
])
def test_a_folder_that_is_not_one_whole_corpus_is_refused_at_the_call(tmp_path: Path, names: list[str], what: str):
    for name in names:
        (tmp_path / name).touch()
    assert faults(lambda: passages(tmp_path)) == [(tmp_path.name, 1, 1, what)]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path):
    assert faults(lambda: passages(tmp_path / "none")) == [("none", 1, 1, "cannot be read: No such file or directory")]


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path):
    # 40 MB of text that compresses to almost nothing: read as a whole it would need at least those 40 MB
    with gzip.open(tmp_path / "docs-0.jsonl.gz", "wb", compresslevel=1) as stream:
        for place in range(10_000):
            stream.write(json_lines([Passage(id=f"1#{place}", title="t", text="x" * 4000)]))
    tracemalloc.start()
    try:
        assert sum(1 for _ in passages(tmp_path)) == 10_000
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
