"""Runs against judgments: equal to trec_eval, equal to the textbook, and what has no value is left out and counted."""

import json
import math
import random
from pathlib import Path

import numpy as np
import pytest
import pytrec_eval

from claimcheck.errors import CorruptInput, UsageFault
from claimcheck.measurement.formulas import FORMULAS, RelevantPlaces, computed
from claimcheck.measurement.measures import parse
from claimcheck.measurement.scoring import Scores, measures_of, score
from claimcheck.measurement.trec import read_judgments, read_run
from claimcheck.measurement.trec_lines import MOST

EVERY = ("AP", "RR", "R@1", "R@3", "R@10", "nDCG@1", "nDCG@3", "nDCG@10", "nDCG@1000", "Max@3", "Max@R")
THEIRS = {"AP": "map", "RR": "recip_rank", **{f"R@{k}": f"recall_{k}" for k in (1, 3, 10)},
          **{f"nDCG@{k}": f"ndcg_cut_{k}" for k in (1, 3, 10, 1000)}}


def scored(folder: Path, run, judgments, names=EVERY, complete=False) -> Scores:
    """Score what is given as lines, or as query -> document -> number."""
    if isinstance(run, dict):
        run = [f"{query} Q0 {document} 1 {value!r} t" for query, each in run.items() for document, value in each.items()]
        judgments = [f"{query} 0 {document} {grade}" for query, each in judgments.items() for document, grade in each.items()]
    for name, lines in (("a.run", run), ("a.qrels", judgments)):
        (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return score(read_run(folder / "a.run"), read_judgments(folder / "a.qrels"), [parse(name) for name in names],
                 complete=complete)


def found(scores: Scores) -> dict[str, dict[str, float]]:
    return {query: dict(zip(map(str, scores.measures), values, strict=True))
            for query, values in zip(scores.queries, scores.values.tolist(), strict=True)}


def ranked(scores: dict[str, float]) -> list[str]:
    """Documents, best first: scores as float32, then the larger id, byte by byte."""
    return sorted(scores, key=lambda document: (np.float32(scores[document]), document.encode()), reverse=True)


def textbook(scores: dict[str, float], grades: dict[str, int], name: str) -> float:
    """The measures of one query as textbooks write them, down the list of what was retrieved."""
    gains = [max(grades.get(document, 0), 0) for document in ranked(scores)]
    hits = [gain > 0 for gain in gains]
    total = sum(grade > 0 for grade in grades.values())
    name, _, cutoff = name.partition("@")
    k = total if cutoff == "R" else int(cutoff or 0)
    if name == "AP":
        return sum(sum(hits[: place + 1]) / (place + 1) for place, hit in enumerate(hits) if hit) / total
    if name == "RR":
        return 1 / (hits.index(True) + 1) if any(hits) else 0
    if name == "R":
        return sum(hits[:k]) / total
    if name == "Max":
        return float(sum(hits[:k]) == total)
    best = sorted((max(grade, 0) for grade in grades.values()), reverse=True)
    dcg = [sum(gain / math.log2(place + 2) for place, gain in enumerate(each[:k])) for each in (gains, best)]
    return dcg[0] / dcg[1]


def world(seed: int):
    """Queries with heavy ties, grades below 0, unjudged documents, and relevant ones that were not retrieved."""
    generator = random.Random(seed)
    pool = [f"{letter}{number}" for letter in "dé中\U0001f600~D" for number in range(generator.randint(1, 9))]
    levels = generator.choice([1, 2, 5, 1000])
    run = {f"q{number}": {document: generator.choice([1e-3, 1, -1e5]) * generator.randrange(levels) / 7
                          for document in generator.sample(pool, generator.randint(1, len(pool)))} for number in range(12)}
    judgments = {f"q{number}": {document: generator.choice([-2, -1, 0, 0, 1, 2, 3]) for document in generator.sample(
        [*pool, "missing1", "missing2"], generator.randint(1, len(pool)))} for number in range(14)}
    return run, judgments


# ---------------------------------------------------------------- oracles


@pytest.mark.parametrize("seed", range(60))
def test_scores_are_those_of_trec_eval_and_of_the_textbook(tmp_path: Path, seed: int):
    run, judgments = world(seed)
    ours = scored(tmp_path, run, judgments)
    relevant = {query for query, grades in judgments.items() if max(grades.values()) > 0}
    # pytrec_eval 0.5.11 crashes on a query of which all grades are below -1
    theirs = pytrec_eval.RelevanceEvaluator({query: judgments[query] for query in relevant}, set(THEIRS.values())).evaluate(run)
    assert set(ours.queries) == relevant & set(run)
    assert set(ours.no_relevant) == set(judgments) - relevant
    assert set(ours.not_in_run) == relevant - set(run)
    for query, values in found(ours).items():
        assert {name: values[name] for name in THEIRS} == pytest.approx(
            {name: theirs[query][measure] for name, measure in THEIRS.items()}, abs=1e-12)
        assert values == pytest.approx({name: textbook(run[query], judgments[query], name) for name in EVERY}, abs=1e-12)
    assert ours.mean().tolist() == pytest.approx([
        math.fsum(found(ours)[query][name] for query in ours.queries) / len(ours.queries) for name in EVERY], abs=1e-12)


def test_a_run_by_hand(tmp_path: Path):
    # d (not judged), b (2), c (0), a (1); e (3) was not retrieved
    ours = scored(tmp_path, {"q": {"a": 1, "b": 3, "c": 2, "d": 4}}, {"q": {"a": 1, "b": 2, "c": 0, "e": 3}})
    assert found(ours)["q"] == pytest.approx({
        "AP": (1 / 2 + 2 / 4 + 0) / 3, "RR": 1 / 2, "R@1": 0, "R@3": 1 / 3, "R@10": 2 / 3, "Max@3": 0, "Max@R": 0, "nDCG@1": 0,
        "nDCG@3": (2 / math.log2(3)) / (3 + 2 / math.log2(3) + 1 / 2),
        **dict.fromkeys(("nDCG@10", "nDCG@1000"), (2 / math.log2(3) + 1 / math.log2(5)) / (3 + 2 / math.log2(3) + 1 / 2))})


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_in_a_tie_across_the_cut_off_the_larger_ids_are_within(tmp_path: Path, k: int):
    # x, then e, d, c, b, a tied, in that order; c is at place 4
    run = {"q": {"x": 2.0, **dict.fromkeys("abcde", 1.0)}}
    ours = scored(tmp_path, run, {"q": {"c": 1}}, [f"R@{k}", f"nDCG@{k}"])
    assert ours.values.tolist() == [[float(k >= 4), pytest.approx((k >= 4) / math.log2(5))]]
    theirs = pytrec_eval.RelevanceEvaluator({"q": {"c": 1}}, {f"recall_{k}"}).evaluate(run)
    assert theirs["q"][f"recall_{k}"] == (k >= 4)


def test_scores_that_only_64_bits_tell_apart_are_tied(tmp_path: Path):
    run = {"q": {"a": 1.00000001, "b": 1.0}}  # the next float32 after 1 is 1.00000012
    assert scored(tmp_path, run, {"q": {"a": 1}}, ["RR"]).values.tolist() == [[1 / 2]]
    assert pytrec_eval.RelevanceEvaluator({"q": {"a": 1}}, {"recip_rank"}).evaluate(run)["q"]["recip_rank"] == 1 / 2


def test_0_and_minus_0_are_tied_and_the_largest_scores_are_compared(tmp_path: Path):
    run = {"q": {"a": 0.0, "b": -0.0, "c": 3.4e38, "d": -3.4e38}}
    assert scored(tmp_path, run, {"q": {"a": 1}}, ["RR"]).values.tolist() == [[1 / 3]]


def test_ids_are_compared_byte_by_byte_and_no_number_is_seen_in_them(tmp_path: Path):
    # larger first, as UTF-8: F0... (outside the BMP), EF... (U+FF5E), "9", "10"
    run = {"q": dict.fromkeys(("10", "9", "\uff5e", "\U0001f600"), 1.0)}
    for place, document in enumerate(("\U0001f600", "\uff5e", "9", "10"), 1):
        assert scored(tmp_path, run, {"q": {document: 1}}, ["RR"]).values.tolist() == [[1 / place]]


def test_neither_order_of_lines_nor_ranks_move_a_score(tmp_path: Path):
    run, judgments = world(3)
    ours = scored(tmp_path, run, judgments)
    lines, qrels = ((tmp_path / name).read_text(encoding="utf-8").splitlines() for name in ("a.run", "a.qrels"))
    lines = [line.replace(" 1 ", f" {number} ", 1) for number, line in enumerate(lines)]
    random.Random(1).shuffle(lines)
    random.Random(2).shuffle(qrels)
    shuffled = scored(tmp_path, lines, qrels)
    assert shuffled.queries == ours.queries
    assert shuffled.values.tobytes() == ours.values.tobytes()


def test_grades_of_1_give_what_stored_places_give(tmp_path: Path):
    # the same arrays without and with grades: places 1, 4 of one query and 2 of another
    places = {"place": np.array([1, 4, 2]), "first": np.array([0, 2]), "relevant": np.array([2, 1])}
    for name in EVERY:
        measure = parse(name)
        plain, graded = (computed(measure.name, measure.cutoff, RelevantPlaces(**places, grade=grade)).tolist()
                         for grade in (None, np.ones(3, np.int32)))
        assert plain == pytest.approx(graded, abs=1e-15)
    with pytest.raises(ValueError, match=f"no formula of `P` needs places alone; there is {', '.join(FORMULAS)}"):
        computed("P", 10, RelevantPlaces(**places))


# ---------------------------------------------------------------- what has no value


JUDGED = {"found": {"a": 1}, "lacking": {"a": 1}, "none": {"a": 0, "b": -1}, "none and lacking": {"a": 0}}


def test_a_judged_query_that_the_run_lacks_is_left_out_or_counts_as_0(tmp_path: Path):
    judged = {name.replace(" ", "-"): grades for name, grades in JUDGED.items()}
    run = {"found": {"a": 1.0}, "none": {"a": 1.0}}
    for complete, queries, mean in ((False, ("found",), 1), (True, ("found", "lacking"), (1 + 0) / 2)):
        ours = scored(tmp_path, run, judged, complete=complete)
        assert (ours.queries, ours.complete) == (queries, complete)
        assert ours.mean().tolist() == [mean] * len(EVERY)
        assert (ours.no_relevant, ours.not_in_run) == (("none", "none-and-lacking"), ("lacking",))


def test_where_trec_eval_counts_a_query_without_a_relevant_document_as_0_here_it_has_no_value(tmp_path: Path):
    theirs = pytrec_eval.RelevanceEvaluator({"q": {"a": 0}}, {"map"}).evaluate({"q": {"a": 1.0}})
    assert theirs == {"q": {"map": 0}}
    with pytest.raises(CorruptInput, match=r"a\.qrels:1:1: no query of .*a\.run has a document of grade 1 or more; give"):
        scored(tmp_path, {"q": {"a": 1.0}}, {"q": {"a": 0}})


def test_a_query_of_the_run_without_a_judgment_is_bad_input_at_its_first_line(tmp_path: Path):
    with pytest.raises(CorruptInput) as error:
        scored(tmp_path, ["q1 Q0 a 1 1 t", "x Q0 a 1 1 t", "x Q0 b 1 1 t", "\ufeffq1 Q0 b 1 1 t"], ["q1 0 a 1"])
    assert str(error.value).replace(f"{tmp_path}/", "").splitlines() == [
        f"a.run:{line}:1: the query `{query}` has no judgment in a.qrels; "
        "take it out of the run, or give the judgments that it has" for line, query in ((2, "x"), (4, "\\ufeffq1"))]
    with pytest.raises(CorruptInput, match="5 more faulty lines from here on"):
        scored(tmp_path, [f"x{number} Q0 a 1 1 t" for number in range(MOST + 5)], ["q1 0 a 1"])


# ---------------------------------------------------------------- measures


@pytest.mark.parametrize(("name", "why"), [
    ("RankDistance", "does not say where the relevant documents stand that were not retrieved"),
    ("RankDistanceShare", "does not say where"), ("LogRankDistance", "does not say where"),
    ("SameLanguage@10", "says nothing of the languages of its documents")])
def test_what_a_run_does_not_tell_is_refused_with_the_reason(tmp_path: Path, name: str, why: str):
    for asked in (lambda: measures_of([name]), lambda: scored(tmp_path, {"q": {"a": 1.0}}, {"q": {"a": 1}}, [name])):
        with pytest.raises(UsageFault, match=f"the measure `{name}` cannot be had of a run: it {why}.*; use AP"):
            asked()


def test_all_names_that_cannot_be_used_are_told_at_once_and_a_name_counts_once():
    with pytest.raises(UsageFault) as error:
        measures_of(["AP", "MAP", "PEER", "RankDistance", ""])
    assert [line.split("`")[1] for line in str(error.value).splitlines()] == ["MAP", "PEER", "RankDistance", ""]
    assert measures_of(["R@10", "AP", "R@10"]) == (parse("R@10"), parse("AP"))
    with pytest.raises(UsageFault, match="no measure is named"):
        measures_of([])


def test_a_cut_off_of_any_size_is_one(tmp_path: Path):
    far = "9" * 400
    assert scored(tmp_path, {"q": {"a": 1.0}}, {"q": {"a": 1}}, [f"R@{far}", f"nDCG@{far}", f"Max@{far}"]).values.tolist() == [
        [1, 1, 1]]


# ---------------------------------------------------------------- the verb


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "a.run").write_text("q1 Q0 a 1 2 t\nq1 Q0 b 2 1 t\nq2 Q0 a 1 2 t\nq3 Q0 a 1 2 t\n")
    (tmp_path / "a.qrels").write_text("q1 0 b 1\nq1 0 c 2\nq2 0 a 1\nq3 0 a 0\nq4 0 a 1\n")
    return tmp_path


