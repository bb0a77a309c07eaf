"""Typed otherwise than written: P6 in lower case, P6u in upper case, P7 without the final punctuation, P8 with spaces lost or
added, P9 with two words swapped, P9d with words left out, P14 with the digits of the script.

They look at the whole query, at words of other scripts in it as well. Words are what stands between white space and holds a
letter or a digit; those that hold a digit are neither swapped nor left out, negations are not left out. Edits bound P8 alone.
Source: Penha et al. 2022, arXiv:2111.13057 (word order); CheckList, Ribeiro et al. 2020 (case, punctuation, digits).
"""

import random
import unicodedata
from itertools import pairwise

import regex

from claimcheck.perturbation.family import Lexicon
from claimcheck.perturbation.negations import negates
from claimcheck.perturbation.text import LANGUAGES as ALL
from claimcheck.perturbation.text import UNSPACED, Text, chosen, clusters, lower, runs, upper

CASED = frozenset({"de", "el", "en", "es", "ru", "tr", "vi"})
"""Languages whose script has case. Greek is among them: a family that minds its final sigma is meant for it."""
LANGUAGES = frozenset(ALL)
SPACED = LANGUAGES - UNSPACED
JOINED, DROPPED = 0.1, 0.2
"""Shares of the words: pairs that are joined, words that are left out; one at least."""
MARKS = "?؟;？।!！"
"""What ends a question: Latin, Cyrillic and Thai; Arabic; Greek, which NFC makes a semicolon; Chinese; Devanagari; outcries."""
THAI_BEFORE, THAI_BEHIND = "เแโใไ", "ะาๅำฯๆ"
"""Thai vowels that are written before their consonant, and signs that belong to what stands before them."""
_OPENS = regex.compile(r"[¿¡]+\s*")
_CLOSES = r"\p{Pe}\p{Pf}\p{Pi}\"'"
_END = regex.compile(rf"\s*[{MARKS}][{MARKS}{_CLOSES}\s]*$|\s+$")
"""Marks, and the quotation marks and brackets that close behind them."""
_INNER = regex.compile(rf"[{MARKS}\s]+")
_SPACES = regex.compile(r"(\s+)")
_ZEROS = {"ar": "\u0660", "hi": "\u0966", "th": "\u0e50", "zh": "\uff10"}
NATIVE = {language: {ord("0") + digit: ord(zero) + digit for digit in range(10)} for language, zero in _ZEROS.items()}
"""Language -> ASCII digit -> the digit of its script, in Chinese the full-width one."""


def edit_lower_case(text: Text, _edits: int, _draw: random.Random, _lexicon: Lexicon) -> str | None:
    """P6: the query in lower case; None where it is already."""
    return _other(text, lower(str(text), text.language))


def edit_upper_case(text: Text, _edits: int, _draw: random.Random, _lexicon: Lexicon) -> str | None:
    """P6u: the query in upper case; None where it is already."""
    return _other(text, upper(str(text), text.language))


def edit_punctuation(text: Text, _edits: int, _draw: random.Random, _lexicon: Lexicon) -> str | None:
    """P7: the query without the marks at its end and without ¿ and ¡; None where it has none, or no letter or digit.

    Quotation marks and brackets that close behind the marks stay.
    """
    whole = str(text)
    body, end = _parted(whole)
    made = _OPENS.sub("", body + _INNER.sub("", end) if end.strip() else whole)
    return _other(text, made) if any(map(str.isalnum, made)) else None


def edit_spacing(text: Text, edits: int, draw: random.Random, _lexicon: Lexicon) -> str | None:
    """P8: a tenth of the words joined with the one after them, or in Thai and Chinese so many spaces between letters.

    Two digits are never joined. A space stands at least two letters from other spaces and from what is no letter, so that no
    word of one letter is made; in Thai also between no vowel sign and its consonant. None where there is no place.
    """
    if text.language in UNSPACED:
        made = list(text.clusters)
        gaps = [place for run in runs(text) for place in run[2:-1]
                if made[place - 1][0] not in THAI_BEFORE and made[place][0] not in THAI_BEHIND]
        for gap in chosen(gaps, edits, draw):
            made[gap] = f" {made[gap]}"
        return _other(text, "".join(made))
    body, end = _parted(str(text))
    pieces, words = _words(body)
    joints = [word + 1 for word, after in pairwise(words) if after == word + 2 and _joins(*pieces[word:after + 1])]
    for joint in chosen(joints, min(edits, max(1, round(JOINED * len(words)))), draw, apart=4):  # of pairs, so no three in one
        pieces[joint] = ""
    return _other(text, "".join(pieces) + end)


def edit_swap(text: Text, _edits: int, draw: random.Random, _lexicon: Lexicon) -> str | None:
    """P9: two neighbouring words swapped, not the first nor the last; None where no two of them differ. Final marks stay."""
    body, end = _parted(str(text))
    pieces, words = _words(body)
    pairs = [word for word, after in pairwise(words[1:-1])
             if after == word + 2 and pieces[word] != pieces[after] and not any(map(str.isdigit, pieces[word] + pieces[after]))]
    for word in chosen(pairs, 1, draw):
        pieces[word], pieces[word + 2] = pieces[word + 2], pieces[word]
    return _other(text, "".join(pieces) + end)


def edit_drop(text: Text, _edits: int, draw: random.Random, _lexicon: Lexicon) -> str | None:
    """P9d: a fifth of the words left out, one at least; None where there is but one word, or none that may go.

    Words with a digit and negations stay.
    """
    body, end = _parted(str(text))
    pieces, words = _words(body)
    droppable = [word for word in words if not any(map(str.isdigit, pieces[word])) and not negates(pieces[word], text.language)]
    dropped = chosen(droppable, min(len(words) - 1, max(1, int(DROPPED * len(words)))), draw, apart=1)
    made = ""
    for place in range(0, len(pieces), 2):
        if place not in dropped:
            made += pieces[place - 1] + pieces[place] if made else pieces[place]
    return _other(text, made + end) if dropped else None


def edit_digits(text: Text, _edits: int, _draw: random.Random, _lexicon: Lexicon) -> str | None:
    """P14: the query with its ASCII digits in those of its script; None where it has none."""
    return _other(text, str(text).translate(NATIVE[text.language]))


def _other(text: Text, made: str) -> str | None:
    """What was made, in NFC; None where it is what it was, or nothing."""
    made = unicodedata.normalize("NFC", made)
    return None if made == str(text) or not made.strip() else made


def _parted(whole: str) -> tuple[str, str]:
    """A query, and what ends it: spaces, or marks with the spaces, quotation marks and brackets that close behind them."""
    end = _END.search(whole)
    at = end.start() if end else len(whole)
    return whole[:at], whole[at:]


def _words(body: str) -> tuple[list[str], list[int]]:
    """A text in pieces, every second of them white space, and which of them are words: those with a letter or a digit."""
    pieces = _SPACES.split(body)
    return pieces, [place for place in range(0, len(pieces), 2) if any(map(str.isalnum, pieces[place]))]


def _joins(before: str, space: str, after: str) -> bool:
    """Whether two words may be joined: over one space, not two digits, and no clusters that become one."""
    apart = (*clusters(before), *clusters(after))
    return len(clusters(space)) == 1 and not (before[-1].isdigit() and after[0].isdigit()) and clusters(before + after) == apart
