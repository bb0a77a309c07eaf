"""How many texts a data set holds in each language, where that is published or counted: for what is not on this machine."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from claimcheck.corpora.miracl import DEV_QUERIES, NAME

PASSAGES: Mapping[str, int] = MappingProxyType({
    "ar": 2_061_414, "bn": 297_265, "de": 15_866_222, "en": 32_893_221, "es": 10_373_953, "fa": 2_207_172, "fi": 1_883_509,
    "fr": 14_636_953, "hi": 506_264, "id": 1_446_315, "ja": 6_953_614, "ko": 1_486_752, "ru": 9_543_918, "sw": 131_924,
    "te": 518_079, "th": 542_166, "yo": 49_043, "zh": 4_934_368})
"""Language -> passages of MIRACL's full corpus. Source: Zhang et al. 2023, arXiv:2210.09984, table 1, and its release."""

_PARALLEL: Mapping[str, Mapping[str, tuple[int, int]]] = MappingProxyType({
    "xquad-r": {"ar": (1190, 1222), "de": (1190, 1276), "el": (1190, 1234), "en": (1190, 1180), "es": (1190, 1215),
                "hi": (1190, 1244), "ru": (1190, 1219), "th": (1190, 852), "tr": (1190, 1167), "vi": (1190, 1209),
                "zh": (1190, 1196)},
    "mlqa-r": {"ar": (517, 2545), "de": (512, 2362), "en": (1148, 6264), "es": (500, 1787), "hi": (507, 2426),
               "vi": (511, 2828), "zh": (504, 2322)}})
# Counted in the files of the manifest; the totals are those of Roy et al. 2020, arXiv:2004.05484, table 2.


def questions_and_candidates(name: str, languages: Sequence[str]) -> tuple[int, int] | None:
    """Of a data set in those of the languages that it holds: all its texts; None where they are not known.

    >>> questions_and_candidates("miracl", ("sw", "tr", "yo"))
    (601, 180967)
    """
    if name == NAME:
        held = [language for language in languages if language in PASSAGES]
        return sum(DEV_QUERIES[each] for each in held), sum(PASSAGES[each] for each in held)
    known = _PARALLEL.get(name)
    if known is None:
        return None
    held = [language for language in languages if language in known]
    return sum(known[each][0] for each in held), sum(known[each][1] for each in held)


def passages(name: str, languages: Sequence[str]) -> int:
    """Passages that are encoded into shards on the disk for a data set; 0 where its vectors stay in memory."""
    return sum(PASSAGES.get(language, 0) for language in languages) if name == NAME else 0
