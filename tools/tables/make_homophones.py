"""Make the two Chinese tables in claimcheck/perturbation/tables: homophones.json and pinyin.json.

    python tools/tables/make_homophones.py

Needs claimcheck, pypinyin 0.55.0 (`pip install pypinyin==0.55.0`; MIT) and the data sets XQuAD-R and MLQA-R in the folder
CLAIMCHECK_DATA. What is taken of the data sets is which characters occur in them, no text.
"""

import hashlib
import json
import os
from importlib import metadata
from pathlib import Path

import regex

from claimcheck.corpora import lareqa

TABLES = Path(__file__).parents[2] / "claimcheck" / "perturbation" / "tables"
PYPINYIN = "0.55.0"
HEAD = {
    "source": f"pypinyin {PYPINYIN} (its table of single characters)",
    "version": 1,
    "licence": "MIT (pypinyin, Copyright (c) 2016 mozillazg, 闲耘), carried in NOTICE; the lists of characters are facts",
    "made": "tools/tables/make_homophones.py",
    "readings": "the most common reading of a character by itself, without tones, ü written v as in input methods",
}
ALIKE = ("Han characters of XQuAD-R's Chinese questions and candidates -> the others of them that are read alike; those "
         "without any are absent")
READ = ("Han characters of XQuAD-R's and MLQA-R's Chinese questions and candidates and of the first level of GB 2312 -> their "
        "reading")


def vocabulary(data: Path, *names: str) -> frozenset[str]:
    """Han characters in the Chinese questions and candidates of data sets."""
    found: set[str] = set()
    for name in names:
        part = lareqa.read(name, {"zh": data / name / "zh.json"}).parts["zh"]
        for item in (*part.questions, *part.candidates):
            found.update(regex.findall(r"\p{Han}", item.text))
    return frozenset(found)


def first_level() -> frozenset[str]:
    """The 3,755 frequent characters of GB 2312: rows 16 to 55, the last of which ends at cell 89."""
    codes = (bytes((row, cell)) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF) if (row, cell) < (0xD7, 0xFA))
    return frozenset(code.decode("gb2312") for code in codes)


def reading(character: str) -> str:
    """The toneless pinyin of a character by itself; empty where pypinyin knows none."""
    import pypinyin  # the rest of the file needs none

    spelt = pypinyin.lazy_pinyin(character, style=pypinyin.Style.NORMAL, errors="ignore")
    return spelt[0] if spelt else ""


def homophones(characters: frozenset[str]) -> dict[str, str]:
    """Character -> the others that are read alike, sorted; those without any are absent."""
    alike: dict[str, str] = {}
    for character in sorted(characters):
        if spelt := reading(character):
            alike[spelt] = alike.get(spelt, "") + character
    return {character: alike[reading(character)].replace(character, "") for character in sorted(characters)
            if len(alike.get(reading(character), "")) > 1}


def inputs(data: Path, *names: str) -> dict[str, str]:
    """Data file that a table is made of -> its SHA-256."""
    return {f"{name}/zh.json": hashlib.sha256((data / name / "zh.json").read_bytes()).hexdigest() for name in names}


def tables(data: Path) -> dict[str, dict[str, object]]:
    """Name of a table -> the table as it is written."""
    xquad = vocabulary(data, "xquad-r")
    known = {character: reading(character) for character in sorted(vocabulary(data, "xquad-r", "mlqa-r") | first_level())}
    return {
        "homophones": {"head": HEAD | {"characters": ALIKE, "inputs": inputs(data, "xquad-r")},
                       "characters": homophones(xquad)},
        "pinyin": {"head": HEAD | {"characters": READ, "inputs": inputs(data, "xquad-r", "mlqa-r")},
                   "characters": {character: spelt for character, spelt in known.items() if spelt}}}


def written(made: dict[str, object]) -> str:
    """The table's text: one character a line."""
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    if metadata.version("pypinyin") != PYPINYIN:
        raise SystemExit(f"pypinyin {PYPINYIN} is wanted, this is {metadata.version('pypinyin')}")
    for name, made in tables(Path(os.environ["CLAIMCHECK_DATA"])).items():
        (TABLES / f"{name}.json").write_text(written(made), encoding="utf-8")
