"""A query as the families of perturbations see it: extended grapheme clusters of its NFC text, and which of them may be edited.

Source: Unicode Standard Annex 29 for clusters (as `regex` has them); Pruthi et al. 2019, arXiv:1905.11268, for interior slots.
"""

import random
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal, TypeAlias

import regex

LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
"""The languages that families are defined for."""
UNSPACED = frozenset({"th", "zh"})
"""Languages that put no spaces between words."""
SCRIPTS = {"ar": "Arabic", "el": "Greek", "hi": "Devanagari", "ru": "Cyrillic", "th": "Thai", "zh": "Han"}
"""Language -> the script that it is written in, where that is not Latin."""
SHORTEST = {"hi": 3}
"""Language -> clusters of the shortest words that are edited, if not four: at four, one Hindi question in six has no slot."""

Budget: TypeAlias = Literal["light", "medium", "stress"]
SHARES: dict[Budget, float] = {"light": 0.05, "medium": 0.10, "stress": 0.20}
"""Budget -> share of the clusters that may be edited."""
MOST_AT_LIGHT = 4
EDGES = regex.compile(r"^[\p{P}\p{S}]+|[\p{P}\p{S}]+$")
"""What stands around a word between spaces: punctuation and symbols."""
_CLUSTER = regex.compile(r"\X")
_HIATUS = regex.compile(r"(?<=[αεηουΑΕΗΟΥ]\u0301)([ιυ])(?!\u0308)")
_ACCENTS = regex.compile(r"(?<![\p{L}\p{Mn}])[ηΗ]\u0301(?![\p{L}\p{Mn}])(*SKIP)(*FAIL)"  # the word ή, "or", is passed over
                         r"|(?<=\p{Greek}\p{Mn}*)[\u0300\u0301\u0313\u0314\u0342]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A query: its language, and its `clusters`, which joined are its NFC text."""

    language: str
    clusters: tuple[str, ...]

    def __str__(self) -> str:
        return "".join(self.clusters)

    def __len__(self) -> int:
        return len(self.clusters)


def clusters(text: str) -> tuple[str, ...]:
    """The extended grapheme clusters of a text as it stands, normalised or not."""
    return tuple(_CLUSTER.findall(text))


@lru_cache(maxsize=4096)
def read(text: str, language: str) -> Text:
    r"""A text as it is perturbed.

    >>> read("Cafe\u0301", "es").clusters
    ('C', 'a', 'f', 'é')
    """
    return Text(language=language, clusters=clusters(unicodedata.normalize("NFC", text)))


def edits(text: Text, budget: Budget) -> int:
    """How many clusters may be edited: the budget's share of them, one at least, at `light` four at most.

    >>> edits(read("How many points did the team score?", "en"), "light")
    2
    """
    wanted = max(1, round(SHARES[budget] * len(text)))
    return min(wanted, MOST_AT_LIGHT) if budget == "light" else wanted


@lru_cache(maxsize=1 << 15)
def is_letter(cluster: str, language: str) -> bool:
    """Whether a cluster begins with a letter of the language's own script.

    >>> [is_letter(each, "ru") for each in ("ж", "j", "7")]
    [True, False, False]
    """
    return _own(language).match(cluster) is not None


@cache
def _own(language: str) -> "regex.Pattern[str]":
    return regex.compile(rf"(?=\p{{L}})\p{{Script={SCRIPTS.get(language, 'Latin')}}}")


@lru_cache(maxsize=4096)
def runs(text: Text) -> tuple[range, ...]:
    """The places of each run of letters of the language's own script: its words, where it puts spaces between them."""
    made, start = [], None
    for place, cluster in enumerate((*text.clusters, " ")):
        if is_letter(cluster, text.language):
            start = place if start is None else start
        elif start is not None:
            made.append(range(start, place))
            start = None
    return tuple(made)


def slots(text: Text) -> list[int]:
    """The places of clusters that may be edited, ascending: interior ones of words, of the language's own script alone.

    A word is a run of letters; in words of four clusters or more (in Hindi three) all but the first and the last may be edited.
    Without spaces between words (Thai, Chinese) it is any letter but the first and the last of the query.

    >>> slots(read("Who won it in 2015, Denver?", "en"))
    [21, 22, 23, 24]
    >>> slots(read("谁赢了NFL?", "zh"))
    [1]
    """
    if text.language in UNSPACED:
        return [place for run in runs(text) for place in run][1:-1]
    shortest = SHORTEST.get(text.language, 4)
    return [place for run in runs(text) if len(run) >= shortest for place in run[1:-1]]


def at_random(places: Sequence[int], draw: random.Random) -> Iterator[int]:
    """The places in random order, by `draw.random` alone: it is the one stream that Python keeps from version to version."""
    left = list(places)
    while left:
        at = int(draw.random() * len(left))
        left[at], left[-1] = left[-1], left[at]
        yield left.pop()


def chosen(places: Sequence[int], most: int, draw: random.Random, apart: int = 2,
           fits: Callable[[int], bool] = lambda _: True) -> list[int]:
    """Up to so many of the places at random, each two at least `apart`; ascending. Those that do not fit, asked last, are left.

    >>> chosen([4, 5, 9], 3, random.Random(0)) in ([4, 9], [5, 9])
    True
    """
    taken: list[int] = []
    for place in at_random(places, draw):
        if len(taken) >= most:
            break
        if all(abs(place - other) >= apart for other in taken) and fits(place):
            taken.append(place)
    return sorted(taken)


def lower(text: str, language: str) -> str:
    """A text in lower case; Turkish has two letters I of its own, a final Greek sigma looks otherwise.

    >>> lower("ISPARTA İLİ", "tr"), lower("ΠΟΙΟΣ", "el")
    ('ısparta ili', 'ποιος')
    """
    return (text.replace("İ", "i").replace("I", "ı") if language == "tr" else text).lower()


def upper(text: str, language: str) -> str:
    """A text in upper case. German ß becomes SS; Greek capitals lose the accent and keep the dialytika, but for the word ή.

    Where the accent told two vowels apart, the second gets a dialytika. Source: Unicode CLDR, transform el-Upper.

    >>> upper("Isparta ili ısı", "tr"), upper("Straße", "de"), upper("Μάιος ή ποιος;", "el")
    ('ISPARTA İLİ ISI', 'STRASSE', 'ΜΑΪΟΣ Ή ΠΟΙΟΣ;')
    """
    if language == "el":
        apart = _HIATUS.sub("\\1\u0308", unicodedata.normalize("NFD", text))
        return unicodedata.normalize("NFC", _ACCENTS.sub("", apart)).upper()
    return (text.replace("i", "İ").replace("ı", "I") if language == "tr" else text).upper()
