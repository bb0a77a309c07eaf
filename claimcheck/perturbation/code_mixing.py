"""Words of a query said in other languages, for the search over them: each word at most once, two at most.

The words come of the lexicon that code-switching has, which goes from each language to English; to other languages they go
through English and back. Of several words with one English word the first in order stands for it.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import regex

from claimcheck.perturbation.code_switch import LANGUAGES, in_case_of
from claimcheck.perturbation.family import Lexicon
from claimcheck.perturbation.negations import negates
from claimcheck.perturbation.text import EDGES, lower

Words: TypeAlias = Mapping[str, Mapping[str, Sequence[tuple[str, str]]]]
"""Language -> word -> what it is elsewhere, each with its language."""
MOST_WORDS = 2
"""Words of a query that are replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed:
    """A query in tokens and the spaces between them; `replaced`: places of those that are other words."""

    tokens: tuple[str, ...]
    replaced: tuple[int, ...] = ()

    def __str__(self) -> str:
        return "".join(self.tokens)


def clean(text: str) -> Mixed:
    """A query before any word is replaced, in NFC."""
    return Mixed(tokens=tuple(regex.split(r"(\s+)", unicodedata.normalize("NFC", text))))


def dictionary(lexicon: Lexicon) -> Words:
    """Language -> word -> what it is in other languages, English first, then in order of the languages' codes.

    Of languages that have words between spaces, as in code-switching, and of English.
    """
    lexicon = {language: words for language, words in lexicon.items() if language in LANGUAGES}
    back: dict[str, dict[str, str]] = {}
    for language in sorted(lexicon):
        for word in sorted(lexicon[language]):
            back.setdefault(lexicon[language][word], {}).setdefault(language, word)
    made: dict[str, dict[str, Sequence[tuple[str, str]]]] = {
        language: {word: (("en", english), *(each for each in back[english].items() if each[0] != language))
                   for word, english in own.items()} for language, own in lexicon.items()}
    made["en"] = {english: tuple(others.items()) for english, others in back.items()}
    return made


def mixed(draft: Mixed, language: str, words: Words) -> list[Mixed]:
    """All drafts with one more word in another language, in order of the words; none that is the same again."""
    own = words.get(language, {})
    made = []
    for place, token in enumerate(draft.tokens):
        word = EDGES.sub("", token)
        small = lower(word, language)
        if place in draft.replaced or small not in own or negates(word, language):
            continue
        texts = dict.fromkeys(token.replace(word, in_case_of(word, other, spoken), 1) for spoken, other in own[small])
        made += [Mixed(tokens=(*draft.tokens[:place], said, *draft.tokens[place + 1:]), replaced=(*draft.replaced, place))
                 for said in texts if said != token]
    return made
