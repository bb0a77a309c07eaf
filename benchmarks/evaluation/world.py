"""What all competitors are given: the judgments of XQuAD-R as they are, and vectors that were made."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from claimcheck.corpora import lareqa
from claimcheck.retrieval.ranking import Pool, Problem, pose

LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
PER_LANGUAGE = 20
"""Questions a language of the small work: 220 queries, since some peers need 50 GB for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """n queries (v distinct texts) and N candidates (u distinct texts), `relevant` (n, L) as in `ranking.rank`."""

    problem: Problem
    queries: torch.Tensor
    texts: torch.Tensor
    rows: np.ndarray  # which questions of the problem take part

    @property
    def pool(self) -> Pool:
        return self.problem.pool

    def query_vectors(self) -> torch.Tensor:
        """(n, d)."""
        return self.queries[self.problem.row[self.rows]]

    def candidate_vectors(self) -> torch.Tensor:
        """(N, d); equal texts have equal vectors."""
        return self.texts[self.pool.text]

    def topics(self) -> list[str]:
        return [f"{each.language}/{each.id}" for each in (self.problem.questions[row] for row in self.rows)]


def xquad_r(folder: Path) -> Problem:
    """Questions, pool and judgments of XQuAD-R, without vectors."""
    corpus = lareqa.read("xquad-r", {language: folder / "xquad-r" / f"{language}.json" for language in LANGUAGES})
    return pose(corpus, lambda texts, _role: torch.zeros(len(texts), 1))


def made(problem: Problem, dimensions: int, signal: float) -> World:
    """Vectors of noise, in which languages have a direction and a question shares a topic with its relevant sentences.

    `signal`: the standard deviation of a topic's coordinates beside 1 of the noise and 0.3 of a language; with 0 relevant
    candidates stand anywhere, which is the worst case: counting passes over stretches in which nothing stands above.
    """
    draw = np.random.default_rng(dimensions)
    ids = list(dict.fromkeys(each.id for each in problem.questions))
    topic = dict(zip(ids, signal * draw.standard_normal((len(ids), dimensions)), strict=True))
    spoken = 0.3 * draw.standard_normal((len(LANGUAGES), dimensions))
    relevant = dict(zip([each.id for each in problem.questions], problem.relevant, strict=True))
    text = problem.pool.text.numpy()
    first = np.unique(text, return_index=True)[1]
    language = np.searchsorted(problem.pool.bounds, first, side="right") - 1
    texts = draw.standard_normal((len(first), dimensions)) + spoken[language]
    asked = np.bincount(np.concatenate([text[rows] for rows in relevant.values()]), minlength=len(texts))
    queries = draw.standard_normal((int(problem.row.max()) + 1, dimensions))
    for number, question in enumerate(problem.questions):
        queries[problem.row[number]] += topic[question.id] + spoken[LANGUAGES.index(question.language)]
    for question_id, rows in relevant.items():  # a sentence that answers several questions is about all of them
        np.add.at(texts, text[rows], topic[question_id] / np.sqrt(asked[text[rows]])[:, None])
    return World(problem=problem, queries=_unit(queries), texts=_unit(texts), rows=np.arange(len(problem.questions)))


def _unit(vectors: np.ndarray) -> torch.Tensor:
    """Of length 1 but for rounding to multiples of 2^-11, so that scores are exact in whatever order products are added."""
    scaled = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return torch.from_numpy((np.round(scaled * 2**11) / 2**11).astype(np.float32))


def like_trained(problem: Problem, dimensions: int, wanted: float, score: Callable[[World], float]) -> World:
    """Vectors whose signal is such that `score` (multilingual AP of some queries) is what is wanted, found by halving."""
    least, most = 0.0, 3.0
    for _ in range(10):
        signal = (least + most) / 2
        least, most = (signal, most) if score(few(made(problem, dimensions, signal))) < wanted else (least, signal)
    world = made(problem, dimensions, (least + most) / 2)
    if abs(score(few(world)) - wanted) > 0.02:
        raise ValueError(f"no vectors of {dimensions} dimensions were found with a value of {wanted}")
    return world


def tied(problem: Problem) -> World:
    """Vectors of few values, so that ties abound and every product is exact."""
    draw = np.random.default_rng(8)
    sizes = int(problem.row.max()) + 1, int(problem.pool.text.max()) + 1
    queries, texts = (torch.from_numpy(draw.integers(-1, 2, (size, 8)).astype(np.float32)) for size in sizes)
    return World(problem=problem, queries=queries, texts=texts, rows=np.arange(len(problem.questions)))


def few(world: World) -> World:
    """Some questions from all over the data set, each in all languages; all candidates."""
    ids = list(dict.fromkeys(each.id for each in world.problem.questions))
    chosen = set(ids[:: len(ids) // PER_LANGUAGE][:PER_LANGUAGE])
    rows = np.flatnonzero([each.id in chosen for each in world.problem.questions])
    return World(problem=world.problem, queries=world.queries, texts=world.texts, rows=rows)
