"""P12: a query in Latin letters, typed without the script's keyboard: `edit` in `LANGUAGES`; P12c: `edit_chat` in `CHAT`.

The whole query is changed and nothing is drawn (`within_budget=False`): a stress test with a panel of its own. The package
anyascii maps character by character; Chinese has tables/pinyin.json instead, so that syllables are set apart. anyascii writes
no letter for Arabic's long a (alef), so that P12 is harder in Arabic than what people type; P12c writes it.

Chat digits are a convention, not a standard: 3 for ain, 7 for the breathed h and 2 for the glottal stop look like their letters
and are in every list (e.g. https://arabic-for-nerds.com/3arabi-how-to-decode-arabic-chat-language/); digits for other letters
differ between lists and are left out.
"""

import json
import random
from collections.abc import Mapping
from functools import cache
from importlib import resources

import regex

from claimcheck.perturbation.family import Lexicon
from claimcheck.perturbation.text import Text

LANGUAGES = frozenset({"ar", "el", "hi", "ru", "th", "zh"})
CHAT = frozenset({"ar"})

_CHAT = str.maketrans({"ع": "3", "ح": "7", "ء": "2", "أ": "2", "إ": "2", "ؤ": "2", "ئ": "2", "ا": "a", "ى": "a", "آ": "2a"})


@cache
def pinyin() -> Mapping[str, str]:
    """Chinese character -> its toneless pinyin, ü written v.

    >>> pinyin()["黑"]
    'hei'
    """
    table = resources.files("claimcheck.perturbation").joinpath("tables", "pinyin.json").read_text(encoding="utf-8")
    characters: Mapping[str, str] = json.loads(table)["characters"]
    return characters


def edit(text: Text, _edits: int, _draw: random.Random, _lexicon: Lexicon) -> str | None:
    """P12: the query in Latin letters; None where it was already."""
    made = _syllables(str(text)) if text.language == "zh" else _ascii(str(text))
    return None if made == str(text) else made


def edit_chat(text: Text, _edits: int, _draw: random.Random, _lexicon: Lexicon) -> str | None:
    """P12c: the Arabic query in the Latin letters and digits of chats; None where it has no Arabic letter."""
    made = _ascii(str(text).translate(_CHAT))
    return None if made == str(text) else made


def _ascii(text: str) -> str:
    from anyascii import anyascii

    return str(anyascii(text))


def _syllables(text: str) -> str:
    """Chinese in pinyin: a space between a syllable and a syllable, letter or digit beside it.

    >>> _syllables("2015年的黑豹队？")
    '2015 nian de hei bao dui?'
    """
    known = pinyin()
    spaced = regex.sub(r"(?<=\p{Han})(?=[\p{L}\p{N}])|(?<=[\p{L}\p{N}])(?=\p{Han})", " ", text)
    return "".join(known.get(each) or (_ascii(each).lower() if regex.match(r"\p{Han}", each) else _ascii(each))
                   for each in spaced)
