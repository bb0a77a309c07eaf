"""Verbs that look and judge nothing: list, plan, validate, schema."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimcheck.cli.options import (
    CLAIMS_HERE,
    DATA_DIR,
    FORMAT,
    ONLY,
    PROFILE,
    REPRODUCTIONS,
    SCHEMAS,
    SEED,
    STORE,
    SWEEP,
    options,
)
from claimcheck.cli.pricing import bill_of, priced, tell_budget
from claimcheck.cli.shared import counted, echo_json, make_plans, read_claims
from claimcheck.cli.sweeping import make_sweeps
from claimcheck.errors import UsageFault

if TYPE_CHECKING:
    from claimcheck.appraisal.bill import Offer
    from claimcheck.appraisal.library import Library
    from claimcheck.appraisal.outlook import Outlook
    from claimcheck.appraisal.sweep import Point, Sweep
    from claimcheck.appraisal.tier_verdict import Unavailable
    from claimcheck.claim import Claim
    from claimcheck.measurement.work import Work
    from claimcheck.plan import Plan
    from claimcheck.run import Run
    from claimcheck.tier import Tier


@click.command("list")
@CLAIMS_HERE
@FORMAT
def list_claims(claims: Path, form: str) -> None:
    """List the claims: id, kind, statement. Reads little and checks little; `validate` checks."""
    from claimcheck import claim_files

    heads = claim_files.heads(claims)
    if form == "json":
        echo_json([{"id": each.id, "kind": each.kind, "statement": each.statement, "file": str(each.path)} for each in heads])
        return
    for each in heads:
        click.echo(f"{each.id}  [{each.kind}]\n    {each.statement}")


@click.command()
@CLAIMS_HERE
@options(PROFILE, ONLY, SEED, SWEEP, REPRODUCTIONS, STORE, DATA_DIR, FORMAT)
@priced
def plan(claims: Path, profile: str | None, only: tuple[str, ...], first_seed: int, swept: tuple[str, ...],
         reproductions: Path | None, store: Path, data_dir: Path | None, form: str, offer: Offer, calibrate: bool,
         budget: str | None) -> None:
    """Say what each claim needs at each tier, which training runs a profile asks for and what they cost; runs none of them."""
    from claimcheck.appraisal.library import chosen
    from claimcheck.appraisal.works import works
    from claimcheck.corpora.door import folders
    from claimcheck.report import prices

    library = read_claims(claims, reproductions)
    if budget is not None:
        if profile is not None or swept or only:
            raise UsageFault("--budget looks at all profiles and all claims: leave out --profile, --sweep and --only")
        tell_budget(library, claims, store, folders(data_dir), offer, budget, first_seed=first_seed, calibrate=calibrate,
                    command=_again(claims, first_seed, reproductions, store, data_dir), form=form)
        return
    plans = make_plans(library, profile, first_seed)
    sweeps = make_sweeps(library, plans, swept)
    documents = chosen(library, only)
    asked = {made.reproduction: works(made, folders(data_dir)) for made in plans}
    seen = {made.reproduction: _outlooks(library, claims, made, asked[made.reproduction], store) for made in plans}
    keys = {work.run.digest: work.key for each in asked.values() if isinstance(each, tuple) for work in each}
    bills = {made.reproduction: bill_of(made, asked[made.reproduction], store, folders(data_dir), offer, calibrate=calibrate)
             for made in plans}
    if form == "json":
        echo_json({
            "claims": [{"id": each.value.id, "tiers": list(each.value.tiers)} for each in documents],
            "plans": [{"reproduction": each.reproduction, "profile": each.profile, "tier": each.tier,
                       "predictions": dict(each.predictions),
                       "runs": [{"digest": one.digest, "key": keys.get(one.digest), "backbone": one.condition.backbone,
                                 "arm": one.condition.arm, "seed": one.seed} for one in each.everything],
                       "looks": [{"runs": look.runs, "alpha": look.alpha} for look in each.looks],
                       "power": [_power(one) for one in seen[each.reproduction]],
                       "cost": prices.as_json(bills[each.reproduction], offer),
                       **_swept(sweeps.get(each.reproduction, ()), data_dir)} for each in plans]})
        return
    for each in documents:
        outlook = (f"{tier} ({_outlook(each.value, tier, plans)})" for tier in each.value.tiers)
        click.echo(f"{each.value.id}: {', '.join(outlook)}")
    for made in plans:
        click.echo(f"\n{made.reproduction}, profile {made.profile}: {made.says}\n"
                   f"evidence of tier {made.tier}; {len(made.runs)} training runs, "
                   f"{f'{len(made.attacks)} runs of search attacks, ' if made.attacks else ''}"
                   f"{_state(asked[made.reproduction], store)}")
        for one in made.everything:
            name = keys.get(one.digest, one.digest)[:12]
            click.echo(f"  {name}  {one.condition.backbone}  {one.condition.arm}  seed {one.seed}")
        click.echo("\n".join([*told_of(made, seen[made.reproduction]), *prices.lines(bills[made.reproduction], offer)]))
        for sweep in sweeps.get(made.reproduction, ()):
            click.echo("\n".join(_told_of_sweep(sweep, store, data_dir)))


def _outlooks(library: Library, claims: Path, plan: Plan, asked: tuple[Work, ...] | Unavailable,
              store: Path) -> tuple[Outlook, ...]:
    """What the planned runs could tell, where enough of them stand to say."""
    from claimcheck.appraisal.outlook import outlooks
    from claimcheck.cli.measuring import family_claims
    from claimcheck.measurement.store import Store

    if not isinstance(asked, tuple):
        return ()
    return outlooks(plan, family_claims(library, claims, plan.reproduction), asked, Store(path=store))


def outlooks_of(plan: Plan, claims: Sequence[Claim], places: Sequence[Path], store: Path) -> tuple[Outlook, ...]:
    """What the runs of a plan could tell, where enough of them stand to say."""
    from claimcheck.appraisal.outlook import outlooks
    from claimcheck.appraisal.works import works
    from claimcheck.measurement.store import Store

    asked = works(plan, places)
    return outlooks(plan, claims, asked, Store(path=store)) if isinstance(asked, tuple) else ()


def _again(claims: Path, first_seed: int, reproductions: Path | None, store: Path, data_dir: Path | None) -> list[str]:
    """The arguments of this call that a run needs too, as a shell takes them."""
    from shlex import quote

    from claimcheck.measurement.store import FOLDER

    made = [str(claims)]
    if first_seed:
        made += ["--seed", str(first_seed)]
    if reproductions is not None:
        made += ["--reproductions", str(reproductions)]
    if store != FOLDER:
        made += ["--store", str(store)]
    if data_dir is not None:
        made += ["--data-dir", str(data_dir)]
    return [quote(each) for each in made]


def told_of(plan: Plan, seen: Sequence[Outlook]) -> list[str]:
    """What the planned runs could tell, in lines."""
    from claimcheck.report.rerun_texts import power
    from claimcheck.reproduction import ALPHA
    from claimcheck.stats.power import standardised
    from claimcheck.verdict import LEAST_RUNS

    runs, lines = plan.looks[-1].runs, []
    if len(plan.looks) > 1:
        taken = ", ".join(f"{look.runs} runs (level {look.alpha:g})" for look in plan.looks)
        lines.append(f"looks: after {taken}; what is decided early needs no further runs")
    if not seen:
        if runs < LEAST_RUNS:
            return [*lines, f"{counted(runs, 'run')} an arm can tell nothing: verdicts need {LEAST_RUNS}"]
        lines.append(f"what {runs} runs an arm could tell: on this benchmark, of a single claim at {100 * ALPHA:g} %, in 4 of "
                     f"5 cases an effect of {standardised(runs, ALPHA):.1f} standard deviations over runs, those of the "
                     "difference of two arms of one seed and not of an arm. How large these are nobody knows before two runs "
                     "of each arm stand; then this line says it in points")
        return lines
    lines.append(f"what {runs} runs an arm could tell, judged by the {seen[0].pilot} that stand, at the strictest level that "
                 f"{len(seen)} {'claim' if len(seen) == 1 else 'claims'} may share:")
    for each in seen:
        for one in each.found:
            percent = any(comparison.percent for comparison in one.found.comparisons)
            label = one.prediction.label or one.prediction.reading or one.found.asks
            lines.append(f"  {each.claim.id}, {label}: {power(one.found, percent=percent) or 'nothing'}")
    return lines


def _told_of_sweep(sweep: Sweep, store: Path, data_dir: Path | None) -> list[str]:
    """What the other values of a field would run, in lines."""
    from claimcheck.appraisal.sweep import further, told

    lines = [f"\nsweep of {sweep.field}, declared {told(sweep.points[0].value)}: {sweep.what}"]
    for point in further(sweep):
        runs, asked = _further(sweep, point, data_dir)
        keys = {work.run.digest: work.key for work in asked} if isinstance(asked, tuple) else {}
        lines.append(f"{sweep.field} = {told(point.value)}: evidence of tier {point.plan.tier}; {len(runs)} further training "
                     f"runs, {_state(asked, store)}")
        lines += [f"  {keys.get(one.digest, one.digest)[:12]}  {one.condition.backbone}  {one.condition.arm}  seed {one.seed}"
                  for one in runs]
    return lines if len(lines) > 1 else [*lines, "no other value, so nothing further is run"]


def _swept(sweeps: Sequence[Sweep], data_dir: Path | None) -> dict[str, object]:
    """The same for programs; the key is there only where a sweep was asked for."""
    from claimcheck.appraisal.sweep import further, told

    if not sweeps:
        return {}
    made = []
    for sweep in sweeps:
        values = []
        for point in further(sweep):
            runs, asked = _further(sweep, point, data_dir)
            keys = {work.run.digest: work.key for work in asked} if isinstance(asked, tuple) else {}
            values.append({"value": told(point.value), "tier": point.plan.tier, "runs": [
                {"digest": one.digest, "key": keys.get(one.digest), "backbone": one.condition.backbone,
                 "arm": one.condition.arm, "seed": one.seed} for one in runs]})
        made.append({"field": sweep.field, "declared": told(sweep.points[0].value), "values": values})
    return {"sweeps": made}


def _further(sweep: Sweep, point: Point, data_dir: Path | None) -> tuple[tuple[Run, ...], tuple[Work, ...] | Unavailable]:
    """The runs of a value that are none of the main plan, and their work."""
    from claimcheck.appraisal.works import works
    from claimcheck.corpora.door import folders

    known = {run.digest for run in sweep.points[0].plan.runs}
    runs = tuple(run for run in point.plan.runs if run.digest not in known)
    return runs, works(replace(point.plan, runs=runs), folders(data_dir))


def _power(outlook: Outlook) -> dict[str, object]:
    """The same for programs."""
    return {"claim": outlook.claim.id, "pilot_runs": outlook.pilot, "runs": outlook.runs, "predictions": [
        {"asks": each.found.asks, "comparisons": [
            {"about": dict(one.about), "unit": "percent" if one.percent else "points",
             "detectable": None if one.detectable is None else float(one.detectable),
             "detectable_at_most": None if one.detectable_at_most is None else float(one.detectable_at_most),
             "margin": float(each.found.asked.margin), "runs_needed": one.runs_needed, "articles_needed": one.articles_needed}
            for one in each.found.comparisons]} for each in outlook.found]}


def _outlook(claim: Claim, tier: Tier, plans: Sequence[Plan]) -> str:
    from claimcheck.appraisal.conditions import conditions
    from claimcheck.appraisal.interactions import lacking
    from claimcheck.appraisal.runs import RERUN

    if not any(atom.predicts_at(tier) for atom in claim.atoms):
        return "cannot be tested" if any(atom.needs for atom in claim.atoms) else "nothing predicted"
    if tier not in RERUN:
        return "can run"
    made = next((each for each in plans if each.reproduction == claim.reproduction), None)
    if made is None or made.tier is not tier:
        return f"not with profile {made.profile}" if made else "no reproduction"
    checks = [each.interaction for atom in claim.atoms for each in atom.rerun]
    cannot = [lacking(each, made.design.perturbations) for each in checks if each is not None]
    if len(cannot) == len(checks) and all(cannot):
        return f"not with profile {made.profile}: {'; '.join(cannot[0])}"
    return "not a test of this claim" if conditions(claim, made.design).lacking else f"with profile {made.profile}"


def _state(asked: tuple[Work, ...] | Unavailable, store: Path) -> str:
    """How many of a plan's runs stand in the store, or why none can be made."""
    from claimcheck.measurement.store import Store

    if not isinstance(asked, tuple):
        return f"cannot be run here: {asked.why}; {asked.remedy}"
    return f"{sum(Store(path=store).has(work.key) for work in asked)} of {len(asked)} stand in {store}"


@click.command()
@CLAIMS_HERE
@REPRODUCTIONS
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
        click.echo(counted(len(error.faults), "fault"), err=True)
        for fault in error.faults:
            click.echo(str(fault))
        raise click.exceptions.Exit(error.exit_status)
    click.echo(f"{counted(len(library.claims), 'claim')}, {counted(len(library.reproductions), 'reproduction')}, "
               f"{counted(len(library.tables), 'reported table')}: no fault")


@click.command()
@click.argument("which", type=click.Choice(SCHEMAS), default="claim")
def schema(which: str) -> None:
    """Print the JSON Schema of a claim file, a reproduction file or report.json."""
    from claimcheck import documents
    from claimcheck.claim import Claim
    from claimcheck.report import json_export
    from claimcheck.reproduction import Reproduction

    made = {"claim": lambda: documents.json_schema(Claim), "reproduction": lambda: documents.json_schema(Reproduction),
            "report": json_export.schema}
    echo_json(made[which]())
