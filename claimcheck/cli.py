"""The command line: verbs over the way of the data. Nothing heavy is imported until a verb needs it.

Results go to standard output, progress and faults to standard error. Exit status: 0 ran, whatever the verdicts; 1 corrupt
input, or a tier named by --tier that could not run; 2 bad usage or claim files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from claimcheck import __version__
from claimcheck.errors import ClaimcheckError

if TYPE_CHECKING:
    from claimcheck.appraisal.appraise import Appraisal
    from claimcheck.appraisal.library import Library
    from claimcheck.report.view import ReportView
    from claimcheck.tier import Tier

TIERS = ("reported", "data", "reduced", "full", "synthetic")
HEADLINES = ("verified", "refuted", "in part", "unverified", "not testable as stated")
SCHEMAS = ("claim", "reproduction", "report")
F = TypeVar("F", bound=Callable[..., Any])


class Verbs(click.Group):
    """A group that ends every error raised on purpose with its message and its exit status."""

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke the verb."""
        try:
            return super().invoke(ctx)
        except ClaimcheckError as error:
            click.echo(str(error), err=True)
            ctx.exit(error.exit_status)
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise  # click ends quietly where a reader went away
            where = f"{error.filename}: " if error.filename else ""
            click.echo(f"{where}{error.strerror or error}; check the path, its rights and the space left", err=True)
            ctx.exit(1)


class FolderOrFile(click.Path):
    """A path that is not empty: an empty one, as of an unset variable, would mean the working folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Convert to a Path, or fail."""
        if value == "":
            self.fail("the path is empty", param, ctx)
        return super().convert(value, param, ctx)


_CLAIMS = click.argument("claims", type=FolderOrFile(path_type=Path))
_CLAIMS_HERE = click.argument("claims", type=FolderOrFile(path_type=Path), default="claims")


def _options(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function
    return decorate


_REPRODUCTIONS = click.option("--reproductions", type=click.Path(file_okay=False, exists=True, path_type=Path), default=None,
                              help="Folder of reproduction files; else the nearest folder called reproductions.")
_ONLY = click.option("--only", multiple=True, metavar="ID", help="Only this claim; can be given several times.")
_PROFILE = click.option("--profile", default=None, metavar="NAME", help="Profile of the reproduction; else its default.")
_SEED = click.option("--seed", "first_seed", type=click.IntRange(min=0), default=0, metavar="FIRST", show_default=True,
                     help="First seed of the training runs.")
_TIER = click.option("--tier", "tiers", multiple=True, type=click.Choice(TIERS),
                     help="Only this tier of evidence; can be given several times. Default: all that can run.")
_OUT = click.option("--out", type=FolderOrFile(path_type=Path), default=None, metavar="DIR",
                    help="Folder of the report. Default: reports/ and the name of the claims' folder.")
_FORMAT = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
                       help="Form of what is printed.")


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="claimcheck")
def main() -> None:
    """Check the claims of a paper: against its own tables, its data, and a re-run of its method.

    CLAIMS is a claim file or a folder of claim files (*.yaml).
    """


@main.command()
@_CLAIMS
@_options(_PROFILE, _TIER, _ONLY, _SEED, _REPRODUCTIONS, _OUT, _FORMAT)
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True,
              help="Runs at a time, one thread each (tiers reduced and full).")
@click.option("--data-dir", type=click.Path(file_okay=False, exists=True, path_type=Path), default=None,
              help="Folder with the data sets (tiers data, reduced and full).")
@click.option("--fetch", is_flag=True, default=False, help="Allow downloading data sets that are missing.")
@click.option("--fail-on", type=click.Choice(HEADLINES), multiple=True,
              help="End with status 1 if a claim got this verdict; can be given several times.")
def run(claims: Path, profile: str | None, tiers: tuple[str, ...], only: tuple[str, ...], first_seed: int,
        reproductions: Path | None, out: Path | None, form: str, jobs: int, data_dir: Path | None, fetch: bool,
        fail_on: tuple[str, ...]) -> None:
    """Run what can be run for CLAIMS, judge them and write the report."""
    del jobs, data_dir, fetch
    library = _read(claims, reproductions)
    _plans(library, profile, first_seed)  # a profile that does not exist is told of before anything runs
    _say_options_without_effect()
    appraisals = _appraised(library, only, tiers)
    report = _write(library, appraisals, claims, out, form)
    failed = _say_tiers_that_could_not_run(report, tiers)
    found = [f"{claim.id}: {claim.verdict}" for claim in report.claims if claim.verdict in fail_on]
    for line in found:
        click.echo(f"--fail-on: {line}", err=True)
    if failed or found:
        raise click.exceptions.Exit(1)


