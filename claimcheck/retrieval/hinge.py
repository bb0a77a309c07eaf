"""The score that a search attack raises: the hinge of retrieval, in the pool of all languages.

J(q') = max over irrelevant n of s(q', n) - max over relevant p of s(q', p). Relevant is the text of each candidate that answers
the question in any language; a text that is relevant is not irrelevant, whatever other candidates have it.

Products have one constant shape, 32 rows filled up with zeros against all texts of the pool, for each list by itself and on one
thread, so that a list is scored to the last bit as it is alone. Vectors of texts are encoded together: those of n-grams do not
depend on their company, the last bit of a transformer's may.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from claimcheck.retrieval.counting import one_thread
from claimcheck.retrieval.encoder import Role
from claimcheck.retrieval.ranking import Problem

ROWS = 32
"""Texts of one product."""


def scorer(asked: Problem, embed: Callable[[list[str], Role], Tensor]) -> tuple[
        dict[tuple[str, str], int], Callable[[Sequence[tuple[int, Sequence[str]]]], list[NDArray[np.float32]]]]:
    """Where each question, by language and id, stands in a problem, and a function of lists of (that place, texts) -> J.

    `embed`: as in `ranking.evaluate`. Raises ValueError, when scoring: a vector is not finite, or all of the pool is relevant.
    """
    pool, texts = asked.pool.text.numpy(), np.ascontiguousarray(asked.texts.numpy().T)
    relevant = [np.unique(pool[row[row >= 0]]) for row in asked.relevant]
    places = {(question.language, question.id): place for place, question in enumerate(asked.questions)}

    def score(lists: Sequence[tuple[int, Sequence[str]]]) -> list[NDArray[np.float32]]:
        number = {text: row for row, text in enumerate(dict.fromkeys(text for _, own in lists for text in own))}
        vectors = embed(list(number), "query").numpy()
        if not np.isfinite(vectors).all():
            raise ValueError("the vector of an attacked query is not finite")
        with one_thread():
            return [_hinge(vectors[[number[text] for text in own]], texts, relevant[place]) for place, own in lists]

    return places, score


def _hinge(queries: NDArray[np.float32], texts: NDArray[np.float32], relevant: NDArray[np.int64]) -> NDArray[np.float32]:
    """J of queries (n, d) against the pool's texts (d, u), some of which are relevant; (n,)."""
    if not len(relevant) or len(relevant) == texts.shape[1]:
        raise ValueError("of the candidates none is relevant to an attacked question, or all are")
    made = np.empty(len(queries), np.float32)
    block = np.zeros((ROWS, queries.shape[1]), np.float32)
    for start in range(0, len(queries), ROWS):
        own = queries[start:start + ROWS]
        block[:len(own)], block[len(own):] = own, 0
        scores = block @ texts
        best = scores[:, relevant].max(axis=1)
        scores[:, relevant] = -np.inf
        made[start:start + len(own)] = (scores.max(axis=1) - best)[:len(own)]
    return made
