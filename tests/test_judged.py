"""A large corpus from its shards: the same places as by sorting everything, the same values as trec_eval's."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pytrec_eval
import torch

from claimcheck.corpora.corpus import JudgedQueries, Question
from claimcheck.corpora.miracl import Passage
from claimcheck.errors import CorruptInput, MeasurementFailed
from claimcheck.measurement.measures import mean_by_language, parse, values
from claimcheck.measurement.places import Places, to_parquet_bytes
from claimcheck.retrieval import counting
from claimcheck.retrieval.judged import evaluate_judged
from claimcheck.retrieval.shard_writing import write
from claimcheck.retrieval.shards import Shards

DIMENSIONS = 4


def vector(text: str, role: str) -> list[float]:
    """Small whole numbers, so that products are exact and ties abound; a text's, whatever it is encoded with."""
    draw = random.Random(f"{role} {text}")
    return [float(draw.randint(-2, 2)) for _ in range(DIMENSIONS)]


def embed(texts: list[str], role: str) -> torch.Tensor:
    return torch.tensor([vector(text, role) for text in texts])


PASSAGES = [Passage(id=f"{article}#{part}", title=f"Article {article}", text=f"Part {part}.")
            for article in (7, 10, 9, 70, 1) for part in range(61)]  # in byte order 10#0 comes before 1#0's successors, 7 after


def judged(seed: int = 0, most: int = 4) -> JudgedQueries:
    """40 queries with some relevant and some judged irrelevant passages each; the last one has only irrelevant ones."""
    draw = random.Random(seed)
    queries = tuple(Question(id=f"q{number}", language="sw", text=f"question {number}?") for number in range(40))
    judgments = {each.id: {passage.id: int(draw.random() < 0.6) for passage in draw.sample(PASSAGES, most)} | {"7#0": 1}
                 for each in queries}
    judgments["q39"] = {"7#1": 0}
    return JudgedQueries(name="miracl/sw", language="sw", queries=queries, judgments=judgments)


def shards(folder: Path, size: int = 64, passages: list[Passage] = PASSAGES, **more: str) -> Shards:
    return write(passages, embed, folder, name="miracl/sw", made_from={"encoder": "test"}, size=size, **more)


def trec(queries: JudgedQueries) -> dict[str, dict[str, float]]:
    """trec_eval's values on the whole ranking of every query."""
    run = {each.id: {passage.id: float(np.dot(vector(each.text, "query"), vector(f"{passage.title} {passage.text}", "passage")))
                     for passage in PASSAGES} for each in queries.queries}
    judgments = {query: dict(grades) for query, grades in queries.judgments.items()}
    return pytrec_eval.RelevanceEvaluator(judgments, {"ndcg_cut_10", "recall_100", "map", "recip_rank"}).evaluate(run)


def by_query(places: Places, measure: str) -> dict[str, float]:
    (cell,) = values(places, parse(measure), "monolingual")
    return dict(zip(cell.questions.tolist(), cell.values.tolist(), strict=True))


@pytest.mark.parametrize("size", [1000, 64, 7])
def test_values_from_shards_are_trec_evals_query_by_query(tmp_path: Path, size: int):
    queries = judged()
    places = evaluate_judged(queries, shards(tmp_path, size), embed, "miracl/sw")
    expected = trec(queries)
    for ours, theirs in (("nDCG@10", "ndcg_cut_10"), ("R@100", "recall_100"), ("AP", "map"), ("RR", "recip_rank")):
        found = by_query(places, ours)
        assert found.keys() == expected.keys() - {"q39"}  # without a relevant passage it is undefined, and trec_eval says 0
        assert {query: pytest.approx(expected[query][theirs], abs=1e-12) for query in found} == found
    assert mean_by_language(values(places, parse("nDCG@10"), "monolingual")) == pytest.approx(
        np.mean([expected[query]["ndcg_cut_10"] for query in expected if query != "q39"]))


