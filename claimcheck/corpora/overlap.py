"""Whether one data set holds items of another: two sets of texts -> pairs that are the same, contained, or nearly the same.

What a system may have seen in training is no test of it. Three ways to find it, from strict to lenient: equality after
normalisation; shared n-grams (8 words); near-duplicates by MinHash with banding, verified by the exact Jaccard coefficient.
Equal texts are compared once and their pairs multiplied, so copies cost nothing; nothing depends on the order of items.

Sources: Brown et al. 2020 (arXiv:2005.14165), appendix C, and Dodge et al. 2021 (arXiv:2104.08758) for overlap of n-grams;
`shingles` names those of MinHash and banding.
"""

import heapq
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice, product
from typing import TypeAlias

from claimcheck.corpora.corpus import Candidate, ParallelCorpus, Question
from claimcheck.corpora.shingles import bands, jaccard, near_shingles, normalise, shingles
from claimcheck.fields import said

COMMON = 1000
"""A shingle that stands in more distinct texts of B than this brings no pair to be compared: so the work stays linear."""
LISTED = 1000
"""How many matches an overlap lists, strongest first; its counts are of all."""


class Kind(StrEnum):
    """How an item of A stands in an item of B, the strongest first."""

    EXACT = "exact"
    CONTAINED = "contained"
    NEAR = "near"


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What is compared: language -> pairs of id and text. A pair is an item; an id may stand in several languages."""

    name: str
    by_language: Mapping[str, tuple[tuple[str, str], ...]] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From which share on a pair is a match. Raises ValueError: a threshold is not above 0 and at most 1."""

    containment: float = field(default=0.5, metadata=said(
        "Share of the shingles of an item of A that stand in one item of B, from which on it is contained.", gt=0, le=1))
    jaccard: float = field(default=0.8, metadata=said(
        "Share of the character shingles of two items that stand in both, from which on they are near-duplicates.", gt=0, le=1))

    def __post_init__(self) -> None:
        for name in ("containment", "jaccard"):
            if not 0 < (value := getattr(self, name)) <= 1:
                raise ValueError(f"the threshold `{name}` is {value:g}; give a share above 0 and at most 1")


DEFAULT = Thresholds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An item of A and an item of B in one language. `score`: 1 if exact, share of A's shingles, or Jaccard coefficient."""

    language: str
    id_a: str
    id_b: str
    kind: Kind
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """What of A stands in B. Each pair of items is counted once, in the strongest kind that it fits.

    `compared`: language -> number of items in A and in B, for the languages of both; where it is empty nothing was compared.
    `matched_a`: how many items of A have a match. `matches`: the strongest, at most `LISTED`.
    """

    name_a: str
    name_b: str
    compared: Mapping[str, tuple[int, int]]
    exact: int
    contained: int
    near: int
    matched_a: int
    matches: tuple[Match, ...] = field(repr=False)


Groups: TypeAlias = Mapping[str, list[str]]
"""Normalised text -> ids of the items that have it."""
Pairs: TypeAlias = dict[tuple[str, str], tuple[Kind, float]]
"""Text of A, text of B -> how they match, and the score."""


def questions_of(corpus: ParallelCorpus) -> Texts:
    """The questions of a corpus, to be compared."""
    return Texts(name=corpus.name, by_language={name: _items(part.questions) for name, part in corpus.parts.items()})


def candidates_of(corpus: ParallelCorpus) -> Texts:
    """The candidates of a corpus, to be compared."""
    return Texts(name=corpus.name, by_language={name: _items(part.candidates) for name, part in corpus.parts.items()})


def _items(values: Collection[Question | Candidate]) -> tuple[tuple[str, str], ...]:
    return tuple((value.id, value.text) for value in values)


# ---------------------------------------------------------------- the three ways to find a pair


def _exact(a: Groups, b: Groups) -> Pairs:
    return {(text, text): (Kind.EXACT, 1.0) for text in a if text in b}


def _contained(a: Groups, b: Groups, language: str, least: float) -> Pairs:
    """Texts of A of whose shingles at least that share stand in one text of B; all shingles count, common ones too."""
    pieces = {text: shingles(text, language) for text in a}
    wanted = frozenset().union(*pieces.values())
    where: dict[str, list[str]] = {}
    for text in b:
        for piece in shingles(text, language) & wanted:
            where.setdefault(piece, []).append(text)
    found: Pairs = {}
    for text, own in pieces.items():
        places = (where.get(piece, ()) for piece in own)
        for other in {each for texts in places if len(texts) <= COMMON for each in texts}:
            share = len(own & shingles(other, language)) / len(own)
            if share >= least:
                found[text, other] = (Kind.CONTAINED, share)
    return found


