"""The bill of a plan: what all its runs would take on the device at hand and on cards that are not, and what must be fetched.

It is made whether the plan can run here or not, since it decides whether to go and get what is missing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from claimcheck.appraisal.load import Basis, Load, loads, passages_at_once
from claimcheck.appraisal.price import (
    BESIDE,
    TRAINED,
    Amount,
    Hours,
    Memory,
    Timed,
    hours,
    measured,
    memory,
    of_ngrams,
    on_card,
)
from claimcheck.appraisal.tier_verdict import Unavailable
from claimcheck.corpora import backbones, door, large_door, parallel
from claimcheck.corpora.large import LARGE
from claimcheck.corpora.manifest import manifest
from claimcheck.corpora.shapes import Shape, shape_of
from claimcheck.corpora.training_data import training_parts
from claimcheck.design import SYNTHETIC, Backbone
from claimcheck.errors import CorruptInput
from claimcheck.execution import Execution
from claimcheck.measurement.cards import Card
from claimcheck.measurement.provenance import machine
from claimcheck.measurement.rates import EncoderRate, LegRate
from claimcheck.measurement.store import RECORD, Store
from claimcheck.measurement.work import Work
from claimcheck.plan import Plan
from claimcheck.run import digest_of

NGRAMS = "hashed n-grams"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What is known of the device at hand from trials: `encoders` by backbone, `legs` by backbone and number.

    `device`: its name, empty where nothing was tried on it, so that nobody had to ask. `on_card`: whether it is one.
    """

    device: str = ""
    on_card: bool = False
    encoders: Mapping[str, EncoderRate] = field(default_factory=dict)
    legs: Mapping[tuple[str, int], LegRate] = field(default_factory=dict)

    def of(self, backbone: str) -> dict[int, LegRate]:
        """The legs of one backbone."""
        return {number: rate for (name, number), rate in self.legs.items() if name == backbone}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What is asked: so many slots, how a slot computes, which cards beside the device at hand, how well they are used."""

    slots: int
    execution: Execution
    cards: Mapping[str, Card]
    utilisation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotMemory:
    """What a slot takes with one backbone. `estimated`: see `price.memory`; `room`: bytes of the card, None at hand.

    `tried`: bytes at the peak of a trial, and the tokens at once of it.
    """

    backbone: str
    estimated: Memory | None
    room: float | None = None
    tried: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The price on one kind of device; `hours` is None where it is not known, and `lacking` says why.

    `card`: None is the device at hand. `from_records`: works whose seconds are those of runs that stand.
    """

    device: str
    card: str | None
    hours: Hours | None
    memory: tuple[SlotMemory, ...]
    lacking: str = ""
    from_records: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """See the module. `trainings`: that train anything; `steps`: of all of them, at most, `fewest` at the earliest.

    `tokens`: trained on, of all of them. `routed`: whether the design says what is evaluated after which training.
    """

    plan: Plan
    shapes: Mapping[str, Shape]
    quotes: tuple[Quote, ...]
    trainings: int
    steps: int
    fewest: int
    tokens: float
    encoded: float
    basis: Basis
    disk: tuple[Amount, ...]
    downloads: tuple[Amount, ...]
    unavailable: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]
    routed: bool
    standing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """All works of a plan, and what is known of them."""

    loads: tuple[Load, ...]
    shapes: Mapping[str, Shape]
    standing: frozenset[str]
    recorded: Mapping[tuple[str, str], Mapping[int, tuple[float, float]]]
    peak: int | None


def bill(plan: Plan, asked: tuple[Work, ...] | Unavailable, store: Store, places: Sequence[Path], offer: Offer,
         tried: Tried) -> Bill:
    """Price a plan. `asked`: its works, or why it cannot be run here."""
    shapes = {name: shape for name, backbone in plan.design.backbones.items()
              if (shape := shape_of(backbone, places)) is not None}
    works = asked if isinstance(asked, tuple) else ()
    standing = frozenset(work.run.digest for work in works if store.has(work.key))
    recorded, peak = _recorded(works, store)
    all_loads = tuple(load for run in plan.runs for load in loads(
        run, shapes.get(run.condition.backbone), tried.of(run.condition.backbone).get))
    made = _Made(loads=all_loads, shapes=shapes, standing=standing, recorded=recorded, peak=peak)
    quotes = [_here(made, plan, offer, tried), *(_there(made, plan, offer, name, card) for name, card in offer.cards.items())]
    unknown = dict.fromkeys(each for load in all_loads for each in load.unknown if not _of_ngrams(load))
    disk, downloads, cannot = _amounts(plan, shapes, places, offer)
    about = all(load.basis is Basis.ABOUT or _of_ngrams(load) for load in all_loads)
    of_transformers = [load for load in all_loads if not _of_ngrams(load)]
    return Bill(plan=plan, shapes=shapes, quotes=tuple(quotes), trainings=sum(load.steps > 0 for load in all_loads),
                steps=sum(load.steps for load in all_loads), fewest=sum(load.fewest for load in all_loads),
                tokens=sum(load.trained.tokens for load in of_transformers),
                encoded=sum(texts.tokens for load in of_transformers for texts in load.encoded.values()),
                basis=Basis.ABOUT if about else Basis.AT_MOST, disk=disk, downloads=downloads, unavailable=cannot,
                unknown=tuple(unknown), routed=bool(plan.design.data.routes), standing=len(standing))


