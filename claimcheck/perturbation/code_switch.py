"""P13 and P13t: one word, or two, of a query said in English: `edit_one`, `edit_two` in `LANGUAGES`; the words come of `learn`.

The lexicon is learned on the parallel questions that are perturbed, by word alignment in both directions (IBM model 1 without
an empty word). It serves to perturb and never to train. A word goes with an English one if each is the other's best and the
product of the two probabilities is large; frequent words (most are no content words) and rare ones are left out, so are words
with digits, and words that are the same in English. Edits of clusters do not bound it (`within_budget=False`), the number of
words does. Words are runs between spaces: Thai and Chinese have none, Vietnamese has syllables there (of trận đấu, "game", only
one would be English), so it is not among the languages; Arabic articles and particles stay on their words. Negations stay.

Source: Brown et al. 1993, The mathematics of statistical machine translation, section 4.1; Tan & Joty 2021, arXiv:2103.09593.
"""

import hashlib
import json
import random
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, islice

import numpy as np
import regex
from numpy.typing import NDArray

from claimcheck.perturbation.family import Lexicon
from claimcheck.perturbation.negations import negates
from claimcheck.perturbation.text import EDGES, SCRIPTS, Text, at_random, lower, upper

LANGUAGES = frozenset({"ar", "de", "el", "es", "hi", "ru", "tr"})
STEPS = 8
LEAST_PRODUCT = 0.25
"""A link's product of the two probabilities is larger."""
LEAST_TEXTS, FEWER_TEXTS_THAN = 3, 150
"""How many of the texts a linked word stands in, on both sides."""
LEAST_LENGTH = 3
"""Characters of a linked word, on both sides."""

_POSSESSIVE = regex.compile(r"['’]s$")


def learn(pairs: Mapping[str, Sequence[tuple[str, str]]]) -> Lexicon:
    """The lexicon of parallel texts: language -> pairs of (text, its English). The same to the bit for the same pairs in order.

    Languages and words are sorted.
    """
    return {language: _links([(_words(text, language), _words(english, "en")) for text, english in pairs[language]], language)
            for language in sorted(pairs)}


