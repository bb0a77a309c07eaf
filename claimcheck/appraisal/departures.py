"""In what a profile departs from the paper's own design: what keeps its evidence at tier `reduced`, in sentences."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields

from claimcheck.corpora.training_data import training_parts
from claimcheck.design import Data, Design
from claimcheck.reproduction import Reproduction
from claimcheck.run import PROSE


def departures(reproduction: Reproduction, profile: str) -> tuple[str, ...]:
    """One sentence for each thing that the paper states and the profile does otherwise; what it leaves open is not among them.

    Raises KeyError: no such profile.
    """
    stated, ours = reproduction.paper.states, reproduction.design(profile)
    return (*_encoders(stated, ours), *_trained_on(stated.data, ours.data), *_evaluated(stated.data, ours.data),
            *_training(stated, ours))


def _trained_on(stated: Data, ours: Data) -> Iterator[str]:
    absent = [name for name in stated.train if name not in ours.train]
    further = [name for name in ours.train if name not in stated.train]
    if absent or further:
        foreign = "" if not further else ", none of it the paper's" if len(further) == len(ours.train) else (
            f", of which {_listed(further)} is not the paper's")
        yield f"trained on {_listed(ours.train)}{foreign}" + (f"; without {_with_reasons(absent)}" if absent else "")
    trained, wanted = set(ours.languages), set(stated.languages)
    if trained != wanted:
        foreign = f", and {_listed(sorted(trained - wanted))} is none of the paper's" if trained - wanted else ""
        yield f"trained in {_listed(sorted(trained))}{_without(wanted - trained)}{foreign}"
    if stated.select != ours.select and stated.select is not None:
        chosen = f"on {ours.select}" if ours.select else "by no data of its own"
        yield f"the checkpoint is chosen {chosen}, not on {stated.select}"
    if any(route.split is not None for route in ours.routes):
        yield "what is evaluated are other articles of a data set that is trained on"


def _evaluated(stated: Data, ours: Data) -> Iterator[str]:
    known = {route.evaluate: set(stated.evaluated_in(route)) for route in stated.routes}
    here: dict[str, set[str]] = {}
    for route in ours.routes:
        here.setdefault(route.evaluate, set()).update(ours.evaluated_in(route))
    if absent := [name for name in stated.evaluate if name not in here]:
        yield f"not evaluated: {_listed(absent)}"
    if further := [name for name in here if name not in stated.evaluate]:
        yield f"evaluated, and not by the paper: {_listed(further)}"
    for name, languages in here.items():
        if missing := known.get(name, set()) - languages:
            yield f"{name} evaluated without {_listed(sorted(missing))}"


def _encoders(stated: Design, ours: Design) -> Iterator[str]:
    absent = [name for name in stated.backbones if name not in ours.backbones]
    further = [name for name in ours.backbones if name not in stated.backbones]
    if further or absent:
        yield f"encoder {_listed(list(ours.backbones))}" + (f" instead of {_listed(list(stated.backbones))}" if absent else "")
    if arms := [name for name in stated.arms if name not in ours.arms]:
        yield f"no arm {_listed(arms)}"


def _training(stated: Design, ours: Design) -> Iterator[str]:
    other = []
    for item in fields(stated.training):
        theirs, own = getattr(stated.training, item.name), getattr(ours.training, item.name)
        if theirs is not None and own != theirs and item.name not in PROSE:
            set_to = "not set" if own is None else _shown(own)
            other.append(f"{item.name.replace('_', ' ')} {set_to} instead of {_shown(theirs)}")
    if other:
        yield f"training: {'; '.join(other)}"


def _with_reasons(names: Sequence[str]) -> str:
    """Names grouped by why they cannot be had, where that is known."""
    known = training_parts()
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(known[name].unavailable if name in known else "", []).append(name)
    return "; ".join(_listed(each) + (f" ({reason})" if reason else "") for reason, each in sorted(groups.items()))


def _without(names: Iterable[str]) -> str:
    missing = sorted(names)
    return f", not in {_listed(missing)}" if missing else ""


def _shown(value: object) -> str:
    return f"`{value}`" if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1] if names else "nothing"