@main.command()
@_CLAIMS
@_options(_ONLY, _REPRODUCTIONS, _OUT, _FORMAT)
def report(claims: Path, only: tuple[str, ...], reproductions: Path | None, out: Path | None, form: str) -> None:
    """Write the report of CLAIMS again, at every tier that needs no run; starts none."""
    library = _read(claims, reproductions)
    _write(library, _appraised(library, only, ()), claims, out, form)


@main.command("list")
@_CLAIMS_HERE
@_FORMAT
def list_claims(claims: Path, form: str) -> None:
    """List the claims: id, kind, statement. Reads little and checks little; `validate` checks."""
    from claimcheck import claim_files

    heads = claim_files.heads(claims)
    if form == "json":
        _echo_json([{"id": each.id, "kind": each.kind, "statement": each.statement, "file": str(each.path)} for each in heads])
        return
    for each in heads:
        click.echo(f"{each.id}  [{each.kind}]\n    {each.statement}")


@main.command()
@_CLAIMS_HERE
@_options(_PROFILE, _ONLY, _SEED, _REPRODUCTIONS, _FORMAT)
def plan(claims: Path, profile: str | None, only: tuple[str, ...], first_seed: int, reproductions: Path | None,
         form: str) -> None:
    """Say what each claim needs at each tier, and which training runs a profile asks for; runs nothing."""
    from claimcheck.appraisal.appraise import RUNNABLE
    from claimcheck.appraisal.library import chosen

    library = _read(claims, reproductions)
    plans = _plans(library, profile, first_seed)
    documents = chosen(library, only)
    if form == "json":
        _echo_json({
            "claims": [{"id": each.value.id, "tiers": list(each.value.tiers)} for each in documents],
            "plans": [{"reproduction": each.reproduction, "profile": each.profile, "tier": each.tier,
                       "predictions": dict(each.predictions),
                       "runs": [{"digest": one.digest, "backbone": one.condition.backbone, "arm": one.condition.arm,
                                 "seed": one.seed} for one in each.runs]} for each in plans]})
        return
    for each in documents:
        names = (f"{tier} ({'can run' if tier in RUNNABLE else 'cannot run in this version'})" for tier in each.value.tiers)
        click.echo(f"{each.value.id}: {', '.join(names)}")
    for made in plans:
        click.echo(f"\n{made.reproduction}, profile {made.profile}: {made.says}\n"
                   f"evidence of tier {made.tier}; {len(made.runs)} training runs, none of which this version can run")
        for one in made.runs:
            click.echo(f"  {one.digest[:12]}  {one.condition.backbone}  {one.condition.arm}  seed {one.seed}")


@main.command()
@_CLAIMS_HERE
@_REPRODUCTIONS
def validate(claims: Path, reproductions: Path | None) -> None:
    """Check CLAIMS, and the tables and reproductions that they name; print every fault of every file."""
    from claimcheck.appraisal.library import check
    from claimcheck.errors import FileFaults

    library = check(claims, reproductions)
    for note in library.notes:
        click.echo(f"note: {note.path}: {note.text}" if note.path else f"note: {note.text}", err=True)
    faults = (*library.faults, *library.doubts, *library.corrupt)
    if faults:
        error = FileFaults(faults)
        number = len(error.faults)
        click.echo(f"{number} {'fault' if number == 1 else 'faults'}", err=True)
        for fault in error.faults:
            click.echo(str(fault))
        raise click.exceptions.Exit(error.exit_status)
    click.echo(f"{len(library.claims)} claims, {len(library.reproductions)} reproductions, {len(library.tables)} reported "
               "tables: no fault")


