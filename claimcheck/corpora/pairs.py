"""What an encoder is trained on: each question with the sentence that answers it, in every language where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from claimcheck.corpora.corpus import LanguagePart, ParallelCorpus


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPairs:
    """Questions with the sentence that answers each, in several languages.

    `questions` (ids) and `languages` are sorted. `queries` and `passages`: language -> one text a question, in the order of
    `questions`; None where the question does not stand in that language, and then in both of them.
    """

    questions: tuple[str, ...] = field(repr=False)
    languages: tuple[str, ...]
    queries: Mapping[str, tuple[str | None, ...]] = field(repr=False)
    passages: Mapping[str, tuple[str | None, ...]] = field(repr=False)


def training_pairs(corpus: ParallelCorpus) -> TrainingPairs:
    """The pairs of a corpus: every question of every language, with the text of its one relevant candidate there."""
    questions = tuple(sorted({question.id for part in corpus.parts.values() for question in part.questions}))
    languages = tuple(sorted(corpus.parts))
    texts = {language: _texts(corpus.parts[language]) for language in languages}
    absent = (None, None)
    return TrainingPairs(
        questions=questions,
        languages=languages,
        queries={language: tuple(texts[language].get(name, absent)[0] for name in questions) for language in languages},
        passages={language: tuple(texts[language].get(name, absent)[1] for name in questions) for language in languages},
    )


def _texts(part: LanguagePart) -> dict[str, tuple[str, str]]:
    return {question.id: (question.text, part.candidates[part.relevant[question.id]].text) for question in part.questions}
