"""The perturbed queries of a leg: from frozen sets in the store, which are made where they do not stand yet.

A set holds one family on all questions that a route could evaluate, whatever its split; it is the same for every arm and run.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from claimcheck.corpora.corpus import ParallelCorpus, Question
from claimcheck.design import Perturbations
from claimcheck.errors import CorruptInput, Fault
from claimcheck.files import beside, held
from claimcheck.measurement.places import variant
from claimcheck.measurement.provenance import perturbing
from claimcheck.perturbation.code_switch import digest as digest_of_lexicon
from claimcheck.perturbation.code_switch import learn
from claimcheck.perturbation.families import FAMILIES
from claimcheck.perturbation.family import Family, Lexicon, Perturbed, perturb
from claimcheck.perturbation.frozen import read, write
from claimcheck.retrieval.encoder import Encoder
from claimcheck.retrieval.ranking import Variant
from claimcheck.run import Json, digest_of

PIVOT = "en"
"""The language whose words code-switching takes."""
_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A frozen set. `digest`: SHA-256 of its file; `texts`: (language, question, draw) -> what became of it."""

    family: Family
    digest: str
    texts: Mapping[tuple[str, str, int], Perturbed] = field(repr=False)

    @property
    def draws(self) -> int:
        """How many draws it holds."""
        return 1 + max(draw for _, _, draw in self.texts)


def frozen_sets(asked: Perturbations, whole: ParallelCorpus, languages: Sequence[str], folder: Path | None) -> list[Frozen]:
    """The frozen sets of the families that exist in one of the languages, on the questions of a corpus in these.

    `whole`: all languages that the data set has: a lexicon is learned of its parallel questions. `folder`: where sets stand
    and are put; None: nowhere.
    Raises CorruptInput: a set in the folder differs from its digest.
    """
    questions = tuple(question for language in languages for question in whole.parts[language].questions)
    made = []
    for name in asked.families:
        family = FAMILIES[name]
        if family.languages & set(languages):
            draws = asked.draws if family.drawn else 1
            lexicon = _lexicon(whole) if family.lexical else None
            made.append(_frozen(family, replace(asked, families=(name,), draws=draws), questions, lexicon, folder))
    return made


def variants(sets: Sequence[Frozen], evaluated: ParallelCorpus, route: str) -> tuple[Variant, ...]:
    """The questions of an evaluation after each draw of each set, in the languages in which its family exists."""
    made = []
    for each in sets:
        clean = [question for language, part in evaluated.parts.items() if language in each.family.languages
                 for question in part.questions]
        for draw in range(each.draws):
            found = [each.texts[question.language, question.id, draw] for question in clean]
            made.append(Variant(
                route=variant(route, each.family.id, draw), applied=tuple(one.applied for one in found),
                questions=tuple(replace(question, text=one.text) for question, one in zip(clean, found, strict=True))))
    return tuple(each for each in made if each.questions)


def told(asked: Perturbations, sets: Sequence[Frozen], evaluated: ParallelCorpus, encoder: Encoder) -> dict[str, Json]:
    """For the record: of each set and language how many questions, over all draws, were changed, and changed to the encoder.

    What is the same tokens or features to the encoder cannot move its ranking, whatever it looks like to a reader. As an
    example stands of each language its first question with what the first draw of each family makes of it.
    """
    families: dict[str, Json] = {}
    shown = {language: part.questions[0] for language, part in evaluated.parts.items() if part.questions}
    for each in sets:
        cells: dict[str, Json] = {}
        for language, part in evaluated.parts.items():
            if language in each.family.languages and part.questions:
                cells[language] = _cell(each, part.questions, encoder)
        made = {language: each.texts[language, one.id, 0] for language, one in shown.items() if language in cells}
        families[each.family.id] = {"version": each.family.version, "set": each.digest, "cells": cells, "examples": {
            language: one.text for language, one in made.items() if one.applied}}
    return {"budget": asked.budget, "draws": asked.draws, "families": families, "examples": {
        language: {"question": question.id, "text": question.text} for language, question in shown.items()}}


