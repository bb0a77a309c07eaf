"""Running what a plan asks for and reading what came out: the one place that joins the engine and the appraisal."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimcheck.cli.shared import counted, progress

if TYPE_CHECKING:
    from claimcheck.appraisal.library import Library
    from claimcheck.appraisal.planted import Planted
    from claimcheck.appraisal.runs import Runs
    from claimcheck.appraisal.stages import Stage
    from claimcheck.appraisal.summary import Experiment
    from claimcheck.appraisal.tier_verdict import Unavailable
    from claimcheck.claim import Claim
    from claimcheck.execution import Hands
    from claimcheck.measurement.store import Store
    from claimcheck.measurement.work import Work
    from claimcheck.plan import Plan


def measured(plan: Plan, claims: Sequence[Claim], folders: Sequence[Path], store: Store, hands: Hands, *,
             shared: Collection[str] = ()) -> Runs | Unavailable:
    """Run what does not stand in the store yet, and put all results to the claims of the plan's reproduction.

    `shared`: digests of runs that another plan has too, which are no look at this one to the journal.
    Raises MeasurementFailed, CorruptInput or UsageFault: something went wrong; what was done by then is kept.
    """
    from claimcheck.appraisal.tier_verdict import Unavailable
    from claimcheck.appraisal.works import works

    asked = works(plan, folders)
    if isinstance(asked, Unavailable):
        return asked
    return _run(plan, claims, asked, store, hands, shared)


def standing(plan: Plan, claims: Sequence[Claim], folders: Sequence[Path], store: Store) -> Runs | Unavailable | None:
    """The results of a plan if all of them stand in the store, which needs no data; else why they cannot be made, if so."""
    from claimcheck.appraisal.tier_verdict import Unavailable
    from claimcheck.appraisal.works import works

    asked = works(plan, folders, look=False)
    if isinstance(asked, Unavailable):
        return asked
    made = _standing(plan, claims, asked, store)
    if made is not None:
        return made
    cannot = works(plan, folders)
    return cannot if isinstance(cannot, Unavailable) else None


def selftest(store: Store, hands: Hands, *, start: bool) -> tuple[tuple[Planted, ...], tuple[Experiment, ...]]:
    """Train and evaluate on the synthetic corpus, and say which of its planted truths are found.

    With `start` not set it is read from the store, and nothing comes of it where not all of it stands there.
    """
    from importlib.resources import as_file, files

    from claimcheck import plan as planning
    from claimcheck.appraisal.library import read_library
    from claimcheck.appraisal.planted import judge
    from claimcheck.appraisal.tier_verdict import Unavailable
    from claimcheck.appraisal.works import works
    from claimcheck.errors import MeasurementFailed

    with as_file(files("claimcheck").joinpath("selftest")) as folder:
        library = read_library(folder / "claims", folder / "reproductions")
        library.raise_faults()
    reproduction = library.reproductions["planted"].value
    claims = [document.value for document in library.claims]
    plan = planning.make(claims, reproduction, reproduction.default_profile)
    asked = works(plan, ())
    if isinstance(asked, Unavailable):
        raise MeasurementFailed(f"the self-test cannot run: {asked.why}; {asked.remedy}")
    runs = _run(plan, claims, asked, store, hands) if start else _standing(plan, claims, asked, store)
    if runs is None:
        return (), ()
    return judge(library.claims, runs), (summarised(runs, claims),)


def summarised(runs: Runs, claims: Sequence[Claim]) -> Experiment:
    """What the runs gave apart from any claim; the pairs of arms that claims compare are mapped by language."""
    from claimcheck.appraisal.conditions import says
    from claimcheck.appraisal.stages import looks_taken
    from claimcheck.appraisal.summary import summary
    from claimcheck.appraisal.training_overlap import overlaps

    compared: dict[tuple[str, str], None] = {}
    for claim in claims:
        for check in (each.check for atom in claim.atoms for each in atom.rerun):
            against = (check.against,) if isinstance(check.against, str) else check.against
            compared |= {(check.arm, rival): None for rival in against
                         if {check.arm, rival} <= set(runs.measured.arms)}
    design = runs.measured.plan.design
    return summary(runs.measured, tuple(compared), (
        *says(design.data.routes, design), *overlaps(runs.measured), *looks_taken(runs.stages)))


def family_claims(library: Library, claims: Path, name: str) -> list[Claim]:
    """All claims of a reproduction in the folder of claims, whatever --only names or which of its files is given.

    That folder is the one beside `reproductions/`; where the reproduction lies elsewhere, what was given, or a file's folder.
    Raises FileFaults: a neighbour is faulty, and who belongs to the family cannot be told.
    """
    from claimcheck import claim_files
    from claimcheck.errors import FileFaults

    own = {document.value.id: document.value for document in library.claims if document.value.reproduction == name}
    given, root = claims.resolve(), library.reproductions[name].path.resolve().parent.parent
    folder = given.parent if given.is_file() else given
    if given.is_relative_to(root) and given != root:
        top = root / given.relative_to(root).parts[0]
        folder = top if top.is_dir() else root
    if folder != given:
        neighbours, faults = claim_files.load(folder)
        if faults:
            raise FileFaults(faults)
        own |= {document.value.id: document.value for document in neighbours
                if document.value.reproduction == name and document.value.id not in own}
    return [own[each] for each in sorted(own)]


def _run(plan: Plan, claims: Sequence[Claim], asked: Sequence[Work], store: Store, hands: Hands,
         shared: Collection[str] = ()) -> Runs:
    """Make the runs of one planned look after the other, until a look leaves nothing open or none is left."""
    from claimcheck.appraisal.stages import stage, works_at

    stages: list[Stage] = []
    for number, look in enumerate(plan.looks, start=1):
        name = f"profile {plan.profile}" + (f", look {number} of {len(plan.looks)}" if len(plan.looks) > 1 else "")
        _make(plan, works_at(plan, look, asked), [work for work in asked if work.run.digest not in shared], store, hands, name)
        stages.append(stage(plan, look, claims, asked, store))
        if stages[-1].settles_all and number < len(plan.looks):
            saved = len(asked) - len(stages[-1].measured.plan.runs)
            click.echo(f"{name}: every claim that the runs test is decided after {look.runs} runs an arm; "
                       f"{counted(saved, 'run')} need not be made", err=True)
            break
    return _judged(plan, stages, store)


def _make(plan: Plan, wanted: Sequence[Work], own: Sequence[Work], store: Store, hands: Hands, name: str) -> None:
    """Make those of the wanted runs that do not stand, and put down in the journal how many of the plan's own stood when."""
    from claimcheck.appraisal import journal
    from claimcheck.engine.driving import Told
    from claimcheck.engine.engines import missing, run_all

    def standing() -> int:
        return len(own) - len(missing(own, store))

    absent, path = missing(wanted, store), store.path / journal.NAME
    before = standing()
    if absent or not journal.on_record(path, plan, before):
        journal.record(path, plan, before)
    made = 0
    if absent:
        total = sum(len(work.run.condition.legs) for work in absent)
        try:
            with progress(f"training and evaluating, {name}", total, "step") as step:
                told = Told(done=step, going=step.at, lost=lambda line: click.echo(line, err=True))
                made = run_all(absent, store, hands, told)
        except KeyboardInterrupt:
            click.echo(f"\ninterrupted: what was done is kept in {store.path}; the same command goes on from there", err=True)
            raise
        journal.record(path, plan, standing())
    new = f"{counted(made, 'run')} made, " if absent else "nothing to run, "
    click.echo(f"{name}: {new}{len(wanted) - made} already in {store.path}", err=True)


def _standing(plan: Plan, claims: Sequence[Claim], asked: Sequence[Work], store: Store) -> Runs | None:
    """What stands in the store, if it is all that the planned looks ask for."""
    from claimcheck.appraisal.stages import stage, works_at

    stages: list[Stage] = []
    for look in plan.looks:
        if not all(store.has(work.key) for work in works_at(plan, look, asked)):
            return None
        stages.append(stage(plan, look, claims, asked, store))
        if stages[-1].settles_all:
            break
    return _judged(plan, stages, store)


def _judged(plan: Plan, stages: Sequence[Stage], store: Store) -> Runs:
    from claimcheck.appraisal import journal
    from claimcheck.appraisal.runs import Runs

    return Runs(stages=tuple(stages), looks=journal.looks(store.path / journal.NAME, plan))
