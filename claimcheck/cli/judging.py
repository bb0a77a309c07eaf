"""Verbs that judge claims and write the report: run, report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimcheck.cli.asked import Asked, Found
from claimcheck.cli.options import (
    CLAIMS,
    DATA_DIR,
    ENGINE,
    ENGINE_OPTION,
    FORMAT,
    HEADLINES,
    ONLY,
    OUT,
    PROFILE,
    REPRODUCTIONS,
    SEED,
    STORE,
    SWEEP,
    TIER,
    computing,
    options,
)
from claimcheck.cli.shared import make_plans, read_claims
from claimcheck.cli.sweeping import make_sweeps
from claimcheck.errors import CorruptInput
from claimcheck.execution import Engine, Execution, Hands

if TYPE_CHECKING:
    from claimcheck.appraisal.data import Opened
    from claimcheck.appraisal.library import Library
    from claimcheck.report.view import ReportView


@click.command()
@CLAIMS
@options(PROFILE, TIER, ONLY, SEED, SWEEP, REPRODUCTIONS, OUT, FORMAT)
@click.option("--jobs", type=click.IntRange(min=1), default=None,
              help="Training runs at a time, one thread each. Default: as many as there are cores, or as the engine takes.")
@options(ENGINE, ENGINE_OPTION, STORE, DATA_DIR)
@computing
@click.option("--fetch", is_flag=True, default=False, help="Allow downloading data sets and backbones that are missing.")
@click.option("--fail-on", type=click.Choice(HEADLINES), multiple=True,
              help="End with status 1 if a claim got this verdict; can be given several times.")
def run(claims: Path, profile: str | None, tiers: tuple[str, ...], only: tuple[str, ...], first_seed: int,
        swept: tuple[str, ...], reproductions: Path | None, out: Path | None, form: str, jobs: int | None, engine: Engine,
        engine_options: dict[str, str], store: Path, data_dir: Path | None, execution: Execution, fetch: bool,
        fail_on: tuple[str, ...]) -> None:
    """Run what can be run for CLAIMS, judge them and write the report."""
    library = read_claims(claims, reproductions)
    plans = make_plans(library, profile, first_seed)  # a profile that does not exist is told of before anything runs
    asked = Asked(claims=claims, library=library, plans=plans, only=only, tiers=tiers, data_dir=data_dir, store=store,
                  hands=Hands(jobs=jobs, execution=execution, engine=engine, options=engine_options),
                  sweeps=make_sweeps(library, plans, swept))
    opened = asked.open(fetch=fetch)
    report = _write(asked, asked.found(opened, start=True), opened, out, form)
    failed = _say_tiers_that_could_not_run(report, tiers)
    found = [f"{claim.id}: {claim.verdict}" for claim in report.claims if claim.verdict in fail_on]
    for line in found:
        click.echo(f"--fail-on: {line}", err=True)
    for fault in opened.corrupt:
        click.echo(str(fault), err=True)
    if failed or found or opened.corrupt:
        raise click.exceptions.Exit(1)


@click.command()
@CLAIMS
@options(PROFILE, ONLY, SEED, SWEEP, REPRODUCTIONS, STORE, DATA_DIR, OUT, FORMAT)
def report(claims: Path, profile: str | None, only: tuple[str, ...], first_seed: int, swept: tuple[str, ...],
           reproductions: Path | None, store: Path, data_dir: Path | None, out: Path | None, form: str) -> None:
    """Write the report of CLAIMS again from what stands in the store; starts no run and downloads nothing."""
    library = read_claims(claims, reproductions)
    plans = make_plans(library, profile, first_seed)
    asked = Asked(claims=claims, library=library, plans=plans, only=only, tiers=(), data_dir=data_dir, store=store,
                  hands=Hands(jobs=1), sweeps=make_sweeps(library, plans, swept))
    opened = asked.open(fetch=False)
    _write(asked, asked.found(opened, start=False), opened, out, form)
    if opened.corrupt:
        raise CorruptInput(opened.corrupt)


def _write(asked: Asked, found: Found, opened: Opened, out: Path | None, form: str) -> ReportView:
    from claimcheck.report import json_export
    from claimcheck.report.compose import view
    from claimcheck.report.write import write

    made = view(asked.appraised(opened, found), asked.library, opened, experiments=found.experiments, planted=found.planted,
                unseen=found.unseen, swept=found.swept)
    if any(asked.sweeps.values()) and not found.swept:
        click.echo("note: --sweep: no claim or tier that is asked for needs training runs, so nothing is swept", err=True)
    for line in found.unseen:
        click.echo(f"not seen here: {line}", err=True)
    written = write(made, out or Path("report") / _name(asked.library, asked.claims))
    click.echo(json_export.render(made) if form == "json" else _table(made), nl=form != "json")
    click.echo("wrote " + ", ".join(str(path) for path in written), err=True)
    return made


def _name(library: Library, claims: Path) -> str:
    """The folder that all claims share, else the name of what was given."""
    folders = {document.path.resolve().parent for document in library.claims}
    return folders.pop().name if len(folders) == 1 else claims.resolve().name


def _table(made: ReportView) -> str:
    """The verdicts as plain lines, widths set by their content."""
    head = ("claim", "source report", "verdict", *made.tiers)
    rows = [head]
    for claim in made.claims:
        cells = []
        for name in made.tiers:
            tier = claim.at(name)
            mark = " (exploratory)" if tier is not None and "exploratory" in tier.short else ""
            cells.append("" if tier is None else tier.verdict + mark)
        rows.append((claim.id, claim.source_says, claim.verdict, *cells))
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    planted = [f"self-test, no evidence about the paper: {each.statement} {each.verdict}" for each in made.planted]
    varied = [f"other values of {each.field}, apart from every verdict: {claim.id}: {claim.text}"
              for each in made.swept for claim in each.claims]
    return "\n".join([*lines, *planted, *varied])


def _say_tiers_that_could_not_run(made: ReportView, tiers: Sequence[str]) -> bool:
    """Say which tiers that were asked for by name could not run for want of something; whether there are any."""
    from claimcheck.appraisal.runs import RERUN

    failed = []
    for name in tiers:
        verdicts = [tier for claim in made.claims if (tier := claim.at(name)) is not None]
        if name == "synthetic":
            missed = [each.statement for each in made.planted if each.verdict != "planted truth found"]
            failed += [f"planted truth missed: {statement}" for statement in missed]
        elif not verdicts:
            click.echo(f"tier {name} applies to none of these claims", err=True)
        elif name in RERUN and all(tier.verdict in ("not run", "could not run") for tier in verdicts):
            failed.append(f"tier {name} could not run: {verdicts[0].why} {verdicts[0].remedy}")
        elif missing := [tier for tier in verdicts if tier.missing_here]:
            failed.append(f"tier {name} could not run for {len(missing)} of {len(verdicts)} claims: {missing[0].why} "
                          f"{missing[0].remedy}")
    if failed:
        click.echo("\n".join(failed), err=True)
    return bool(failed)
