"""Everything that is tried on the rules, put together: simulated cells, checks, what older rules would have covered."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from claimcheck import __version__
from claimcheck.calibration import alternatives, broken, controls, looks, splits
from claimcheck.calibration.alternatives import Covered
from claimcheck.calibration.broken import Found
from claimcheck.calibration.controls import Check
from claimcheck.calibration.looks import LOOKS, Looks
from claimcheck.calibration.parallel import Job, side_by_side
from claimcheck.calibration.scenarios import SEED, Case, cases
from claimcheck.calibration.simulate import ALPHA, LEAST_COVERAGE, STANDARD_ERRORS, Figures, Judged, judge, standard_error
from claimcheck.calibration.splits import LEAST_SEEDS, Splits
from claimcheck.stats.effect import Estimand

WORLDS, QUICK_WORLDS = 2_000, 1_000
"""Of each cell, at the first try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What a self-test found. `alternatives`: only of a full one. `splits`: only where a store was named."""

    version: str
    seed: int
    worlds: int
    quick: bool
    cells: tuple[Judged, ...]
    checks: tuple[Check, ...]
    looks: tuple[Looks, ...]
    alternatives: tuple[Covered, ...]
    splits: Splits | None

    @property
    def passed(self) -> bool:
        """Whether every cell and every check held."""
        return all(each.passed for each in self.cells) and all(each.passed for each in self.checks)


def jobs(*, quick: bool, worlds: int) -> tuple[Job, ...]:
    """What there is to work out, in the order in which `calibrate` takes the results."""
    simulated = [Job(name=case.scenario.name, work=partial(judge, case, worlds), takes=30.0 if case.scenario.spreads else 1.0)
                 for case in cases(quick=quick)]
    older = [] if quick else [Job(name="older rules", work=partial(alternatives.covered, setting, worlds), takes=20.0)
                              for setting in alternatives.SETTINGS]
    wrong = [Job(name="wrong rules", work=partial(broken.found, name, broken.WORLDS)) for name in broken.BROKEN]
    looked = [Job(name="looks", work=partial(looks.looks, estimand, looks.WORLDS), takes=10.0) for estimand in Estimand]
    return (*simulated, *older, *wrong, *looked, Job(name="controls", work=controls.controls, takes=10.0))


def calibrate(*, quick: bool, store: Path | None = None, step: Callable[[str], None] = lambda _: None,
              workers: int | None = None) -> Calibration:
    """Run the self-test; the same figures whatever the machine's number of cores.

    Raises UsageFault or CorruptInput: the store holds no results, or damaged ones.
    """
    halved = splits.splits(splits.groups(store)) if store is not None else None  # first: it is what may be refused
    worlds = QUICK_WORLDS if quick else WORLDS
    made = side_by_side(jobs(quick=quick, worlds=worlds), step, workers)
    cells, older, wrong, looked = (_of(made, kind) for kind in (Judged, Covered, Found, Looks))
    checks = (*made[-1], _whole_way(cells), *(_found(each) for each in wrong), *_looked(looked), *_halves(halved))
    return Calibration(version=__version__, seed=SEED, worlds=worlds, quick=quick, cells=cells, checks=checks, looks=looked,
                       alternatives=older, splits=halved)


def as_json(found: Calibration) -> dict[str, object]:
    """What the verb prints as JSON; rates to six digits."""
    return {
        "version": found.version, "seed": found.seed, "worlds": found.worlds, "quick": found.quick,
        "limits": {"coverage": LEAST_COVERAGE, "alpha": ALPHA, "standard_errors": STANDARD_ERRORS},
        "cells": [_cell(each) for each in found.cells],
        "checks": [{"name": each.name, "passed": each.passed, "says": each.says} for each in found.checks],
        "looks": [{"estimand": str(each.estimand), "worlds": each.worlds, "split": _round(each.split),
                   "unadjusted": _round(each.unadjusted)} for each in found.looks],
        "alternatives": [{"runs": each.runs, "run_sd": each.run_sd, "heavy": each.heavy, "worlds": each.worlds,
                          "coverage": dict(zip(alternatives.RULES, map(_round, each.coverage), strict=True))}
                         for each in found.alternatives],
        "splits": None if found.splits is None else _splits(found.splits),
        "passed": found.passed,
    }


def splits_say(found: Splits | None) -> str:
    """In a sentence what halves of real runs were compared."""
    if found is None:
        return "no store was named, so no halves of real runs were compared"
    few = f"; {found.too_few} groups of fewer than {LEAST_SEEDS} seeds left out" if found.too_few else ""
    if not found.groups:
        return f"no {LEAST_SEEDS} runs that differ in nothing but the seed stand in the store, so no halves were compared{few}"
    return (f"{found.groups} groups of {LEAST_SEEDS} seeds or more, {sum(each.tests for each in found.shares):,} tests{few}; "
            f"the share of one group strays by {found.spread:.4f}, since its splits share their runs")


def _of(made: Sequence[Any], kind: type[Any]) -> tuple[Any, ...]:
    return tuple(each for each in made if isinstance(each, kind))


def _whole_way(cells: Sequence[Judged]) -> Check:
    tried = [figures for each in cells for figures in (each.figures, each.first) if figures is not None]
    differ = sum(each.differ for each in tried)
    return Check(name="worlds that went the whole way", passed=differ == 0 < sum(each.whole for each in tried),
                 says=f"{sum(each.whole for each in tried):,} from questions to the judge's word; "
                      f"{differ} of them came out otherwise than many at once")


def _found(wrong: Found) -> Check:
    rates = [f"{rate:.4f}" for rate in wrong.figures.rates if rate is not None]
    return Check(name=f"a wrong rule is found out: {wrong.name}", passed=wrong.found,
                 says=f"{wrong.case}: covers {wrong.figures.coverage:.4f}, false words {' and '.join(rates)}")


def _looked(found: Sequence[Looks]) -> Iterator[Check]:
    runs = ", ".join(str(each) for each, _ in LOOKS)
    levels = ", ".join(str(level) for _, level in LOOKS)
    for each in found:
        yield Check(name=f"looks at {runs} runs, level split, {each.estimand}", passed=each.split <= each.limit,
                    says=f"{each.split:.4f} falsely supported at any look, levels {levels}; limit {each.limit:.4f}")
        yield Check(name=f"looks at {runs} runs, all of the level each, are found out, {each.estimand}",
                    passed=each.unadjusted > each.limit, says=f"{each.unadjusted:.4f} falsely supported at any look")


def _halves(found: Splits | None) -> Iterator[Check]:
    if found is None:
        return
    for setting in found.settings:
        for estimand in Estimand:
            rate = found.rate(setting, estimand)
            yield Check(name=f"halves of real runs, {setting}, {estimand}", passed=rate <= found.limit,
                        says=f"one half falsely ahead in {rate:.4f} of the tests; limit {found.limit:.4f}")


def _cell(each: Judged) -> dict[str, object]:
    case = each.case
    return {"scenario": case.scenario.name, "estimand": str(case.scenario.estimand), "runs": case.runs,
            "articles": case.articles, "ratio": case.ratio, **_figures(each.figures),
            "informational": case.scenario.informational,
            "first": None if each.first is None else _figures(each.first), "passed": each.passed}


def _figures(found: Figures) -> dict[str, object]:
    verified, refuted = found.rates
    return {"worlds": found.worlds, "coverage": _round(found.coverage), "coverage_se": _round(found.coverage_se),
            "false_verified": _round(verified), "false_refuted": _round(refuted), "power": _round(found.power),
            "whole": found.whole, "differ": found.differ,
            "limits": {"coverage": _round(LEAST_COVERAGE - STANDARD_ERRORS * standard_error(LEAST_COVERAGE, found.worlds)),
                       "error": _round(ALPHA + STANDARD_ERRORS * standard_error(ALPHA, found.worlds))}}


def _splits(found: Splits) -> dict[str, object]:
    return {"says": splits_say(found), "groups": found.groups, "too_few": found.too_few, "spread": _round(found.spread),
            "limit": _round(found.limit) if found.groups else None,
            "shares": [{"name": each.name, "route": each.route, "setting": each.setting, "seeds": each.seeds,
                        "tests": each.tests, "false": dict(zip(map(str, Estimand), each.false, strict=True))}
                       for each in found.shares]}


def _round(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 6)


def total(*, quick: bool) -> int:
    """How many steps a self-test takes."""
    return len(jobs(quick=quick, worlds=1))


__all__ = ["Calibration", "Case", "as_json", "calibrate", "splits_say", "total"]
