"""Checks over printed cells: by hand, by the law that rounding keeps order, and at the edges."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimcheck.evidence.checks import compare, find
from claimcheck.evidence.numbers import Number
from claimcheck.evidence.reported_table import ReportedTable, read_table
from claimcheck.finding import Count, Outcome
from claimcheck.prediction import (
    BestOf,
    BetterThan,
    Counted,
    Counts,
    Granularity,
    MeanReproduces,
    ReductionBy,
    Reports,
    TableCheck,
)

HOLDS, FAILS, TIED = Outcome.HOLDS, Outcome.FAILS, Outcome.WITHIN_ROUNDING


@pytest.fixture
def make(tmp_path: Path):
    def table(*rows: str) -> ReportedTable:
        path = tmp_path / "reported.csv"
        path.write_text("\n".join(["dataset,metric,sampling,language,value", *rows]) + "\n", encoding="utf-8")
        return read_table(path)
    return table


def outcomes(check: TableCheck, table: ReportedTable) -> list[Outcome]:
    return [cell.outcome for cell in find(check, table).cells]


def number(text: str) -> Number:
    value = Decimal(text)
    decimals = len(text.partition(".")[2])
    return Number(value=value, slack=Decimal(5).scaleb(-decimals - 1), decimals=decimals, sources=())


@pytest.mark.parametrize(("a", "b", "outcome"), [
    ("0.5934", "0.5927", HOLDS), ("0.5927", "0.5934", FAILS),
    ("0.593", "0.593", TIED),  # the same digits: anything within one unit of the last place
    ("0.594", "0.593", HOLDS),  # rounding keeps order: what is printed higher was higher
    ("0.593", "0.5934", TIED),  # 0.593 stands for anything from 0.5925 to 0.5935
    ("0.593", "0.5936", FAILS),
])
def test_a_comparison_is_within_rounding_only_where_the_print_cannot_tell(a: str, b: str, outcome: Outcome):
    assert compare(number(a), number(b))[2] is outcome


def test_lower_is_better_turns_the_comparison_round():
    assert compare(number("286.6"), number("410.2"), lower_is_better=True) == (Decimal("123.6"), Decimal("0.10"), HOLDS)


rates = st.decimals(min_value=0, max_value=1, places=8, allow_nan=False)


@given(rates, rates, st.integers(1, 4), st.integers(1, 4), st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]))
def test_no_comparison_of_prints_ever_contradicts_the_numbers_behind_them(a, b, first, second, rounding):
    def printed(value: Decimal, decimals: int) -> Number:
        return Number(value=value.quantize(Decimal(1).scaleb(-decimals), rounding=rounding),
                      slack=Decimal(5).scaleb(-decimals - 1), decimals=decimals, sources=())

    outcome = compare(printed(a, first), printed(b, second))[2]
    if outcome is HOLDS:
        assert a >= b
    elif outcome is FAILS:
        assert a <= b


@given(st.decimals(min_value=1, max_value=500, places=6), st.decimals(min_value=1, max_value=500, places=6))
def test_a_reduction_from_prints_never_contradicts_the_numbers_behind_them(tmp_path_factory, arm, against):
    path = tmp_path_factory.mktemp("t") / "reported.csv"
    path.write_text(f"sampling,value\nh,{arm:.1f}\nm,{against:.1f}\n", encoding="utf-8")
    for asked in (0, 10):
        check = ReductionBy(arm="h", against="m", among="sampling", at_least_percent=asked)
        cell, = find(check, read_table(path)).cells
        truth = 100 * (against - arm) / against
        if cell.outcome is HOLDS:
            assert truth >= asked - Decimal("1e-9")
        elif cell.outcome is FAILS:
            assert truth <= asked + Decimal("1e-9")


def test_best_of_counts_each_group_once_and_names_ties(make):
    table = make("x,map,h,en,.50", "x,map,m,en,.40", "x,map,c,en,.45",   # best
                 "x,map,h,de,.50", "x,map,m,de,.40", "x,map,c,de,.50",   # tied with c
                 "x,map,h,el,.50", "x,map,m,el,.60", "x,map,c,el,.50")   # behind m
    assert outcomes(BestOf(arm="h", among="sampling"), table) == [HOLDS, TIED, FAILS]


def test_better_than_makes_one_comparison_for_each_rival(make):
    table = make("x,map,h,en,.50", "x,map,m,en,.40", "x,map,c,en,.55")
    assert outcomes(BetterThan(arm="h", than=("m", "c"), among="sampling"), table) == [HOLDS, FAILS]


def test_an_average_is_compared_and_not_its_parts(make):
    table = make("x,map,h,en,.50", "x,map,m,en,.60", "x,map,h,de,.90", "x,map,m,de,.60")
    check = BetterThan(arm="h", than=("m",), among="sampling", average_over=("language",))
    cell, = find(check, table).cells
    assert cell.margin == Decimal("0.10")  # (.50 + .90) / 2 - (.60 + .60) / 2
    assert cell.outcome is HOLDS


def test_averages_of_different_cells_are_left_out_and_said(make):
    table = make("x,map,h,en,.50", "x,map,m,en,.60", "x,map,h,de,.90")
    count = find(BetterThan(arm="h", than=("m",), among="sampling", average_over=("language",)), table)
    assert count.cells == ()
    assert "not the same" in count.left_out[0]


def test_best_of_wants_every_rival_in_every_group(make):
    table = make("x,map,h,en,.5", "x,map,m,en,.4", "x,map,c,en,.2", "y,map,h,en,.5", "y,map,m,en,.4")
    count = find(BestOf(arm="h", among="sampling"), table)
    assert len(count.cells) == 1
    assert count.left_out == ("y map en: no cell for c",)


def test_best_of_is_decided_by_its_weakest_comparison_and_not_by_the_smallest_margin(make):
    # against b: .4340 - .43 = .0040, less than the .00505 that rounding can make; against a: .0030, far more than .0001
    assert outcomes(BestOf(arm="h", among="sampling"), make("x,map,h,en,.4340", "x,map,a,en,.4310", "x,map,b,en,.43")) == [TIED]
    # against a: .4360 - .4370 = -.0010, beyond rounding, whatever b is
    table = make("x,map,h,en,.4360", "x,map,a,en,.4370", "x,map,b,en,.44")
    assert outcomes(BestOf(arm="h", among="sampling"), table) == [FAILS]


def test_a_group_without_the_arm_or_its_rival_is_left_out_and_said(make):
    table = make("x,map,h,en,.50", "x,map,m,en,.60", "y,map,h,en,.50")
    count = find(BetterThan(arm="h", than=("m",), among="sampling"), table)
    assert len(count.cells) == 1
    assert count.left_out == ("y map en: no cell for m",)


def test_a_reduction_has_its_size_and_what_rounding_can_make_of_it(make):
    # 100 * (410.2 - 286.6) / 410.2 = 30.131..., between 286.65 / 410.15 and 286.55 / 410.25
    table = make("x,rd,h,en,286.6", "x,rd,m,en,410.2")
    cell, = find(ReductionBy(arm="h", against="m", among="sampling"), table).cells
    assert cell.margin is not None
    assert round(cell.margin, 2) == Decimal("30.13")
    assert round(cell.slack, 3) == Decimal("0.021")
    assert outcomes(ReductionBy(arm="h", against="m", among="sampling", at_least_percent=30.13), table) == [TIED]
    assert outcomes(ReductionBy(arm="h", against="m", among="sampling", at_least_percent=31), table) == [FAILS]
    assert outcomes(ReductionBy(arm="m", against="h", among="sampling"), table) == [FAILS]


def test_no_share_is_taken_of_zero(make):
    count = find(ReductionBy(arm="h", against="m", among="sampling"), make("x,rd,h,en,1.0", "x,rd,m,en,0.0"))
    assert count.cells == ()
    assert count.left_out


def test_reports_wants_a_cell_for_each_value_and_with_exactly_for_no_other(make):
    table = make("x,map,h,en,.5", "y,map,h,en,.5", "z,rd,h,en,.5")
    assert outcomes(Reports(column="dataset", values=("x", "y")), table) == [HOLDS, HOLDS]
    assert outcomes(Reports(column="dataset", values=("x", "w")), table) == [HOLDS, FAILS]
    assert outcomes(Reports(column="dataset", values=("x", "y"), exactly=True), table) == [HOLDS, HOLDS, FAILS]
    assert outcomes(Reports(column="dataset", values=("x", "z"), where={"metric": "map"}), table) == [HOLDS, FAILS]


def test_reports_and_counts_see_cells_that_sum_others_up(make):
    table = make("n,map,h,en,.5", "w,map,h,mean,.6")
    assert outcomes(Reports(column="dataset", values=("n",), exactly=True), table) == [HOLDS, FAILS]
    assert outcomes(Counts(column="dataset", equals=2), table) == [HOLDS]
    assert outcomes(Reports(column="language", values=("mean",)), table) == [HOLDS]
    assert outcomes(Counts(column="language", equals=1), table) == [HOLDS]  # a mean is no language
    assert outcomes(BetterThan(arm="en", than=("mean",), among="language"),
                    make("n,map,h,en,.5", "n,map,h,mean,.4")) == [HOLDS]


def test_a_selection_that_selects_nothing_finds_nothing(make):
    table = make("n,map,h,en,.5", "w,rd,h,en,.6")
    count = find(Reports(column="sampling", values=("h",), where={"dataset": "n", "metric": "rd"}), table)
    assert count.cells == ()
    assert count.left_out


@pytest.mark.parametrize("name", ["rival", "against", "other"])
def test_names_of_arms_and_columns_never_hide_a_number(tmp_path: Path, name: str):
    path = tmp_path / "reported.csv"
    path.write_text(f"against,method,value\nn,{name},.6\nn,a,.5\nn,b,.4\n", encoding="utf-8")
    cells = find(BetterThan(arm=name, than=("a", "b"), among="method"), read_table(path)).cells
    assert [[str(value.value) for value in cell.values] for cell in cells] == [["0.6", "0.5"], ["0.6", "0.4"]]
    assert all(("against", "n") in cell.about and len(dict(cell.about)) == 2 for cell in cells)


def test_counts_are_of_values_or_of_ordered_pairs_and_leave_out_means(make):
    table = make("x,map,h,en,.5", "x,map,h,de,.5", "x,map,h,el,.5", "x,map,h,mean,.5")
    assert outcomes(Counts(column="language", equals=3), table) == [HOLDS]
    assert outcomes(Counts(column="language", equals=6, of=Counted.ORDERED_PAIRS), table) == [HOLDS]  # 3 * 2
    assert outcomes(Counts(column="language", equals=4), table) == [FAILS]


def test_a_printed_mean_or_median_is_that_of_its_cells_within_rounding(make):
    cells = ["x,map,h,en,.500", "x,map,h,de,.600", "x,map,h,el,.801"]  # mean .6337, median .600
    assert outcomes(MeanReproduces(), make(*cells, "x,map,h,mean,.634", "x,map,h,median,.600")) == [HOLDS, HOLDS]
    assert outcomes(MeanReproduces(), make(*cells, "x,map,h,mean,.636", "x,map,h,median,.634")) == [FAILS, FAILS]
    assert outcomes(MeanReproduces(where={"dataset": "y"}), make(*cells, "x,map,h,mean,.634")) == []


@given(st.integers(2, 2000), st.data())
def test_every_share_k_of_n_passes_for_its_own_n(tmp_path_factory, size, data):
    share = data.draw(st.integers(0, size))
    path = tmp_path_factory.mktemp("t") / "reported.csv"
    path.write_text(f"language,value\nen,{share / size:.4f}\n", encoding="utf-8")
    assert outcomes(Granularity(admissible={"n": size}), read_table(path)) == [HOLDS]


def test_granularity_by_language_and_its_failure(make):
    # 0.6596 * 1190 = 784.9, and 784/1190 = .6588, 785/1190 = .6597; but 783/1187 = .6596
    table = make("x,r,h,ar,.6596", "x,r,h,en,1.5000")
    assert outcomes(Granularity(admissible={"questions": 1190}, where={"language": "ar"}), table) == [FAILS]
    assert outcomes(Granularity(admissible={"questions": 1190, "strings": {"ar": 1187}}, where={"language": "ar"}),
                    table) == [HOLDS]
    count: Count = find(Granularity(admissible={"strings": {"ar": 1187}}), table)
    assert len(count.cells) == 1
    assert len(count.left_out) == 1


def test_granularity_is_no_test_where_every_rate_fits(make):
    count = find(Granularity(admissible={"questions": 1190}), make("x,r,h,ar,.51", "x,r,h,en,.67"))
    assert count.cells == ()
    assert "every rate of 2 decimals" in count.left_out[0]


@pytest.mark.parametrize("ask", [
    lambda: BetterThan(arm="b", than=("b", "a"), among="m"),
    lambda: BetterThan(arm="b", than=("a", "a"), among="m"),
    lambda: BestOf(arm="b", among="m", where={"m": ("a", "b")}),
    lambda: ReductionBy(arm="b", against="b", among="m"),
    lambda: Reports(column="m", values=("a",), where={"m": "a"}),
    lambda: Counts(column="m", equals=1, where={"m": "a"}),
    lambda: Counts(column="m", equals=1, where={"k": ()}),
    lambda: Granularity(admissible={"n": 0}),
    lambda: Granularity(admissible={"n": {"en": -3}}),
])
def test_what_could_not_fail_or_compares_a_thing_with_itself_cannot_be_asked(ask):
    with pytest.raises(ValueError, match=r"; (nothing|remove|give)"):
        ask()
