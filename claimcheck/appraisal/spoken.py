"""What a design asks of its data sets and they cannot give, found before it is trained: languages, and a loss to choose by.

`misfits_of` asks with the languages that are published, so that it is a fault of the file; `works` asks again with those of the
packed corpora that are here.
"""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import TypeAlias

from claimcheck.corpora.large import LARGE
from claimcheck.corpora.manifest import COUNTED, manifest
from claimcheck.corpora.training_data import training_parts
from claimcheck.design import SYNTHETIC, Data, Design, Route
from claimcheck.documents import suggestion

Misfit: TypeAlias = tuple[tuple[str | int, ...], str, str]
"""Where in a profile, what, and the next move."""
Spoken: TypeAlias = Mapping[str, Sequence[str]]
"""Data set -> its languages; of one that is not named here they are not known."""


def published() -> dict[str, tuple[str, ...]]:
    """The languages of every data set that can be trained on and whose languages are known without its files."""
    made = {name: part.languages for name, part in training_parts().items()}
    return made | {name: tuple(sorted(file.language for file in each.files))
                   for name, each in manifest().items() if each.parser in COUNTED}


def may_be_packed(name: str) -> bool:
    """Whether a name that the manifest does not hold is one for a packed corpus of pairs, and no slip of the pen."""
    return name not in manifest() and not get_close_matches(name, [*manifest(), SYNTHETIC])


def unspoken(design: Design, spoken: Spoken) -> Iterator[Misfit]:
    """Each thing that a training could only come upon later: the first of its routes that has it tells it."""
    told: dict[Misfit, None] = {}
    for number, route in enumerate(design.data.routes):
        told |= dict.fromkeys((*_trained(design.data, number, route, spoken), *_chosen(design, route, spoken)))
    yield from told


def _trained(data: Data, number: int, route: Route, spoken: Spoken) -> Iterator[Misfit]:
    """Languages that no part has, and parts that have none of them. A data set of the manifest alone is told route by route."""
    asked, names, mixed = data.trained_in(route), data.parts(route), route.train in data.mixtures
    where: tuple[str | int, ...] = ("data", "routes", number, "languages") if route.languages else ("data", "languages")
    for name in names if mixed else ():
        if name in spoken and not {*asked} & {*spoken[name]}:
            what = f"{name} is in {', '.join(spoken[name])} and in none of the languages trained on, {', '.join(asked)}"
            yield ("data", "mixtures", route.train), what, "take it out of the mixture"
    if not {*names} <= {*spoken} or (not mixed and names[0] in manifest()):
        return
    if missing := [language for language in asked if not any(language in spoken[name] for name in names)]:
        what = f"no part of the mixture {route.train} comes" if mixed else f"{route.train} does not come"
        yield where, f"{what} in {', '.join(missing)}", f"leave out {', '.join(missing)}, or add data in it"


def _chosen(design: Design, route: Route, spoken: Spoken) -> Iterator[Misfit]:
    """A data set whose loss is to choose the checkpoint, and that leaves nothing to take a loss on."""
    name, place = design.data.select, ("data", "select")
    own = route.split is not None and route.split.select is not None
    if name is None or own or design.training.select_every is None:
        return
    known = [SYNTHETIC, *(each for each, data_set in manifest().items() if data_set.parser in COUNTED)]
    asked = design.data.trained_in(route)
    if name in LARGE or (name not in known and not may_be_packed(name)):
        yield place, f"no checkpoint can be chosen on `{name}`", suggestion(name, [*known, *training_parts()])
    elif name == route.evaluate:
        yield (place, f"the checkpoint is chosen on {name}, which is evaluated: apart from that no question of it is left",
               "choose it by other data")
    elif name in spoken and not {*asked} & {*spoken[name]}:
        what = f"which is in {', '.join(spoken[name])} and in none of the languages trained on, {', '.join(asked)}"
        yield place, f"the checkpoint is chosen on {name}, {what}", "choose it by data in one of them"
