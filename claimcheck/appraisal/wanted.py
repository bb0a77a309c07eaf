"""What a plan wants on the disk: how much stands there at most, what of it must be downloaded, and what cannot be had.

It agrees with `works` about what can be had: a corpus that bears the name of a part that nobody published is not that part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from claimcheck.appraisal.load import passages_at_once
from claimcheck.appraisal.works import otherwise
from claimcheck.corpora import backbones, door, large_door, miracl, parallel, sizes, training_files
from claimcheck.corpora.large import LARGE
from claimcheck.corpora.manifest import COUNTED, manifest
from claimcheck.corpora.shapes import Shape
from claimcheck.corpora.training_data import TrainingPart, training_parts
from claimcheck.design import SYNTHETIC, Backbone
from claimcheck.errors import CorruptInput
from claimcheck.plan import Plan

NGRAMS = "hashed n-grams"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """An amount of bytes and what it is of; None where nobody told how many."""

    what: str
    bytes: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """See the module. `unavailable`: names of data sets, and why they cannot be had."""

    disk: tuple[Amount, ...] = ()
    downloads: tuple[Amount, ...] = ()
    unavailable: tuple[tuple[str, str], ...] = ()

    def __add__(self, other: "Wanted") -> "Wanted":
        return Wanted(disk=self.disk + other.disk, downloads=self.downloads + other.downloads,
                      unavailable=self.unavailable + other.unavailable)


def amounts(plan: Plan, shapes: Mapping[str, Shape], places: Sequence[Path], slots: int) -> Wanted:
    """All that a plan wants. `shapes`: of the backbones of which it is known; `slots`: trainings at the same time."""
    weights = {name: 4.0 * shape.parameters(pooler=True) for name, shape in shapes.items()}
    made = Wanted()
    for name, backbone in plan.design.backbones.items():
        if backbone.encoder != NGRAMS:
            made += _whole(f"backbone {name}", weights.get(name), here=_is_here(backbone, places))
    for name in _data_sets(plan):
        made += _data_set(plan, name, places)
    return made + Wanted(disk=_working(plan, shapes, slots))


def _whole(what: str, size: float | None, *, here: bool) -> Wanted:
    """Something that is downloaded as it stands on the disk."""
    amount = (Amount(what=what, bytes=size),)
    return Wanted(disk=amount, downloads=() if here else amount)


def _working(plan: Plan, shapes: Mapping[str, Shape], slots: int) -> tuple[Amount, ...]:
    """What runs leave on the disk while they are made."""
    made: list[Amount] = []
    if shapes:
        # weights, two moments, and the best weights; a new one is written beside the one before
        largest = max(4.0 * shape.parameters(pooler=True) for shape in shapes.values())
        each = largest * (4 if plan.design.training.select_every is not None else 3)
        made.append(Amount(what=f"unfinished trainings, kept twice while they are written, {slots} at a time",
                           bytes=2 * each * slots))
    widest = max((shape.width for shape in shapes.values()), default=0)
    if passages := max((passages_at_once(run) for run in plan.runs), default=0):
        made.append(Amount(what=f"vectors of the largest language of a large corpus, {slots} at a time",
                           bytes=4.0 * passages * widest * slots if widest else None))
    return tuple(made)


def _data_sets(plan: Plan) -> tuple[str, ...]:
    data = plan.design.data
    names = data.used if data.routes else (*data.train, *data.evaluate)
    select = (data.select,) if plan.design.training.select_every is not None and data.select is not None else ()
    return tuple(name for name in dict.fromkeys((*names, *select)) if name != SYNTHETIC)


def _data_set(plan: Plan, name: str, places: Sequence[Path]) -> Wanted:
    if name in LARGE:
        return _large(plan, name, places)
    data_set = manifest().get(name)
    evaluated = {*(route.evaluate for route in plan.design.data.routes)} or {*plan.design.data.evaluate}
    if (name in evaluated and data_set is None) or (data_set is not None and data_set.parser not in COUNTED):
        return Wanted(unavailable=((name, "it cannot be trained on or evaluated by this version"),))
    if data_set is not None:
        return _whole(name, float(data_set.bytes), here=not isinstance(door.locate(data_set, places), door.Missing))
    part = training_parts().get(name)
    if part is not None and not part.loadable:
        return Wanted(unavailable=((name, part.unavailable),))
    packed = _packed(name, part, places)
    if packed is None and part is None:
        return Wanted(unavailable=((name, "no published part of that name is known; pack one of your own"),))
    return packed if packed is not None else _to_prepare(name, training_parts()[name], places)


def _large(plan: Plan, name: str, places: Sequence[Path]) -> Wanted:
    """The passages of the languages that are evaluated: those that are not here are fetched one by one."""
    data = plan.design.data
    wanted = sorted({language for route in data.routes if route.evaluate == name for language in data.evaluated_in(route)})
    absent = [language for language in wanted if not _large_here(name, language, places)]
    how = "as compressed JSON lines, the parquet files that are fetched may be larger"
    what = f"passages of {name} ({how if name == miracl.NAME else 'uncompressed'})"

    def size(languages: Sequence[str]) -> tuple[Amount, ...]:
        known = [sizes.passage_bytes(name, language) for language in languages]
        return (Amount(what=what, bytes=None if None in known else float(sum(each or 0 for each in known))),) if known else ()

    return Wanted(disk=size(wanted), downloads=size(absent))


def _packed(name: str, part: TrainingPart | None, places: Sequence[Path]) -> Wanted | None:
    """Pairs that are packed and can be trained on, with the published files that they were made from, if these are here."""
    if (folder := parallel.locate(name, places)) is None:
        return None
    try:
        pairs = parallel.open_pairs(folder)
    except CorruptInput:
        return Wanted(disk=(Amount(what=name, bytes=None),))
    if part is not None and otherwise(part, pairs):
        return None
    beside = None if part is None else _published(part, places)
    return Wanted(disk=(Amount(what=f"{name}, packed", bytes=float(pairs.bytes)),
                        *((Amount(what=f"{name}, as published", bytes=beside),) if beside is not None else ())))


def _to_prepare(name: str, part: TrainingPart, places: Sequence[Path]) -> Wanted:
    """A published part that is not packed: its files, the pairs that are made of them, and what stands beside meanwhile."""
    here = _published(part, places)
    size = here if here is not None else None if part.download_bytes is None else float(part.download_bytes)
    published = Amount(what=f"{name}, as published", bytes=size)
    packed = Amount(what=f"{name}, packed", bytes=None if part.packed_bytes is None else float(part.packed_bytes))
    meanwhile = sizes.packing_bytes(name)
    beside = (Amount(what=f"{name}, while it is packed", bytes=float(meanwhile)),) if meanwhile else ()
    return Wanted(disk=(published, packed, *beside), downloads=() if here is not None else (published,))


def _published(part: TrainingPart, places: Sequence[Path]) -> float | None:
    """Bytes of the published files of a part, None where they are not here."""
    folder, _ = training_files.here(part, places)
    return None if folder is None else float(sum((folder / name).stat().st_size for name in part.files))


def _large_here(name: str, language: str, places: Sequence[Path]) -> bool:
    try:
        return not isinstance(large_door.locate(name, language, places), large_door.Lacking)
    except CorruptInput:
        return False  # it has to be fetched again


def _is_here(backbone: Backbone, places: Sequence[Path]) -> bool:
    try:
        return isinstance(backbones.locate(backbone, places), backbones.Checkpoint)
    except CorruptInput:
        return True