def test_json_holds_every_query_the_means_and_what_was_left_out(claimcheck, files: Path):
    done = claimcheck("score", "a.run", "a.qrels", "--format", "json")
    ndcg = (1 / math.log2(3)) / (2 + 1 / math.log2(3))
    q1 = {"AP": (1 / 2 + 0) / 2, "RR": 1 / 2, "nDCG@10": pytest.approx(ndcg, rel=1e-15), "R@10": 1 / 2}
    assert (done.returncode, json.loads(done.stdout)) == (0, {
        "queries": {"q1": q1, "q2": dict.fromkeys(q1, 1)},
        "mean": {"AP": (1 / 4 + 1) / 2, "RR": 3 / 4, "nDCG@10": pytest.approx((ndcg + 1) / 2, rel=1e-15), "R@10": 3 / 4},
        "left_out": {"no_relevant": {"count": 1, "queries": ["q3"]}, "not_in_run": {"count": 1, "queries": ["q4"]}}})
    assert done.stderr == ("left out: 1 judged query without a relevant document\n"
                           "left out: 1 judged query that the run lacks; --complete counts them as 0\n")


def test_text_is_a_table_of_means_after_a_line_a_query(claimcheck, files: Path):
    assert claimcheck("score", "a.run", "a.qrels", "--measures", "AP, RR").stdout.splitlines() == [
        "query          AP      RR",
        "mean of 2  0.6250  0.7500"]
    assert claimcheck("score", "a.run", "a.qrels", "--measures", "AP,RR", "--by-query", "--complete").stdout.splitlines() == [
        "query          AP      RR",
        "q1         0.2500  0.5000",
        "q2         1.0000  1.0000",
        "q4         0.0000  0.0000",
        "mean of 3  0.4167  0.5000"]


