"""The verb that writes a training run's rankings in the field's formats: export-run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimcheck.cli.options import CLAIMS, DATA_DIR, PROFILE, REPRODUCTIONS, SEED, STORE, FolderOrFile, computing, options
from claimcheck.cli.shared import make_plans, progress, read_claims
from claimcheck.execution import Execution

if TYPE_CHECKING:
    from claimcheck.measurement.ir_metadata import Value
    from claimcheck.measurement.work import Work
    from claimcheck.plan import Plan

SETTINGS = ("multilingual", "monolingual", "cross-lingual")


@click.command("export-run")
@CLAIMS
@click.option("--run", "key", required=True, metavar="KEY", help="Beginning of the run's key, as `plan` shows it.")
@click.option("--out", type=FolderOrFile(path_type=Path), required=True, metavar="DIR", help="Folder to write to.")
@click.option("--setting", type=click.Choice(SETTINGS), default="multilingual", show_default=True,
              help="Which pools: all languages at once, each question's own, or each other one.")
@click.option("--depth", type=click.IntRange(min=1), default=1000, show_default=True, help="Candidates a list.")
@click.option("--plain", is_flag=True, default=False, help="Leave out the ir_metadata header: many readers take no comments.")
@options(PROFILE, SEED, REPRODUCTIONS, STORE, DATA_DIR)
@computing
def export_run(claims: Path, key: str, out: Path, setting: str, depth: int, plain: bool, profile: str | None,
               first_seed: int, reproductions: Path | None, store: Path, data_dir: Path | None, execution: Execution) -> None:
    """Train one run of CLAIMS again and write its rankings as TREC runs and qrels, one of each a route and fold.

    The store keeps places and no lists, so the run is made again, which gives the same to the bit; where the store has its
    places, they are compared.
    """
    plan, work = _chosen(make_plans(read_claims(claims, reproductions), profile, first_seed), key, data_dir)
    from claimcheck.engine.working import legs
    from claimcheck.experiment.devices import settled
    from claimcheck.experiment.listing import listing
    from claimcheck.measurement.measures import Setting
    from claimcheck.measurement.trec import write_judgments, write_run

    made, parts = legs(work, settled(execution)), []
    with progress("exporting", len(made), "leg") as step:
        for leg in made:
            found = listing(leg, Setting(setting), depth)
            parts.append(found.places)
            name = leg.route.name.replace(" > ", "-to-") + (f".fold-{leg.fold}" if len(made) > 1 else "") + f".{setting}"
            tag = f"{work.run.condition.backbone}-{work.run.condition.arm}-seed{work.run.seed}"
            write_judgments(out / f"{name}.qrels", found.judgments)
            write_run(out / f"{name}.run", found.lists, tag, None if plain else _metadata(plan, work, f"{name}.qrels", depth))
            click.echo(f"{out / name}.run: {len(found.lists)} topics, {found.left_out} without a relevant candidate left out")
            step(leg.route.name)
    click.echo(_compared(work, parts, store), err=True)


def _chosen(plans: list[Plan], key: str, data_dir: Path | None) -> tuple[Plan, Work]:
    """The one run whose key begins so. Raises UsageFault: there is none or more than one, or it cannot be made here."""
    from claimcheck.appraisal.tier_verdict import Unavailable
    from claimcheck.appraisal.works import works
    from claimcheck.corpora.door import folders
    from claimcheck.errors import UsageFault

    found, cannot = [], []
    for plan in plans:
        asked = works(plan, folders(data_dir))
        if isinstance(asked, Unavailable):
            cannot.append(f"; {plan.reproduction} cannot be run here: {asked.why}; {asked.remedy}")
        else:
            found += [(plan, work) for work in asked if work.key.startswith(key.lower()) and key
                      and work.run.condition.attacks is None]  # of many arms, none of which could be meant alone
    if len(found) != 1:
        what = f"{len(found)} runs have a key that begins so" if found else "no run of this profile has such a key"
        raise UsageFault(f"--run {key}: {what}{''.join(cannot)}; `claimcheck plan` lists the runs with their keys")
    return found[0]


def _metadata(plan: Plan, work: Work, judgments: str, depth: int) -> dict[str, Value]:
    """What ir_metadata tells of a run. Nothing of it moves from one making of the run to the next."""
    from claimcheck import __version__
    from claimcheck.measurement.provenance import checkout, libraries, machine
    from claimcheck.retrieval.counting import made_by

    condition, named = work.run.condition, {name: str(value) for name, value in machine().items()}
    versions = [f"{name}=={found}" for name, found in libraries(condition.model.encoder).items()]
    commit = checkout().get("commit")
    return {
        "schema-version": "0.1",
        "platform": {"hardware": {"cpu": {"model": named["processor"], "architecture": named["architecture"]}},
                     "operating system": {"kernel": named["system"]},
                     "software": {"libraries": versions}},
        "research goal": {"description": f"re-run of {plan.reproduction}, profile {plan.profile}: {plan.says}",
                          "evaluation": {"reported measures": list(plan.design.measures)}},
        "implementation": {"source": {"name": f"claimcheck {__version__}", **({"commit": str(commit)} if commit else {})},
                           "run": work.key},
        "method": {"automatic": True, "indexing": {"pool": "candidates of all languages, each distinct text encoded once"},
                   "retrieval": [{"name": f"dual encoder {condition.backbone}, arm {condition.arm}, seed {work.run.seed}",
                                  "method": "exact inner product, ties by id downwards", "depth": depth,
                                  "products": {name: str(value) for name, value in made_by().items()}}]},
        "actor": {"role": "reproducer"},
        "data": {"test collection": {"name": ", ".join(condition.data.evaluate), "qrels": judgments},
                 "training data": [{"name": name} for name in condition.data.train]}}


def _compared(work: Work, parts: list, store: Path) -> str:  # type: ignore[type-arg]
    """Whether the places of what was made are those in the store. Raises MeasurementFailed: they are not."""
    from claimcheck.errors import MeasurementFailed
    from claimcheck.measurement.places import concatenate, to_parquet_bytes
    from claimcheck.measurement.store import Store

    kept = Store(path=store)
    if not kept.has(work.key):
        return f"{work.key[:12]} does not stand in {store}; the lists were compared with nothing"
    if to_parquet_bytes(kept.read(work.key)[0]) != to_parquet_bytes(concatenate(parts)):
        raise MeasurementFailed(f"{work.key[:12]}: the run came out otherwise than it stands in {store}: that one was made on "
                                "another kind of processor, or is damaged; the files that were written are of the new one")
    return f"{work.key[:12]}: the same places as in {store}"
