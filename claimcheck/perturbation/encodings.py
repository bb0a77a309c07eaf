"""P11 and its variants: the same query to a reader, other characters to a program.

| family | function | languages |
| --- | --- | --- |
| P11 decomposed (`nfc=False`) | `edit_decomposed` | `DECOMPOSED` |
| P11w full-width digits and question mark | `edit_wide` | `WIDE` |
| P11j zero-width joiners and non-joiners | `edit_joiners` | `JOINERS` |
| P11t tatweel | `edit_tatweel` | `TATWEEL` |

P11 and P11w change the whole query and draw nothing (`within_budget=False`). P11w touches digits, which few families do.
Source: Unicode Standard Annex 15 (NFD); ArabicShaping.txt of the Unicode Character Database (which letters join);
Boucher et al. 2022, arXiv:2106.09898.
"""

import random
import unicodedata

from claimcheck.perturbation.family import Lexicon
from claimcheck.perturbation.text import LANGUAGES as ALL
from claimcheck.perturbation.text import Text, chosen, is_letter, slots

DECOMPOSED = frozenset({"ar", "de", "el", "es", "ru", "tr", "vi"})
"""Languages whose letters decompose. In Hindi NFC itself takes all but three apart, which Hindi has no use for."""
WIDE = frozenset(ALL)
JOINERS = frozenset(ALL)
TATWEEL = frozenset({"ar"})
LANGUAGES = DECOMPOSED | WIDE | JOINERS | TATWEEL
ZWNJ, ZWJ, TATWEEL_SIGN = "\u200c", "\u200d", "\u0640"

_WIDE = {ord(each): ord(each) + 0xFEE0 for each in "0123456789?"}
_TO_THE_RIGHT_ONLY = frozenset("آأؤإاةدذرزوٱژ")
"""Arabic letters that join the letter before them and not the one behind them."""
_TO_BOTH_SIDES = frozenset("ئبتثجحخسشصضطظعغفقكلمنهىيپچڤکگی")
_ALEFS = frozenset("آأإاٱ")
_VIRAMA = "\u094d"


def edit_decomposed(text: Text, _edits: int, _draw: random.Random, _lexicon: Lexicon) -> str | None:
    """P11: the query in NFD; None where that is the same."""
    made = unicodedata.normalize("NFD", str(text))
    return None if made == str(text) else made


def edit_wide(text: Text, _edits: int, _draw: random.Random, _lexicon: Lexicon) -> str | None:
    """P11w: the query with its ASCII digits and question marks full-width; None where it has none."""
    made = str(text).translate(_WIDE)
    return None if made == str(text) else made


def edit_joiners(text: Text, edits: int, draw: random.Random, _lexicon: Lexicon) -> str | None:
    """P11j: the query with a zero-width joiner or non-joiner behind so many slots before a letter; None where it has none.

    It shows nowhere: between Arabic letters it is a joiner where they join and a non-joiner where they do not; in Hindi it is
    never behind a virama, where it would change the conjunct. A reader counts a letter with what follows as one cluster.
    """
    places = [place for place in slots(text)
              if is_letter(text.clusters[place + 1], text.language) and not text.clusters[place].endswith(_VIRAMA)]
    made = list(text.clusters)
    for place in (taken := chosen(places, edits, draw)):
        joined = joins(*text.clusters[place:place + 2]) if text.language == "ar" else draw.random() < 0.5
        made[place] += ZWJ if joined else ZWNJ
    return "".join(made) if taken else None


def edit_tatweel(text: Text, edits: int, draw: random.Random, _lexicon: Lexicon) -> str | None:
    """P11t: the query with a tatweel, which lengthens the line between letters, behind so many slots that join the next letter.

    Not between lam and alef, which are written as one. None where no slot joins.
    """
    places = [place for place in slots(text) if joins(*text.clusters[place:place + 2])
              and not (text.clusters[place][0] == "ل" and text.clusters[place + 1][0] in _ALEFS)]
    made = list(text.clusters)
    for place in (taken := chosen(places, edits, draw)):
        made[place] += TATWEEL_SIGN
    return "".join(made) if taken else None


def joins(cluster: str, following: str) -> bool:
    """Whether an Arabic letter is written joined to the next one.

    >>> joins("ب", "ا"), joins("ا", "ب"), joins("ب", "ء")
    (True, False, False)
    """
    return cluster[0] in _TO_BOTH_SIDES and following[0] in _TO_BOTH_SIDES | _TO_THE_RIGHT_ONLY
