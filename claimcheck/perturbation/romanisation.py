"""P12: a query in Latin letters, typed without the script's keyboard: `edit` in `LANGUAGES`; P12c: `edit_chat` in `CHAT`.

The whole query is changed and nothing is drawn (`within_budget=False`): a stress test with a panel of its own. The package
anyascii maps character by character; Chinese has tables/pinyin.json instead, so that syllables are set apart. What anyascii
gets wrong by reading one character at a time is mended before:

- Arabic alef is a (anyascii: nothing).
- A Hindi anusvara or candrabindu is n, before lips' sounds m (anyascii: always m); ज़ and फ़ are z and f, other nuktas are lost.
- Thai vowels are written behind their consonants, also those that stand before or around them in Thai.

Vowels that a script does not write (Arabic short ones, Hindi's inherent a, some Thai ones) are not written in Latin letters
either. Symbols, emoji and letters of other scripts stay as they are. Source: Royal Thai General System (vowels).

Chat digits are a convention, not a standard: 3 for ain, 7 for the breathed h and 2 for the glottal stop look like their letters
and are in every list (e.g. https://arabic-for-nerds.com/3arabi-how-to-decode-arabic-chat-language/); digits for other letters
differ between lists and are left out.
"""

import json
import random
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import resources

import regex

from claimcheck.perturbation.family import Lexicon
from claimcheck.perturbation.text import SCRIPTS, Text

LANGUAGES = frozenset({"ar", "el", "hi", "ru", "th", "zh"})
CHAT = frozenset({"ar"})

_ALEF = str.maketrans({"ا": "a", "أ": "a", "إ": "i", "آ": "a", "ٱ": "a"})
_CHAT = str.maketrans({"ع": "3", "ح": "7", "ء": "2", "أ": "2", "إ": "2", "ؤ": "2", "ئ": "2", "ا": "a", "ى": "a", "آ": "2a"})
_BEFORE_LIPS, _ELSEWHERE = regex.compile("[\u0901\u0902](?=[पफबभम])"), regex.compile("[\u0901\u0902]")
_DOTTED = {"ज\u093c": "z", "फ\u093c": "f", "ड\u093c": "r", "ढ\u093c": "rh", "\u093c": ""}
"""Hindi letters with a nukta, last the nukta of all others."""
_TONE = "[\u0e47-\u0e4b]?"
_SIGN = f"(?!{_TONE}[\u0e30-\u0e3a])"
_PAIR = "(?:[กขค][รลว]|ตร|ป[รล]|ผล|พ[รล]|ห[งญนมยรลว])"
"""Thai consonants that begin a syllable together; the second has no vowel sign of its own."""
_THAI = tuple((regex.compile(f"{vowel}(?:อ|({_PAIR}{'' if behind else _SIGN}|[ก-ฮ])){behind}"), rf"\1{latin}")
              for vowel, behind, latin in (
    ("เ", f"ี{_TONE}ยะ?", "ia"), ("เ", f"ื{_TONE}อะ?", "uea"), ("เ", "ิ", "oe"), ("เ", f"{_TONE}าะ", "o"),
    ("เ", f"{_TONE}า", "ao"), ("เ", f"{_TONE}ะ", "e"), ("เ", f"{_TONE}อะ?", "oe"), ("แ", f"{_TONE}ะ", "ae"),
    ("โ", f"{_TONE}ะ", "o"), ("เ", "", "e"), ("แ", "", "ae"), ("โ", "", "o"), ("[ใไ]", "", "ai")))
"""Thai vowels around their consonants as written, those of more parts first -> in Latin letters; อ only carries them."""


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
    made = _syllables(str(text)) if text.language == "zh" else _latin(_spelt(str(text), text.language), text.language)
    return None if made == str(text) else made


def edit_chat(text: Text, _edits: int, _draw: random.Random, _lexicon: Lexicon) -> str | None:
    """P12c: the Arabic query in the Latin letters and digits of chats; None where it has no Arabic letter."""
    made = _latin(str(text).translate(_CHAT), text.language)
    return None if made == str(text) else made


def _spelt(text: str, language: str) -> str:
    """A text with what its script writes in an order or by a rule of its own in Latin letters; most of it is as it was.

    >>> _spelt("ที่ไหน เกาะ และ เมือง", "th"), _spelt("संबंध", "hi")
    ('ที่หนai กo ลae มueaง', 'सmबnध')
    """
    if language == "th":
        for written, latin in _THAI:
            text = written.sub(latin, text)
    if language == "hi":
        text = _ELSEWHERE.sub("n", _BEFORE_LIPS.sub("m", text))
        for written, latin in _DOTTED.items():
            text = text.replace(written, latin)
    return text.translate(_ALEF)


@cache
def _typed(language: str) -> "regex.Pattern[str]":
    """What is typed in Latin letters and signs: the language's script with its marks, numbers, punctuation and spaces."""
    return regex.compile(rf"(?:\p{{scx={SCRIPTS[language]}}}[\p{{M}}\u200c\u200d]*|[\p{{N}}\p{{P}}\p{{Z}}])+")


def _latin(text: str, language: str) -> str:
    r"""A text with all that is typed in ASCII.

    >>> _latin("Кто — é 🙂？", "ru")
    'Kto - é 🙂?'
    """
    from anyascii import anyascii

    return unicodedata.normalize("NFC", _typed(language).sub(lambda found: str(anyascii(found[0])), text))


def _syllables(text: str) -> str:
    """Chinese in pinyin: a space between a syllable and a syllable, letter or digit beside it.

    >>> _syllables("2015年的黑豹队？")
    '2015 nian de hei bao dui?'
    """
    known = pinyin()
    spaced = regex.sub(r"(?<=\p{Han})(?=[\p{L}\p{N}])|(?<=[\p{L}\p{N}])(?=\p{Han})", " ", text)
    return "".join(known.get(each) or (_latin(each, "zh").lower() if regex.match(r"\p{Han}", each) else _latin(each, "zh"))
                   for each in spaced)
