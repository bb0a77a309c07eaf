"""How the fields of claim and reproduction files are described and bounded.

The dataclasses of those files are at once the values that everything past the YAML door works with and the definition of the
files; a field's metadata holds the description and the bounds that an author is told.
"""

import re
from collections.abc import Iterable
from typing import Any

STRICT = {"extra": "forbid", "strict": True, "allow_inf_nan": False}
"""How the YAML door validates: unknown keys are refused, nothing is coerced; it holds for all nested values too."""
NAME = r"^[a-z0-9][a-z0-9-]*$"
COMMIT = r"^[0-9a-f]{40}$"
ADDRESS = r"^https://\S+$"
CSV_FILE = r"^[^/\\\x00-\x1f\x7f-\x9f]+\.csv$"
INSIDE = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"
ONE_LINE = r"^ *[^\x00-\x20\x7f-\x9f\u2028\u2029][^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
MEASURE = r"^(AP|RR|RankDistance|LogRankDistance|RankDistanceShare|Max@R|SameLanguage@([1-9]|10)|(R|nDCG|Max)@[1-9][0-9]{0,5})$"
FAMILY = r"^P([1-9]|1[0-4]|1z|6u|9d|11[jtw]|12c|13t)$"
ATTACK = r"^A[1-3]$"
PERTURBATION = rf"^({FAMILY[1:-1]}|A[1-3])$"
PATTERN_MOVES = {
    NAME: "use small letters, digits and hyphens",
    COMMIT: "give the 40 hexadecimal digits of a commit",
    ADDRESS: "give an address that starts with https://",
    CSV_FILE: "name a .csv file that stands beside this one",
    INSIDE: "give a path below that folder: names of letters, digits, `_`, `-` and `.`, parted by `/`",
    ONE_LINE: "write it on one line that is not empty, without control characters",
    ATTACK: "use A1, A2 or A3",
    MEASURE: "use AP, RR, R@k, nDCG@k, Max@k, Max@R, SameLanguage@k (k up to 10), RankDistance, "
             "LogRankDistance or RankDistanceShare",
    FAMILY: "use a family P1 to P14, or a variant P1z, P6u, P9d, P11j, P11t, P11w, P12c or P13t",
    PERTURBATION: "use a family P1 to P14 or one of its variants, as P1z, or an attack A1 to A3",
}
"""The next move for a text that does not fit a pattern."""

NO_MEASURES = {
    "PEER": "PEER (Yang et al. 2024, language fairness, arXiv:2405.00978) asks by the Kruskal-Wallis test whether the relevant "
            "candidates of all languages have equal expected ranks; with one relevant candidate a language, as in every "
            "parallel corpus here, its statistic H is R - 1 for R of them whatever the ranking is, so PEER is constant; use "
            "RankDistance or SameLanguage@k",
}
"""Measures of the field that say nothing of the data here -> the reason and the next move."""


def next_move(pattern: str, text: object) -> str:
    """The next move for a text that does not fit a pattern.

    >>> next_move(NAME, "A")
    'use small letters, digits and hyphens'
    """
    if pattern == MEASURE and (reason := NO_MEASURES.get(str(text).partition("@")[0])):
        return reason
    return PATTERN_MOVES.get(pattern, "change it")


def each_fits(values: Iterable[str], pattern: str, what: str) -> None:
    """Raise ValueError for the first value that does not fit a pattern."""
    for value in values:
        if not re.match(pattern, value):
            raise ValueError(f"{what} `{value}` is not known; {next_move(pattern, value)}")


def said(description: str, **bounds: Any) -> dict[str, Any]:
    """Field metadata: what the author is told, and what the YAML door and the JSON Schema bound."""
    return {"description": description, **bounds}
