"""Ranking a parallel corpus: vectors of questions and of the candidates of all languages -> places of the relevant ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np
import torch
from torch import Tensor

from claimcheck.corpora.corpus import ParallelCorpus, Question
from claimcheck.measurement.places import Labels, Places, arrange
from claimcheck.retrieval.counting import count
from claimcheck.retrieval.encoder import Role
from claimcheck.retrieval.in_memory import InMemory
from claimcheck.retrieval.pool import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The candidates of all languages, in byte order of their ids, so that each language is one slice of them.

    `text` (N,) int64: the row of each candidate's text among the distinct ones, which are in order of their first candidates;
    so equal texts share their scores. Language number l, of `languages` in that order, is the slice `bounds[l]` to
    `bounds[l + 1]`.
    """

    text: Tensor
    languages: tuple[str, ...]
    bounds: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Places of n queries' relevant candidates, (n, L) int32 as `relevant` was given; 0 where there is none.

    `tied...`: how many other candidates of the pool have the same score. `own_language_top` (n,) int16: bit k - 1 is set if
    the k-th of all languages' ranking, k = 1 to 10, is in the query's language. `first` (n, 10) int32: the candidates of these
    places, each by a number of its own; -1 past the end of a pool.
    """

    place_in_language: Tensor
    tied_in_language: Tensor
    place: Tensor
    tied: Tensor
    own_language_top: Tensor
    first: Tensor


def rank(queries: Tensor, candidates: Tensor, pool: Pool, relevant: Tensor, language: Tensor) -> Ranked:
    """Rank all candidates for each query by the product of their vectors.

    `queries` (n, d) and `candidates` (u, d), float32, u distinct texts; `relevant` (n, L) int64: the one relevant candidate
    in each language of the pool, -1 where there is none; `language` (n,) int64: that of the query, -1 if the pool lacks it.
    Raises ValueError: vectors of another type, a score that is no finite number, or an empty pool.
    """
    return _ranked(queries, candidates, pool, _Asked(row=np.arange(len(queries)), relevant=relevant.numpy(),
                                                    language=language.numpy()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asked:
    """Questions: the `row` (n,) of each one's text among the vectors; `relevant` (n, L) and `language` (n,) as in `rank`."""

    row: Array
    relevant: Array
    language: Array


def _ranked(queries: Tensor, candidates: Tensor, pool: Pool, asked: _Asked, device: str = "cpu") -> Ranked:
    """`rank` for questions some of which may share their text, and so one row of vectors."""
    if not len(pool.text):
        raise ValueError("the pool is empty: there is nothing to rank")
    if not queries.dtype == candidates.dtype == torch.float32:
        raise ValueError(f"scores are float32, the vectors are {queries.dtype} and {candidates.dtype}")
    _check_finite(queries, candidates)
    columns = InMemory(vectors_of_texts=candidates.numpy(), text=pool.text.numpy(), bounds=np.array(pool.bounds))
    question, language = (each.astype(np.int32) for each in np.nonzero(asked.relevant >= 0))
    by_row = np.argsort(asked.row[question], kind="stable")
    question, language = question[by_row], language[by_row]
    del by_row
    first = np.searchsorted(asked.row[question], np.arange(len(queries) + 1))
    tally = count(queries.numpy(), columns, columns.relevant(first, asked.relevant[question, language]), device)
    made = np.zeros((4, *asked.relevant.shape), np.int32)
    made[:, question, language] = 1 + tally.above_in_language, tally.tied_in_language, 1 + tally.above, tally.tied
    own = tally.best_language[asked.row] == np.where(asked.language < 0, -2, asked.language)[:, None]  # -1: no such place
    tops = (own << np.arange(own.shape[1])).sum(1).astype(np.int16)
    within, tied_within, overall, tied = (torch.from_numpy(each) for each in made)
    return Ranked(place_in_language=within, tied_in_language=tied_within, place=overall, tied=tied,
                  own_language_top=torch.from_numpy(tops), first=torch.from_numpy(tally.best_order[asked.row]))