def test_with_complete_nothing_that_the_run_lacks_is_left_out(claimcheck, files: Path):
    done = claimcheck("score", "a.run", "a.qrels", "--format", "json", "--complete", "--measures", "AP")
    made = json.loads(done.stdout)
    assert made["queries"]["q4"] == {"AP": 0}
    assert made["mean"] == {"AP": (1 / 4 + 1 + 0) / 3}
    assert made["left_out"]["not_in_run"] == {"count": 0, "queries": []}
    assert "counted as 0: 1 judged query that the run lacks\n" in done.stderr


def test_a_small_number_keeps_three_digits(claimcheck, tmp_path: Path):
    (tmp_path / "a.run").write_text("".join(f"q Q0 {number:04} {number} {-number} t\n" for number in range(1, 3001)))
    (tmp_path / "a.qrels").write_text("q 0 3000 1\n")
    done = claimcheck("score", "a.run", "a.qrels", "--measures", "RR,R@1")
    assert done.stdout.splitlines()[1] == "mean of 1  3.33e-04  0.0000"  # 1 / 3000


def test_bad_usage_is_status_2_and_bad_files_are_status_1(claimcheck, files: Path):
    done = claimcheck("score", "a.run", "a.qrels", "--measures", "MAP,PEER")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 2)
    assert claimcheck("score", "none.run", "a.qrels").returncode == 2
    (files / "a.qrels").write_text("q1 0 b one\n")
    done = claimcheck("score", "a.run", "a.qrels")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("a.qrels:1:8: the grade `one`")
