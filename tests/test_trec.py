"""TREC files: what is written reads back equal, whatever ids hold; a faulty file is refused with every fault and its place."""

import json
import re
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from claimcheck.errors import CorruptInput, UsageFault
from claimcheck.measurement import ir_metadata
from claimcheck.measurement.trec import read_judgments, read_run, write_run
from claimcheck.measurement.trec_lines import MOST

IN_A_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6).filter(lambda text: text.split() == [text])


def run(folder: Path, text: str | bytes):
    path = folder / "a.run"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_run(path)


def judgments(folder: Path, text: str):
    path = folder / "a.qrels"
    path.write_text(text, encoding="utf-8", newline="\n")
    return read_judgments(path)


def faults(reader, folder: Path, text: str | bytes) -> list[str]:
    with pytest.raises(CorruptInput) as error:
        reader(folder, text)
    return str(error.value).replace(f"{folder}/", "").splitlines()


# ---------------------------------------------------------------- reading


def test_a_run_is_its_ids_and_scores_line_by_line(tmp_path: Path):
    read = run(tmp_path, "q2 Q0 b 1 0.5 tag\nq2\tQ0\ta  7\t-2e1 tag\r\nq10 0 b 1 3 other tag".replace("other tag", "other"))
    assert read.query.strings().tolist() == ["q2", "q2", "q10"]
    assert read.document.strings().tolist() == ["b", "a", "b"]
    assert (read.score.tolist(), read.score.dtype) == ([0.5, -20, 3], np.float32)
    assert (read.line.tolist(), read.metadata) == ([1, 2, 3], ())


def test_judgments_are_their_grades_line_by_line(tmp_path: Path):
    read = judgments(tmp_path, "q1 0 a 2\nq1 0 b -2\nq0 0 a 0\n")
    assert list(zip(read.query.strings().tolist(), read.document.strings().tolist(), read.grade.tolist(), strict=True)) == [
        ("q1", "a", 2), ("q1", "b", -2), ("q0", "a", 0)]


def test_only_white_space_of_c_parts_columns_so_that_ids_hold_any_other(tmp_path: Path):
    assert run(tmp_path, "q\u00a01 Q0 d\u2028\u3000\x85 1 1 t\n").document.names == ("d\u2028\u3000\x85",)


def test_comments_stand_before_the_first_line_only_and_a_querys_id_may_begin_with_their_sign(tmp_path: Path):
    read = run(tmp_path, "# one\n#two\n#q Q0 a 1 1 t\n#q Q0 b 1 1 t\n")
    assert (read.query.names, read.line.tolist()) == (("#q",), [3, 4])
    assert faults(run, tmp_path, "q Q0 a 1 1 t\n# late\n") == [
        "a.run:2:1: 2 columns, where a line of a run has 6; write query Q0 document rank score tag"]


def test_metadata_are_the_lines_between_start_and_end(tmp_path: Path):
    line = "q Q0 a 1 1 t\n"
    head = "# made by hand\r\n# ir_metadata.start\r\n# platform:\r\n#   software: x\r\n# ir_metadata.end\r\n# more\r\n"
    assert run(tmp_path, head + line).metadata == ("platform:", "  software: x")
    assert run(tmp_path, "# platform:\n" + line).metadata == ()
    assert run(tmp_path, "# ir_metadata.start\n# tag: t\n" + line).metadata == ("tag: t",)


# ---------------------------------------------------------------- faults


@pytest.mark.parametrize("score", ["nan", "NaN", "inf", "-Infinity", "1e39", "-3.5e38", "one", "1,5", "1_000", "0x10", "٣"])
def test_a_score_that_is_no_finite_number_is_told_with_its_query_and_document(tmp_path: Path, score: str):
    number = "a finite number of 32 bits"
    assert faults(run, tmp_path, f"q1 Q0 ä 1 1 t\nq1 Q0 é/7 2 {score} t\n") == [
        f"a.run:2:13: the score `{score}` of the document `é/7` for the query `q1` is not {number}; give {number}"]


@pytest.mark.parametrize("grade", ["1.0", "", "high", "1_0", "nan", "2147483648", "-2147483648", "9" * 5000])
def test_a_grade_that_is_no_whole_number_is_told(tmp_path: Path, grade: str):
    found, = faults(judgments, tmp_path, f"q 0 a {grade}\n")
    if grade:
        assert found.startswith(f"a.qrels:1:7: the grade `{grade}` of the document `a` for the query `q` is not a whole number")
    else:
        assert found == "a.qrels:1:1: 3 columns, where a line of judgments has 4; write query iteration document grade"


