"""Ranking by exact scores: vectors of queries and candidates -> places of the relevant ones. The one owner of ties.

Among equal scores (as float32) the candidate whose id is larger in byte order stands first, as in trec_eval. So score and
place in byte order are one integer, no two candidates of a pool share it, and a place is 1 + the number of larger ones.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from claimcheck.corpora.corpus import ParallelCorpus
from claimcheck.measurement.places import TOP, Labels, Places, arrange
from claimcheck.retrieval.encoder import Role

_BLOCK = 256
"""Queries of one product. All products have one shape, the last filled up with zeros: the shape moves a score's last bit."""
_FEW = 16
"""Texts are filled up to a multiple of this: kernels for fewer round by the position of a row (seen with MKL, up to 11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The candidates of all languages, in byte order of their ids, so that each language is one slice of them.

    `text` (N,) int64: the row of each candidate's text among the distinct ones, so that equal texts share their scores.
    Language number l, of `languages` in that order, is the slice `bounds[l]` to `bounds[l + 1]`.
    """

    text: Tensor
    languages: tuple[str, ...]
    bounds: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Places of n queries' relevant candidates, (n, L) int32 as `relevant` was given; 0 where there is none.

    `tied...`: how many other candidates of the pool have the same score. `own_language_top` (n,) int16: bit k - 1 is set if
    the k-th of all languages' ranking, k = 1 to 10, is in the query's language.
    """

    place_in_language: Tensor
    tied_in_language: Tensor
    place: Tensor
    tied: Tensor
    own_language_top: Tensor


def rank(queries: Tensor, candidates: Tensor, pool: Pool, relevant: Tensor, language: Tensor) -> Ranked:
    """Rank all candidates for each query by the product of their vectors, by counting.

    `queries` (n, d) and `candidates` (u, d), float32, u distinct texts; `relevant` (n, L) int64: the one relevant candidate
    in each language of the pool, -1 where there is none; `language` (n,) int64: that of the query, -1 if the pool lacks it.
    Memory: about 30 bytes times 256 times N, besides what is given. Raises ValueError: vectors of another type, a score that
    is no number, or an empty pool.
    """
    if not len(pool.text):
        raise ValueError("the pool is empty: there is nothing to rank")
    if not queries.dtype == candidates.dtype == torch.float32:
        raise ValueError(f"scores are float32, the vectors are {queries.dtype} and {candidates.dtype}")
    texts = pad(candidates, (0, 0, 0, -len(candidates) % _FEW)).T
    sizes = torch.tensor(pool.bounds).diff()
    language_of = torch.repeat_interleave(torch.arange(len(sizes)), sizes)
    blocks = []
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK]
        scores = (pad(block, (0, 0, 0, _BLOCK - len(block))) @ texts)[: len(block)].cpu()[:, pool.text]
        if scores.isnan().any():
            raise ValueError("a score is not a number: a vector of a query or of a candidate is not finite")
        keys = _keys(scores)
        top = keys.topk(min(TOP, keys.shape[1]), dim=1).indices
        own = language_of[top] == language[start : start + _BLOCK, None]
        blocks.append((*_places(scores, keys, pool, relevant[start : start + _BLOCK]),
                       (own << torch.arange(own.shape[1])).sum(1).to(torch.int16)))
    if not blocks:
        none = relevant.new_zeros(relevant.shape, dtype=torch.int32)
        return Ranked(place_in_language=none, tied_in_language=none, place=none, tied=none, own_language_top=none.new_zeros(0))
    within, tied_within, overall, tied, tops = (torch.cat(parts) for parts in zip(*blocks, strict=True))
    return Ranked(place_in_language=within, tied_in_language=tied_within, place=overall, tied=tied, own_language_top=tops)


def _keys(scores: Tensor) -> Tensor:
    """Score and place in byte order as one int64: the bits of a float32, put in the order of integers, above the place."""
    bits = (scores + 0.0).view(torch.int32)  # -0.0 becomes 0.0, which it equals
    ordered = bits ^ ((bits >> 31) & 0x7FFFFFFF)  # negative floats have their bits in the order of their size
    return (ordered.to(torch.int64) << 32) | torch.arange(scores.shape[1])


def _places(scores: Tensor, keys: Tensor, pool: Pool, relevant: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Place and ties of each relevant candidate within its language and within the pool; 0 where there is none."""
    counts = []
    for number, (begin, end) in enumerate(zip(pool.bounds[:-1], pool.bounds[1:], strict=True)):
        chosen = relevant[:, number, None].clamp(min=0)  # where there is none, any will do: it is taken out below
        above, equal = keys > keys.gather(1, chosen), scores == scores.gather(1, chosen)
        counts.append(torch.stack((1 + above[:, begin:end].sum(1), equal[:, begin:end].sum(1) - 1,
                                   1 + above.sum(1), equal.sum(1) - 1)))
    within, tied_within, overall, tied = torch.stack(counts, dim=2).masked_fill(relevant < 0, 0).to(torch.int32)
    return within, tied_within, overall, tied