def test_places_depend_neither_on_the_shards_nor_on_the_order_of_passages_nor_on_the_way_of_counting(tmp_path: Path):
    queries = judged(3)
    shuffled = random.Random(5).sample(PASSAGES, len(PASSAGES))
    stored = [shards(tmp_path / "a", 1000), shards(tmp_path / "b", 50), shards(tmp_path / "c", 50, shuffled),
              shards(tmp_path / "d", 50, store_as="float16")]  # whole numbers lose nothing in float16
    made = {to_parquet_bytes(evaluate_judged(queries, each, embed, "r")) for each in stored}
    made.add(to_parquet_bytes(evaluate_judged(queries, stored[1], embed, "r", device="cpu:0")))
    assert len(made) == 1


def test_many_small_tiles_make_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    queries, stored = judged(4), shards(tmp_path, 100)
    whole = to_parquet_bytes(evaluate_judged(queries, stored, embed, "r"))
    monkeypatch.setattr(counting, "COLUMNS", 16)
    monkeypatch.setattr(counting, "ROWS", 16)
    assert to_parquet_bytes(evaluate_judged(queries, stored, embed, "r")) == whole


def test_every_passage_that_ties_with_a_relevant_one_is_counted(tmp_path: Path):
    def alike(texts: list[str], role: str) -> torch.Tensor:
        return torch.ones(len(texts), DIMENSIONS)

    stored = write(PASSAGES, alike, tmp_path, name="miracl/sw", made_from={}, size=64)
    places = evaluate_judged(judged(), stored, alike, "r")
    assert set(places.tied.tolist()) == {len(PASSAGES) - 1}
    downwards = sorted((each.id for each in PASSAGES), key=str.encode, reverse=True)  # all tied: the larger id first
    best = min(downwards.index(passage) for passage, grade in judged().judgments["q5"].items() if grade)
    assert by_query(places, "RR")["q5"] == pytest.approx(1 / (1 + best))


def test_a_judged_passage_that_is_not_in_the_corpus_is_named(tmp_path: Path):
    queries = judged()
    queries = replace(queries, judgments={**queries.judgments, "q0": {"999#9": 1}})
    with pytest.raises(CorruptInput, match="999#9"):
        evaluate_judged(queries, shards(tmp_path), embed, "r")


def test_a_truncated_shard_is_named_with_its_last_passage(tmp_path: Path):
    stored = shards(tmp_path, 64)
    file = tmp_path / "00001.vectors.npy"
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(CorruptInput, match=r"00001\.vectors\.npy"):
        evaluate_judged(judged(), stored, embed, "r")


def test_queries_that_cannot_be_ranked_are_refused(tmp_path: Path):
    stored, queries = shards(tmp_path), judged()

    def broken(texts: list[str], role: str) -> torch.Tensor:
        made = embed(texts, role)
        made[3, 0] = float("nan")
        return made

    with pytest.raises(MeasurementFailed, match=r"vector of the query q3 of miracl/sw is not finite"):
        evaluate_judged(queries, stored, broken, "r")
    with pytest.raises(MeasurementFailed, match="4 dimensions, those of the queries have 2"):
        evaluate_judged(queries, stored, lambda texts, role: embed(texts, role)[:, :2], "r")
    with pytest.raises(ValueError, match=r"scores are float32, the vectors of the queries of miracl/sw are torch\.float64"):
        evaluate_judged(queries, stored, lambda texts, role: embed(texts, role).double(), "r")
    with pytest.raises(ValueError, match="no query of miracl/sw has a relevant passage"):
        evaluate_judged(replace(queries, judgments={each.id: {"7#1": 0} for each in queries.queries}), stored, embed, "r")
    with pytest.raises(ValueError, match="the query q1 of miracl/sw has a grade beyond 1"):
        evaluate_judged(replace(queries, judgments={**queries.judgments, "q1": {"7#1": 2}}), stored, embed, "r")


def test_the_counting_streams_each_shard_once_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    stored = shards(tmp_path, 61)
    opened = []
    vectors = type(stored.parts[0]).vectors

    def watched(shard):
        opened.append(shard.path.name)
        return vectors(shard)

    monkeypatch.setattr(type(stored.parts[0]), "vectors", watched)
    evaluate_judged(judged(), stored, embed, "r")
    names = [each.path.name for each in stored.parts]
    assert opened[-len(names):] == names