def test_a_document_that_stands_twice_for_a_query_is_told_with_its_first_line(tmp_path: Path):
    assert faults(run, tmp_path, "q Q0 a 1 3 t\nq Q0 b 2 2 t\np Q0 a 1 1 t\nq Q0 a 3 1 t\nq Q0 a 4 0 t\n") == [
        f"a.run:{line}:6: the document `a` stands twice for the query `q`, first on line 1; keep one of the two lines"
        for line in (4, 5)]
    assert faults(judgments, tmp_path, "q 0 a 1\nq 1 a 1\n") == [
        "a.qrels:2:5: the document `a` stands twice for the query `q`, first on line 1; keep one of the two lines"]


@pytest.mark.parametrize(("reader", "what"), [(run, "a run"), (judgments, "judgments")])
def test_a_file_without_a_line_is_refused(tmp_path: Path, reader, what: str):
    assert faults(reader, tmp_path, "")[0].endswith(f":1:1: holds no line of {what}; give the file that was meant")
    if reader is run:
        assert "holds no line of a run" in faults(run, tmp_path, "# nothing\n# else\n")[0]


def test_a_blank_line_is_no_line_of_a_run(tmp_path: Path):
    assert "a.run:2:1: 0 columns" in faults(run, tmp_path, "q Q0 a 1 1 t\n\nq Q0 b 1 1 t\n")[0]


def test_what_is_not_utf_8_is_told_with_its_place(tmp_path: Path):
    assert faults(run, tmp_path, b"q Q0 a 1 1 t\n\xc3\xa4 Q0 b\xe4 1 1 t\n# \xff\n")[0] == (
        "a.run:2:7: the byte 0xe4 is not UTF-8; save the file as UTF-8")
    assert len(faults(run, tmp_path, "q Q0 \ufffd 1 1 t\n".encode() + b"# \xff\n")) == 2  # not UTF-8, and not a line


def test_all_faults_of_a_file_are_told_at_once_and_two_of_one_line_as_well(tmp_path: Path):
    found = faults(run, tmp_path, "q Q0 a 1 1 t\nq Q0 a 1 nan t\nq a 1\nq Q0 b 1 inf t\n")
    assert [line.split(": ")[0] for line in found] == ["a.run:2:6", "a.run:2:10", "a.run:3:1", "a.run:4:10"]


@pytest.mark.parametrize(("more", "says"), [(0, None), (1, "1 more faulty line from"), (500, "500 more faulty lines from")])
def test_of_very_many_faults_the_first_are_told_and_the_others_counted(tmp_path: Path, more: int, says: str | None):
    found = faults(run, tmp_path, "q Q0 a 1 1 t\n" + "wrong\n" * (MOST + more))
    assert len(found) == MOST + (says is not None)
    assert says is None or found[-1] == f"a.run:{MOST + 2}:1: {says} here on; mend those above first"


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        read_run(tmp_path / "none")


# ---------------------------------------------------------------- writing


@IN_A_FOLDER
@given(st.dictionaries(IDS, st.dictionaries(IDS, st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1,
                                            max_size=5), min_size=1, max_size=4))
def test_a_run_reads_back_as_it_was_written(tmp_path: Path, lists):
    write_run(tmp_path / "a.run", lists, "tag", {})
    read = read_run(tmp_path / "a.run")
    found = {(read.query.names[query], read.document.names[document]): score for query, document, score in zip(
        read.query.codes.tolist(), read.document.codes.tolist(), read.score.tolist(), strict=True)}
    assert found == {(query, document): score for query, scores in lists.items() for document, score in scores.items()}


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_9_digits_give_the_same_float32_again_by_way_of_a_float64(score):
    assert np.float32(float(f"{score:.9g}")) == np.float32(score)


def test_a_score_is_finite_if_its_float32_is(tmp_path: Path):
    largest = float(np.finfo(np.float32).max)
    halfway = (largest + 2**128) / 2
    assert run(tmp_path, f"q Q0 a 1 {float(np.nextafter(halfway, 0))} t\n").score.tolist() == [largest]
    assert len(faults(run, tmp_path, f"q Q0 a 1 {halfway} t\n")) == 1


def test_lines_stand_as_scores_rank_them_and_ties_by_the_larger_id(tmp_path: Path):
    near = float(np.nextafter(0.5, 1))  # another float64, the same float32
    write_run(tmp_path / "new" / "a.run", {"q2": {"a": 0.5, "é": 0.5, "b": near, "c": 2}, "q1": {"z": -1}, "q0": {}}, "tag")
    assert (tmp_path / "new" / "a.run").read_bytes().decode() == (
        "q2 Q0 c 1 2 tag\nq2 Q0 é 2 0.5 tag\nq2 Q0 b 3 0.5 tag\nq2 Q0 a 4 0.5 tag\nq1 Q0 z 1 -1 tag\n")