def _of_ngrams(load: Load) -> bool:
    return load.run.condition.model.encoder == NGRAMS


def _here(made: _Made, plan: Plan, offer: Offer, tried: Tried) -> Quote:
    """On the device at hand, by what was tried there and by what is on record."""
    timed: list[Timed] = []
    lacking: dict[str, None] = {}
    from_records = 0
    for load in made.loads:
        backbone, arm = load.run.condition.backbone, load.run.condition.arm
        known = made.recorded.get((backbone, arm), {}) if _of_ngrams(load) else {}
        parts: dict[str, float] | None
        if load.legs and all(number in known for number in load.legs):
            parts = {TRAINED: sum(known[number][0] for number in load.legs),
                     BESIDE: sum(known[number][1] for number in load.legs)}
            from_records += 1
        elif _of_ngrams(load):
            parts = of_ngrams(load, tried.of(backbone))
        elif (rate := tried.encoders.get(backbone)) is not None:
            parts = measured(load, rate, tried.of(backbone), offer.execution)
        else:
            parts = None
        if parts is None:
            lacking[backbone] = None
        else:
            timed.append(Timed(load=load, parts=parts, stands=load.run.digest in made.standing))
    memories = [_memory(made, name, offer, tried, half=tried.on_card) for name in plan.design.backbones]
    return Quote(device=tried.device, card=None, hours=None if lacking or not timed else hours(timed, offer.slots),
                 memory=tuple(each for each in memories if each is not None), lacking=", ".join(lacking),
                 from_records=from_records)


def _there(made: _Made, plan: Plan, offer: Offer, name: str, card: Card) -> Quote:
    """On a card that is not at hand, by its published peak."""
    works = [load for load in made.loads if not _of_ngrams(load)]
    unknown = dict.fromkeys(load.run.condition.backbone for load in works if load.run.condition.backbone not in made.shapes)
    timed = [Timed(load=load, parts=on_card(load, made.shapes[load.run.condition.backbone], card, offer.utilisation,
                                            offer.execution), stands=load.run.digest in made.standing)
             for load in works if load.run.condition.backbone in made.shapes]
    memories = [_memory(made, backbone, offer, Tried(), half=True, room=card.memory)
                for backbone, model in plan.design.backbones.items() if model.encoder != NGRAMS]
    return Quote(device=card.title, card=name, hours=None if unknown or not timed else hours(timed, offer.slots),
                 memory=tuple(each for each in memories if each is not None), lacking=", ".join(unknown))


def _memory(made: _Made, backbone: str, offer: Offer, tried: Tried, *, half: bool, room: float | None = None,
            ) -> SlotMemory | None:
    largest = max((load for load in made.loads if load.run.condition.backbone == backbone),
                  key=lambda load: load.batch_tokens, default=None)
    if largest is None:
        return None
    model, shape, rate = largest.run.condition.model, made.shapes.get(backbone), tried.encoders.get(backbone)
    if model.encoder == NGRAMS:
        peaks = [each.peak_bytes for each in tried.of(backbone).values() if each.peak_bytes is not None]
        found = max([*peaks, *([made.peak] if made.peak is not None else [])], default=None)
        return None if found is None else SlotMemory(backbone=backbone, estimated=None, tried=(found, 0))
    if shape is None:
        return None
    bfloat16 = half and largest.run.condition.training.precision == "bfloat16"
    estimated = memory(shape, largest, offer.execution, pooler=model.pooling == "pooler", half=bfloat16)
    peak = (rate.peak_bytes, rate.tokens) if rate is not None and rate.peak_bytes is not None else None
    return SlotMemory(backbone=backbone, estimated=estimated, room=room, tried=peak)


