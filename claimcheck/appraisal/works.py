"""What a plan asks to have run: each run with the key under which its result stands or will stand. Nothing is run here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from claimcheck.appraisal.data import not_here
from claimcheck.appraisal.spoken import published, unspoken
from claimcheck.appraisal.tier_verdict import Unavailable
from claimcheck.corpora import backbones, checked, large_door, parallel
from claimcheck.corpora.checkpoints import transformer_folder
from claimcheck.corpora.door import Missing, verified
from claimcheck.corpora.large import LARGE
from claimcheck.corpora.manifest import COUNTED, manifest
from claimcheck.corpora.training_data import TrainingPart, training_parts
from claimcheck.design import SYNTHETIC, Design
from claimcheck.errors import CorruptInput
from claimcheck.measurement.provenance import Ingredients, digest_of_files, libraries, sources
from claimcheck.measurement.work import Work, work
from claimcheck.plan import FINISHED, Plan


def data_sets(design: Design) -> tuple[str, ...]:
    """The data sets that a design trains on, evaluates or chooses by, but for the synthetic one: it has no file."""
    names = dict.fromkeys(design.data.used)
    if design.training.select_every is not None and design.data.select is not None:
        names[design.data.select] = None
    return tuple(name for name in names if name != SYNTHETIC)


@dataclass(slots=True, kw_only=True)
class _Found:
    """What was found. `data`: data set -> digest; `files`: data set -> language -> file; `checkpoints`: of backbones.

    `languages`: those of the packed corpora.
    """

    data: dict[str, str] = field(default_factory=lambda: {SYNTHETIC: "made by its source"})
    files: dict[str, Mapping[str, Path]] = field(default_factory=dict)
    languages: dict[str, tuple[str, ...]] = field(default_factory=dict)
    checkpoints: dict[str, tuple[str | None, Path | None]] = field(default_factory=dict)


def works(plan: Plan, folders: Sequence[Path], *, look: bool = True) -> tuple[Work, ...] | Unavailable:
    """The work of each run of a plan, its data verified; or why the plan cannot be run here, and what to do.

    With `look` not set, no file is read that has a published digest: keys are those of the data and of the models of a hub as
    published, and stored results need neither.
    """
    if (cannot := _cannot(plan)) is not None:
        return cannot
    found = _Found()
    wrong = [_data(plan, name, folders, found, look=look) for name in data_sets(plan.design)]
    wrong += [_checkpoint(plan, name, folders, found, look=look) for name in plan.design.backbones]
    if absent := [each for each in wrong if each is not None]:
        return absent[0]
    for _, what, move in unspoken(plan.design, published() | found.languages):
        return Unavailable(tier=plan.tier, why=what, remedy=move)
    try:
        perturbed = plan.design.perturbations is not None
        made = {(encoder, attacked): Ingredients(sources=sources(encoder, perturbed=perturbed, attacked=attacked),
                                                 data=found.data, libraries=libraries(encoder, perturbed=perturbed))
                for encoder in sorted({backbone.encoder for backbone in plan.design.backbones.values()})
                for attacked in ((False, True) if plan.attacks else (False,))}
    except PackageNotFoundError as error:
        return Unavailable(tier=plan.tier, why=f"{error.name} is not installed, and nothing can be run without it",
                           remedy=_install(str(error.name)))
    asked = []
    for run in plan.everything:
        condition = run.condition
        digest, folder = found.checkpoints.get(condition.backbone, (None, None))
        own = made[condition.model.encoder, condition.attacks is not None]
        asked.append(work(run, replace(own, checkpoint=digest), found.files, folder))
    return tuple(asked)


def _install(name: str) -> str:
    extra = "[sentence-transformers]" if name == "sentence-transformers" else ""
    return f"pip install 'claimcheck-ir{extra}'" if extra else "install claimcheck with its dependencies (see README)"


def _data(plan: Plan, name: str, folders: Sequence[Path], found: _Found, *, look: bool) -> Unavailable | None:
    """Find one data set, or say why it cannot be had."""
    data_set = manifest().get(name)
    if name in LARGE:
        return _large(plan, name, folders, found, look=look)
    if data_set is None and name not in {route.evaluate for route in plan.design.data.routes}:
        return _packed(plan, name, folders, found, look=look)
    if data_set is None or data_set.parser not in COUNTED:
        return Unavailable(tier=plan.tier, why=f"{name} cannot be trained on or evaluated by this version",
                           remedy="choose another profile with --profile")
    if not look:
        found.data[name] = digest_of_files([f"{file.language} {file.sha256}" for file in data_set.files])
        return None
    try:
        here = verified(data_set, folders)
    except CorruptInput as error:
        first = error.faults[0]
        return Unavailable(tier=plan.tier, why=f"{data_set.title}: {first.path.name} {first.what}", remedy=first.next_move)
    if isinstance(here, Missing):
        absent = not_here(data_set, here)
        return Unavailable(tier=plan.tier, why=absent.why, remedy=absent.remedy)
    found.files[name] = {file.language: path for file, path in here.items()}
    found.data[name] = digest_of_files([f"{file.language} {file.sha256}" for file in here])
    return None


def _large(plan: Plan, name: str, folders: Sequence[Path], found: _Found, *, look: bool) -> Unavailable | None:
    """Find the languages of a large data set that are evaluated, or say which is not here first, and how many are not."""
    data = plan.design.data
    wanted = sorted({language for route in data.routes if route.evaluate == name for language in data.evaluated_in(route)})
    files: dict[str, Path] = {}
    digests, lacking = [], []
    for language in wanted:
        try:
            here = large_door.locate(name, language, folders)
        except CorruptInput as error:
            if not look:  # what stands in the store needs none of it
                digests.append(f"{language} {large_door.digest_known(name, language)}")
                continue
            first = error.faults[0]
            return Unavailable(tier=plan.tier, why=f"{name}: {first.path.name} {first.what}", remedy=first.next_move)
        if isinstance(here, large_door.Lacking):
            digests.append(f"{language} {large_door.digest_known(name, language)}")
            lacking += [here] if look else []
            continue
        files |= here.files(language)
        digests.append(f"{language} {here.digest}")
    if lacking:
        more = f", and so it is with {len(lacking) - 1} more of {len(wanted)} languages" if len(lacking) > 1 else ""
        return Unavailable(tier=plan.tier, why=f"{lacking[0].why}{more}", remedy=lacking[0].remedy)
    found.files[name] = files
    found.data[name] = digest_of_files(digests)
    return None


def _packed(plan: Plan, name: str, folders: Sequence[Path], found: _Found, *, look: bool) -> Unavailable | None:
    """Find a packed corpus of pairs, which is no data set of the manifest; with `look`, its bytes as they were packed."""
    folder, part = parallel.locate(name, folders), training_parts().get(name)
    if part is not None and not part.loadable:
        packed = "" if folder is None else "; what is packed under that name is not known to be it"
        return Unavailable(tier=plan.tier, why=f"{name} is not to be had: {part.unavailable}{packed}",
                           remedy="choose a profile that trains on what is published with --profile")
    if folder is None and part is not None:
        return Unavailable(tier=plan.tier, why=f"{part.title} is not on this machine",
                           remedy=f"run `claimcheck data fetch {name}`, then `claimcheck data prepare {name}`")
    if folder is None:
        return Unavailable(tier=plan.tier, remedy="pack one with `claimcheck data pack`, or choose another with --profile",
                           why=f"{name} is no data set that can be trained on, and no packed corpus of that name is here")
    try:
        pairs = parallel.open_pairs(folder)
        if look:
            checked.verify(pairs)
    except CorruptInput as error:
        first = error.faults[0]
        return Unavailable(tier=plan.tier, why=f"{name}: {first.path.name} {first.what}", remedy=first.next_move)
    if part is not None and (other := otherwise(part, pairs)):
        return Unavailable(tier=plan.tier, why=f"what is packed as {name} is not what {part.address} publishes: {other}",
                           remedy=f"run `claimcheck data prepare {name}`, or call your own otherwise")
    found.files[name] = {parallel.PACKED: folder}
    found.data[name] = pairs.digest
    found.languages[name] = tuple(pairs.languages)
    return None


def otherwise(part: TrainingPart, pairs: parallel.PackedPairs) -> str:
    """In what packed pairs are not a part of the training data as it is published; empty if they are."""
    if pairs.source != part.origin:
        return f"its source is `{pairs.source or 'not stated'}`, and that of the published one `{part.origin}`"
    if part.expected is not None and pairs.count != part.expected:
        return f"it has {pairs.count:,} items, and the published one {part.expected:,}"
    if pairs.languages != part.languages:
        return f"it is in {', '.join(pairs.languages)}, and the published one in {', '.join(part.languages)}"
    return ""


def _checkpoint(plan: Plan, name: str, folders: Sequence[Path], found: _Found, *, look: bool) -> Unavailable | None:
    """Find the files of one backbone, or say why they cannot be had."""
    backbone = plan.design.backbones[name]
    if backbone.encoder == "hashed n-grams":
        return None
    known = backbones.digest_known(backbone)
    if known is not None and not look:
        found.checkpoints[name] = known, None
        return None
    try:
        here = backbones.locate(backbone, folders)
    except CorruptInput as error:
        first = error.faults[0]
        return Unavailable(tier=plan.tier, why=f"backbone {name}: {first.path} {first.what}", remedy=first.next_move)
    if isinstance(here, backbones.Absent):
        fetch = f"claimcheck backbones fetch claims {name} --profile {plan.profile}"
        remedy = here.remedy.replace(backbones.FETCH, fetch)
        return Unavailable(tier=plan.tier, why=f"backbone {name}: {here.why}", remedy=remedy)
    whole = backbone.encoder == FINISHED  # else its encoder alone is wanted, and not the modules around it
    found.checkpoints[name] = here.digest, here.folder if whole else transformer_folder(here.folder)
    return None


def _cannot(plan: Plan) -> Unavailable | None:
    """What of a design this version cannot carry out."""
    design, other = plan.design, "choose another profile with --profile"
    if not design.data.routes:
        return Unavailable(tier=plan.tier, why=f"profile {plan.profile} does not say which data it trains on and evaluates",
                           remedy=f"add `routes` to its data, or {other}")
    if design.perturbations is not None and (large := [each.name for each in design.data.routes if each.evaluate in LARGE]):
        return Unavailable(tier=plan.tier, why=f"profile {plan.profile} perturbs queries, and those of {large[0]} are not "
                           "perturbed by this version", remedy=f"take the route out of it, or {other}")
    if design.training.early_stopping is not None and design.training.select_every is None:
        return Unavailable(tier=plan.tier, why=f"profile {plan.profile} ends training early by a loss, and does not say how "
                           "often it is looked at", remedy=f"add `select_every` and `patience` to its training, or {other}")
    return None
