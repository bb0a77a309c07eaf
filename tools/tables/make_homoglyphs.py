"""Make claimcheck/perturbation/tables/homoglyphs.json: letters of Latin, Greek and Cyrillic that look the same.

    python tools/tables/make_homoglyphs.py > claimcheck/perturbation/tables/homoglyphs.json

Needs confusable-homoglyphs 3.3.1 (`pip install confusable-homoglyphs==3.3.1`), which carries confusables.txt of Unicode
Technical Standard 39 as JSON. Which of its many pairs are taken is written here: those that have one shape in usual fonts.
"""

import json
import sys
import unicodedata
from importlib import metadata, resources

VERSION = "3.3.1"
TAKEN = {
    "Latin": ("ABCEHIJKMNOPSTXYZacdehijopsxy",
              "АВСЕНІЈКМΝОРЅТХҮΖасԁеһіјорѕху"),
    "Greek": ("ΑΒΓΕΖΗΙΚΜΝΟΠΡΤΥΧνορυ",
              "ABГEZHIKMNOПPTYXvopu"),
    "Cyrillic": ("АВГЕКМНОПРСТХаеорсух",
                 "ABΓEKMHOΠPCTXaeopcyx"),
}
"""Script -> its letters, and for each the twin of another script. Greek's small ones are few, hence its ν, ρ and υ."""
HEAD = {
    "source": f"confusables.txt of Unicode Technical Standard 39, as confusable-homoglyphs {VERSION} carries it",
    "version": 1,
    "licence": "Unicode License v3 (the data), MIT (the package); carried in NOTICE",
    "made": "tools/tables/make_homoglyphs.py, which checks that the source calls each pair confusable",
    "letters": "Script -> letter -> its twin, the same letter in shape and case in another script",
}


def source() -> dict[str, list[dict[str, str]]]:
    """Character -> those that are confusable with it."""
    found = resources.files("confusable_homoglyphs").joinpath("confusables.json").read_text(encoding="utf-8")
    return json.loads(found)


def table() -> dict[str, object]:
    """The table as it is written. Raises ValueError where a pair is not in the source or a letter is of another script."""
    confusable = source()
    letters = {}
    for script, (own, others) in TAKEN.items():
        for letter, twin in zip(own, others, strict=True):
            alike = {letter, *(each["c"] for each in confusable.get(letter, ()))}
            alike |= {each["c"] for other in sorted(alike) for each in confusable.get(other, ())}
            if twin not in alike:
                raise ValueError(f"{letter} and {twin} ({unicodedata.name(twin)}) are not confusable")
            if not unicodedata.name(letter).startswith(script.upper()) or unicodedata.name(twin).startswith(script.upper()):
                raise ValueError(f"{letter} or {twin} is of another script than said")
        letters[script] = dict(zip(own, others, strict=True))
    return {"head": HEAD, "letters": letters}


def written(made: dict[str, object]) -> str:
    """The table's text: one letter a line."""
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    if metadata.version("confusable-homoglyphs") != VERSION:
        raise SystemExit(f"confusable-homoglyphs {VERSION} is wanted")
    sys.stdout.write(written(table()))
