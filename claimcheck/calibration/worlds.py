"""Simulated worlds: runs, articles, cells and questions whose true effect is known.

Units: the effect of an article has a standard deviation of 1. A world is made article by article, since sums over articles
are all that the rules look at; `cells` gives one back question by question.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from claimcheck.stats.cells import Cell
from claimcheck.stats.effect import Estimand

Values = NDArray[np.float64]

QUICK = (74, 36, 26, 25, 25, 25, 25, 24, 23, 22, 18, 16)
"""Questions, in every language, of the twelve articles of XQuAD-R that profile `quick` evaluates: counted in the files of the
data, after `corpora.splits.parts` with a split of 12 articles and seed 2; 339 in all."""
QUICK_CELLS = 5
INTERACTION = 0.3
"""Of noisy worlds: the variance of run x article, and of run x question, by S times that of the articles, and of questions."""
QUESTION_SD = 2.0
"""Of a question's effect in one cell, in noisy worlds."""
FOLDS = 4
FOLD_SD = 2.4
"""Of the training set of a fold, in standard errors of the articles: four of them move a mean by .003 where that is .0025."""


class Folds(StrEnum):
    """Whether articles share training sets: not at all, in a partition drawn anew with each run, in one for all runs."""

    NONE = "none"
    ANEW = "anew"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One kind of world. `ratio`: variance of the mean over runs by that over articles. `design`: how long articles are.

    `even`: 24 questions each in both of two cells; `uneven`: as long as XQuAD's, 8 to 74 questions; `ragged`: the same, but a
    third of the questions and none of a quarter of the articles in the second cell; `quick`: the very ones of that profile.
    `heavy`: effects of runs and articles are t with 3 degrees of freedom. `noisy`: questions differ, and run x article and run
    x question interact.
    """

    runs: int
    articles: int
    ratio: float
    design: str
    heavy: bool = False
    noisy: bool = False
    folds: Folds = Folds.NONE

    @property
    def counts(self) -> Values:
        """Questions by cell and article, (P, G)."""
        if self.design == "quick":
            return np.tile(np.array(QUICK, dtype=np.float64), (QUICK_CELLS, 1))
        if self.design == "even":
            return np.full((2, self.articles), 24.0)
        long = lengths(self.articles)
        few = np.round(long / 3)
        few[::4] = 0
        return np.stack([long, few if self.design == "ragged" else long])

    @property
    def shares(self) -> Values:
        """Part of the macro mean that rests on each article, (G,)."""
        return np.asarray((self.counts / self.counts.sum(axis=1, keepdims=True)).mean(axis=0))

    @property
    def unit(self) -> float:
        """Standard error of the articles, of effects of articles alone."""
        return sqrt(float((self.shares**2).sum()))

    def standard_error(self, estimand: Estimand) -> float:
        """The true one of the estimate about what the estimand fixes; of a partition that all runs share, with its effect."""
        counts = self.counts
        questions = QUESTION_SD**2 * float((1 / counts.sum(axis=1)).sum()) / len(counts) ** 2 if self.noisy else 0.0
        passing = self.ratio * self.unit**2 + INTERACTION * (self.unit**2 * self.noisy + questions / self.runs)
        lasting = self.unit**2 + questions
        if self.folds is not Folds.NONE:
            of_folds = (FOLD_SD * self.unit) ** 2 / FOLDS
            passing, lasting = ((passing + of_folds / self.runs, lasting) if self.folds is Folds.ANEW
                                else (passing, lasting + of_folds))
        return sqrt(passing if estimand is Estimand.BENCHMARK else passing + lasting)


def lengths(articles: int) -> Values:
    """Questions of so many articles, spread as XQuAD's: 8 to 74, median 24."""
    from claimcheck.stats.normal import normal_quantiles

    return np.clip(np.round(24 * np.exp(0.55 * normal_quantiles(articles))), 8, 74)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Worlds:
    """W worlds of a scene, whose true effect beyond the benchmark is 0. `means`: (W, S, P, G), of the questions of an article.

    `lasting`: (W,), the true effect on this benchmark: what does not change with the runs.
    """

    means: Values
    counts: Values
    lasting: Values

    @property
    def per_run(self) -> Values:
        """Macro means, (W, S)."""
        return np.asarray(self._cells.mean(axis=-1))

    @property
    def influence(self) -> Values:
        """How far each article pulls each run, (W, S, G)."""
        return np.asarray(((self.means - self._cells[..., None]) * self._parts).mean(axis=2))

    @property
    def _parts(self) -> Values:
        return np.asarray(self.counts / self.counts.sum(axis=1, keepdims=True))

    @property
    def _cells(self) -> Values:
        return np.asarray((self.means * self._parts).sum(axis=-1))


def draw(scene: Scene, worlds: int, random: np.random.Generator) -> Worlds:
    """Worlds whose true effect is 0."""
    lasting, passing = _drawn(scene, worlds, random)
    return _joined(scene, lasting, passing)


