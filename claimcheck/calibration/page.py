"""A full self-test as the page docs/calibration.md."""

from collections.abc import Iterator, Sequence

from claimcheck.calibration import alternatives
from claimcheck.calibration.looks import LOOKS
from claimcheck.calibration.scenarios import SCENARIOS, Scenario
from claimcheck.calibration.selftest import Calibration, splits_say
from claimcheck.calibration.simulate import (
    AGAIN,
    ALPHA,
    LEAST_COVERAGE,
    ONE_IN,
    RESAMPLES,
    STANDARD_ERRORS,
    Figures,
    Judged,
    standard_error,
)
from claimcheck.stats.effect import Estimand

_HEAD = """# Calibration

Does the rule that judges claims hold what it promises? This page is written by `claimcheck selftest --write
docs/calibration.md` and tells what claimcheck {version} gave with seed {seed} and {worlds:,} simulated worlds a cell.
The seed stands in the code and was chosen before anything was seen. `claimcheck selftest` makes all figures again;
`--quick` takes fewer cells and 1,000 worlds each, `--format json` gives every cell, `--store DIR` compares halves of real
runs as well. Status 1 means that something did not hold. The rule itself stands in [statistics.md](statistics.md).

**{verdict}**

## What is asked

A cell is one scenario with so many runs and articles, and a ratio of what runs vary by to what articles vary by
(V_S/V_C).

- Two-sided 95 % intervals cover in {coverage} of the worlds at least, less {errors:g} Monte Carlo standard errors. The
  estimand is `beyond` unless the scenario says "this benchmark".
- A claim is falsely verified, and falsely refuted or called negligible, in {alpha} of the worlds at most, plus {errors:g}
  standard errors; of several claims, any of them. With {worlds:,} worlds the limits are {low:.4f} and {high:.4f}.
- A cell beyond a limit is simulated once more with {again} times the worlds, fresh ones, and those figures decide, at the
  limits for so many. Both are shown. A rate that is exactly nominal fails once with probability .023, and twice with
  .0005.
- Every {one_in}th world goes the whole way, from questions in cells through `two_way.paired` (or `unpaired`) and
  `finding.Bounds` to the word of `verdict.of_comparisons`, and has to come out as it did among many at once. Ratios go no
  other way; their bootstrap draws {resamples} times here.

The words for a claim: *for* (verified), *against* (refuted), *negligible*. Effects are in true standard errors of the
estimate, and the margin is 2 of them. Power is how often a right word is given; nothing is asked of it.

## Scenarios

"""


def page(found: Calibration) -> str:
    """The page as Markdown."""
    worlds = found.worlds
    head = _HEAD.format(
        version=found.version, seed=found.seed, worlds=worlds, verdict=verdict(found), coverage=LEAST_COVERAGE, alpha=ALPHA,
        errors=STANDARD_ERRORS, again=AGAIN, one_in=ONE_IN, resamples=RESAMPLES,
        low=LEAST_COVERAGE - STANDARD_ERRORS * standard_error(LEAST_COVERAGE, worlds),
        high=ALPHA + STANDARD_ERRORS * standard_error(ALPHA, worlds))
    return head + "\n".join((*_summary(found), *_again(found), *_details(found), *_checks(found), *_looks(found),
                             *_alternatives(found), *_splits(found))) + "\n"


def verdict(found: Calibration) -> str:
    """One line: whether all held, else what did not."""
    failed = [str(each.case) for each in found.cells if not each.passed]
    failed += [each.name for each in found.checks if not each.passed]
    counts = f"{len(found.cells)} cells, {len(found.checks)} checks"
    if not failed:
        return f"passed: {counts}"
    return f"not passed: {len(failed)} of {counts}: {'; '.join(failed)}"


def by_scenario(found: Calibration) -> Iterator[tuple[Scenario, tuple[Judged, ...]]]:
    """The scenarios that were simulated, each with its cells."""
    for scenario in SCENARIOS:
        if cells := tuple(each for each in found.cells if each.case.scenario.name == scenario.name):
            yield scenario, cells


def rate(value: float | None, digits: int = 3) -> str:
    """A rate without its leading zero; "-" where there is none."""
    return "-" if value is None else f"{value:.{digits}f}".removeprefix("0")


def extremes(cells: Sequence[Judged]) -> tuple[float, float | None, float, str]:
    """Of cells the lowest coverage, the highest rates of false words, and the span of the power."""
    figures = [each.figures for each in cells]
    verified = [each.rates[0] for each in figures if each.rates[0] is not None]
    power = [each.power for each in figures if each.power is not None]
    return (min(each.coverage for each in figures), max(verified, default=None), max(each.rates[1] for each in figures),
            f"{rate(min(power), 2)} to {rate(max(power), 2)}" if power else "-")


def state(cells: Sequence[Judged]) -> str:
    """Whether the cells of a scenario passed."""
    if cells[0].case.scenario.informational and all(each.passed for each in cells):
        return "shown only"
    failed = sum(not each.passed for each in cells)
    return f"{failed} not" if failed else "yes"


def summary(found: Calibration) -> dict[str, str | int | float | bool]:
    """What a report says of the calibration: the worst rates of all cells that count, and whether all passed."""
    counted = [each.figures for each in found.cells if not each.case.scenario.informational]
    low, verified, refuted, _ = extremes([each for each in found.cells if not each.case.scenario.informational])
    return {"version": found.version, "seed": found.seed, "worlds": found.worlds, "cells": len(counted),
            "coverage": round(low, 4), "false_verified": round(verified or 0.0, 4), "false_refuted": round(refuted, 4),
            "passed": found.passed}


