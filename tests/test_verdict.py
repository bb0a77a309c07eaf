"""Verdicts: a closed set of words, decided by truth tables, total over everything that can be found."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimcheck.claim import Kind
from claimcheck.finding import Cell, Count, Outcome
from claimcheck.tier import Tier
from claimcheck.verdict import HeadlineWord, Stand, TierWord, headline, of_count, of_parts, opposes, word


def count(text: str, *left_out: str) -> Count:
    kinds = {"h": Outcome.HOLDS, "f": Outcome.FAILS, "t": Outcome.WITHIN_ROUNDING}
    return Count(asks="it", cells=tuple(Cell(about=(), values=(), outcome=kinds[letter]) for letter in text), left_out=left_out)


@pytest.mark.parametrize(("cells", "stand"), [
    ("hhh", Stand.FOR), ("f", Stand.AGAINST), ("ff", Stand.AGAINST), ("hf", Stand.IN_PART), ("ht", Stand.IN_PART),
    ("hft", Stand.IN_PART), ("t", Stand.OPEN), ("", Stand.OPEN), ("ft", Stand.AGAINST),
])
def test_a_count_stands_by_its_cells(cells: str, stand: Stand):
    assert of_count(count(cells)) is stand


@given(st.text("hft", max_size=12))
def test_order_of_cells_changes_nothing(cells: str):
    assert of_count(count(cells)) is of_count(count("".join(sorted(cells))))


@given(st.lists(st.sampled_from(Stand), max_size=6), st.integers(0, 3))
def test_a_word_is_given_with_parts_untested_only_if_they_could_not_change_it(tested: list[Stand], untested: int):
    given_word = of_parts(tested, untested)
    if untested and given_word is not Stand.OPEN:
        fillings = itertools.product([Stand.FOR, Stand.AGAINST, Stand.IN_PART], repeat=untested)
        assert {of_parts([*tested, *filling], 0) for filling in fillings} == {given_word}


@pytest.mark.parametrize(("cells", "stand"), [("hh", Stand.OPEN), ("ff", Stand.OPEN), ("hf", Stand.IN_PART), ("", Stand.OPEN)])
def test_what_was_left_out_could_have_gone_either_way(cells: str, stand: Stand):
    assert of_count(count(cells, "news: no cell for a")) is stand


def test_checks_of_one_mind_keep_their_word_and_an_open_one_never_makes_a_word():
    for stand in Stand:
        assert of_parts([stand, stand]) is stand
    assert of_parts([Stand.FOR, Stand.AGAINST]) is Stand.IN_PART
    assert of_parts([Stand.OPEN, Stand.AGAINST]) is Stand.OPEN
    assert of_parts([Stand.OPEN, Stand.FOR]) is Stand.OPEN
    assert of_parts([]) is Stand.OPEN


def test_the_tables_never_say_verified_or_refuted():
    assert {word(Tier.REPORTED, stand) for stand in Stand if stand not in (Stand.NEGLIGIBLE, Stand.SCALE_DEPENDENT)} == {
        TierWord.TABLES_AGREE, TierWord.TABLES_DISAGREE, TierWord.TABLES_AGREE_IN_PART, TierWord.OPEN}


def test_a_proxy_never_says_verified_or_refuted():
    assert {word(Tier.REDUCED, stand) for stand in Stand} == {
        TierWord.PROXY_SUPPORTS, TierWord.PROXY_CONTRADICTS, TierWord.PROXY_IN_PART, TierWord.NEGLIGIBLE, TierWord.INCONCLUSIVE,
        TierWord.SCALE_DEPENDENT}
    for said in (TierWord.SCALE_DEPENDENT, TierWord.PROXY_SUPPORTS, TierWord.PROXY_CONTRADICTS, TierWord.NEGLIGIBLE,
                 TierWord.INCONCLUSIVE, TierWord.NOT_A_TEST, TierWord.PLANTED_FOUND, TierWord.PLANTED_MISSED):
        assert headline(said, vague=False) is HeadlineWord.UNVERIFIED


@pytest.mark.parametrize("settling", list(TierWord))
@pytest.mark.parametrize("vague", [False, True])
def test_the_headline_is_total_and_an_operationalisation_neither_verifies_nor_refutes(settling: TierWord, vague: bool):
    result = headline(settling, vague=vague)
    assert isinstance(result, HeadlineWord)
    if vague:
        assert result is HeadlineWord.NOT_TESTABLE
        assert headline(settling, vague=True, plain_part_fails=True) is HeadlineWord.REFUTED
    if settling in (TierWord.NOT_RUN, TierWord.COULD_NOT_RUN, TierWord.OPEN):
        assert result in (HeadlineWord.UNVERIFIED, HeadlineWord.NOT_TESTABLE)


def test_empirical_claims_are_settled_at_full_only():
    settled = {kind: kind.settled_at for kind in Kind}
    assert {kind for kind, tier in settled.items() if tier is Tier.FULL} == {
        Kind.SUPERLATIVE, Kind.CONJUNCTION, Kind.REDUCTION, Kind.VAGUE, Kind.INTERACTION}
    assert {kind for kind, tier in settled.items() if tier is Tier.DATA} == {Kind.DATA_FACT, Kind.SEPARATION, Kind.EXPOSURE}
    assert Tier.REDUCED not in settled.values()
    assert Tier.SYNTHETIC not in settled.values()


def test_what_is_printed_verifies_nothing_that_the_files_speak_against():
    assert headline(TierWord.TABLES_AGREE, vague=False) is HeadlineWord.VERIFIED
    assert headline(TierWord.TABLES_AGREE, vague=False, opposed=True) is HeadlineWord.UNVERIFIED
    assert headline(TierWord.TABLES_DISAGREE, vague=False, opposed=True) is HeadlineWord.REFUTED
    assert {word for word in TierWord if opposes(word)} == {TierWord.CONTRADICTED, TierWord.IN_PART}