def draw_unpaired(scene: Scene, worlds: int, random: np.random.Generator) -> tuple[Worlds, Worlds]:
    """Worlds of two arms whose true difference is 0 and whose runs share nothing; the arm's spread twice as far as the rival's.

    Their variances add up to the scene's. `lasting` of the arm is that of the difference. Articles are hard or easy for both.
    """
    lasting, passing = _drawn(scene, worlds, random)
    _, other = _drawn(scene, worlds, random)
    hard = 3 * random.standard_normal((worlds, 1, 1, scene.articles))
    arm = _joined(scene, lasting, sqrt(0.8) * passing)
    return (Worlds(means=arm.means + hard, counts=arm.counts, lasting=arm.lasting),
            _joined(scene, hard, sqrt(0.2) * other))


def cells(means: Values, counts: Values, random: np.random.Generator) -> list[Cell]:
    """The cells of one world, from means (S, P, G): its questions with noise that each article's mean is free of."""
    made = []
    for cell, given in zip(means.transpose(1, 0, 2), counts.astype(int), strict=True):
        asked = np.flatnonzero(given)
        clusters = np.repeat(asked, given[asked])
        noise = random.standard_normal((len(cell), len(clusters)))
        sums = np.add.reduceat(noise, np.cumsum(given[asked]) - given[asked], axis=1)
        free = cell[:, asked] - sums / given[asked]
        made.append(Cell(values=np.repeat(free, given[asked], axis=1) + noise, clusters=clusters))
    return made


def skewed(runs: int, run_sd: float, both_sd: float, random: np.random.Generator,
           articles: int = 48) -> tuple[list[Cell], list[Cell]]:
    """Two arms alike but for a factor of .9 in all scores of the first; SDs are of logarithms. Two cells, one with gaps."""
    scene = Scene(runs=runs, articles=articles, ratio=0.0, design="ragged")
    hard = random.standard_normal(articles) * 0.4
    arms: list[list[Cell]] = [[], []]
    shifts = [(random.standard_normal(articles) * 0.15, random.standard_normal((runs, 1)) * run_sd / np.sqrt(2),
               random.standard_normal((runs, articles)) * both_sd / np.sqrt(2)) for _ in arms]
    for counts in scene.counts.astype(int):
        clusters = np.repeat(np.arange(articles), counts)
        question = random.standard_normal(len(clusters)) * 0.8
        for arm, (article, run, both), factor in zip(arms, shifts, (0.9, 1.0), strict=True):
            noise = random.standard_normal((runs, len(clusters))) * 0.4
            logs = (hard + article + run + both)[:, clusters] + question + noise
            arm.append(Cell(values=factor * 200 * np.exp(logs), clusters=clusters))
    return arms[0], arms[1]


def _drawn(scene: Scene, worlds: int, random: np.random.Generator) -> tuple[Values, Values]:
    """What does not change with the runs, (W, 1, 1 or P, G), and what does, (W, S, 1 or P, 1 or G)."""
    def spread(*shape: int) -> Values:
        return random.standard_t(3, shape) / np.sqrt(3) if scene.heavy else random.standard_normal(shape)

    runs, articles, counts = scene.runs, scene.articles, scene.counts
    lasting = spread(worlds, 1, 1, articles)
    passing = spread(worlds, runs, 1, 1) * np.sqrt(scene.ratio * runs) * scene.unit
    if scene.noisy:
        per_question = QUESTION_SD / np.sqrt(np.maximum(counts, 1))
        passing = passing + random.standard_normal((worlds, runs, 1, articles)) * np.sqrt(INTERACTION * runs)
        lasting = lasting + random.standard_normal((worlds, 1, len(counts), articles)) * per_question
        passing = passing + random.standard_normal((worlds, runs, len(counts), articles)) * per_question * np.sqrt(
            INTERACTION)
    if scene.folds is not Folds.NONE:
        drawn = runs if scene.folds is Folds.ANEW else 1
        fold = random.permuted(np.broadcast_to(np.arange(articles) % FOLDS, (worlds, drawn, articles)), axis=-1)
        effects = random.standard_normal((worlds, drawn, FOLDS)) * FOLD_SD * scene.unit
        of_fold = np.take_along_axis(effects, fold, axis=-1)[:, :, None, :]
        lasting, passing = (lasting, passing + of_fold) if scene.folds is Folds.ANEW else (lasting + of_fold, passing)
    return lasting, passing


def _joined(scene: Scene, lasting: Values, passing: Values) -> Worlds:
    counts = scene.counts
    parts = counts / counts.sum(axis=1, keepdims=True)
    shape = (*passing.shape[:2], *counts.shape)
    return Worlds(means=np.broadcast_to(lasting + passing, shape), counts=counts,
                  lasting=(np.broadcast_to(lasting[:, 0], (len(lasting), *counts.shape)) * parts).sum(axis=-1).mean(axis=-1))
