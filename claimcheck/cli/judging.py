"""Verbs that judge claims and write the report: run, report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimcheck.cli.options import CLAIMS, DATA_DIR, FORMAT, HEADLINES, ONLY, OUT, PROFILE, REPRODUCTIONS, SEED, TIER, options
from claimcheck.cli.shared import make_plans, progress, read_claims
from claimcheck.errors import CorruptInput

if TYPE_CHECKING:
    from claimcheck.appraisal.appraise import Appraisal
    from claimcheck.appraisal.data import Opened
    from claimcheck.appraisal.library import Library
    from claimcheck.report.view import ReportView
    from claimcheck.tier import Tier


@click.command()
@CLAIMS
@options(PROFILE, TIER, ONLY, SEED, REPRODUCTIONS, OUT, FORMAT)
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True,
              help="Runs at a time, one thread each (tiers reduced and full).")
@DATA_DIR
@click.option("--fetch", is_flag=True, default=False, help="Allow downloading data sets that are missing.")
@click.option("--fail-on", type=click.Choice(HEADLINES), multiple=True,
              help="End with status 1 if a claim got this verdict; can be given several times.")
def run(claims: Path, profile: str | None, tiers: tuple[str, ...], only: tuple[str, ...], first_seed: int,
        reproductions: Path | None, out: Path | None, form: str, jobs: int, data_dir: Path | None, fetch: bool,
        fail_on: tuple[str, ...]) -> None:
    """Run what can be run for CLAIMS, judge them and write the report."""
    del jobs
    library = read_claims(claims, reproductions)
    make_plans(library, profile, first_seed)  # a profile that does not exist is told of before anything runs
    _say_options_without_effect()
    opened = _open_data(library, only, tiers, data_dir, fetch=fetch)
    report = _write(library, _appraised(library, opened, only, tiers), opened, claims, out, form)
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
@options(ONLY, REPRODUCTIONS, DATA_DIR, OUT, FORMAT)
def report(claims: Path, only: tuple[str, ...], reproductions: Path | None, data_dir: Path | None, out: Path | None,
           form: str) -> None:
    """Write the report of CLAIMS again, at every tier that needs no run; starts none and downloads nothing."""
    library = read_claims(claims, reproductions)
    opened = _open_data(library, only, (), data_dir, fetch=False)
    _write(library, _appraised(library, opened, only, ()), opened, claims, out, form)
    if opened.corrupt:
        raise CorruptInput(opened.corrupt)


def _open_data(library: Library, only: Sequence[str], tiers: Sequence[str], data_dir: Path | None, *, fetch: bool) -> Opened:
    """Open what the claims' predictions at tier data are about, unless that tier was not asked for."""
    from claimcheck.appraisal.appraise import data_sets
    from claimcheck.appraisal.data import Consent, open_all
    from claimcheck.appraisal.library import chosen
    from claimcheck.corpora.door import cache, folders

    wanted = [name for document in chosen(library, only) for name in data_sets(document.value)
              if not tiers or "data" in tiers]
    consent = Consent(folder=data_dir or cache(), report=lambda line: click.echo(line, err=True)) if fetch else None
    return open_all(wanted, folders(data_dir), consent)


def _appraised(library: Library, opened: Opened, only: Sequence[str], tiers: Sequence[str]) -> list[Appraisal]:
    from claimcheck.appraisal.appraise import Evidence, appraise
    from claimcheck.appraisal.library import chosen
    from claimcheck.tier import Tier

    asked: set[Tier] = {Tier(name) for name in tiers} or set(Tier)
    documents = chosen(library, only)
    appraisals = []
    with progress("judging", len(documents)) as step:
        for document in documents:
            appraisals.append(appraise(document, Evidence(table=library.table_of(document), corpora=opened.corpora), asked))
            step(document.value.id)
    return appraisals


def _write(library: Library, appraisals: Sequence[Appraisal], opened: Opened, claims: Path, out: Path | None,
           form: str) -> ReportView:
    from claimcheck.report import json_export
    from claimcheck.report.compose import view
    from claimcheck.report.write import write

    made = view(appraisals, library, opened)
    written = write(made, out or Path("report") / _name(library, claims))
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
            cells.append("" if tier is None else tier.verdict)
        rows.append((claim.id, claim.source_says, claim.verdict, *cells))
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _say_tiers_that_could_not_run(made: ReportView, tiers: Sequence[str]) -> bool:
    """Say which tiers that were asked for by name could not run for want of something; whether there are any."""
    from claimcheck.appraisal.appraise import NOT_BUILT, RUNNABLE

    failed = []
    for name in tiers:
        verdicts = [tier for claim in made.claims if (tier := claim.at(name)) is not None]
        if name not in RUNNABLE:
            failed.append(NOT_BUILT.format(tier=name))
        elif not verdicts:
            click.echo(f"tier {name} applies to none of these claims", err=True)
        elif missing := [tier for tier in verdicts if tier.missing_here]:
            failed.append(f"tier {name} could not run for {len(missing)} of {len(verdicts)} claims: {missing[0].why} "
                          f"{missing[0].remedy}")
    if failed:
        click.echo("\n".join(failed), err=True)
    return bool(failed)


def _say_options_without_effect() -> None:
    """Say of options that only concern tiers that this version cannot run that they changed nothing."""
    context = click.get_current_context()
    given = [option for name, option in (("jobs", "--jobs"), ("first_seed", "--seed"), ("profile", "--profile"))
             if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE]
    if given:
        click.echo(f"no tier of this version trains: {', '.join(given)} changed nothing", err=True)
