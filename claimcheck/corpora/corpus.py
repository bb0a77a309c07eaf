"""What a data set holds once it is read: questions, candidates, and which candidate answers which question."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question in one language. Translations of a question share its `id`."""

    id: str
    language: str
    text: str
    article: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A text that can be retrieved: a sentence by its position, or a passage. `id` is unique in the whole data set."""

    id: str
    language: str
    text: str
    article: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguagePart:
    """One language of a parallel corpus. `relevant`: question id -> index of the candidate that answers it.

    Candidates are in byte order of their ids; every question of the language has exactly one relevant candidate in it.
    `answers_run_past` counts answers that end behind the sentence in which they start; `breaks_differ` counts sentences
    that are not the text between their breaks.
    """

    language: str
    questions: tuple[Question, ...] = field(repr=False)
    candidates: tuple[Candidate, ...] = field(repr=False)
    relevant: Mapping[str, int] = field(repr=False)
    answers_run_past: int = 0
    breaks_differ: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelCorpus:
    """A corpus in several languages whose questions share ids across them. `parts` are in order of their languages."""

    name: str
    parts: Mapping[str, LanguagePart]

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages, sorted."""
        return tuple(self.parts)

    def languages_of_questions(self) -> Mapping[str, tuple[str, ...]]:
        """Question id -> the languages in which it stands, ids in order of their first language and place."""
        found: dict[str, list[str]] = {}
        for part in self.parts.values():
            for question in part.questions:
                found.setdefault(question.id, []).append(part.language)
        return {name: tuple(languages) for name, languages in found.items()}

    def shared_questions(self, language: str, other: str) -> int:
        """How many questions stand in both of two languages: those that a cross-lingual setting rests on."""
        return len(self.parts[language].relevant.keys() & self.parts[other].relevant.keys())


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedQueries:
    """Queries of one language with graded judgments of passages that are kept elsewhere (MIRACL).

    `judgments`: query id -> passage id -> grade; a passage that is not named was not judged.
    """

    name: str
    language: str
    queries: tuple[Question, ...] = field(repr=False)
    judgments: Mapping[str, Mapping[str, int]] = field(repr=False)


def composed(corpus: ParallelCorpus) -> ParallelCorpus:
    """The corpus with its questions in NFC."""
    return replace(corpus, parts={
        language: replace(part, questions=tuple(replace(each, text=unicodedata.normalize("NFC", each.text))
                                                for each in part.questions)) for language, part in corpus.parts.items()})
