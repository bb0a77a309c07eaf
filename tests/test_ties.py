"""Ties: every order of tied candidates of small rankings lies within the two bounds, and places stay possible."""

import random
from itertools import permutations, product

import numpy as np
import pytest

from claimcheck.measurement.measures import Setting, parse, values
from claimcheck.measurement.places import LABELS, NUMBERS, Places, arrange
from claimcheck.measurement.ties import Ties, any_tied, knows_ties, placed, with_ties

SMALLER_IS_BETTER = ("RankDistance", "RankDistanceShare", "LogRankDistance")
LARGER_IS_BETTER = ("AP", "RR", "R@1", "R@3", "nDCG@3", "Max@2", "Max@R")
Candidate = tuple[str, int, bool]
"""A language, a score and whether it is relevant."""


def rows(candidates: list[Candidate], order: list[int], question="q", language="a", fold=0, route="r"):
    """Rows of one query whose candidates stand in an order that their scores allow."""
    for index in order:
        own, score, is_relevant = candidates[index]
        if not is_relevant:
            continue
        pool = [each for each in order if candidates[each][0] == own]
        yield {"route": route, "fold": fold, "question": question, "cluster": "c", "query_language": language,
               "candidate_language": own, "place": order.index(index) + 1, "place_in_language": pool.index(index) + 1,
               "tied": sum(candidates[each][1] == score for each in order) - 1,
               "tied_in_language": sum(candidates[each][1] == score for each in pool) - 1,
               "pool": len(order), "pool_in_language": len(pool), "own_language_top": 1}


def table(*queries) -> Places:
    made = [row for query in queries for row in query]
    return arrange({name: [row[name] for row in made] for name in (*LABELS, *NUMBERS)})


def orders(candidates: list[Candidate]) -> list[list[int]]:
    """All orders that the scores allow; the first is that by number."""
    scores = sorted({score for _, score, _ in candidates}, reverse=True)
    groups = [[index for index, each in enumerate(candidates) if each[1] == score] for score in scores]
    return [[index for part in parts for index in part] for parts in product(*(list(permutations(group)) for group in groups))]


def drawn(seed: int) -> list[Candidate]:
    generator = random.Random(seed)
    made = [(generator.choice("ab"), generator.randrange(3), generator.random() < 0.5) for _ in range(5)]
    return [("a", 1, True), ("b", generator.randrange(3), True), *made[:4]]


def only(places: Places, measure: str, setting: Setting) -> list[float]:
    return [float(value) for cell in values(places, parse(measure), setting) for value in cell.values]


@pytest.mark.parametrize("seed", range(25))
def test_every_order_of_tied_candidates_lies_within_the_bounds(seed: int):
    candidates = drawn(seed)
    every = [table(rows(candidates, order)) for order in orders(candidates)]
    for setting in Setting:
        names = (*LARGER_IS_BETTER, *SMALLER_IS_BETTER) if setting is Setting.MULTILINGUAL else LARGER_IS_BETTER
        for name in names:
            measure = parse(name)
            least, most = ((Ties.FAVOURABLE, Ties.UNFAVOURABLE) if name in SMALLER_IS_BETTER
                           else (Ties.UNFAVOURABLE, Ties.FAVOURABLE))
            low, high = (np.array(only(placed(every[0], measure, ties), name, setting)) for ties in (least, most))
            for other in every:
                found = np.array(only(other, name, setting))
                assert (low <= found + 1e-12).all(), (setting, name)
                assert (found <= high + 1e-12).all(), (setting, name)


@pytest.mark.parametrize("seed", range(25))
def test_places_stay_possible_and_nothing_moves_without_a_tie(seed: int):
    candidates = drawn(seed)
    untied = [(language, 10 - number, relevant) for number, (language, _, relevant) in enumerate(candidates)]
    for ties, name in product(Ties, ("AP", "RankDistance")):
        moved = placed(table(rows(candidates, orders(candidates)[0])), parse(name), ties)  # `arrange` refuses what cannot be
        assert len(set(moved.place.tolist())) == len(moved)
        ranked = np.sort(moved.place)
        assert (ranked >= np.arange(1, len(moved) + 1)).all()
        assert (ranked <= moved.pool[0] - np.arange(len(moved))[::-1]).all()
        before = table(rows(untied, orders(untied)[0]))
        after = placed(before, parse(name), ties)
        assert (after.place.tolist(), after.place_in_language.tolist()) == (
            before.place.tolist(), before.place_in_language.tolist())


