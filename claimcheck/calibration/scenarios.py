"""What is simulated: scenarios, and the cases that each is tried in (runs, articles, what runs vary by against articles).

Sizes are in true standard errors of the estimate, so that every case is as hard as another.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from claimcheck.calibration.worlds import Folds, Scene
from claimcheck.stats.effect import Estimand

SEED = 20_080_516
"""Of all simulations; chosen before any of them was seen."""
MARGIN = 2.0
FAR = 25.0
RUNS = (3, 5, 8, 10)
ARTICLES = (12, 48)
RATIOS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0)
FEW_RATIOS = (0.0, 1.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Claims about worlds of one kind. `truths`: for each claim the true effects of its comparisons, all of which must hold.

    "Ahead by more than `at_least`" is asked of each, and what is below `margin` is negligible. `spreads`, of ratios of skewed
    scores alone: SDs of logarithms, of runs and of run x article. `informational`: shown, and no failure.
    """

    name: str
    says: str
    truths: tuple[tuple[float, ...], ...] = ((0.0,),)
    at_least: float = 0.0
    estimand: Estimand = Estimand.BEYOND
    design: str = "uneven"
    heavy: bool = False
    noisy: bool = True
    folds: Folds = Folds.NONE
    paired: bool = True
    spreads: tuple[float, float] | None = None
    informational: bool = False
    runs: tuple[int, ...] = RUNS
    articles: tuple[int, ...] = ARTICLES
    ratios: tuple[float | None, ...] = RATIOS
    in_quick: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A scenario with so many runs and articles. `ratio`: V_S/V_C, None where scores are compared as ratios."""

    scenario: Scenario
    runs: int
    articles: int
    ratio: float | None

    @property
    def scene(self) -> Scene:
        """What its worlds are made of."""
        own = self.scenario
        return Scene(runs=self.runs, articles=self.articles, ratio=self.ratio or 0.0, design=own.design, heavy=own.heavy,
                     noisy=own.noisy, folds=own.folds)

    def random(self, stage: int) -> np.random.Generator:
        """Its own stream, whatever other cases there are, in whichever order they are simulated."""
        name = f"{self.scenario.name}|{self.runs}|{self.articles}|{self.ratio}|{stage}"
        words = np.frombuffer(hashlib.sha256(name.encode()).digest()[:16], dtype="<u4")
        return np.random.default_rng(np.random.SeedSequence([SEED, *words.tolist()]))

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f", V_S/V_C {self.ratio:g}"
        return f"{self.scenario.name}: {self.runs} runs, {self.articles} articles{ratio}"


_JOINT = {"articles": (48,), "ratios": (0.0, 1.0, 10.0), "design": "ragged"}
_LOGS = {"truths": ((0.0,),), "articles": (48,), "ratios": (None,), "runs": (3, 5), "design": "ragged"}

SCENARIOS = (
    Scenario(name="no effect", noisy=False, says="The true effect is 0; runs and articles alone make it vary."),
    Scenario(name="no effect, noisy questions",
             says="The true effect is 0; questions differ as well, and runs interact with articles and with questions."),
    Scenario(name="at the margin", truths=((MARGIN,),),
             says="The true effect is the margin below which an effect is negligible: neither word against is right."),
    Scenario(name="at the size asked for", truths=((MARGIN,),), at_least=MARGIN,
             says="The true effect is the size that was asked for: neither more nor less."),
    Scenario(name="small effect", truths=((MARGIN / 2,),), says="The true effect is half the margin: there, and negligible."),
    Scenario(name="large effect", truths=((2 * MARGIN,),), says="The true effect is twice the margin."),
    Scenario(name="heavy tails", heavy=True, noisy=False,
             says="The true effect is 0; effects of runs and articles are t with 3 degrees of freedom."),
    Scenario(name="heavy tails at the margin", truths=((MARGIN,),), heavy=True, in_quick=False,
             says="The same with noisy questions, and the true effect is the margin."),
    Scenario(name="equal articles", design="even", noisy=False, in_quick=False,
             says="The true effect is 0; all articles have 24 questions."),
    Scenario(name="unequal cells", design="ragged",
             says="The true effect is 0; a second cell has a third of the questions and none of a quarter of the articles, as "
                  "pairs of languages of MLQA-R."),
    Scenario(name="unequal cells at the margin", design="ragged", truths=((MARGIN,),), in_quick=False,
             says="The same, and the true effect is the margin."),
    Scenario(name="unpaired runs", paired=False,
             says="The true effect is 0; runs share nothing, those of one arm spread twice as far as those of the other."),
    Scenario(name="unpaired runs at the margin", paired=False, truths=((MARGIN,),), in_quick=False,
             says="The same, and the true effect is the margin."),
    Scenario(name="folds drawn anew", folds=Folds.ANEW,
             says="The true effect is 0; articles of a fold share a training set, which moves them together; four folds, drawn "
                  "anew with each run."),
    Scenario(name="one split into folds", folds=Folds.FIXED, informational=True, articles=(48,),
             says="The same with one partition for all runs. Nothing shows what the split did, so intervals fall short: what "
                  "is found is conditional on one split, and a report says so. Not a failure."),
    Scenario(name="this benchmark, no effect", estimand=Estimand.BENCHMARK, articles=(48,), ratios=(0.0, 1.0, 10.0),
             says="Questions are fixed and their true effect is 0; a claim about this benchmark."),
    Scenario(name="this benchmark, at the margin", estimand=Estimand.BENCHMARK, truths=((MARGIN,),), articles=(48,),
             ratios=(0.0, 1.0, 10.0), says="The same, and their true effect is the margin."),
    Scenario(name="this benchmark, heavy tails", estimand=Estimand.BENCHMARK, heavy=True, noisy=False, articles=(48,),
             ratios=(1.0,), says="Questions are fixed, and effects of runs are t with 3 degrees of freedom."),
    Scenario(name="ahead of one, equal to the other", truths=((0.0, FAR),), **_JOINT,  # type: ignore[arg-type]
             says="Better than both of two rivals? Far ahead of one and equal to the other: the least favourable conjunction."),
    Scenario(name="equal to both", truths=((0.0, 0.0),), **_JOINT,  # type: ignore[arg-type]
             says="Better than both of two rivals? Equal to both."),
    Scenario(name="a conjunction at the margin", truths=((MARGIN, MARGIN),), **_JOINT,  # type: ignore[arg-type]
             says="Better than both of two rivals? By the margin than either: no word against is right."),
    Scenario(name="four claims, no effect", truths=((0.0,),) * 4, **_JOINT,  # type: ignore[arg-type]
             says="Four claims under Holm's procedure, each with a true effect of 0; a word of any of them counts."),
    Scenario(name="four claims, two large", truths=((0.0,), (0.0,), (FAR,), (FAR,)), **_JOINT,  # type: ignore[arg-type]
             says="The same, and two of them have a large effect, which leaves the other two a higher level."),
    Scenario(name="four claims at the margin", truths=((MARGIN,),) * 4, **_JOINT,  # type: ignore[arg-type]
             says="Four claims, each with the margin as its true effect."),
    Scenario(name="ratio, runs alike", spreads=(0.0, 0.05), **_LOGS,  # type: ignore[arg-type]
             says="Is a skewed score reduced by at least 10 %, the true reduction? Logarithm of a ratio of means, runs alike."),
    Scenario(name="ratio, runs apart", spreads=(0.15, 0.05), **_LOGS,  # type: ignore[arg-type]
             says="The same; runs differ by a standard deviation of 15 %."),
    Scenario(name="ratio, unpaired runs", spreads=(0.15, 0.05), paired=False, in_quick=False, **_LOGS,  # type: ignore[arg-type]
             says="The same, and runs of the two arms taken for what they are: they share nothing."),
    Scenario(name="ratio, strong interaction", spreads=(0.03, 0.3), in_quick=False, **_LOGS,  # type: ignore[arg-type]
             says="The same; runs differ by 3 %, and by 30 % within an article."),
)


def cases(*, quick: bool) -> Iterator[Case]:
    """All cases, in order; with `quick` fewer scenarios, and of three ratios."""
    for scenario in SCENARIOS:
        if quick and not scenario.in_quick:
            continue
        for articles in scenario.articles:
            for runs in scenario.runs:
                for ratio in scenario.ratios:
                    if not quick or ratio is None or ratio in FEW_RATIOS:
                        yield Case(scenario=scenario, runs=runs, articles=articles, ratio=ratio)
