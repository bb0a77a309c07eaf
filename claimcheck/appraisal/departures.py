"""In what a profile departs from the paper's own design: what keeps its evidence at tier `reduced`, in sentences."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from claimcheck.agreement import Disagreement
from claimcheck.corpora.training_data import training_parts
from claimcheck.design import Data, Design
from claimcheck.reproduction import Reproduction

Found: TypeAlias = Sequence[Disagreement]

WORDS = {
    "warmup_steps": "steps of warm-up", "select_every": "steps between looks at the loss", "hub": "model",
    "patience": "looks without a lower loss", "max_query_tokens": "most tokens of a query",
    "max_passage_tokens": "most tokens of a passage", "steps_share": "share of the steps", "languages": "languages drawn",
}
"""Fields whose name says little to a reader."""


def departures(reproduction: Reproduction, profile: str) -> tuple[str, ...]:
    """What the tier of a profile finds to be other than the paper's design, a sentence for each group; none at tier `full`.

    Where the paper is silent, what is set otherwise than the reproduction declares is among them.
    Raises KeyError: no such profile.
    """
    stated, ours = reproduction.paper.states, reproduction.design(profile)
    of: dict[str, list[Disagreement]] = {part: [] for part in ("backbones", "arms", "data", "training")}
    for each in reproduction.disagreements(profile):
        of[each.place.partition(".")[0]].append(each)
    data = {each.place.partition(".")[2]: each for each in of["data"]}
    return (*_encoders(of["backbones"], stated, ours), *_trained_on(data, stated.data, ours.data), *_evaluated(data),
            *_arms(of["arms"]), *_training(of["training"]))


def _encoders(found: Found, stated: Design, ours: Design) -> Iterator[str]:
    whole = [each for each in found if each.place.count(".") == 1]
    if whole:
        absent = any(each.ours is None for each in whole)
        yield f"encoder {_listed(list(ours.backbones))}" + (f" instead of {_listed(list(stated.backbones))}" if absent else "")
    for name, fields in _by_name(found):
        yield f"encoder {name}: {'; '.join(_fields(fields))}"


def _arms(found: Found) -> Iterator[str]:
    if absent := [_name(each) for each in found if each.ours is None and each.place.count(".") == 1]:
        yield f"no arm {_listed(absent)}"
    if further := [_name(each) for each in found if each.stated is None and each.place.count(".") == 1]:
        yield f"arms beside the paper's: {_listed(further)}"
    for name, fields in _by_name(found):
        yield f"arm {name}: {'; '.join(_fields(fields))}"


def _trained_on(found: Mapping[str, Disagreement], stated: Data, ours: Data) -> Iterator[str]:
    if each := found.get("train"):
        used, wanted = _names(each.ours), _names(each.stated)
        further = [name for name in used if name not in wanted]
        foreign = "" if not further else ", none of it the paper's" if len(further) == len(used) else _not_its_own(further)
        absent = [name for name in wanted if name not in used]
        yield f"trained on {_listed(used)}{foreign}" + (f"; without {_with_reasons(absent)}" if absent else "")
    if each := found.get("languages"):
        trained, asked = set(_names(each.ours)), set(_names(each.stated))
        yield f"trained in {_listed(sorted(trained))}{_without(asked - trained)}{_not_its_own(sorted(trained - asked))}"
    if "routes" in found:
        yield f"not all of it is evaluated after one and the same training: {'; '.join(_routes(ours))}" if stated.routes else (
            "which training each evaluation comes after is not set down of the paper")
    if each := found.get("select"):
        silent = ", of which the paper says nothing" if each.stated is None else f", not on {each.stated}"
        yield (f"the checkpoint is chosen on {each.ours}{silent}" if each.ours is not None else
               f"no checkpoint is chosen by the loss on {each.stated}")
    if each := found.get("split"):
        yield ("what is evaluated are other articles of a data set that is trained on" if each.ours else
               "what is evaluated is no part of what is trained on")


def _routes(data: Data) -> Iterator[str]:
    """What each evaluation comes after; languages only where they are not all."""
    for route in data.routes:
        trained = data.trained_in(route)
        languages = f" in {_listed(trained)}" if trained != tuple(sorted(data.languages)) else ""
        yield f"{route.evaluate} after {_listed(data.parts(route))}{languages}"


def _evaluated(found: Mapping[str, Disagreement]) -> Iterator[str]:
    missing, more = [], []
    if each := found.get("evaluate"):
        absent = [name for name in _names(each.stated) if name not in _names(each.ours)]
        further = [name for name in _names(each.ours) if name not in _names(each.stated)]
        missing, more = [[_listed(names)] if names else [] for names in (absent, further)]
    for place, each in found.items():
        name, asked, here = place.partition(".")[2], _names(each.stated), _names(each.ours)
        if name and (lacking := [language for language in asked if language not in here]):
            missing.append(f"{name} in {_listed(lacking)}")
        if name and (beside := [language for language in here if language not in asked]):
            more.append(f"{name} in {_listed(beside)}")
    if missing:
        yield f"not evaluated: {'; '.join(missing)}"
    if more:
        yield f"evaluated, and not by the paper: {'; '.join(more)}"


def _training(found: Found) -> Iterator[str]:
    stated, silent = ([each for each in found if (each.stated is None) == quiet] for quiet in (False, True))
    if stated:
        yield f"training: {'; '.join(_fields(stated))}"
    if silent:
        yield f"training, left open by the paper and not as listed for it: {'; '.join(_fields(silent))}"


def _fields(found: Found) -> Iterator[str]:
    """Each field with both values, those that are not set at the end."""
    for each in found:
        what = _word(each)
        if each.place.endswith(".revision") and each.ours is None:
            yield "at no pinned revision"
        elif each.ours is None:
            continue
        elif each.stated is not None:
            yield f"{what} {_shown(each.ours)} instead of {_shown(each.stated)}"
        elif each.allowed:
            yield f"{what} {_shown(each.ours)}, not {' or '.join(map(_shown, each.allowed))}"
        else:
            yield f"{what} {_shown(each.ours)}"
    unset = [_word(each) for each in found if each.ours is None and not each.place.endswith(".revision")]
    if unset:
        yield f"not set: {_listed(unset)}"


def _by_name(found: Found) -> Iterator[tuple[str, Found]]:
    """The disagreements on fields of what both have, by its name."""
    names = dict.fromkeys(_name(each) for each in found if each.place.count(".") > 1)
    return ((name, [each for each in found if _name(each) == name]) for name in names)


def _name(each: Disagreement) -> str:
    return each.place.split(".")[1]


def _word(each: Disagreement) -> str:
    field = each.place.rpartition(".")[2]
    return WORDS.get(field, field.replace("_", " "))


def _with_reasons(names: Sequence[str]) -> str:
    """Names grouped by why they cannot be had, where that is known."""
    known = training_parts()
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(known[name].unavailable if name in known else "", []).append(name)
    return "; ".join(_listed(each) + (f" ({reason})" if reason else "") for reason, each in sorted(groups.items()))


def _not_its_own(names: Sequence[str]) -> str:
    return f"; {_listed(names)} {'is' if len(names) == 1 else 'are'} not the paper's" if names else ""


def _without(names: Iterable[str]) -> str:
    missing = sorted(names)
    return f", not in {_listed(missing)}" if missing else ""


def _names(value: object) -> list[str]:
    """The names that a disagreement on data holds."""
    return [str(each) for each in value] if isinstance(value, list | tuple) else []


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return _listed([_shown(each) for each in value])
    return f"`{value}`" if isinstance(value, str) else f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1] if names else "nothing"