def test_bounds_worked_out_by_hand():
    # by id the relevant ones stand at 2 and 3 of a group of three, and at 6 alone: a pool of six
    candidates = [("b", 5, False), ("a", 5, True), ("b", 5, True), ("a", 4, False), ("a", 3, False), ("b", 1, True)]
    places = table(rows(candidates, list(range(6))))

    def put(name: str, ties: Ties) -> list[int]:
        return sorted(placed(places, parse(name), ties).place.tolist())

    assert put("AP", Ties.BY_ID) == put("RankDistance", Ties.BY_ID) == [2, 3, 6]
    assert put("AP", Ties.FAVOURABLE) == [1, 2, 6]
    # where in its group a candidate stands is not stored: 2 + 2 and 3 + 2 enclose the true worst, 2 and 3
    assert put("AP", Ties.UNFAVOURABLE) == [4, 5, 6]
    assert put("RankDistance", Ties.UNFAVOURABLE) == [1, 3, 6]
    assert put("RankDistance", Ties.FAVOURABLE) == [4, 5, 6]
    best = placed(places, parse("AP"), Ties.FAVOURABLE)
    assert only(best, "AP", Setting.MULTILINGUAL) == [pytest.approx((1 + 1 + 1 / 2) / 3)]


def test_a_query_never_reaches_into_the_next_one():
    tied, untied = [("a", 1, True)] * 3 + [("a", 1, False)] * 3, [("a", 9 - number, number > 3) for number in range(6)]
    alone = [table(rows(each, list(range(6)), question=name)) for name, each in (("p", tied), ("q", untied), ("r", tied))]
    both = table(*(rows(each, list(range(6)), question=name) for name, each in (("p", tied), ("q", untied), ("r", tied))))
    for ties, name in product(Ties, ("AP", "RankDistance")):
        apart = [place for each in alone for place in placed(each, parse(name), ties).place.tolist()]
        assert placed(both, parse(name), ties).place.tolist() == apart


def test_ties_are_looked_for_where_a_measure_looks():
    # tied with a candidate of the other language only: in the pool of all languages, and in no other
    candidates = [("a", 2, True), ("b", 2, False), ("b", 1, True)]
    places = table(rows(candidates, [0, 1, 2]), rows([("a", 3, True), ("b", 2, True)], [0, 1], route="s"))
    assert [any_tied(places, setting, "r") for setting in Setting] == [False, False, True]
    assert not any(any_tied(places, setting, "s") for setting in Setting)
    within = table(rows([("a", 2, True), ("a", 2, False), ("b", 1, True), ("b", 1, False)], [0, 1, 2, 3], language="b"))
    assert [any_tied(within, setting, "r") for setting in Setting] == [True, True, True]
    assert knows_ties(parse("AP"))
    assert not knows_ties(parse("SameLanguage@10"))


def test_queries_with_ties_are_kept_whole():
    tied, untied = [("a", 2, True), ("b", 2, False), ("b", 1, True)], [("a", 3, True), ("b", 2, False), ("b", 1, True)]
    places = table(rows(tied, [0, 1, 2], question="p"), rows(untied, [0, 1, 2], question="q"),
                   rows(untied, [0, 1, 2], question="p", language="b"), rows(untied, [0, 1, 2], question="p", fold=1))
    kept = with_ties(places)
    queries = zip(kept.question.strings().tolist(), kept.query_language.strings().tolist(), kept.fold.tolist(), strict=True)
    assert set(queries) == {("p", "a", 0), ("p", "a", 1)}  # all folds of a question, so that its id tells its values
    assert len(kept) == 4
    assert len(with_ties(table(rows(untied, [0, 1, 2])))) == 0