@pytest.mark.parametrize("identifier", ["", "a b", "a\tb", "a\n", "a\u3000b"])
def test_an_id_with_white_space_is_refused_and_what_was_there_stays(tmp_path: Path, identifier: str):
    (tmp_path / "a.run").write_text("older")
    for lists, tag in (({identifier: {"d": 1}}, "t"), ({"q": {identifier: 1}}, "t"), ({"q": {"d": 1}}, identifier)):
        with pytest.raises(UsageFault, match="must have no white space and not be empty"):
            write_run(tmp_path / "a.run", lists, tag)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["older"]


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -1e39])
def test_a_score_that_cannot_be_read_again_is_not_written(tmp_path: Path, score: float):
    with pytest.raises(UsageFault, match=re.escape(f"the score {score} of the document 'd' for the query 'q' cannot be")):
        write_run(tmp_path / "a.run", {"q": {"d": score}}, "t")


def test_what_else_cannot_be_written_is_told(tmp_path: Path):
    with pytest.raises(UsageFault, match="a run without a line cannot be read again"):
        write_run(tmp_path / "a.run", {"q": {}}, "t")
    with pytest.raises(UsageFault, match="an id cannot be written as UTF-8"):
        write_run(tmp_path / "a.run", {"\ud800": {"d": 1}}, "t")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageFault, match="folder: cannot be written"):
        write_run(tmp_path / "folder", {"q": {"d": 1}}, "t")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


# ---------------------------------------------------------------- metadata

NESTED = st.recursive(
    st.one_of(st.booleans(), st.integers(-10**9, 10**9), st.floats(allow_nan=False, allow_infinity=False),
              st.text(st.characters(exclude_categories=["Cs"]), max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(
        ["number of cores", "no", "1", "a: b", "-", "ü", "# x", "true"]), inner, max_size=3)), max_leaves=6)


def loaded(lines: tuple[str, ...], version: str) -> object:
    reader = YAML(typ="safe", pure=True)
    reader.version = version
    return reader.load(StringIO("\n".join(lines)))


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@given(metadata=st.dictionaries(st.sampled_from(ir_metadata.KEYS), NESTED, min_size=1, max_size=3))
def test_metadata_are_yaml_that_says_the_same_in_both_versions(version: str, metadata):
    lines = ir_metadata.header(metadata)
    assert (lines[0], lines[-1]) == ("# ir_metadata.start", "# ir_metadata.end")
    assert all(line.startswith("# ") and line.isprintable() for line in lines)
    assert json.dumps(loaded(ir_metadata.within(lines), version)) == json.dumps(metadata)


def test_a_header_by_hand(tmp_path: Path):
    metadata = {"schema-version": "0.2", "platform": {"hardware": {"cores": 2}}, "research goal": {"venue": {}},
                "actor": {"team": "no"}, "method": {"automatic": True, "steps": [{"name": "dense", "weight": 1e-05}, [1, 2]]}}
    write_run(tmp_path / "a.run", {"q": {"d": 1}}, "mine", metadata)
    assert (tmp_path / "a.run").read_text() == """\
# ir_metadata.start
# schema-version: "0.2"
# platform:
#   hardware:
#     cores: 2
# research goal:
#   venue: {}
# actor:
#   team: "no"
# method:
#   automatic: true
#   steps:
#     -
#       name: "dense"
#       weight: 1.0e-05
#     -
#       - 1
#       - 2
# tag: "mine"
# ir_metadata.end
q Q0 d 1 1 mine
"""
    assert read_run(tmp_path / "a.run").metadata[:2] == ('schema-version: "0.2"', "platform:")


@pytest.mark.parametrize(("metadata", "says"), [
    ({"plattform": {}}, "metadata cannot hold `plattform`; use schema-version, platform, research goal"),
    ({"data": {"size": float("nan")}}, "metadata cannot hold nan; use texts"),
    ({"data": [None]}, "metadata cannot hold None; use texts"), ({"data": {3: "x"}}, "metadata cannot hold the key 3; "),
])
def test_metadata_of_another_kind_are_refused(tmp_path: Path, metadata, says: str):
    with pytest.raises(UsageFault, match=says):
        write_run(tmp_path / "a.run", {"q": {"d": 1}}, "t", metadata)
    assert list(tmp_path.iterdir()) == []
