"""Counting: compiled and on torch beside the textbook, over many tiles and blocks, with ties and twins everywhere."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from claimcheck.measurement.places import TOP
from claimcheck.retrieval import counting, kernel
from claimcheck.retrieval.counting import count, made_by
from claimcheck.retrieval.in_memory import InMemory
from claimcheck.retrieval.lists import first
from claimcheck.retrieval.pool import Relevant, Tally
from claimcheck.retrieval.sort_keys import keys, order_of, scores_of

DEVICES = ["cpu", "cpu:0"]
"""The compiled way, and torch's: the second names the same processor to torch."""


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few queries and candidates a product, so that small pools have many."""
    monkeypatch.setattr(counting, "ROWS", 16)
    monkeypatch.setattr(counting, "COLUMNS", 48)
    monkeypatch.setattr(counting, "_FEW", 4)


class Problem:
    """Random queries and a pool of languages; products of small whole numbers are exact, and ties abound.

    Each query has as many relevant candidates as it happens, in any languages, twins among them.
    """

    def __init__(self, seed: int, *, queries: int = 37, texts: int = 130, candidates: int = 150, values: int = 2) -> None:
        draw = np.random.default_rng(seed)
        self.queries = draw.integers(-values, values + 1, (queries, 5)).astype(np.float32)
        self.vectors = draw.integers(-values, values + 1, (texts, 5)).astype(np.float32)
        drawn = np.append(np.arange(texts), draw.integers(0, texts, candidates - texts))
        draw.shuffle(drawn)
        firsts = {text: row for row, text in enumerate(dict.fromkeys(drawn.tolist()))}
        self.text = np.array([firsts[text] for text in drawn.tolist()])
        self.bounds = np.array([0, *sorted(draw.integers(0, candidates, 2).tolist()), candidates])
        self.pool = InMemory(vectors_of_texts=self.vectors, text=self.text, bounds=self.bounds)
        sizes = draw.integers(0, min(13, candidates) + 1, queries)
        self.first = np.cumsum([0, *sizes])
        self.candidate = np.concatenate([np.zeros(0, np.int64), *(draw.permutation(candidates)[:size] for size in sizes)])
        self.relevant: Relevant = self.pool.relevant(self.first, self.candidate)

    def oracle(self) -> tuple[list[list[int]], list[list[int]], list[list[int]]]:
        """By sorting: for each relevant candidate the four counts, for each query its first TOP: their languages, and they."""
        language = np.searchsorted(self.bounds, np.arange(len(self.text)), side="right") - 1
        counts, tops, firsts = [], [], []
        for query, vector in enumerate(self.queries):
            scores = (self.vectors @ vector)[self.text]
            ranking = np.lexsort((np.arange(len(scores)), scores))[::-1]  # by score, then by place in byte order, downwards
            tops.append([*language[ranking[:TOP]].tolist(), *[-1] * (TOP - len(ranking[:TOP]))])
            firsts.append([*ranking[:TOP].tolist(), *[-1] * (TOP - len(ranking[:TOP]))])
            for right in self.candidate[self.first[query] : self.first[query + 1]]:
                above = ranking[: ranking.tolist().index(right)]
                tied = np.flatnonzero((scores == scores[right]) & (np.arange(len(scores)) != right))
                same = language == language[right]
                counts.append([int(same[above].sum()), int(same[tied].sum()), len(above), len(tied)])
        return counts, tops, firsts


def counted(tally: Tally) -> tuple[list[list[int]], list[list[int]], list[list[int]]]:
    return np.stack(tally.counts, axis=1).tolist(), tally.best_language.tolist(), tally.best_order.tolist()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.usefixtures("small_blocks")
def test_counts_over_many_blocks_are_those_of_sorting(seed: int, device: str) -> None:
    problem = Problem(seed, values=1 + seed % 3)
    assert counted(count(problem.queries, problem.pool, problem.relevant, device)) == problem.oracle()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("values", [1, 1000])
def test_a_candidate_that_is_relevant_to_several_questions_of_one_text_counts_once_among_the_first(values: int, device: str):
    # its score was taken for those of ten candidates, and what stands below it was not looked at
    problem = Problem(7, values=values)
    problem.first = np.arange(len(problem.queries) + 1) * 2 * TOP
    few = np.random.default_rng(7).integers(0, len(problem.text), (len(problem.queries), 3))
    problem.candidate = np.repeat(few, [2 * TOP - 2, 1, 1], axis=1).ravel()
    problem.relevant = problem.pool.relevant(problem.first, problem.candidate)
    assert counted(count(problem.queries, problem.pool, problem.relevant, device)) == problem.oracle()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 60), st.integers(0, 30), st.sampled_from(DEVICES))
def test_counts_of_any_shape_are_those_of_sorting(seed, queries, texts, twins, device):
    problem = Problem(seed, queries=queries, texts=texts, candidates=texts + twins, values=1)
    assert counted(count(problem.queries, problem.pool, problem.relevant, device)) == problem.oracle()


@pytest.mark.parametrize("values", [3, 1000])
def test_stretches_that_are_passed_over_hold_nothing_that_counts(values: int) -> None:
    # 3,000 texts in three languages are several stretches of each tile; few values give ties in all of them, many give few
    problem = Problem(values, queries=9, texts=3000, candidates=3100, values=values)
    assert counted(count(problem.queries, problem.pool, problem.relevant)) == problem.oracle()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.usefixtures("small_blocks")
def test_scores_that_turn_out_otherwise_in_their_block_are_counted_again(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    problem = Problem(3)
    where = (counting, "_own_scores") if device == "cpu" else (counting.on_torch, "own_scores")
    own, times = getattr(*where), []

    def wrong(*given: object) -> np.ndarray:
        times.append(1)
        scores = own(*given)
        scores[5] += 1  # of a query in the first block
        scores[-1] -= 2  # of one in the last
        return scores

    monkeypatch.setattr(*where, wrong)
    assert counted(count(problem.queries, problem.pool, problem.relevant, device)) == problem.oracle()
    assert times == [1]


@pytest.mark.usefixtures("small_blocks")
def test_on_a_device_of_torch_own_scores_are_those_of_the_blocks_and_nothing_is_counted_twice(
        monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(11)
    problem = Problem(5, queries=50, texts=400, candidates=420)
    queries, vectors = (draw.standard_normal((size, 33)).astype(np.float32) for size in (50, 400))
    pool = InMemory(vectors_of_texts=vectors, text=problem.text, bounds=problem.bounds)
    blocks, passes = counting.on_torch.blocks, []
    monkeypatch.setattr(counting.on_torch, "blocks", lambda *given: passes.append(1) or blocks(*given))
    count(queries, pool, problem.relevant, DEVICES[1])
    assert passes == [1]


def test_products_that_differ_each_time_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, draw = Problem(4), np.random.default_rng(0)
    product = np.matmul

    def trembling(left: np.ndarray, right: np.ndarray, out: np.ndarray) -> np.ndarray:
        product(left, right, out=out)
        out += draw.random(out.shape, np.float32)
        return out

    monkeypatch.setattr("claimcheck.retrieval.compiled.np.matmul", trembling)
    with pytest.raises(ValueError, match="does not give the same twice"):
        count(problem.queries, problem.pool, problem.relevant)


def test_both_ways_agree_on_scores_of_real_numbers_to_the_last_place() -> None:
    # whole numbers over 64 have exact products and sums in float32, whatever the order of adding
    draw = np.random.default_rng(7)
    problem = Problem(7, queries=50, texts=400, candidates=420)
    queries, vectors = (draw.integers(-64, 65, (size, 16)).astype(np.float32) / 64 for size in (50, 400))
    pool = InMemory(vectors_of_texts=vectors, text=problem.text, bounds=problem.bounds)
    compiled, torched = (count(queries, pool, problem.relevant, device) for device in DEVICES)
    assert counted(compiled) == counted(torched)


def test_texts_that_are_not_in_the_order_of_the_pool_are_refused() -> None:
    with pytest.raises(ValueError, match="not in the order"):
        InMemory(vectors_of_texts=np.zeros((2, 1), np.float32), text=np.array([1, 0]), bounds=np.array([0, 2]))


def test_the_kernel_is_compiled_where_nothing_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    real = kernel.njit

    def nowhere(**options: bool) -> object:
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")  # as numba says it
        return real(**options)

    monkeypatch.setattr(kernel, "njit", nowhere)
    made = kernel._compiled(lambda value: value + 1)
    assert made(1) == 2
    assert type(made) is type(kernel.best_first)


def test_what_decides_the_last_bit_is_told() -> None:
    told = made_by()
    assert (told["rows"], told["columns"], told["threads"]) == (counting.ROWS, counting.COLUMNS, 1)
    assert str(told["library"]).strip()
    assert made_by("cuda")["library"] == "torch on cuda"


# ---------------------------------------------------------------- lists


@pytest.mark.parametrize("k", [1, 7, 150, 200])
@pytest.mark.usefixtures("small_blocks")
def test_a_list_is_the_beginning_of_the_ranking(k: int) -> None:
    problem = Problem(11)
    lists = first(problem.queries, problem.pool, k)
    for query, vector in enumerate(problem.queries):
        scores = (problem.vectors @ vector)[problem.text]
        ranking = np.lexsort((np.arange(len(scores)), scores))[::-1][:k]
        missing = max(0, k - len(ranking))
        assert lists.order[query].tolist() == [*ranking.tolist(), *[-1] * missing]
        assert lists.scores[query].tolist() == [*scores[ranking].tolist(), *[float("-inf")] * missing]


@given(st.lists(st.tuples(st.floats(width=32, allow_nan=False), st.integers(0, 2**31 - 1)), min_size=2))
def test_keys_sort_as_score_and_order_and_give_both_back(pairs):
    scores, orders = torch.tensor([each[0] for each in pairs]), torch.tensor([each[1] for each in pairs])
    made = keys(scores, orders)
    assert scores_of(made).tolist() == scores.tolist()  # the two zeros are equal
    assert order_of(made).tolist() == orders.tolist()
    by_key = sorted(range(len(pairs)), key=lambda each: made[each].item())
    in_order = sorted(zip(scores.tolist(), orders.tolist(), strict=True))
    assert [(scores[each].item(), orders[each].item()) for each in by_key] == in_order
