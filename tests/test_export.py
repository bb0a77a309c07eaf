"""Exports: what is written reads back to what was there, names the whole pool, and is the same bytes each time."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from claimcheck.corpora.corpus import Candidate, JudgedQueries, LanguagePart, ParallelCorpus, Question
from claimcheck.corpora.export import export_judged, export_parallel, write_topics
from claimcheck.corpora.miracl import LANGUAGES, read_dev
from claimcheck.errors import UsageFault


def part(language: str, asked: dict[str, int], candidates: int) -> LanguagePart:
    return LanguagePart(
        language=language, relevant=asked,
        questions=tuple(Question(id=name, language=language, text=f"{name} auf {language}?", article="Ä") for name in asked),
        candidates=tuple(Candidate(id=f"toy/{language}/{place}", language=language, text=f"Sätze\u2028{place}\n中", article="Ä")
                         for place in range(candidates)))


# q1 stands in all three languages, q2 in two, q3 in one; 3 + 2 + 4 candidates
CORPUS = ParallelCorpus(name="toy", parts={"de": part("de", {"q1": 2, "q2": 0}, 3), "en": part("en", {"q2": 1, "q1": 0}, 2),
                                           "hi": part("hi", {"q1": 3, "q3": 1}, 4)})
JUDGED = JudgedQueries(name="miracl/de", language="de", judgments={"b": {"7#1": 0, "7#0": 1}, "a": {"1#0": 2}},
                       queries=(Question(id="a", language="de", text=" eins? "), Question(id="b", language="de", text="zwei")))


def lines(path: Path) -> list[str]:
    text = path.read_bytes().decode()
    assert text.endswith("\n")
    assert "\r" not in text
    return text.split("\n")[:-1]


def judgments(path: Path) -> list[tuple[str, str, str, str]]:
    return [tuple(line.split(" ")) for line in lines(path)]


def test_topics_are_one_line_each_whatever_their_texts_hold(tmp_path: Path):
    texts = ["plain", "a\tb", "a\r\nb\n", "a\u2028b\x85c", "  two  spaces stay "]
    write_topics(tmp_path / "new" / "topics.tsv", [Question(id=f"q{place}", language="en", text=text)
                                                   for place, text in enumerate(texts)])
    assert (tmp_path / "new" / "topics.tsv").read_bytes().decode().splitlines() == [
        "q0\tplain", "q1\ta b", "q2\ta b ", "q3\ta b c", "q4\t  two  spaces stay "]


def test_what_is_exported_as_judged_reads_back_equal(tmp_path: Path):
    topics, qrels = export_judged(JUDGED, tmp_path)
    assert (topics.name, qrels.name) == ("topics.miracl-de.tsv", "qrels.miracl-de.tsv")
    assert read_dev(topics, qrels, "de") == JUDGED
    assert lines(qrels) == ["b\tQ0\t7#1\t0", "b\tQ0\t7#0\t1", "a\tQ0\t1#0\t2"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_published_files_come_back_byte_for_byte(data_dir: Path, tmp_path: Path, language: str):
    published = [data_dir / "miracl" / f"{kind}.miracl-v1.0-{language}-dev.tsv" for kind in ("topics", "qrels")]
    written = export_judged(read_dev(*published, language), tmp_path)
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in published]


def test_a_parallel_corpus_gives_three_files_a_language(tmp_path: Path):
    paths = export_parallel(CORPUS, tmp_path / "out")
    assert [path.name for path in paths] == [name for language in ("de", "en", "hi") for name in (
        f"topics.toy.{language}.tsv", f"qrels.toy.{language}.multilingual.txt", f"corpus.toy.{language}.jsonl")]
    assert sorted(paths) == sorted((tmp_path / "out").iterdir())


def test_the_pool_reads_back_equal_and_has_every_candidate_of_every_language_once(tmp_path: Path):
    export_parallel(CORPUS, tmp_path)
    pool = [json.loads(line) for language in CORPUS.languages for line in lines(tmp_path / f"corpus.toy.{language}.jsonl")]
    assert len({each["id"] for each in pool}) == len(pool) == 3 + 2 + 4
    assert [Candidate(**each) for each in pool] == [each for one in CORPUS.parts.values() for each in one.candidates]


def test_topics_of_all_languages_can_be_put_together(tmp_path: Path):
    export_parallel(CORPUS, tmp_path)
    topics = [line.split("\t") for language in CORPUS.languages for line in lines(tmp_path / f"topics.toy.{language}.tsv")]
    assert topics == [["de/q1", "q1 auf de?"], ["de/q2", "q2 auf de?"], ["en/q2", "q2 auf en?"], ["en/q1", "q1 auf en?"],
                      ["hi/q1", "q1 auf hi?"], ["hi/q3", "q3 auf hi?"]]
    assert len({name for name, _ in topics}) == len(topics)


def test_a_question_is_answered_in_every_language_in_which_it_stands(tmp_path: Path):
    export_parallel(CORPUS, tmp_path)
    assert judgments(tmp_path / "qrels.toy.de.multilingual.txt") == [
        ("de/q1", "Q0", "toy/de/2", "1"), ("de/q1", "Q0", "toy/en/0", "1"), ("de/q1", "Q0", "toy/hi/3", "1"),
        ("de/q2", "Q0", "toy/de/0", "1"), ("de/q2", "Q0", "toy/en/1", "1")]
    # a line for each language of each question: q1 stands in three, q2 in two, q3 in one
    assert [len(lines(tmp_path / f"qrels.toy.{language}.multilingual.txt")) for language in ("de", "en", "hi")] == [5, 5, 4]


def test_every_relevant_candidate_is_in_the_pool_and_every_judged_topic_exists(tmp_path: Path):
    export_parallel(CORPUS, tmp_path)
    pool = {json.loads(line)["id"] for path in tmp_path.glob("corpus.*") for line in lines(path)}
    topics = {line.split("\t")[0] for path in tmp_path.glob("topics.*") for line in lines(path)}
    rows = [row for path in tmp_path.glob("qrels.*") for row in judgments(path)]
    assert {row[2] for row in rows} <= pool
    assert {row[0] for row in rows} == topics


def test_equal_corpora_give_equal_bytes_and_an_export_replaces_an_older_one(tmp_path: Path):
    first = {path.name: path.read_bytes() for path in export_parallel(CORPUS, tmp_path)}
    (tmp_path / "corpus.toy.de.jsonl").write_text("older")
    (tmp_path / "own.txt").write_text("is left alone")
    again = {path.name: path.read_bytes() for path in export_parallel(replace(CORPUS, parts=dict(CORPUS.parts)), tmp_path)}
    assert first == again
    assert {path.name for path in tmp_path.iterdir()} == {*first, "own.txt"}


@pytest.mark.parametrize("identifier", ["", "a b", "a\tb", "a\n", "a\u3000b"])
def test_an_id_that_would_move_columns_is_refused_and_what_was_there_stays(tmp_path: Path, identifier: str):
    export_judged(JUDGED, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UsageFault, match="white space"):
        export_judged(replace(JUDGED, judgments={"a": {"1#0": 0}, "b": {identifier: 1}}), tmp_path)
    with pytest.raises(UsageFault, match="white space"):
        write_topics(tmp_path / "topics.miracl-de.tsv", [Question(id=identifier, language="de", text="x")])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_half_a_surrogate_pair_is_refused_with_the_file_that_cannot_hold_it(tmp_path: Path):
    with pytest.raises(UsageFault, match=r"topics\.tsv: a text cannot be written as UTF-8"):
        write_topics(tmp_path / "topics.tsv", [Question(id="a", language="de", text="\ud800")])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UsageFault, match="cannot be written"):
            export_parallel(CORPUS, folder)
