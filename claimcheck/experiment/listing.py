"""The rankings of one leg as lists, for the field's formats; made again, since a store keeps places only."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from claimcheck.corpora.large import LARGE
from claimcheck.errors import UsageFault
from claimcheck.experiment.leg import Leg, evaluated, prepared
from claimcheck.measurement.measures import Setting
from claimcheck.measurement.places import Places
from claimcheck.retrieval.in_memory import InMemory
from claimcheck.retrieval.lists import first
from claimcheck.retrieval.ranking import Problem, pose


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Listing:
    """Lists of one setting. `lists`: topic -> document -> score, best first; `judgments`: topic -> document -> grade.

    Topics are `language/question` in the pool of all languages and in that of their own, `language>other/question` in the pool
    of another language. `left_out`: how many topics have no relevant candidate in their pool, and so no place here.
    `places`: those of the leg, which the lists agree with.
    """

    lists: Mapping[str, Mapping[str, float]]
    judgments: Mapping[str, Mapping[str, int]]
    left_out: int
    places: Places


def listing(leg: Leg, setting: Setting, depth: int) -> Listing:
    """Train and rank a leg again, and list the first `depth` candidates of each ranking. Raises as `execute` does."""
    if leg.route.evaluate in LARGE:
        raise UsageFault(f"{leg.route.name}: its passages are too many to be listed here; its places stand in the store")
    made = prepared(leg)
    asked = pose(made.part.evaluate, made.embed)
    columns = InMemory(vectors_of_texts=asked.texts.numpy(), text=asked.pool.text.numpy(), bounds=np.array(asked.pool.bounds))
    pool_size = len(asked.candidates)
    # a language's own list is part of the whole one: scores are those of one product, and so is their order
    ranked = first(asked.queries.numpy(), columns, min(depth, pool_size) if setting is Setting.MULTILINGUAL else pool_size)
    lists: dict[str, dict[str, float]] = {}
    judgments: dict[str, dict[str, int]] = {}
    left_out = 0
    for number in range(len(asked.questions)):
        order, scores = ranked.order[asked.row[number]], ranked.scores[asked.row[number]]
        for topic, begin, end in _pools(asked, number, setting):
            right = asked.relevant[number][(asked.relevant[number] >= begin) & (asked.relevant[number] < end)]
            if not len(right):
                left_out += 1
                continue
            inside = np.flatnonzero((order >= begin) & (order < end))[:depth]
            lists[topic] = {asked.candidates[each]: score
                            for each, score in zip(order[inside].tolist(), scores[inside].tolist(), strict=True)}
            judgments[topic] = {asked.candidates[each]: 1 for each in right.tolist()}
    return Listing(lists=lists, judgments=judgments, left_out=left_out, places=evaluated(leg, made))


def _pools(asked: Problem, number: int, setting: Setting) -> list[tuple[str, int, int]]:
    """The topics of a question in a setting, and where the pool of each begins and ends in byte order."""
    question, pool = asked.questions[number], asked.pool
    own = f"{question.language}/{question.id}"
    if setting is Setting.MULTILINGUAL:
        return [(own, 0, len(asked.candidates))]
    bounds = list(zip(pool.languages, pool.bounds[:-1], pool.bounds[1:], strict=True))
    if setting is Setting.MONOLINGUAL:
        return [(own, begin, end) for language, begin, end in bounds if language == question.language]
    return [(f"{question.language}>{language}/{question.id}", begin, end) for language, begin, end in bounds
            if language != question.language]
