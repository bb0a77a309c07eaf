"""Measuring what a large corpus takes beside encoding: reading it, cutting it into tokens, writing shards and ranking them.

A sample is tried and taken for the whole: of the real texts the first passages of each language, of ranking, which does not
depend on what the passages say, random vectors in shards. What grows with the number of passages is theirs.
"""

import tempfile
import time
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from claimcheck.corpora import large, miracl
from claimcheck.corpora.corpus import JudgedQueries
from claimcheck.corpora.sizes import questions_and_candidates
from claimcheck.experiment.leg import Leg
from claimcheck.measurement.rates import Texts
from claimcheck.retrieval.encoder import Encoder, Role
from claimcheck.retrieval.judged import evaluate_judged
from claimcheck.retrieval.shard_writing import write

SAMPLED = 2_000
"""Passages of a language that are read and cut into tokens at most."""
RANKED = (4_096, 16_384)
"""Passages that are ranked, few and more: from the two comes what one more takes."""


def around(encoder: Encoder, leg: Leg, device: str) -> tuple[Texts, float]:
    """The texts that a leg on a large corpus encodes, and the seconds of all it does beside encoding and training."""
    name, files, summed, seconds = leg.route.evaluate, leg.files[leg.route.evaluate], Texts(), 0.0
    for language in leg.run.condition.data.evaluated_in(leg.route):
        started = time.perf_counter()
        queries = large.read_judged(name, language, files)
        summed += texts_of(encoder.prepare([each.text for each in queries.queries], "query").tokens)
        between = time.perf_counter()
        first = list(islice(miracl.passages(files[f"{language}/{large.PASSAGES}"]), SAMPLED))
        some = texts_of(encoder.prepare([miracl.encoded_text(each) for each in first], "passage").tokens)
        ended = time.perf_counter()
        known = questions_and_candidates(name, (language,))
        number = len(first) if len(first) < SAMPLED or known is None else known[1]
        summed += some.times(number / len(first))
        seconds += between - started + (ended - between) * number / len(first)
        seconds += ranking(queries, number, encoder.dimensions, device)
    return summed, seconds


def ranking(queries: JudgedQueries, passages: int, dimensions: int, device: str) -> float:
    """Seconds in which so many passages are written as shards and ranked for the queries of a language."""
    few, more = (min(size, passages) for size in RANKED)
    _ranked(queries, few, dimensions, device)  # the first time something is compiled
    taken = [_ranked(queries, size, dimensions, device) for size in dict.fromkeys((few, more))]
    if len(taken) < 2:
        return taken[0] * passages / few
    return taken[1] + max(0.0, taken[1] - taken[0]) / (more - few) * (passages - more)


def _ranked(queries: JudgedQueries, passages: int, dimensions: int, device: str) -> float:
    """The same of so few that they are made up: random vectors, as many of them relevant to each query as were judged so."""
    made = [miracl.Passage(id=f"{number:07}", title="", text="") for number in range(passages)]
    judgments = {query: {made[(place * 101 + at) % passages].id: 1 for at in range(sum(map(bool, judged.values())))}
                 for place, (query, judged) in enumerate(queries.judgments.items())}
    vectors = random_vectors(max(passages, len(queries.queries)), dimensions)

    def embed(texts: list[str], role: Role) -> torch.Tensor:  # noqa: ARG001 - as an encoder is called
        return vectors[: len(texts)]

    with tempfile.TemporaryDirectory(prefix="claimcheck-") as folder:
        started = time.perf_counter()
        shards = write(made, embed, Path(folder) / "shards", name=queries.name, made_from={})
        evaluate_judged(JudgedQueries(name=queries.name, language=queries.language, queries=queries.queries,
                                      judgments=judgments), shards, embed, "tried", device)
        return time.perf_counter() - started


def random_vectors(number: int, dimensions: int) -> torch.Tensor:
    """Vectors (n, d) of length 1 in place of those that an encoder would give."""
    drawn = np.random.default_rng(number).standard_normal((number, dimensions), dtype=np.float32)
    return torch.nn.functional.normalize(torch.from_numpy(drawn))


def texts_of(tokens: NDArray[np.int64]) -> Texts:
    """What texts cost, from the number of tokens of each, shape (n,)."""
    return Texts(number=float(len(tokens)), tokens=float(tokens.sum()), squares=float((tokens.astype(np.float64)**2).sum()))