def _near(a: Groups, b: Groups, least: float) -> Pairs:
    """Texts that agree in a band of their signatures and have at least that Jaccard coefficient.

    No bucket is bounded: texts that resemble one another in great number on both sides cost the product of their numbers.
    """
    buckets: dict[tuple[int, bytes], list[str]] = {}
    for text in b:
        for band in bands(text):
            buckets.setdefault(band, []).append(text)
    found: Pairs = {}
    for text in a:
        own = near_shingles(text)
        for other in {each for band in bands(text) for each in buckets.get(band, ())}:
            coefficient = jaccard(own, near_shingles(other))
            if coefficient >= least:
                found[text, other] = (Kind.NEAR, coefficient)
    return found


# ---------------------------------------------------------------- two data sets


def overlap(a: Texts, b: Texts, thresholds: Thresholds = DEFAULT) -> Overlap:
    """What of A stands in B, language by language: exact, contained in one item of B, or nearly the same.

    Containment looks from A to B; call it the other way round for what of B stands in A. A pair at the threshold Jaccard 0.8
    is missed with probability 4.7e-8, at lower ones as `missed` says; a contained pair is missed only where every shingle
    that it shares stands in more than `COMMON` texts of B. An item of which `normalise` leaves nothing matches nothing.
    """
    counts: Counter[Kind] = Counter()
    compared: dict[str, tuple[int, int]] = {}
    listed: list[Match] = []
    matched = 0
    for language in sorted(a.by_language.keys() & b.by_language.keys()):
        compared[language] = len(a.by_language[language]), len(b.by_language[language])
        in_a, in_b = _grouped(a.by_language[language]), _grouped(b.by_language[language])
        # the strongest kind comes last and stands
        pairs = (_near(in_a, in_b, thresholds.jaccard) | _contained(in_a, in_b, language, thresholds.containment)
                 | _exact(in_a, in_b))
        for (text, other), (kind, _) in pairs.items():
            counts[kind] += len(in_a[text]) * len(in_b[other])
        matched += sum(len(in_a[text]) for text in {text for text, _ in pairs})
        listed += heapq.nsmallest(LISTED, _matches(language, pairs, in_a, in_b), key=_strength)
    return Overlap(name_a=a.name, name_b=b.name, compared=compared, exact=counts[Kind.EXACT],
                   contained=counts[Kind.CONTAINED], near=counts[Kind.NEAR], matched_a=matched,
                   matches=tuple(sorted(listed, key=_strength)[:LISTED]))


def _grouped(items: tuple[tuple[str, str], ...]) -> Groups:
    groups: dict[str, list[str]] = {}
    for name, text in items:
        if normal := normalise(text):
            groups.setdefault(normal, []).append(name)
    return {text: sorted(names) for text, names in groups.items()}


def _matches(language: str, pairs: Pairs, a: Groups, b: Groups) -> Iterator[Match]:
    """The pairs of items of all pairs of texts; of each pair of texts no more than can be listed."""
    for (text, other), (kind, score) in pairs.items():
        for id_a, id_b in islice(product(a[text], b[other]), LISTED):
            yield Match(language=language, id_a=id_a, id_b=id_b, kind=kind, score=score)


def _strength(match: Match) -> tuple[int, float, str, str, str]:
    return tuple(Kind).index(match.kind), -match.score, match.language, match.id_a, match.id_b


def shared_articles(a: ParallelCorpus, b: ParallelCorpus) -> tuple[str, ...]:
    """Titles of the articles of both corpora, sorted, as A writes them but for underscores; compared once normalised.

    Titles are those of the English parts; a corpus without one shares none that can be told.
    """
    ours, theirs = _titles(a), _titles(b)
    return tuple(sorted(ours[title] for title in ours if title in theirs))


def _titles(corpus: ParallelCorpus) -> dict[str, str]:
    """Normalised title -> the title; without items that name no article."""
    english = corpus.parts.get("en")
    if english is None:
        return {}
    titles = {item.article for item in english.questions} | {item.article for item in english.candidates}
    return {normal: title.replace("_", " ") for title in sorted(titles) if (normal := normalise(title))}