def _cell(frozen: Frozen, questions: Sequence[Question], encoder: Encoder) -> dict[str, Json]:
    pairs = [(question.text, frozen.texts[question.language, question.id, draw])
             for draw in range(frozen.draws) for question in questions]
    row: dict[str, int] = {}
    for clean, one in pairs:
        for text in (clean, one.text):
            row.setdefault(text, len(row))
    same = encoder.prepare(list(row), "query").alike(np.array([row[clean] for clean, _ in pairs]),
                                                     np.array([row[one.text] for _, one in pairs]))
    return {"questions": len(pairs), "applied": sum(one.applied for _, one in pairs), "visible": int((~same).sum())}


@lru_cache(maxsize=64)
def _frozen(family: Family, asked: Perturbations, questions: tuple[Question, ...], lexicon: "_Learned | None",
            folder: Path | None) -> Frozen:
    """One set, kept for the life of the process: legs of a route share it."""
    if folder is None:
        made = _perturbed(family, asked, questions, lexicon)
        return Frozen(family=family, digest="", texts=_by_name(made))
    name = _definition(family, asked, questions, lexicon)
    index, locks = folder / f"{name}.json", folder.parent / "locks"
    for each in (folder, locks):
        each.mkdir(parents=True, exist_ok=True)
    while (digest := _indexed(index)) is None:
        with held(locks / f"perturbed.{name}") as mine:
            if mine and _indexed(index) is None:
                says = {"family": family.id, "version": family.version, "budget": asked.budget, "draws": asked.draws,
                        "questions": len(questions), "set": write(_perturbed(family, asked, questions, lexicon), folder)}
                beside(index, (json.dumps(says, indent=1) + "\n").encode()).replace(index)
        if not mine:
            time.sleep(_POLL_SECONDS)
    found = read(folder, digest)
    expected = [(language, each.id, draw) for draw in range(asked.draws) for language in sorted(family.languages)
                for each in questions if each.language == language]
    if {each.family for each in found} - {family.id} or sorted((each.language, each.id, each.draw) for each in found) != sorted(
            expected):
        raise CorruptInput([Fault(path=index, what=f"names a set that is not one of {family.id} on these questions",
                                  next_move=f"remove {index} and run again, so that the set is made anew")])
    return Frozen(family=family, digest=digest, texts=_by_name(found))


def _indexed(index: Path) -> str | None:
    """The digest of a set that stands, by its definition; None where none does, or was taken away, or the index is damaged."""
    try:
        digest = json.loads(index.read_text(encoding="utf-8"))["set"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return digest if isinstance(digest, str) and (index.parent / f"{digest}.jsonl").is_file() else None


def _perturbed(family: Family, asked: Perturbations, questions: Iterable[Question],
               lexicon: "_Learned | None") -> list[Perturbed]:
    return [perturb(question, family, asked.budget, draw, lexicon.words if lexicon else None)
            for draw in range(asked.draws) for question in questions if question.language in family.languages]


def _by_name(made: Iterable[Perturbed]) -> dict[tuple[str, str, int], Perturbed]:
    return {(each.language, each.id, each.draw): each for each in made}


def _definition(family: Family, asked: Perturbations, questions: Iterable[Question], lexicon: "_Learned | None") -> str:
    """What a set is a function of, as one digest: the set itself need not be made to know it."""
    said = hashlib.sha256()
    for each in questions:
        said.update(json.dumps([each.language, each.id, each.text]).encode())
    return digest_of({"family": family.id, "version": family.version, "budget": asked.budget, "draws": asked.draws,
                      "questions": said.hexdigest(), "lexicon": lexicon.digest if lexicon else None, "made_by": perturbing()})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Learned:
    """A lexicon by its digest."""

    digest: str
    words: Lexicon = field(repr=False, compare=False)


def lexicon_of(whole: ParallelCorpus) -> Lexicon:
    """The lexicon of a corpus, as code-switching has it."""
    return _lexicon(whole).words


def _lexicon(whole: ParallelCorpus) -> _Learned:
    """The lexicon of a corpus: of questions that stand in a language and in English. Test questions perturb, never train."""
    pivot = {} if PIVOT not in whole.parts else {each.id: each.text for each in whole.parts[PIVOT].questions}
    return _learned(tuple((language, tuple((each.text, pivot[each.id]) for each in part.questions if each.id in pivot))
                          for language, part in whole.parts.items() if language != PIVOT))


@lru_cache(maxsize=4)
def _learned(pairs: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]) -> _Learned:
    words = learn(dict(pairs))
    return _Learned(digest=digest_of_lexicon(words), words=words)
