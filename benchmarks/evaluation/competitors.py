"""The competitors: from vectors to AP, RR, R@10 and nDCG@10 of each query in the pool of all languages.

Every one gets the same vectors and judgments. Those that take a run as dictionaries are timed twice: the call alone on a
run that is there already, and the whole way from vectors, which everybody who uses them has to go.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from world import World

from claimcheck.measurement.formulas import RelevantPlaces, computed
from claimcheck.retrieval.ranking import rank

MEASURES = {"AP": ("AP", None), "RR": ("RR", None), "R@10": ("R", 10), "nDCG@10": ("nDCG", 10)}
Values = Mapping[str, np.ndarray]
"""Measure -> values of the queries (n,), or of one mean (1,) of a competitor that gives no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Competitor:
    """`whole`: from vectors to values. `alone`: the library's own call on a run that was prepared, where there is such."""

    name: str
    whole: Callable[[], Values]
    alone: Callable[[], Any] | None = None


def of_places(places: np.ndarray) -> Values:
    """Measures of (n, R) places, by the formulas of claimcheck."""
    n, relevant = places.shape
    ranked = RelevantPlaces(place=np.sort(places, axis=1).ravel(), first=np.arange(n) * relevant, relevant=np.full(n, relevant))
    return {name: computed(*formula, ranked) for name, formula in MEASURES.items()}


def ours(world: World) -> Competitor:
    problem, language = world.problem, {each: code for code, each in enumerate(world.pool.languages)}
    relevant = torch.from_numpy(problem.relevant[world.rows])
    own = torch.tensor([language[problem.questions[row].language] for row in world.rows])
    queries = world.query_vectors()
    return Competitor(name="claimcheck", whole=lambda: of_places(
        rank(queries, world.texts, world.pool, relevant, own).place.numpy()))


def product(world: World) -> Competitor:
    queries, candidates = world.query_vectors().numpy(), world.candidate_vectors().numpy()
    out = np.zeros((len(queries), len(candidates)), np.float32)

    def whole() -> Values:
        np.matmul(queries, candidates.T, out=out)
        return {}

    return Competitor(name="bare product (numpy)", whole=whole)


def argsort(world: World) -> Competitor:
    """A whole sort of each row by numpy; candidates the other way round, so that a stable sort keeps to the tie rule."""
    queries, candidates = world.query_vectors().numpy(), np.ascontiguousarray(world.candidate_vectors().numpy()[::-1])
    wanted = len(candidates) - 1 - world.problem.relevant[world.rows]

    def whole() -> Values:
        order = np.argsort(-(queries @ candidates.T), axis=1, kind="stable")
        place = np.empty_like(order)
        np.put_along_axis(place, order, np.arange(1, order.shape[1] + 1)[None], axis=1)
        return of_places(np.take_along_axis(place, wanted, axis=1))

    return Competitor(name="numpy argsort", whole=whole)


def dictionaries(world: World) -> tuple[dict[str, dict[str, int]], Callable[[], dict[str, dict[str, float]]]]:
    """Judgments, and what makes the run from vectors, as the libraries take them."""
    queries, candidates = world.query_vectors().numpy(), world.candidate_vectors().numpy()
    topics, ids = world.topics(), world.problem.candidates
    judged = {topic: {ids[each]: 1 for each in world.problem.relevant[row]}
              for topic, row in zip(topics, world.rows, strict=True)}

    def run() -> dict[str, dict[str, float]]:
        return {topic: dict(zip(ids, scores, strict=True))
                for topic, scores in zip(topics, (queries @ candidates.T).tolist(), strict=True)}

    return judged, run


def pytrec_eval(world: World) -> Competitor:
    import pytrec_eval as library

    judged, run = dictionaries(world)
    names = {"map": "AP", "recip_rank": "RR", "recall_10": "R@10", "ndcg_cut_10": "nDCG@10"}
    evaluator, prepared, topics = library.RelevanceEvaluator(judged, {*names}), run(), world.topics()

    def values(given: dict[str, dict[str, float]]) -> Values:
        found = evaluator.evaluate(given)
        return {name: np.array([found[topic][theirs] for topic in topics]) for theirs, name in names.items()}

    return Competitor(name="pytrec_eval-terrier", whole=lambda: values(run()), alone=lambda: evaluator.evaluate(prepared))


def ir_measures(world: World) -> Competitor:
    import ir_measures as library

    judged, run = dictionaries(world)
    measures = [library.parse_measure(name) for name in MEASURES]
    evaluator, prepared = library.evaluator(measures, judged), run()
    at = {topic: row for row, topic in enumerate(world.topics())}

    def values(given: dict[str, dict[str, float]]) -> Values:
        made = {name: np.zeros(len(at)) for name in MEASURES}
        for metric in evaluator.iter_calc(given):
            made[str(metric.measure)][at[metric.query_id]] = metric.value
        return made

    return Competitor(name="ir-measures", whole=lambda: values(run()), alone=lambda: [*evaluator.iter_calc(prepared)])


def ranx(world: World) -> Competitor:
    import ranx as library

    judged, run = dictionaries(world)
    names = {"map": "AP", "mrr": "RR", "recall@10": "R@10", "ndcg@10": "nDCG@10"}
    judgments, prepared = library.Qrels(judged), library.Run(run())
    order = np.argsort(np.array(world.topics(), dtype=object))  # it sorts topics

    def values(given: Any) -> Values:
        found = library.evaluate(judgments, given, [*names], return_mean=False, make_comparable=False)
        made = {name: np.empty(len(order)) for name in names.values()}
        for theirs, name in names.items():
            made[name][order] = found[theirs]
        return made

    return Competitor(name="ranx", whole=lambda: values(library.Run(run())), alone=lambda: values(prepared))


def sentence_transformers(world: World) -> Competitor:
    """Its evaluator encodes with a model; this one hands out the vectors. It gives means, over the whole pool and at 10."""
    from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator
    from sentence_transformers.util import dot_score

    queries, candidates = world.query_vectors(), world.candidate_vectors()
    ids, topics = world.problem.candidates, world.topics()
    evaluator = InformationRetrievalEvaluator(
        queries=dict.fromkeys(topics, ""), corpus=dict.fromkeys(ids, ""), mrr_at_k=[len(ids)], ndcg_at_k=[10],
        accuracy_at_k=[10], precision_recall_at_k=[10], map_at_k=[len(ids)], write_csv=False,
        score_functions={"dot": dot_score}, relevant_docs={topic: {ids[each] for each in world.problem.relevant[row]}
                       for topic, row in zip(topics, world.rows, strict=True)})

    class Model:
        def encode_query(self, _texts: list[str], **_more: Any) -> torch.Tensor:
            return queries

    names = {f"map@{len(ids)}": "AP", f"mrr@{len(ids)}": "RR", "recall@10": "R@10", "ndcg@10": "nDCG@10"}

    def whole() -> Values:
        found = evaluator.compute_all_metrics(Model(), corpus_embeddings=candidates)["dot"]
        return {name: np.array([found[key.split("@")[0] + "@k"][int(key.split("@")[1])]]) for key, name in names.items()}

    return Competitor(name="sentence-transformers", whole=whole)


PEERS: tuple[Callable[[World], Competitor], ...] = (argsort, pytrec_eval, ir_measures, ranx, sentence_transformers)
