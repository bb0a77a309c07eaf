"""A corpus with planted truths: three invented languages, the same questions and sentences in each, made from a fixed seed.

Every concept has a word of its own in each language, and the words of two languages share nothing that could be learned from
one language alone. So retrieval across languages can be learned from cross-lingual batches only: that is the truth that is
planted. It tests the machinery, and says nothing about any paper.
"""

import hashlib
from collections.abc import Sequence
from functools import cache

from claimcheck.corpora.corpus import Candidate, LanguagePart, ParallelCorpus, Question
from claimcheck.design import SYNTHETIC

LANGUAGES = ("qaa", "qab", "qac")
"""Codes that ISO 639-2 reserves for local use."""
ARTICLES, QUESTIONS, SENTENCES = 24, 6, 9
CONCEPTS, IN_SENTENCE, IN_QUESTION, ASTRAY = 90, 7, 4, 1
"""A question repeats four of the seven concepts of the sentence that answers it, and has one that is not in it."""
_SYLLABLES = {language: tuple(consonant + vowel for consonant in consonants for vowel in "aeiou")
              for language, consonants in zip(LANGUAGES, ("bdgkl", "mnprs", "tvzfh"), strict=True)}


@cache
def make() -> ParallelCorpus:
    """The corpus: the same bytes wherever and whenever it is made."""
    parts = {}
    for language in LANGUAGES:
        questions: list[Question] = []
        candidates: list[Candidate] = []
        relevant: dict[str, int] = {}
        for article in range(ARTICLES):
            title = f"article {article:02}"
            sentences = [_drawn(f"{article}/{sentence}", IN_SENTENCE) for sentence in range(SENTENCES)]
            for number in range(QUESTIONS):
                name = f"{article:02}-{number}"
                kept = [sentences[number][place] for place in _order(f"question {name}", IN_SENTENCE)[:IN_QUESTION]]
                text = _text(language, [*kept, *_drawn(f"astray {name}", ASTRAY)])
                questions.append(Question(id=name, language=language, text=text, article=title))
                relevant[name] = len(candidates) + number
            candidates += [Candidate(id=f"{SYNTHETIC}/{language}/{len(candidates) + place:05d}", language=language,
                                     text=_text(language, sentence), article=title) for place, sentence in enumerate(sentences)]
        parts[language] = LanguagePart(language=language, questions=tuple(questions), candidates=tuple(candidates),
                                       relevant=relevant)
    return ParallelCorpus(name=SYNTHETIC, parts=parts)


def _number(what: str) -> int:
    return int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], "big")


def _order(what: str, size: int) -> list[int]:
    return sorted(range(size), key=lambda place: _number(f"{what} {place}"))


def _drawn(what: str, size: int) -> list[int]:
    """So many different concepts."""
    return _order(what, CONCEPTS)[:size]


def _text(language: str, concepts: Sequence[int]) -> str:
    return " ".join(_word(language, concept) for concept in concepts)


@cache
def _word(language: str, concept: int) -> str:
    """Three syllables of the language; two concepts may differ in one only."""
    syllables = _SYLLABLES[language]
    return "".join(syllables[_number(f"{language} {concept} {place}") % len(syllables)] for place in range(3))
