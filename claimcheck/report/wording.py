"""How numbers and places are printed: each sign and digit is decided here, once."""

import hashlib
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from claimcheck.finding import Source

MOST_LINES = 12
MINUS = "\N{MINUS SIGN}"
INFINITY = "\N{INFINITY}"


def sentence(text: str) -> str:
    """The text with a capital at its start, unless that is a file's name, and a full stop at its end; empty stays empty."""
    first = text.partition(" ")[0]
    start = text[:1] if "." in first.rstrip(".") or "/" in first else text[:1].upper()
    return f"{start}{text[1:]}{'' if text.endswith(('.', '?', '!')) else '.'}" if text else ""


def minus(text: str) -> str:
    """A text in which hyphens before digits are true minus signs, but for those inside of words.

    >>> minus("XLM-2 loses -0.5 [-1, 2]")
    'XLM-2 loses −0.5 [−1, 2]'
    """
    return re.sub(r"(?<!\w)-(?=\d)", MINUS, text)


def number(value: Decimal, decimals: int) -> str:
    """A number with so many decimals, rounded half up as print is, with a true minus.

    >>> number(Decimal("0.59125"), 4), number(Decimal("-3"), 0)
    ('0.5913', '−3')
    """
    rounded = value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return f"{rounded:f}".replace("-", MINUS)


def signed(value: Decimal, decimals: int) -> str:
    """A difference, its sign always shown but for zero."""
    text = number(value, decimals)
    return text if text.startswith(MINUS) or not text.strip("0.") else f"+{text}"


def exact(value: Decimal, *, sign: bool) -> str:
    """A number with the very digits that it carries; `sign`: a plus too, but for zero.

    >>> exact(Decimal("0.0160"), sign=True), exact(Decimal("-Infinity"), sign=True), exact(Decimal("1E+1"), sign=False)
    ('+0.0160', '−∞', '10')
    """
    text = INFINITY if value.is_infinite() else f"{abs(value):f}"
    if not value or (value.is_infinite() and value > 0):
        return text
    return f"{MINUS}{text}" if value < 0 else f"{'+' * sign}{text}"


def percent_of(level: float) -> str:
    """A level as percent, in three digits that count.

    >>> percent_of(0.05), percent_of(0.05 / 6), percent_of(0.0125)
    ('5', '0.833', '1.25')
    """
    return f"{100 * level:.3g}"


def reduction(percent: Decimal | None) -> str:
    """A reduction in percent with one decimal."""
    return "" if percent is None else number(percent, 1)


def sources(places: Sequence[Source]) -> str:
    """Where printed cells stand, for example reported.csv:109, 107; of many the first and how many more."""
    shown = places if len(places) <= MOST_LINES else places[:3]
    files = dict.fromkeys(place.file for place in shown)
    lines = {file: ", ".join(str(place.line) for place in shown if place.file == file and place.line) for file in files}
    text = "; ".join(f"{file}:{numbers}" if numbers else file for file, numbers in lines.items())
    return text if shown is places else f"{text} and {len(places) - len(shown)} more"


def short_path(path: Path) -> str:
    """The file and the folder that it stands in, so that a report does not depend on where a checkout lies."""
    return "/".join(path.resolve().parts[-2:]).encode("utf-8", "replace").decode()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