@main.command()
@click.argument("which", type=click.Choice(SCHEMAS), default="claim")
def schema(which: str) -> None:
    """Print the JSON Schema of a claim file, a reproduction file or report.json."""
    from claimcheck import documents
    from claimcheck.claim import Claim
    from claimcheck.report import json_export
    from claimcheck.reproduction import Reproduction

    made = {"claim": lambda: documents.json_schema(Claim), "reproduction": lambda: documents.json_schema(Reproduction),
            "report": json_export.schema}
    _echo_json(made[which]())


# ---------------------------------------------------------------- what the verbs share


def _read(claims: Path, reproductions: Path | None) -> Library:
    """The claims and all that they name. Raises FileFaults, CorruptInput or UsageFault."""
    from claimcheck.appraisal.library import read_library

    library = read_library(claims, reproductions)
    library.raise_faults()
    for doubt in library.doubts:
        click.echo(f"note: {doubt}", err=True)
    for note in library.notes:
        click.echo(f"note: {note.path}: {note.text}" if note.path else f"note: {note.text}", err=True)
    return library


def _plans(library: Library, profile: str | None, first_seed: int) -> list[Any]:
    from claimcheck import plan as planning
    from claimcheck.documents import suggestion
    from claimcheck.errors import UsageFault

    plans = []
    if profile is not None and not library.reproductions:
        raise UsageFault(f"--profile {profile}: no claim here has a reproduction; leave it out, or see --reproductions")
    for name, document in library.reproductions.items():
        wanted = profile or document.value.default_profile
        if wanted not in document.value.profiles:
            raise UsageFault(f"--profile {wanted}: reproduction {name} has no such profile; "
                             f"{suggestion(wanted, document.value.profiles)}")
        own = [each.value for each in library.claims if each.value.reproduction == name]
        plans.append(planning.make(own, document.value, wanted, first_seed))
    return plans


def _appraised(library: Library, only: Sequence[str], tiers: Sequence[str]) -> list[Appraisal]:
    from claimcheck.appraisal.appraise import appraise
    from claimcheck.appraisal.library import chosen
    from claimcheck.tier import Tier

    asked: set[Tier] = {Tier(name) for name in tiers} or set(Tier)
    documents = chosen(library, only)
    appraisals = []
    with _progress("judging", len(documents)) as step:
        for document in documents:
            appraisals.append(appraise(document, library.table_of(document), asked))
            step(document.value.id)
    return appraisals


def _write(library: Library, appraisals: Sequence[Appraisal], claims: Path, out: Path | None, form: str) -> ReportView:
    from claimcheck.report import json_export
    from claimcheck.report.compose import view
    from claimcheck.report.write import write

    made = view(appraisals, library)
    written = write(made, out or Path("reports") / _name(library, claims))
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
    """Say which tiers that were asked for by name gave no verdict on any claim that they apply to; whether there are any."""
    from claimcheck.appraisal.appraise import NOT_BUILT, RUNNABLE

    silent = ("not run", "could not run")
    failed = []
    for name in tiers:
        verdicts = [tier for claim in made.claims if (tier := claim.at(name)) is not None]
        if name not in RUNNABLE:
            failed.append(NOT_BUILT.format(tier=name))
        elif not verdicts:
            click.echo(f"tier {name} applies to none of these claims", err=True)
        elif all(tier.verdict in silent for tier in verdicts):
            failed.append(f"tier {name} could not run: {verdicts[0].why} {verdicts[0].remedy}".strip())
    if failed:
        click.echo("\n".join(failed), err=True)
    return bool(failed)


def _say_options_without_effect() -> None:
    """Say of options that only concern tiers that this version cannot run that they changed nothing."""
    context = click.get_current_context()
    given = [option for name, option in (("jobs", "--jobs"), ("first_seed", "--seed"), ("profile", "--profile"),
                                         ("data_dir", "--data-dir"), ("fetch", "--fetch"))
             if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE]
    if given:
        click.echo(f"no tier of this version trains or reads data sets: {', '.join(given)} changed nothing, and nothing was "
                   "downloaded", err=True)


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[str], None]]:
    """A bar on a terminal; elsewhere one line at the end, so that logs stay quiet."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda name: bar.update(task, advance=1, description=f"{what} {name}")
    else:
        yield lambda _: None
        click.echo(f"{what}: {total} claims", err=True)


def _echo_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=True))
