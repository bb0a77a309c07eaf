"""P5: a query typed without its diacritics, as people in a hurry or without the right keyboard type it: `edit` in `LANGUAGES`.

Each language has a list of its own, not the stripping of all that NFD splits off, which would turn Russian й into и and take
Hindi's vowel signs away. The whole query is changed and nothing is drawn. So the number of edits does not bound it
(`within_budget=False`); the lists do: what is not listed stays, and no letter becomes more than two.

Source: Arabic and Hindi as in Apache Lucene: ArabicNormalizer and HindiNormalizer (of the latter, nukta and candrabindu only);
the others are what is typed where a keyboard has no such letters.
"""

import random
import unicodedata
from collections.abc import Mapping

import regex

from claimcheck.perturbation.family import Lexicon
from claimcheck.perturbation.text import Text

LANGUAGES = frozenset({"ar", "de", "el", "es", "hi", "ru", "th", "tr", "vi"})
"""English and Chinese have none to lose."""

_LATIN, _GREEK = r"(?<=\p{Latin}\p{Mn}*)\p{Mn}+", r"(?<=\p{Greek}\p{Mn}*)\p{Mn}+"
_MARKS = {"el": regex.compile(_GREEK), "es": regex.compile(_LATIN), "tr": regex.compile(_LATIN), "vi": regex.compile(_LATIN)}
"""Languages that lose every mark on letters of their script."""
_HARAKAT = "".join(map(chr, (*range(0x064B, 0x0653), 0x0670)))
_TATWEEL, _NUKTA, _CANDRABINDU, _ANUSVARA = "\u0640", "\u093c", "\u0901", "\u0902"
_TONES_AND_THANTHAKHAT = "\u0e48\u0e49\u0e4a\u0e4b\u0e4c"
_LISTS: dict[str, Mapping[int, str | int | None]] = {
    "ar": str.maketrans("أإآىة", "ااايه", _HARAKAT + _TATWEEL),
    "de": str.maketrans("äöüÄÖÜ", "aouAOU") | {ord("ß"): "ss", ord("ẞ"): "SS"},
    "el": {},
    "es": {},
    "hi": str.maketrans("ऩऱऴ" + _CANDRABINDU, "नरळ" + _ANUSVARA, _NUKTA),
    "ru": str.maketrans("ёЁ", "еЕ"),
    "th": str.maketrans("", "", _TONES_AND_THANTHAKHAT),
    "tr": str.maketrans("ı", "i"),
    "vi": str.maketrans("đĐ", "dD"),
}


def edit(text: Text, _edits: int, _draw: random.Random, _lexicon: Lexicon) -> str | None:
    """The query without the diacritics of its language's list; None where it has none of them."""
    clean = str(text)
    made = clean
    if text.language in _MARKS:
        made = unicodedata.normalize("NFC", _MARKS[text.language].sub("", unicodedata.normalize("NFD", made)))
    made = unicodedata.normalize("NFC", made.translate(_LISTS[text.language]))
    return None if made == clean else made
