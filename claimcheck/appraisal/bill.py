"""The bill of a plan: what all its runs would take on the device at hand and on cards that are not, and what must be fetched.

It is made whether the plan can run here or not, since it decides whether to go and get what is missing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from claimcheck.appraisal.load import Basis, Load, loads
from claimcheck.appraisal.price import (
    BESIDE,
    TRAINED,
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
from claimcheck.appraisal.wanted import NGRAMS, Amount, amounts
from claimcheck.corpora.shapes import Shape, shape_of
from claimcheck.execution import Execution
from claimcheck.measurement.cards import Card
from claimcheck.measurement.provenance import machine
from claimcheck.measurement.rates import EncoderRate, LegRate
from claimcheck.measurement.store import RECORD, Store
from claimcheck.measurement.work import Work
from claimcheck.plan import Plan
from claimcheck.run import digest_of

ON_CARDS = ("the optimizer's step and whatever else goes by a card's memory, reading, cutting texts into tokens, ranking: none "
            "of these can be told from a peak")
NOT_TRIED = "reading, cutting texts into tokens and ranking, where data or checkpoint are not here"
"""What prices leave out, on cards that are not at hand and on the device that is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What is known of the device at hand from trials: `encoders` by backbone, `legs` by backbone and number.

    `device`: its name, empty where nothing was tried on it, so that nobody had to ask. `on_card`: whether it is one, `room`
    then the bytes of its memory.
    """

    device: str = ""
    on_card: bool = False
    room: float | None = None
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
    """What a slot takes with one backbone. `estimated`: see `price.memory`; `room`: bytes of the card, None on a processor.

    `tried`: bytes at the peak of a trial, and the tokens at once of it.
    """

    backbone: str
    estimated: Memory | None
    room: float | None = None
    tried: tuple[int, int] | None = None

    @property
    def fits(self) -> bool:
        """Whether the card has as much; true where either is not known."""
        return self.room is None or self.estimated is None or self.estimated.fits(self.room)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The price on one kind of device; `hours` is None where it is not known, and `lacking` says why.

    `card`: None is the device at hand. `from_records`: works whose seconds are those of runs that stand. `left_out`: what the
    hours do not hold, in words.
    """

    device: str
    card: str | None
    hours: Hours | None
    memory: tuple[SlotMemory, ...]
    lacking: str = ""
    from_records: int = 0
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """See the module. `trainings`: that train anything; `steps`: of all of them, at most, `fewest` at the earliest.

    `tokens`: trained on, of all of them. `routed`: whether the design says what is evaluated after which training. `runnable`:
    whether all that the runs need is here.
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
    runnable: bool = False


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
    works = tuple(work for work in (asked if isinstance(asked, tuple) else ()) if work.run.condition.attacks is None)
    standing = frozenset(work.run.digest for work in works if store.has(work.key))
    recorded, peak = _recorded(works, store)
    all_loads = tuple(load for run in plan.runs for load in loads(
        run, shapes.get(run.condition.backbone), tried.of(run.condition.backbone).get))
    made = _Made(loads=all_loads, shapes=shapes, standing=standing, recorded=recorded, peak=peak)
    quotes = [_here(made, plan, offer, tried), *(_there(made, plan, offer, name, card) for name, card in offer.cards.items())]
    unknown = dict.fromkeys(each for load in all_loads for each in load.unknown if not _of_ngrams(load))
    if plan.attacks:
        unknown[f"{len(plan.attacks)} runs of search attacks, which train the arms once more"] = None
    wanted = amounts(plan, shapes, places, offer.slots)
    about = all(load.basis is Basis.ABOUT or _of_ngrams(load) for load in all_loads)
    of_transformers = [load for load in all_loads if not _of_ngrams(load)]
    return Bill(plan=plan, shapes=shapes, quotes=tuple(quotes), trainings=sum(load.steps > 0 for load in all_loads),
                steps=sum(load.steps for load in all_loads), fewest=sum(load.fewest for load in all_loads),
                tokens=sum(load.trained.tokens for load in of_transformers),
                encoded=sum(texts.tokens for load in of_transformers for texts in load.encoded.values()),
                basis=Basis.ABOUT if about else Basis.AT_MOST, disk=wanted.disk, downloads=wanted.downloads,
                unavailable=wanted.unavailable, unknown=tuple(unknown), routed=bool(plan.design.data.routes),
                standing=len(standing), runnable=bool(works))


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
    memories = [_memory(made, name, offer, tried, half=tried.on_card, room=tried.room) for name in plan.design.backbones]
    untried = [load for load in made.loads if not _of_ngrams(load)
               and not (load.legs and set(load.legs) <= set(tried.of(load.run.condition.backbone)))]
    return Quote(device=tried.device, card=None, hours=None if lacking or not timed else hours(timed, offer.slots),
                 memory=tuple(each for each in memories if each is not None), lacking=", ".join(lacking),
                 from_records=from_records, left_out=(NOT_TRIED,) if untried else ())


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
                 memory=tuple(each for each in memories if each is not None), lacking=", ".join(unknown), left_out=(ON_CARDS,))


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
