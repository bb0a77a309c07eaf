"""P10: letters replaced by twins of another script that look the same: `edit` in `LANGUAGES`.

The twins are in tables/homoglyphs.json, one a letter. Arabic, Devanagari, Thai and Chinese letters have none.
Source: Unicode Technical Standard 39 (confusables); Boucher et al. 2022, arXiv:2106.09898.
"""

import json
import random
from collections.abc import Mapping
from functools import cache
from importlib import resources

from claimcheck.perturbation.family import Lexicon
from claimcheck.perturbation.text import SCRIPTS, Text, chosen, slots

LANGUAGES = frozenset({"de", "el", "en", "es", "ru", "tr", "vi"})


@cache
def twins(script: str) -> Mapping[str, str]:
    r"""Letter of a script (Latin, Greek, Cyrillic) -> its twin of another script.

    >>> twins("Latin")["a"] == "\N{CYRILLIC SMALL LETTER A}"
    True
    """
    table = resources.files("claimcheck.perturbation").joinpath("tables", "homoglyphs.json").read_text(encoding="utf-8")
    letters: Mapping[str, str] = json.loads(table)["letters"][script]
    return letters


def edit(text: Text, edits: int, draw: random.Random, _lexicon: Lexicon) -> str | None:
    """The query with so many letters at slots replaced; None where no slot holds a letter that has a twin."""
    twin = twins(SCRIPTS.get(text.language, "Latin"))
    places = chosen([place for place in slots(text) if text.clusters[place] in twin], edits, draw)
    if not places:
        return None
    made = list(text.clusters)
    for place in places:
        made[place] = twin[made[place]]
    return "".join(made)
