"""What older rules would have covered: rows or questions as units, runs alone, percentiles of a bootstrap. Information only.

One arm against another on questions that are the same in eleven languages. Standard deviations, in points of AP: of articles
.012, of questions .10, of a question in a language and a run .06, of runs as given.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claimcheck.calibration.deciding import Estimates, plain
from claimcheck.calibration.scenarios import SEED
from claimcheck.calibration.worlds import Values, lengths
from claimcheck.stats.cells import Cell
from claimcheck.stats.effect import Estimand, lower, upper
from claimcheck.stats.resampling import bootstrap_means, cluster_counts, percentile_interval
from claimcheck.stats.two_way import paired

Numbers = NDArray[np.int64]

ARTICLES, LANGUAGES = 48, 11
SDS = (0.012, 0.10, 0.06)
SETTINGS = ((3, 0.003, False), (3, 0.008, False), (5, 0.0, False), (5, 0.003, False), (5, 0.008, False), (10, 0.008, False),
            (3, 0.005, True), (5, 0.005, True))
"""Runs, their standard deviation, and whether effects of questions are zero in seven of ten and heavy-tailed in the rest."""
RULES = ("rows", "questions", "runs alone", "percentile bootstrap", "shipped")
RESAMPLES = 500
EACH_END = 0.025


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """In what part of the worlds the 95 % interval of each rule held the truth."""

    runs: int
    run_sd: float
    heavy: bool
    worlds: int
    coverage: tuple[float, ...]


def covered(setting: tuple[int, float, bool], worlds: int) -> Covered:
    """Simulate one setting, question by question."""
    runs, run_sd, heavy = setting
    random = np.random.default_rng(np.random.SeedSequence([SEED, runs, round(1000 * run_sd), heavy]))
    hits = np.zeros(len(RULES))
    asked = lengths(ARTICLES).astype(int)
    clusters = np.repeat(np.arange(ARTICLES), asked)
    for _ in range(worlds):
        scores = _scores(clusters, setting, random)
        hits += [low <= 0 <= high for low, high in _intervals(scores, clusters, random)]
    return Covered(runs=runs, run_sd=run_sd, heavy=heavy, worlds=worlds, coverage=tuple((hits / worlds).tolist()))


def _scores(clusters: Numbers, setting: tuple[int, float, bool], random: np.random.Generator) -> Values:
    """Differences whose true mean is 0, (S, n, P)."""
    runs, run_sd, heavy = setting
    of_article, of_question, of_row = SDS
    questions = random.standard_normal(len(clusters))
    if heavy:  # of variance 1 as well
        questions = random.standard_t(3, len(clusters)) / np.sqrt(3 * 0.3) * (random.random(len(clusters)) < 0.3)
    lasting = of_article * random.standard_normal(ARTICLES)[clusters] + of_question * questions
    of_runs = run_sd * random.standard_normal((runs, 1, 1))
    return np.asarray(lasting[:, None] + of_runs + of_row * random.standard_normal((runs, len(clusters), LANGUAGES)))


def _intervals(scores: Values, clusters: Numbers, random: np.random.Generator) -> list[tuple[float, float]]:
    """A 95 % interval by each of `RULES`."""
    runs = len(scores)
    by_question = scores.mean(axis=2)
    per_run, rows, questions = by_question.mean(axis=1), scores.mean(axis=0).ravel(), by_question.mean(axis=0)
    by_units = [_interval(each) for each in (rows, questions, per_run)]
    totals = np.stack([np.bincount(clusters, run) for run in by_question]).astype(np.float64)
    counts = np.bincount(clusters).astype(np.float64)
    by_run = bootstrap_means(totals, counts, cluster_counts(random, RESAMPLES, ARTICLES))
    means = (by_run * cluster_counts(random, RESAMPLES, runs).T / runs).sum(axis=0)
    (low,), (high,) = percentile_interval(means[None], 1 - 2 * EACH_END)
    effect = paired([Cell(values=by_question, clusters=clusters)])  # all questions in all languages: one cell of their means
    shipped = tuple(bound(effect, Estimand.BEYOND, EACH_END) for bound in (lower, upper))
    return [*by_units, (float(low), float(high)), (shipped[0], shipped[1])]


def _interval(units: Values) -> tuple[float, float]:
    """Of the mean of units that are taken to be drawn independently."""
    one = Estimates(estimate=np.array([units.mean()]),
                    spread=plain(np.array([units.var(ddof=1) / len(units)]), len(units) - 1.0))
    return float(one.low(EACH_END)[0]), float(one.high(EACH_END)[0])
