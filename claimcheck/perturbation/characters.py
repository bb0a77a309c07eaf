"""Slips of the hand at slots: P1 a neighbouring key, P1z in Chinese a character that sounds alike, P2 one left out, P3 two
swapped, P4 one typed twice.

A slot at which the change would join clusters with what stands beside them, or leave the text other than NFC, is left alone: so
every change is one edit of clusters. Weights of neighbours, 9 in the row to 1 above or below, are multypo's.
Source: Pruthi et al. 2019, arXiv:1905.11268 (moves); arXiv:2510.09536 (multypo, weights).
"""

import json
import random
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise
from typing import Any, TypeAlias

from claimcheck.perturbation.family import Lexicon
from claimcheck.perturbation.text import LANGUAGES as ALL
from claimcheck.perturbation.text import Text, chosen, clusters, is_letter, lower, runs, slots, upper

KEYBOARD = frozenset(ALL) - {"zh"}
HOMOPHONE = frozenset({"zh"})
LANGUAGES = frozenset(ALL)
IN_THE_ROW = 9
"""How much likelier a key in the row is hit than one above or below."""

Change: TypeAlias = Callable[[int], tuple[tuple[str, ...], ...]]
"""A slot -> the clusters that stand in its place, and, if more are touched, in the places after it."""


def edit_keyboard(text: Text, edits: int, draw: random.Random, _lexicon: Lexicon) -> str | None:
    """P1: so many clusters with their letter replaced by one of a neighbouring key; None where no slot has one."""
    places = [place for place in slots(text) if neighbours(text.clusters[place], text.language)]
    return _changed(text, edits, draw, places, lambda place: ((_one(neighbours(text.clusters[place], text.language), draw),),))


def edit_homophone(text: Text, edits: int, draw: random.Random, _lexicon: Lexicon) -> str | None:
    """P1z: so many characters replaced by others of the same sound, tones apart; None where no slot has one."""
    alike = homophones()
    places = [place for place in slots(text) if text.clusters[place] in alike]
    return _changed(text, edits, draw, places, lambda place: ((_one(alike[text.clusters[place]], draw),),))


def edit_deletion(text: Text, edits: int, draw: random.Random, _lexicon: Lexicon) -> str | None:
    """P2: so many clusters left out; None where there is no slot.

    In Thai and Chinese neither is the first or last of letters in a row, so that no word is lost or one letter long.
    """
    inner = {place for run in runs(text) for place in run[1:-1]}
    return _changed(text, edits, draw, [place for place in slots(text) if place in inner], lambda _: ((),))


def edit_transposition(text: Text, edits: int, draw: random.Random, _lexicon: Lexicon) -> str | None:
    """P3: so many pairs of neighbouring slots in the other order; None where no two are neighbours and differ."""
    own = text.clusters
    places = slots(text)
    pairs = [place for place, after in pairwise(places) if after == place + 1 and own[place] != own[after]]
    return _changed(text, edits, draw, pairs, lambda place: ((own[place + 1], own[place]), ()))


def edit_duplication(text: Text, edits: int, draw: random.Random, _lexicon: Lexicon) -> str | None:
    """P4: so many clusters twice; None where there is no slot. Thai เ is left alone: twice it would look like แ."""
    places = [place for place in slots(text) if text.clusters[place] != "เ"]
    return _changed(text, edits, draw, places, lambda place: ((text.clusters[place],) * 2,))


@lru_cache(maxsize=1 << 14)
def neighbours(cluster: str, language: str) -> tuple[str, ...]:
    """What a cluster becomes when a neighbouring key is hit, each as often as it is likely; empty where it has no such key.

    The first letter is replaced, what hangs on it (marks, vowel signs, the rest of a conjunct) stays, case stays. In Vietnamese
    the marks of ế hang on its e; elsewhere a letter that has no key of its own, as ή, has no neighbours.
    """
    first, rest = cluster[0], cluster[1:]
    layout = keyboards()[language]
    if language == "vi" and lower(first, language) not in layout:
        apart = unicodedata.normalize("NFD", cluster)
        first, rest = apart[0], apart[1:]
    small = lower(first, language)
    if small not in layout:
        return ()
    made: list[str] = []
    for direction, weight in (("horizontal", IN_THE_ROW), ("vertical", 1)):
        for letter in layout[small][direction]:
            cased = letter if first == small else upper(letter, language)
            other = unicodedata.normalize("NFC", cased + rest)
            if other != cluster and is_letter(other, language) and len(clusters(other)) == 1:
                made += [other] * weight
    return tuple(made)


@cache
def keyboards() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Language -> small letter -> `horizontal` and `vertical` -> the letters of neighbouring keys."""
    made: Mapping[str, Mapping[str, Mapping[str, str]]] = _table("keyboards")["layouts"]
    return made


@cache
def homophones() -> Mapping[str, str]:
    """Chinese character -> the others that sound alike."""
    made: Mapping[str, str] = _table("homophones")["characters"]
    return made


def _table(name: str) -> Any:
    path = resources.files("claimcheck.perturbation").joinpath("tables", f"{name}.json")
    return json.loads(path.read_text(encoding="utf-8"))


def _one(of: Sequence[str], draw: random.Random) -> str:
    return of[int(draw.random() * len(of))]


def _changed(text: Text, edits: int, draw: random.Random, places: Sequence[int], change: Change) -> str | None:
    """The text with so many of the places changed; None where no change can stand."""
    parts: list[tuple[str, ...]] = [(cluster,) for cluster in text.clusters]

    def stands(place: int) -> bool:
        new = change(place)
        old, parts[place:place + len(new)] = parts[place:place + len(new)], new
        # slots are two apart, so two places on either side hold all that may join with what was changed
        if whole([cluster for part in parts[max(0, place - 2):place + len(new) + 2] for cluster in part]):
            return True
        parts[place:place + len(old)] = old
        return False

    if not chosen(places, edits, draw, fits=stands):
        return None
    return "".join([cluster for part in parts for cluster in part])


def whole(made: Sequence[str]) -> bool:
    """Whether clusters put side by side are still those clusters, and NFC."""
    joined = "".join(made)
    return joined.isascii() or (unicodedata.is_normalized("NFC", joined) and clusters(joined) == tuple(made))
