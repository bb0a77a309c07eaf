"""What a plan asks to have run: each run with the key under which its result stands or will stand. Nothing is run here."""

from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from claimcheck.appraisal.data import not_here
from claimcheck.appraisal.tier_verdict import Unavailable
from claimcheck.corpora.door import Missing, verified
from claimcheck.corpora.manifest import COUNTED, manifest
from claimcheck.design import SYNTHETIC, Design
from claimcheck.errors import CorruptInput
from claimcheck.measurement.provenance import Ingredients, digest_of_files, libraries, sources
from claimcheck.measurement.work import Work, work
from claimcheck.plan import Plan


def data_sets(design: Design) -> tuple[str, ...]:
    """The data sets that the routes of a design train on or evaluate, but for the synthetic one, which needs no file."""
    names = dict.fromkeys(name for route in design.data.routes for name in (route.train, route.evaluate))
    return tuple(name for name in names if name != SYNTHETIC)


def works(plan: Plan, folders: Sequence[Path] | None) -> tuple[Work, ...] | Unavailable:
    """The work of each run of a plan, its data verified; or why the plan cannot be run here, and what to do.

    With no `folders` nothing is looked for: the keys are those of the data as published, and stored results need no data.
    """
    if (cannot := _cannot(plan)) is not None:
        return cannot
    digests: dict[str, str] = {SYNTHETIC: "made by its source"}
    files: dict[str, Mapping[str, Path]] = {}
    for name in data_sets(plan.design):
        data_set = manifest().get(name)
        if data_set is None or data_set.parser not in COUNTED:
            return Unavailable(tier=plan.tier, why=f"{name} cannot be trained on or evaluated by this version",
                               remedy="choose another profile with --profile")
        if folders is None:
            digests[name] = digest_of_files([f"{file.language} {file.sha256}" for file in data_set.files])
            continue
        try:
            found = verified(data_set, folders)
        except CorruptInput as error:
            first = error.faults[0]
            return Unavailable(tier=plan.tier, why=f"{data_set.title}: {first.path.name} {first.what}", remedy=first.next_move)
        if isinstance(found, Missing):
            absent = not_here(data_set, found)
            return Unavailable(tier=plan.tier, why=absent.why, remedy=absent.remedy)
        files[name] = {file.language: path for file, path in found.items()}
        digests[name] = digest_of_files([f"{file.language} {file.sha256}" for file in found])
    try:
        ingredients = Ingredients(sources=sources(), libraries=libraries(), data=digests)
    except PackageNotFoundError as error:
        return Unavailable(tier=plan.tier, why=f"{error.name} is not installed, and nothing can be trained without it",
                           remedy="install claimcheck with its dependencies (see README)")
    return tuple(work(run, ingredients, files) for run in plan.runs)


def _cannot(plan: Plan) -> Unavailable | None:
    """What of a design this version cannot carry out."""
    design, other = plan.design, "choose another profile with --profile"
    for name, backbone in design.backbones.items():
        if backbone.encoder != "hashed n-grams":
            return Unavailable(tier=plan.tier, remedy=other,
                               why=f"this version cannot train the backbone {name} ({backbone.encoder})")
    if not design.data.routes:
        return Unavailable(tier=plan.tier, why=f"profile {plan.profile} does not say which data it trains on and evaluates",
                           remedy=f"add `routes` to its data, or {other}")
    return None