def _summary(found: Calibration) -> Iterator[str]:
    yield "| scenario | cells | lowest coverage | most falsely for | most falsely against | power | passed |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for scenario, cells in by_scenario(found):
        low, verified, refuted, power = extremes(cells)
        yield (f"| {scenario.name} | {len(cells)} | {rate(low, 4)} | {rate(verified, 4)} | {rate(refuted, 4)} | {power} "
               f"| {state(cells)} |")
    yield ""


def _again(found: Calibration) -> Iterator[str]:
    tried = [each for each in found.cells if each.first is not None]
    yield f"## Cells that were tried again\n\n{len(tried)} of {len(found.cells)}: coverage, falsely for, falsely against.\n"
    yield "| cell | first worlds | figures | then worlds | figures | passed |\n| --- | --- | --- | --- | --- | --- |"
    for each in tried:
        assert each.first is not None
        yield (f"| {each.case} | {each.first.worlds:,} | {_three(each.first, 4)} | {each.figures.worlds:,} "
               f"| {_three(each.figures, 4)} | {'yes' if each.passed else 'no'} |")
    yield ""


def _details(found: Calibration) -> Iterator[str]:
    yield ("## All cells\n\nColumns are V_S/V_C. Each entry: coverage, falsely for, falsely against; of a cell that was tried "
           "again, the second time.\n")
    for scenario, cells in by_scenario(found):
        yield f"### {scenario.name[0].upper()}{scenario.name[1:]}\n\n{scenario.says}\n"
        ratios = list(dict.fromkeys(each.case.ratio for each in cells))
        heads = ["all" if ratio is None else f"{ratio:g}" for ratio in ratios]
        yield f"| articles | runs | {' | '.join(heads)} |\n| --- | --- {'| --- ' * len(heads)}|"
        for articles, runs in dict.fromkeys((each.case.articles, each.case.runs) for each in cells):
            row = [each for each in cells if (each.case.articles, each.case.runs) == (articles, runs)]
            yield f"| {articles} | {runs} | {' | '.join(_three(each.figures, 3) for each in row)} |"
        yield ""


def _three(figures: Figures, digits: int) -> str:
    return " ".join(rate(value, digits) for value in (figures.coverage, *figures.rates))


def _checks(found: Calibration) -> Iterator[str]:
    yield "## Checks\n\n| check | passed | what was seen |\n| --- | --- | --- |"
    for check in found.checks:
        yield f"| {check.name} | {'yes' if check.passed else 'no'} | {check.says} |"
    yield ""


def _looks(found: Calibration) -> Iterator[str]:
    runs = ", ".join(str(each) for each, _ in LOOKS)
    levels = ", ".join(str(level) for _, level in LOOKS)
    yield (f"## Stopping early\n\nHow often an effect of 0 is said to be above 0 at any of three looks at {runs} runs, with "
           f"the level split over them ({levels}), and with {ALPHA} at each.\n\n"
           f"| estimand | worlds | split | {ALPHA} at each |\n| --- | --- | --- | --- |")
    for each in found.looks:
        yield f"| {each.estimand} | {each.worlds:,} | {rate(each.split, 4)} | {rate(each.unadjusted, 4)} |"
    yield ""


def _alternatives(found: Calibration) -> Iterator[str]:
    if not found.alternatives:
        return
    articles, question, row = alternatives.SDS
    yield (f"""## What older rules would have covered

For information. 48 articles of 8 to 74 questions, each in eleven languages; standard deviations of articles {articles},
of questions {question}, of a question in a language and a run {row}, of runs as given; *heavy*: seven of ten questions
alike, the others t with 3 degrees of freedom. Coverage of 95 % intervals for a claim that reaches beyond these articles,
{found.alternatives[0].worlds:,} worlds (standard error at most .011). *rows*: each question of each language a unit;
*questions*: each question; *runs alone*: t over runs; *percentile bootstrap*: of runs and articles,
{alternatives.RESAMPLES} draws.
""")
    yield f"| runs | SD of runs | {' | '.join(alternatives.RULES)} |\n| --- | --- {'| --- ' * len(alternatives.RULES)}|"
    for each in found.alternatives:
        heavy = ", heavy" if each.heavy else ""
        yield f"| {each.runs} | {each.run_sd}{heavy} | {' | '.join(map(rate, each.coverage))} |"
    yield ""


def _splits(found: Calibration) -> Iterator[str]:
    yield """## Halves of real runs

Runs of a store that differ in nothing but the seed are parted into halves, every way or 200 of them, and the halves compared as
arms whose runs share nothing, on AP. Whatever is said to differ does not. The limit is .05 and 2 standard errors. Splits of one
group share its runs: how far the share of one group strays is simulated with normal runs, and groups are taken as
independent. Were they all one, as arms that share their seeds may nearly be, the standard error would be that of one group.
"""
    yield f"{splits_say(found.splits)[0].upper()}{splits_say(found.splits)[1:]}."
    if found.splits is not None and found.splits.shares:
        yield f"\n| arm | route | setting | seeds | tests | {' | '.join(Estimand)} |\n{'| --- ' * (5 + len(Estimand))}|"
        for each in found.splits.shares:
            rates = " | ".join(rate(count / each.tests) for count in each.false)
            yield f"| {each.name} | {each.route} | {each.setting} | {each.seeds} | {each.tests} | {rates} |"