def digest(lexicon: Lexicon) -> str:
    """The SHA-256 of a lexicon, whatever the order of its entries.

    >>> digest({"de": {"zwei": "two", "drei": "three"}}) == digest({"de": {"drei": "three", "zwei": "two"}})
    True
    """
    return hashlib.sha256(json.dumps(lexicon, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def edit_one(text: Text, _edits: int, draw: random.Random, lexicon: Lexicon) -> str | None:
    """P13: the query with a word in English, drawn of those that the lexicon holds; None where it holds none."""
    return _switched(text, 1, draw, lexicon)


def edit_two(text: Text, _edits: int, draw: random.Random, lexicon: Lexicon) -> str | None:
    """P13t: the query with two words in English; None where the lexicon holds fewer of its words."""
    return _switched(text, 2, draw, lexicon)


def translations(f: Sequence[Sequence[int]], e: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """IBM model 1 in both directions over texts of word numbers, each counted from 0.

    Gives the pairs of words (n x 2: f, e; sorted by e, then f) that stand in a pair of texts, and (n x 2) t(f|e), t(e|f).
    """
    at_f = np.concatenate([np.repeat(np.asarray(left, np.int64), len(right)) for left, right in zip(f, e, strict=True)])
    at_e = np.concatenate([np.tile(np.asarray(right, np.int64), len(left)) for left, right in zip(f, e, strict=True)])
    token_f, token_e = _tokens(f, e)
    words_f = int(at_f.max(initial=-1)) + 1
    kinds, kind = np.unique(at_e * words_f + at_f, return_inverse=True)
    of_f, of_e = kinds % max(words_f, 1), kinds // max(words_f, 1)
    return np.stack([of_f, of_e], 1), np.stack([_expected(kind, token_f, of_e), _expected(kind, token_e, of_f)], 1)


def _tokens(f: Sequence[Sequence[int]], e: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each pair of tokens in a pair of texts the number of its f and of its e, counted through all texts."""
    firsts_f = np.cumsum([0, *map(len, f)])
    firsts_e = np.cumsum([0, *map(len, e)])
    every = [(np.repeat(np.arange(len(left)) + first_f, len(right)), np.tile(np.arange(len(right)) + first_e, len(left)))
             for left, right, first_f, first_e in zip(f, e, firsts_f, firsts_e, strict=False)]
    return np.concatenate([left for left, _ in every]), np.concatenate([right for _, right in every])


def _expected(kind: NDArray[np.int64], token: NDArray[np.int64], given: NDArray[np.int64]) -> NDArray[np.float64]:
    """Probabilities of the kinds of pairs after so many steps of expectation and maximisation, given one side's word.

    `np.bincount` adds one after another, so that the result does not hang on the machine.
    """
    probabilities = np.ones(len(given))
    for _ in range(STEPS):
        weights = probabilities[kind]
        counts = np.bincount(kind, weights / np.bincount(token, weights)[token], len(given))
        probabilities = counts / np.bincount(given, counts)[given]
    return probabilities


def _links(texts: Sequence[tuple[list[str], list[str]]], language: str) -> dict[str, str]:
    """Word -> English word, sorted; of equally good ones the first that stands in the texts."""
    sides = [[pair[side] for pair in texts] for side in (0, 1)]
    spread = [Counter(chain.from_iterable(dict.fromkeys(words) for words in side)) for side in sides]
    numbers = [{word: number for number, word in enumerate(each)} for each in spread]
    if not all(numbers):
        return {}
    pairs, probable = translations(*([[number[word] for word in words] for words in side]
                                     for side, number in zip(sides, numbers, strict=True)))
    best_f = _best(pairs[:, 1], probable[:, 0])
    best_e = _best(pairs[:, 0], probable[:, 1])
    good = best_f & best_e & (probable.prod(1) > LEAST_PRODUCT)
    words = [list(number) for number in numbers]
    found = [(words[0][f], words[1][e]) for f, e in pairs[good].tolist()]
    return dict(sorted((f, e) for f, e in found if f != e and _fit(f, language) and _fit(e, "en")
                       and all(LEAST_TEXTS <= each < FEWER_TEXTS_THAN for each in (spread[0][f], spread[1][e]))))


def _best(given: NDArray[np.int64], probable: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which pair is the most probable one for its given word; the first of equals."""
    order = np.lexsort((np.arange(len(given)), -probable, given))
    first = np.ones(len(given), bool)
    first[1:] = given[order][1:] != given[order][:-1]
    best = np.zeros(len(given), bool)
    best[order[first]] = True
    return best


def _fit(word: str, language: str) -> bool:
    """Whether a word is long enough, begins in its language's script and holds no digit."""
    return (len(word) >= LEAST_LENGTH and regex.search(r"\p{N}", word) is None
            and regex.match(rf"\p{{{SCRIPTS.get(language, 'Latin')}}}", word) is not None)


def _words(text: str, language: str) -> list[str]:
    """A text's words, small and without punctuation around them; English ones without the possessive's s."""
    every = (lower(EDGES.sub("", token), language) for token in unicodedata.normalize("NFC", text).split())
    return [word for word in ((_POSSESSIVE.sub("", word) if language == "en" else word) for word in every) if word]


def _switched(text: Text, wanted: int, draw: random.Random, lexicon: Lexicon) -> str | None:
    english = lexicon.get(text.language, {})
    tokens = regex.split(r"(\s+)", str(text))
    words = [EDGES.sub("", token) for token in tokens]
    places = [place for place, word in enumerate(words)
              if lower(word, text.language) in english and not negates(word, text.language)]
    if len(places) < wanted:
        return None
    for place in islice(at_random(places, draw), wanted):
        said = in_case_of(words[place], english[lower(words[place], text.language)])
        tokens[place] = tokens[place].replace(words[place], said, 1)
    return "".join(tokens)


def in_case_of(word: str, said: str, language: str = "en") -> str:
    """A word of a language with the capitals of another one: none, the first, or all."""
    if word.isupper() and len(word) > 1:
        return upper(said, language)
    return upper(said[0], language) + said[1:] if word[:1].isupper() else said