def evaluate(corpus: ParallelCorpus, embed: Callable[[list[str], Role], Tensor], route: str, fold: int,
             clusters: Mapping[str, str]) -> Places:
    """Places of all questions of a corpus among all its candidates; each distinct text is embedded once.

    `embed`: texts and their role -> their vectors (n, d), float32. `clusters`: question id -> its article or connected
    component. A question without a relevant candidate in any language has no row. Raises ValueError: as `rank`; a question
    has no cluster; the candidates' ids do not keep languages apart.
    """
    pool, texts, relevant_of = _pool(corpus)
    asked = [question for part in corpus.parts.values() for question in part.questions]
    if without := next((each.id for each in asked if each.id not in clusters), None):
        raise ValueError(f"the question {without} belongs to no cluster")
    number = {text: place for place, text in enumerate(dict.fromkeys(question.text for question in asked))}
    if not number or not texts:
        raise ValueError(f"{corpus.name} has no questions or no candidates: there is nothing to rank")
    code = {language: place for place, language in enumerate(pool.languages)}
    relevant = torch.tensor([[relevant_of.get((each.id, language), -1) for language in pool.languages] for each in asked])
    own = torch.tensor([code.get(each.language, -1) for each in asked])
    vectors = embed(list(number), "query")[[number[each.text] for each in asked]]
    ranked = rank(vectors, embed(texts, "passage"), pool, relevant, own)
    row, column = (each.numpy() for each in torch.nonzero(relevant >= 0, as_tuple=True))
    by_query = {"question": [each.id for each in asked], "query_language": [each.language for each in asked],
                "cluster": [clusters[each.id] for each in asked]}
    counted = ("place_in_language", "tied_in_language", "place", "tied")
    return arrange({
        "route": [route] * len(row), "fold": np.full(len(row), fold),
        **{name: [strings[each] for each in row] for name, strings in by_query.items()},
        "candidate_language": Labels(names=pool.languages, codes=column.astype(np.int32)),
        **{name: getattr(ranked, name).numpy()[row, column] for name in counted},
        "pool_in_language": np.diff(pool.bounds)[column], "pool": np.full(len(row), len(pool.text)),
        "own_language_top": ranked.own_language_top.numpy()[row]})


def _pool(corpus: ParallelCorpus) -> tuple[Pool, list[str], dict[tuple[str, str], int]]:
    """The pool of all candidates, their distinct texts, and (question id, language) -> place of the relevant one in it."""
    candidates = sorted((candidate.id, language, at, candidate.text) for language, part in corpus.parts.items()
                        for at, candidate in enumerate(part.candidates))  # strings sort as their UTF-8 bytes do
    spoken = [language for _, language, _, _ in candidates]
    languages = tuple(dict.fromkeys(spoken))
    if spoken != [language for language in languages for _ in range(spoken.count(language))]:
        raise ValueError(f"the ids of candidates of {corpus.name} mix languages; in byte order each has to stand together")
    place = {(language, at): number for number, (_, language, at, _) in enumerate(candidates)}
    relevant = {(question, language): place[language, at] for language, part in corpus.parts.items()
                for question, at in part.relevant.items()}
    row = {text: number for number, text in enumerate(dict.fromkeys(text for _, _, _, text in candidates))}
    bounds = tuple(np.cumsum([0, *(spoken.count(language) for language in languages)]).tolist())
    pool = Pool(text=torch.tensor([row[text] for _, _, _, text in candidates]), languages=languages, bounds=bounds)
    return pool, list(row), relevant
