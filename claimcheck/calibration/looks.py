"""Looks before all runs are made: how often an effect of 0 is said to be above 0 at any of them."""

from dataclasses import dataclass

import numpy as np

from claimcheck.calibration.deciding import Estimates, parts_of, shipped
from claimcheck.calibration.scenarios import SCENARIOS, Case
from claimcheck.calibration.simulate import ALPHA, AT_ONCE, STANDARD_ERRORS, standard_error
from claimcheck.calibration.worlds import Worlds, draw
from claimcheck.stats.effect import Estimand

LOOKS = ((3, 0.005), (5, 0.015), (8, 0.03))
"""Runs at each look, and the part of the level, one-sided, that it is given; they add up to ALPHA."""
WORLDS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """False `supported` at any look, where the level is split over the looks, and where each look takes all of it."""

    estimand: Estimand
    worlds: int
    split: float
    unadjusted: float

    @property
    def limit(self) -> float:
        """The most that passes."""
        return ALPHA + STANDARD_ERRORS * standard_error(ALPHA, self.worlds)


def looks(estimand: Estimand, worlds: int) -> Looks:
    """Simulate runs that are looked at, at the levels of `LOOKS`; runs vary by as much as articles when all are there."""
    scenario = next(each for each in SCENARIOS if each.name == "no effect, noisy questions")
    case = Case(scenario=scenario, runs=LOOKS[-1][0], articles=48, ratio=1.0)
    random, scene = case.random(3 + list(Estimand).index(estimand)), case.scene
    split = unadjusted = 0
    for _ in range(worlds // AT_ONCE):
        drawn = draw(scene, AT_ONCE, random)
        said = np.zeros((2, AT_ONCE), dtype=bool)
        for runs, level in LOOKS:
            part = Worlds(means=drawn.means[:, :runs], counts=drawn.counts, lasting=drawn.lasting)
            shift = drawn.lasting if estimand is Estimand.BENCHMARK else 0.0
            spread = shipped(parts_of(part, scene.shares), estimand)
            p = Estimates(estimate=part.per_run.mean(axis=1) - shift, spread=spread).p_above(0.0)
            said |= np.stack([p <= level, p <= ALPHA])
        split, unadjusted = split + int(said[0].sum()), unadjusted + int(said[1].sum())
    return Looks(estimand=estimand, worlds=worlds, split=split / worlds, unadjusted=unadjusted / worlds)