def _check_finite(queries: Tensor, candidates: Tensor) -> None:
    """Raise ValueError unless no product of the vectors can be other than a finite float32."""
    bounds = (torch.aminmax(each) for each in (queries, candidates) if each.numel())
    largest = [float(torch.maximum(least.abs(), most.abs())) for least, most in bounds]
    if not prod(largest) * queries.shape[1] < torch.finfo(torch.float32).max:  # a NaN is not less
        raise ValueError("a score is not a number, or has no end: a vector of a query or of a candidate is not finite, or "
                         "beyond all measure")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Questions of a corpus in other words. `route`: what their rows are called; `applied`: which of them are other words.

    A question that is not keeps its text, and so its ranking.
    """

    route: str
    questions: tuple[Question, ...]
    applied: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """A parallel corpus with its vectors: what is asked, of which pool.

    `candidates`: ids in byte order; `questions` in the order in which counting likes them; the i-th is number `given[i]` of
    those of the corpus, followed by those of the variants. The row `row[i]` of `queries` (v, d) is that of the i-th,
    `relevant[i]` (L,) its relevant candidates, -1 where a language has none. `texts` (u, d): the vectors of the pool's
    distinct texts.
    """

    pool: Pool
    candidates: tuple[str, ...]
    questions: tuple[Question, ...]
    given: Array
    row: Array
    relevant: Array
    queries: Tensor
    texts: Tensor


def pose(corpus: ParallelCorpus, embed: Callable[[list[str], Role], Tensor], variants: Sequence[Variant] = ()) -> Problem:
    """Embed each distinct text of a corpus and its variants once, and say what is asked of which pool.

    Raises ValueError: there are no questions or no candidates; the candidates' ids do not keep languages apart or stand twice;
    a vector is not finite, with the id.
    """
    pool, ids, passages, relevant_of = _pool(corpus)
    # questions that share their relevant candidates stand together
    everyone = [*(question for part in corpus.parts.values() for question in part.questions),
                *(question for variant in variants for question in variant.questions)]
    given = sorted(range(len(everyone)), key=lambda number: everyone[number].id)
    asked = [everyone[number] for number in given]
    if not asked or not passages:
        raise ValueError(f"{corpus.name} has no questions or no candidates: there is nothing to rank")
    queries: dict[str, str] = {}
    for each in asked:
        queries.setdefault(each.text, f"{each.language}/{each.id}")
    number = {text: row for row, text in enumerate(queries)}
    return Problem(
        pool=pool, candidates=tuple(ids), questions=tuple(asked), given=np.array(given),
        row=np.array([number[each.text] for each in asked]),
        relevant=np.array([[relevant_of.get((each.id, language), -1) for language in pool.languages] for each in asked]),
        queries=_embedded(embed, queries, "query"), texts=_embedded(embed, passages, "passage"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """What the rows of an evaluation say of themselves: its `route` and `fold`; question id -> its article or component."""

    route: str
    fold: int
    clusters: Mapping[str, str]


def evaluate(corpus: ParallelCorpus, embed: Callable[[list[str], Role], Tensor], where: Where, device: str = "cpu",
             variants: Sequence[Variant] = ()) -> Places:
    """Places of all questions of a corpus among all its candidates, and of those of the variants; each distinct text is
    embedded once.

    `embed`: texts and their role -> their vectors (n, d), float32. `device`: as in `counting.count`. A question without a
    relevant candidate in any language has no row.
    Raises ValueError: as `pose` and `rank`; a question has no cluster.
    """
    clusters = where.clusters
    if without := next((each.id for part in corpus.parts.values() for each in part.questions if each.id not in clusters), None):
        raise ValueError(f"the question {without} belongs to no cluster")
    asked = pose(corpus, embed, variants)
    pool, code = asked.pool, {language: place for place, language in enumerate(asked.pool.languages)}
    language = np.array([code.get(each.language, -1) for each in asked.questions])
    ranked = _ranked(asked.queries, asked.texts, pool, _Asked(row=asked.row, relevant=asked.relevant, language=language),
                     device)
    row, column = np.nonzero(asked.relevant >= 0)
    of = _variant_of(asked, variants)
    by_route = np.argsort(of[row], kind="stable")  # clean queries first, then variants in their order
    row, column = row[by_route], column[by_route]
    ids = [each.id for each in asked.questions]
    spoken = [each.language for each in asked.questions]
    by_query = {"question": ids, "query_language": spoken, "cluster": [clusters[each] for each in ids]}
    counted = ("place_in_language", "tied_in_language", "place", "tied")
    return arrange({
        **{name: _column(strings, row) for name, strings in by_query.items()}, "fold": np.full(len(row), where.fold),
        "candidate_language": Labels(names=pool.languages, codes=column.astype(np.int32)),
        **{name: getattr(ranked, name).numpy()[row, column] for name in counted},
        "pool_in_language": np.diff(pool.bounds)[column], "pool": np.full(len(row), len(pool.text)),
        "own_language_top": ranked.own_language_top.numpy()[row],
        "route": Labels(names=(where.route, *(each.route for each in variants)), codes=of[row].astype(np.int32)),
        **{name: values[row] for name, values in _beside_clean(asked, of, ranked.first.numpy(), variants).items()}})


def _column(strings: Sequence[str], row: Array) -> Labels:
    """A column of strings of which each stands in several rows."""
    names = {name: code for code, name in enumerate(dict.fromkeys(strings))}
    return Labels(names=tuple(names), codes=np.array([names[each] for each in strings], np.int32)[row])


def _variant_of(asked: Problem, variants: Sequence[Variant]) -> Array:
    """Of each question asked, which variant it is of, from 1; 0 if it is clean."""
    sizes = [len(each.questions) for each in variants]
    return np.repeat(np.arange(1 + len(sizes)), [len(asked.questions) - sum(sizes), *sizes])[asked.given]


def _beside_clean(asked: Problem, of: Array, first: Array, variants: Sequence[Variant]) -> dict[str, Array]:
    """Of each question asked, whether it is in other words, and how its ranking agrees with that of the clean one."""
    flags = np.array([flag for each in variants for flag in each.applied], bool)
    applied = np.concatenate([np.zeros(len(asked.questions) - len(flags), bool), flags])[asked.given]
    names = [(each.id, each.language) for each in asked.questions]
    clean = {names[number]: number for number in np.flatnonzero(of == 0).tolist()}
    beside = np.array([clean[name] for name in names])
    return {"applied": applied.astype(np.int8), "agreement": _agreement(first, first[beside])}


def _agreement(first: Array, other: Array) -> Array:
    """How the first places of rankings agree with those of others, (n, k) each, as `Places.agreement`; (n,) int32.

    Past the end of both of two short rankings nothing is against nothing, and agrees.
    """
    k = np.arange(first.shape[1])
    later = np.maximum(k[:, None], k)
    same = first[:, :, None] == other[:, None, :]
    same &= (first[:, :, None] >= 0) | (k[:, None] == k)
    made = np.zeros(len(first), np.int32)
    for depth in range(first.shape[1]):
        made += same[:, later == depth].sum(1).astype(np.int32) << (2 * depth)
    return made


def _embedded(embed: Callable[[list[str], Role], Tensor], texts: Mapping[str, str], role: Role) -> Tensor:
    """The vectors of texts, named by the id of what has them first. Raises ValueError: one is not finite, with that id."""
    vectors = embed(list(texts), role)
    if not vectors.isfinite().all():
        wrong = int(torch.nonzero(~vectors.isfinite().all(dim=1))[0])
        raise ValueError(f"a score is not a number, or has no end: the vector of the {role} {[*texts.values()][wrong]} is not "
                         "finite")
    return vectors


def _pool(corpus: ParallelCorpus) -> tuple[Pool, list[str], dict[str, str], dict[tuple[str, str], int]]:
    """The pool, the ids in it, its distinct texts with their first ids, and (question id, language) -> the relevant place."""
    candidates = sorted((candidate.id, language, at, candidate.text) for language, part in corpus.parts.items()
                        for at, candidate in enumerate(part.candidates))  # strings sort as their UTF-8 bytes do
    ids, spoken = [each[0] for each in candidates], [each[1] for each in candidates]
    if twice := next((one for one, other in pairwise(ids) if one == other), None):
        raise ValueError(f"the candidate id {twice} stands twice in {corpus.name}")
    languages = tuple(dict.fromkeys(spoken))
    if spoken != [language for language in languages for _ in range(spoken.count(language))]:
        raise ValueError(f"the ids of candidates of {corpus.name} mix languages; in byte order each has to stand together")
    place = {(language, at): number for number, (_, language, at, _) in enumerate(candidates)}
    relevant = {(question, language): place[language, at] for language, part in corpus.parts.items()
                for question, at in part.relevant.items()}
    texts: dict[str, str] = {}
    for identifier, _, _, text in candidates:
        texts.setdefault(text, identifier)
    row = {text: number for number, text in enumerate(texts)}
    bounds = tuple(np.cumsum([0, *(spoken.count(language) for language in languages)]).tolist())
    pool = Pool(text=torch.tensor([row[text] for *_, text in candidates]), languages=languages, bounds=bounds)
    return pool, ids, texts, relevant