def _recorded(works: Sequence[Work], store: Store) -> tuple[dict[tuple[str, str], dict[int, tuple[float, float]]], int | None]:
    """Backbone and arm -> number of a leg -> mean seconds of training and evaluating, of runs made on this processor.

    With the highest peak of memory among them. Of n-grams alone: others depend on a device that the record may not name.
    """
    seconds: dict[tuple[str, str], dict[int, list[tuple[float, float]]]] = {}
    peaks: list[int] = []
    here = machine()["processor"]
    for work in works:
        condition = work.run.condition
        if condition.model.encoder != NGRAMS or not store.has(work.key):
            continue
        record = _record(store.folder(work.key) / RECORD)
        if record.get("machine", {}).get("processor") != here:
            continue
        own = seconds.setdefault((condition.backbone, condition.arm), {})
        for number, leg in enumerate(record["legs"]):
            own.setdefault(number, []).append((leg["train_seconds"], leg["evaluate_seconds"]))
            peaks.append(leg["peak_memory_bytes"])
    means = {which: {number: (mean(each[0] for each in taken), mean(each[1] for each in taken))
                     for number, taken in own.items()} for which, own in seconds.items()}
    return means, max(peaks, default=None)


def _record(path: Path) -> dict[str, Any]:
    """The record of a run, or nothing where it is damaged: that is told by whoever reads its places."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        told = {name: value for name, value in record.items() if name != "record_sha256"}
        return dict(record) if record["record_sha256"] == digest_of(told) else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _amounts(plan: Plan, shapes: Mapping[str, Shape], places: Sequence[Path], offer: Offer) -> tuple[
        tuple[Amount, ...], tuple[Amount, ...], tuple[tuple[str, str], ...]]:
    """What stands on the disk at most, what of it must be downloaded, and what cannot be had."""
    disk, downloads = list[Amount](), list[Amount]()
    cannot: list[tuple[str, str]] = []
    weights = {name: 4.0 * shape.parameters(pooler=True) for name, shape in shapes.items()}
    for name, backbone in plan.design.backbones.items():
        if backbone.encoder == NGRAMS:
            continue
        what = Amount(what=f"backbone {name}", bytes=weights.get(name))
        disk.append(what)
        if not _is_here(backbone, places):
            downloads.append(what)
    for name in _data_sets(plan):
        size, here, why = _data_set(plan, name, places)
        disk.append(Amount(what=name, bytes=size[1]))
        if why:
            cannot.append((name, why))
        elif not here:
            downloads.append(Amount(what=name, bytes=size[0]))
    if weights:
        # weights, two moments, and the best weights; a new one is written beside the one before
        each = max(weights.values()) * (4 if plan.design.training.select_every is not None else 3)
        disk.append(Amount(what=f"unfinished trainings, kept twice while they are written, {offer.slots} at a time",
                           bytes=2 * each * offer.slots))
    widest = max((shape.width for shape in shapes.values()), default=0)
    if passages := max((passages_at_once(run) for run in plan.runs), default=0):
        disk.append(Amount(what=f"vectors of the largest language of a large corpus, {offer.slots} at a time",
                           bytes=4.0 * passages * widest * offer.slots if widest else None))
    return tuple(disk), tuple(downloads), tuple(cannot)


def _data_sets(plan: Plan) -> tuple[str, ...]:
    data = plan.design.data
    names = data.used if data.routes else (*data.train, *data.evaluate)
    select = (data.select,) if plan.design.training.select_every is not None and data.select is not None else ()
    return tuple(name for name in dict.fromkeys((*names, *select)) if name != SYNTHETIC)


def _data_set(plan: Plan, name: str, places: Sequence[Path]) -> tuple[tuple[float | None, float | None], bool, str]:
    """Bytes to download and on the disk, whether it is here, and why it cannot be had, if so."""
    if name in LARGE:
        wanted = {language for route in plan.design.data.routes if route.evaluate == name
                  for language in plan.design.data.evaluated_in(route)}
        return (None, None), bool(wanted) and all(_large_here(name, each, places) for each in sorted(wanted)), ""
    if (data_set := manifest().get(name)) is not None:
        here = not isinstance(door.locate(data_set, places), door.Missing)
        return (float(data_set.bytes), float(data_set.bytes)), here, ""
    folder, part = parallel.locate(name, places), training_parts().get(name)
    if folder is not None:
        try:
            size = float(parallel.open_pairs(folder).bytes)
        except CorruptInput:
            return (None, None), True, ""
        return (size, size), True, ""
    if part is None:
        return (None, None), False, "no published part of that name is known; pack one of your own"
    return (part.download_bytes, part.packed_bytes), False, part.unavailable


def _large_here(name: str, language: str, places: Sequence[Path]) -> bool:
    try:
        return not isinstance(large_door.locate(name, language, places), large_door.Lacking)
    except CorruptInput:
        return True


def _is_here(backbone: Backbone, places: Sequence[Path]) -> bool:
    try:
        return isinstance(backbones.locate(backbone, places), backbones.Checkpoint)
    except CorruptInput:
        return True
