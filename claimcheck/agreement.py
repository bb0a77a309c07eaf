"""Agreement: in what a design is not the one that a paper states, place by place.

Two ask, and must never tell different things: the tier of a run is `full` only where nothing is found here, and a report says
at its head whatever is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias

from claimcheck.design import Arm, Backbone, Data, Design, Route, Split, Training
from claimcheck.run import PROSE

Allowed: TypeAlias = Mapping[str, tuple[object, ...]]
"""Place in a design that the paper leaves open -> what may stand there in a run that counts as the paper's own design."""

MEANS: Mapping[tuple[str, str], object] = {
    ("arms", "languages"): "per batch", ("arms", "steps_share"): 1.0, ("training", "betas"): (0.9, 0.999),
    ("training", "weight_decay"): 0.0, ("training", "warmup_steps"): 0, ("training", "feature_dropout"): 0.0,
    ("training", "precision"): "float32",
}
"""What a field does that is not set, where that is a value which could as well be given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One place at which ours is not the paper's. `stated`: None if the paper is silent, and then `allowed` may be ours.

    `place`: as `training.steps`, `backbones.NAME.pooling`; `backbones.NAME` and `arms.NAME` of one that only one of the two
    has. Of data what comes of it is compared and not how it is written: `data.train` and `data.languages`, all that is trained
    on; `data.select`; `data.evaluate`; `data.evaluate.NAME`, the languages; `data.split`; `data.routes`, what goes with what.
    """

    place: str
    stated: object
    ours: object
    allowed: tuple[object, ...] = ()


def disagreements(stated: Design, ours: Design, allowed: Allowed) -> Iterator[Disagreement]:
    """Every place in backbones, arms, data and training at which ours is neither what is stated nor, where the paper is
    silent, what is allowed; where it is silent and nothing is declared, nothing may be set.

    A revision may be any, and each backbone needs one. Prose is left aside, and so are perturbed queries that are evaluated
    beside the clean ones: they change no training.
    """
    for name in dict.fromkeys((*stated.backbones, *ours.backbones)):
        theirs, own = stated.backbones.get(name), ours.backbones.get(name)
        yield from _each(theirs, own, f"backbones.{name}", allowed)
        if theirs is not None and own is not None and not (own.hub and own.revision):
            yield Disagreement(place=f"backbones.{name}.revision", stated=theirs.revision, ours=None)
    for name in dict.fromkeys((*stated.arms, *ours.arms)):
        yield from _each(stated.arms.get(name), ours.arms.get(name), f"arms.{name}", allowed)
    yield from _data(stated.data, ours.data, allowed)
    found = tuple(_each(stated.training, ours.training, "training", allowed))
    yield from found
    never_ends = stated.training.early_stopping is not None and ours.training.patience is None
    if never_ends and "training.patience" not in {each.place for each in found}:
        yield Disagreement(place="training.patience", stated=None, ours=None)


Part: TypeAlias = Backbone | Arm | Training


def _each(stated: Part | None, ours: Part | None, place: str, allowed: Allowed) -> Iterator[Disagreement]:
    """The fields of a part of the design; or the part itself, where only one of the two has it."""
    if stated is None or ours is None:
        yield Disagreement(place=place, stated=stated, ours=ours)
        return
    for item in fields(stated):
        at, means = f"{place}.{item.name}", MEANS.get((place.partition(".")[0], item.name))
        theirs, own = (means if each is None else each for each in (getattr(stated, item.name), getattr(ours, item.name)))
        silent, values = getattr(stated, item.name) is None, allowed.get(at, ())
        any_may_be = silent and item.name == "revision"
        agrees = own in values if silent and values else own == theirs or any_may_be
        if not agrees and item.name not in PROSE:
            yield Disagreement(place=at, stated=None if silent else theirs, ours=own, allowed=values)


def _data(stated: Data, ours: Data, allowed: Allowed) -> Iterator[Disagreement]:
    """What is trained on and evaluated in all, then what goes with what; names of mixtures and orders of lists mean nothing."""
    theirs, own = (_in_all(each) for each in (stated, ours))
    found = [Disagreement(place=f"data.{name}", stated=theirs[name], ours=own[name]) for name in own
             if set(theirs.get(name, ())) != set(own[name]) and (name in theirs or "." not in name)]
    values = allowed.get("data.select", ())
    if ours.select != stated.select and (stated.select is not None or ours.select not in values):
        found.append(Disagreement(place="data.select", stated=stated.select, ours=ours.select, allowed=values))
    yield from found
    trained = {(frozenset(ours.parts(each)), ours.trained_in(each)) for each in ours.routes}
    if _together(stated) != _together(ours) and (not found or len(trained) > 1):
        yield Disagreement(place="data.routes", stated=stated.routes, ours=ours.routes)


def _in_all(data: Data) -> dict[str, Sequence[object]]:
    """What a design trains on, in which languages, what it evaluates, each in which, and how articles are parted; in order."""
    routes = data.routes
    used = {name for route in routes for name in data.parts(route)}
    evaluated: dict[str, set[str]] = {}
    for route in routes:
        evaluated.setdefault(route.evaluate, set()).update(data.evaluated_in(route))
    splits: list[Split] = [route.split for route in routes if route.split is not None]
    return {"train": [name for name in data.train if name in used or not routes],
            "languages": sorted({each for route in routes for each in data.trained_in(route)} or {*data.languages}),
            "split": splits, "evaluate": list(evaluated) or list(data.evaluate),
            **{f"evaluate.{name}": sorted(languages) for name, languages in evaluated.items()}}


def _together(data: Data) -> set[object]:
    """What each evaluation comes after, whatever mixtures are called and in whatever order things stand."""
    def one(route: Route) -> object:
        return (frozenset(data.parts(route)), data.trained_in(route), route.evaluate, data.evaluated_in(route), route.split)
    return {one(route) for route in data.routes}
