"""The verb `selftest`: does the rule that judges claims hold what it promises?"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimcheck.cli.options import FORMAT, FolderOrFile
from claimcheck.cli.shared import echo_json, progress

if TYPE_CHECKING:
    from claimcheck.calibration.selftest import Calibration

WIDTH = 100
WORST = 8


@click.command()
@click.option("--quick", is_flag=True, help="Fewer cells, of 1,000 worlds each: seconds in place of minutes.")
@click.option("--store", type=FolderOrFile(file_okay=False, exists=True, path_type=Path), default=None, metavar="DIR",
              help="Compare halves of the runs in this store as well, those of 6 seeds at least.")
@click.option("--write", type=FolderOrFile(dir_okay=False, path_type=Path), multiple=True, metavar="FILE",
              help="Write a page of Markdown too, as docs/calibration.md is, or to a name that ends in .json what reports say "
                   "of it; can be given several times.")
@FORMAT
@click.pass_context
def selftest(context: click.Context, quick: bool, store: Path | None, write: tuple[Path, ...], form: str) -> None:
    """Try the rules that judge claims on simulated worlds whose truth is known, and on planted effects.

    The seed is fixed. Status 1 if any cell or check does not hold.
    """
    from claimcheck.calibration import selftest as calibration
    from claimcheck.calibration.page import page, summary
    from claimcheck.errors import UsageFault
    from claimcheck.files import beside

    for path in write:  # before minutes are spent on what could not be kept
        if not path.parent.is_dir():
            raise UsageFault(f"--write {path}: there is no folder {path.parent}; make it first")
    with progress("simulating", calibration.total(quick=quick), "step") as step:
        found = calibration.calibrate(quick=quick, store=store, step=step)
    for path in write:
        text = json.dumps(summary(found), indent=1) + "\n" if path.suffix == ".json" else page(found)
        beside(path, text.encode()).replace(path)
    if form == "json":
        echo_json(calibration.as_json(found))
    else:
        for line in _text(found):
            click.echo(line)
    if not found.passed:
        context.exit(1)


def _text(found: Calibration) -> Iterator[str]:
    from claimcheck.calibration.page import verdict
    from claimcheck.calibration.selftest import splits_say

    yield (f"claimcheck {found.version}, seed {found.seed}: {len(found.cells)} cells of {found.worlds:,} worlds, ten times as "
           "many where a limit was passed")
    for part in (_worst(found), _scenarios(found), _checks(found), _alternatives(found)):
        yield from part
    yield from ("", *_wrapped(splits_say(found.splits), ""), "", *_wrapped(verdict(found), ""))


def _worst(found: Calibration) -> Iterator[str]:
    """The cells that stand closest to a limit or beyond it, those that failed first."""
    from claimcheck.calibration.page import rate

    order = sorted(found.cells, key=lambda each: (each.passed, each.case.scenario.informational, -each.figures.excess))
    yield f"\nworst cells: {'coverage':>58}{'false for':>11}{'against':>9}{'worlds':>9}"
    for each in order[:max(WORST, sum(not each.passed for each in order))]:
        for figures in filter(None, (each.first, each.figures)):
            name = str(each.case) if figures is (each.first or each.figures) else "  again"
            mark = "  " if figures is not each.figures or each.passed else " !"
            yield (f"{mark}{name:<69}{rate(figures.coverage, 4)}{rate(figures.rates[0], 4):>8}{rate(figures.rates[1], 4):>8}"
                   f"{figures.worlds:>9,}")


def _scenarios(found: Calibration) -> Iterator[str]:
    from claimcheck.calibration.page import by_scenario, extremes, rate, state

    yield (f"\n{'scenario (worst of its cells)':<32}{'cells':>6}{'coverage':>10}{'false for':>11}{'against':>9}{'power':>13}"
           "  passed")
    for scenario, cells in by_scenario(found):
        low, verified, refuted, power = extremes(cells)
        yield (f"{scenario.name:<32}{len(cells):>6}{rate(low, 4):>10}{rate(verified, 4):>11}{rate(refuted, 4):>9}{power:>13}  "
               f"{state(cells)}")


def _checks(found: Calibration) -> Iterator[str]:
    yield "\nchecks"
    for check in found.checks:
        yield from _wrapped(f"{'  ' if check.passed else ' !'}{check.name}: {check.says}", "    ")


def _alternatives(found: Calibration) -> Iterator[str]:
    from claimcheck.calibration.alternatives import RULES
    from claimcheck.calibration.page import rate

    if found.alternatives:
        widths = [21 if len(name) > 12 else 12 for name in RULES]
        yield f"\n{'coverage of other rules':<24}" + "".join(map(str.rjust, RULES, widths))
        for each in found.alternatives:
            name = f"  {each.runs} runs, SD {each.run_sd}{' heavy' if each.heavy else ''}"
            yield f"{name:<24}" + "".join(map(str.rjust, map(rate, each.coverage), widths))


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, drop_whitespace=True, break_long_words=False)
