"""A family of perturbations as a value; what all of them have in common is done here, once."""

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from claimcheck.corpora.corpus import Question
from claimcheck.perturbation.text import Budget, Text, edits, read

Lexicon: TypeAlias = Mapping[str, Mapping[str, str]]
"""Language -> word -> its English word: what is learned of parallel questions, for code-switching."""

Edit: TypeAlias = Callable[[Text, int, random.Random, Lexicon], str | None]
"""A text, how many clusters may be edited, the draw's randomness and a lexicon -> the perturbed text; None: no slot for it.

It may not look at anything else. A family that draws nothing leaves the randomness alone, one of words leaves the number alone.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """`id`: as in reports, P1 to P14 with variants. `version`: counted up whenever an output changes; part of the seed.

    `languages`: those in which it exists. `drawn`: whether it draws at random, so that several draws differ. `nfc`: whether
    what it gives is NFC. `within_budget`: whether the number of edits bounds it; the others have bounds of their own.
    `lexical`: whether it needs a lexicon.
    """

    id: str
    version: int
    title: str
    languages: frozenset[str]
    drawn: bool
    edit: Edit = field(repr=False)
    nfc: bool = True
    within_budget: bool = True
    lexical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Perturbed:
    """One query after one draw of a family. `applied`: whether it is other than it was; if not, `text` is as it was given."""

    id: str
    language: str
    family: str
    draw: int
    text: str
    applied: bool


def seed(family: Family, language: str, question: str, draw: int) -> int:
    """The seed of one draw: of nothing but family, version, language, question and draw, so that no order or batch moves it.

    The text is not in it, so that variants of one question pair across languages' texts and their corrections.
    """
    name = f"{family.id}|{family.version}|{language}|{question}|{draw}"
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)


def perturb(question: Question, family: Family, budget: Budget = "light", draw: int = 0,
            lexicon: Lexicon | None = None) -> Perturbed:
    """One query after one draw of a family. Where the family does not exist or finds no slot, the unchanged text."""
    made: str | None = None
    if question.language in family.languages:
        text = read(question.text, question.language)
        if len(text):
            made = family.edit(text, edits(text, budget), random.Random(seed(family, question.language, question.id, draw)),  # noqa: S311
                               lexicon or {})
            if made in (str(text), question.text) or (made is not None and not made.strip()):
                made = None
    return Perturbed(id=question.id, language=question.language, family=family.id, draw=draw,
                     text=question.text if made is None else made, applied=made is not None)
