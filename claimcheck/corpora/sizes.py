"""How many texts a data set holds in each language, where that is published or counted: for what is not on this machine."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from claimcheck.corpora.miracl import DEV_QUERIES, HARD_NEGATIVES, NAME

PASSAGES: Mapping[str, int] = MappingProxyType({
    "ar": 2_061_414, "bn": 297_265, "de": 15_866_222, "en": 32_893_221, "es": 10_373_953, "fa": 2_207_172, "fi": 1_883_509,
    "fr": 14_636_953, "hi": 506_264, "id": 1_446_315, "ja": 6_953_614, "ko": 1_486_752, "ru": 9_543_918, "sw": 131_924,
    "te": 518_079, "th": 542_166, "yo": 49_043, "zh": 4_934_368})
"""Language -> passages of MIRACL's full corpus. Source: Zhang et al. 2023, arXiv:2210.09984, table 1, and its release."""

HARD: Mapping[str, tuple[int, int, int]] = MappingProxyType({
    "ar": (1000, 192_103, 84_369_187), "bn": (411, 297_265, 114_221_940), "de": (305, 71_277, 36_691_949),
    "en": (799, 178_768, 94_791_489), "es": (648, 146_750, 78_775_747), "fa": (632, 133_596, 55_076_932),
    "fi": (1000, 194_415, 90_197_776), "fr": (343, 75_357, 34_770_405), "hi": (350, 63_066, 31_512_563),
    "id": (960, 168_173, 83_274_053), "ja": (860, 185_319, 38_386_337), "ko": (213, 43_293, 11_205_374),
    "ru": (1000, 219_114, 104_535_353), "sw": (482, 131_924, 30_304_722), "te": (828, 101_961, 61_452_907),
    "th": (733, 116_649, 55_977_742), "yo": (119, 49_043, 7_864_168), "zh": (393, 81_309, 12_063_175)})
"""Language -> queries, passages, and characters of the passages of MIRACL's hard negatives.

Source: mteb 2.26.24, descriptive_stats/Retrieval/MIRACLRetrievalHardNegatives.json; of bn, sw and yo they are the full corpus.
"""

_COMPRESSED: Mapping[str, int] = MappingProxyType({
    "ar": 319_972_345, "bn": 59_713_182, "de": 2_629_280_857, "en": 5_060_264_106, "es": 1_595_387_939, "fa": 269_762_830,
    "fi": 270_046_134, "fr": 1_911_100_927, "hi": 96_812_097, "id": 169_583_618, "ja": 1_065_120_400, "ko": 225_970_548,
    "ru": 1_575_287_888, "sw": 10_199_394, "te": 72_312_363, "th": 109_637_414, "zh": 733_255_826})
# Bytes of MIRACL's passages as its authors give them, docs-*.jsonl.gz. Source: ir_datasets 0.6.3, etc/downloads.json, summed
# over shards; what it says of Yoruba, 10,946 for 49,043 passages, cannot be.
_BYTES_A_CHARACTER = 3  # of UTF-8 at most, but for the rare characters beyond U+FFFF

_UNPACKING: Mapping[str, int] = MappingProxyType({"mmarco": 7 * (8_841_823 + 808_731) * 20})
# Bytes that stand beside the packed pairs while they are made: `triple_writing` keeps 20 a line of seven languages. Lines of
# MS MARCO's collection and of its training queries: Nguyen et al. 2016, arXiv:1611.09268, and its release.

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
    if name == HARD_NEGATIVES:
        chosen = [HARD[language] for language in languages if language in HARD]
        return sum(each[0] for each in chosen), sum(each[1] for each in chosen)
    known = _PARALLEL.get(name)
    if known is None:
        return None
    held = [language for language in languages if language in known]
    return sum(known[each][0] for each in held), sum(known[each][1] for each in held)


def passages(name: str, languages: Sequence[str]) -> int:
    """Passages that are encoded into shards on the disk for a data set; 0 where its vectors stay in memory."""
    counted = questions_and_candidates(name, languages) if name in (NAME, HARD_NEGATIVES) else None
    return 0 if counted is None else counted[1]


def passage_bytes(name: str, language: str) -> int | None:
    """Bytes of the passages of a large data set in a language: MIRACL's as its authors give them, compressed JSON lines.

    Those of its hard negatives (and of Yoruba) at most: what their characters take uncompressed. None: of no such data set.

    >>> passage_bytes("miracl", "sw"), passage_bytes("miracl-hard-negatives", "yo")
    (10199394, 23592504)
    """
    if name not in (NAME, HARD_NEGATIVES) or language not in HARD:
        return None
    known = _COMPRESSED.get(language) if name == NAME else None
    return known if known is not None else _BYTES_A_CHARACTER * HARD[language][2]


def packing_bytes(name: str) -> int:
    """Bytes that stand on the disk only while published training data are made into packed pairs."""
    return _UNPACKING.get(name, 0)
