"""Places and what is derived from them: measures against the textbook, chance against all orders, Parquet there and back."""

import math
import random
import re
from itertools import permutations
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kruskal

from claimcheck.errors import CorruptInput
from claimcheck.fields import MEASURE, NO_MEASURES
from claimcheck.measurement.chance import chance_values, expectation
from claimcheck.measurement.measures import CellValues, Measure, Setting, mean_by_language, mean_by_question, parse, values
from claimcheck.measurement.places import (
    COMPARED,
    LABELS,
    NUMBERS,
    Places,
    arrange,
    concatenate,
    from_parquet,
    to_parquet_bytes,
    variant,
)

DISTANCES = ("RankDistance", "RankDistanceShare", "LogRankDistance")
EVERY = ("AP", "RR", "R@1", "R@3", "nDCG@3", "nDCG@10", "Max@2", "Max@R", *DISTANCES)


class Query:
    """A query with its ranking of all languages' candidates, best first: pairs of a language and whether it is relevant."""

    def __init__(self, question, language, ranking, route="r", fold=0, cluster="c"):
        self.question, self.language, self.ranking = question, language, ranking
        self.route, self.fold, self.cluster = route, fold, cluster

    def rows(self):
        """One row a relevant candidate, counted by hand; no two candidates are tied."""
        top = sum(1 << place for place, (language, _) in enumerate(self.ranking[:10]) if language == self.language)
        for place, (language, is_relevant) in enumerate(self.ranking, 1):
            if is_relevant:
                same = [each for each, _ in self.ranking[:place]].count(language)
                pool = [each for each, _ in self.ranking].count(language)
                yield {"route": self.route, "fold": self.fold, "question": self.question, "cluster": self.cluster,
                       "query_language": self.language, "candidate_language": language, "place_in_language": same,
                       "tied_in_language": 0, "place": place, "tied": 0, "pool_in_language": pool, "pool": len(self.ranking),
                       "own_language_top": top}


def columns(rows):
    return {name: [row[name] for row in rows] for name in (*LABELS, *NUMBERS)}


def table(*queries: Query) -> Places:
    return arrange(columns([row for query in queries for row in query.rows()]))


def ranking(text: str) -> list[tuple[str, bool]]:
    """`A.b` is a ranking of a relevant candidate in the language a, then one in `.`, then one in b that is not relevant."""
    return [(letter.lower(), letter.isupper()) for letter in text]


def only(cells: list[CellValues]) -> float:
    (cell,) = cells
    (value,) = cell.values.tolist()
    return value


def multilingual(text: str, measure: str) -> float:
    return only(values(table(Query("q", "a", ranking(text))), parse(measure), "multilingual"))


# ---------------------------------------------------------------- measures as values


@given(st.from_regex(MEASURE, fullmatch=True))
def test_a_measure_that_a_file_may_name_prints_as_it_parses(text):
    if text.startswith("SameLanguage@") and int(text.partition("@")[2]) > 10:
        with pytest.raises(ValueError, match="first 10 places"):
            parse(text)
    else:
        assert str(parse(text)) == text
        assert parse(str(parse(text))) == parse(text)


def test_measures_of_our_own_print_as_they_parse():
    assert [str(parse(text)) for text in ("Max@R", "RankDistanceShare")] == ["Max@R", "RankDistanceShare"]
    assert (parse("Max@R").cutoff, parse("R@10").cutoff, parse("AP").cutoff) == ("R", 10, None)


@pytest.mark.parametrize("text", ["", "ap", "AP@3", "AP@", "R", "R@", "R@0", "R@03", "R@R", "R@-1", "R@1.5", "R@٣", "nDCG",
                                  "nDCG@R", "AP ", "AP\n", "R@3\n", "R@ 3", "RankDistance@3", "SameLanguage@R", "Max", "@3"])
def test_what_is_no_measure_is_refused_by_name(text):
    with pytest.raises(ValueError, match="is not known; use AP, RR"):
        parse(text)


@pytest.mark.parametrize("text", ["PEER", "PEER@10"])
def test_peer_is_refused_with_the_reason_and_the_next_move(text):
    with pytest.raises(ValueError, match=f"`{text}` is of no use here: PEER .* H is R - 1 .*; use RankDistance"):
        parse(text)


@given(st.permutations(range(1, 12)))
def test_with_one_relevant_candidate_a_language_the_statistic_of_peer_is_constant(places):
    # theory: 12 / (R (R + 1)) * (1 + 4 + ... + R^2) - 3 (R + 1) = 2 (2 R + 1) - 3 (R + 1) = R - 1, here 11 - 1
    assert kruskal(*([place] for place in places)).statistic == pytest.approx(11 - 1)


def test_a_file_that_names_peer_is_told_why(claimcheck, paper_claims):
    claim = paper_claims / "hybrid-batches" / "10-reduces-language-bias.yaml"
    claim.write_text(re.sub("measure: RankDistance", "measure: PEER", claim.read_text(encoding="utf-8")), encoding="utf-8")
    reproduction = paper_claims.parent / "reproductions" / "hybrid-batches.yaml"
    reproduction.write_text(re.sub(r"measures: \[AP,", "measures: [AP, PEER,", reproduction.read_text(encoding="utf-8")),
                            encoding="utf-8")
    done = claimcheck("validate", paper_claims)
    assert done.returncode == 2
    for path, what in ((claim, "`measure` cannot be `PEER`; "), (reproduction, "the measure `PEER` is not known; ")):
        told = [line for line in done.stdout.splitlines() if line.startswith(f"{path}:")]
        assert told
        assert all(f"{what}{NO_MEASURES['PEER']}" in line for line in told)


def test_no_measure_can_be_made_around_the_parser():
    with pytest.raises(ValueError, match="not known"):
        Measure(name="AP", cutoff=3)


# ---------------------------------------------------------------- one query


def textbook(ranked: list[bool], measure: str) -> float:
    """The measures of a list of judgments, best first, as textbooks write them: sums down the list."""
    name, _, cutoff = measure.partition("@")
    total = sum(ranked)
    k = total if cutoff == "R" else int(cutoff or 0)
    if name == "AP":
        return sum(sum(ranked[: place + 1]) / (place + 1) for place, hit in enumerate(ranked) if hit) / total
    if name == "RR":
        return 1 / (ranked.index(True) + 1)
    if name == "R":
        return sum(ranked[:k]) / total
    if name == "nDCG":
        best = sorted(ranked, reverse=True)
        gains = [sum(hit / math.log2(place + 2) for place, hit in enumerate(each[:k])) for each in (ranked, best)]
        return gains[0] / gains[1]
    if name == "Max":
        return float(all(not hit for hit in ranked[k:]))
    places = [place for place, hit in enumerate(ranked, 1) if hit]
    if name == "LogRankDistance":
        return math.log(places[-1] / places[0])
    return (places[-1] - places[0]) / (len(ranked) - 1 if name == "RankDistanceShare" else 1)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=30), st.sampled_from([*EVERY, "R@100"]))
def test_measures_equal_the_textbook_in_every_setting(ranked, measure):
    query = Query("q", "a", ranked)
    if not any(hit for _, hit in ranked):
        return
    for setting in Setting:
        languages = {"monolingual": ["a"], "cross-lingual": ["b", "c"], "multilingual": [""]}[setting]
        if setting != "multilingual" and measure in DISTANCES:
            continue
        lists = {each: [hit for language, hit in ranked if each in ("", language)] for each in languages}
        defined = {each: hits for each, hits in lists.items() if sum(hits) > (measure in DISTANCES)}
        found = {cell.candidate_language: only([cell]) for cell in values(table(query), parse(measure), setting)}
        assert found == pytest.approx({each: textbook(hits, measure) for each, hits in defined.items()})


def test_measures_of_one_ranking_by_hand():
    text = "cAbbBaaaCa"  # relevant at 2, 5 and 9 of 10, one a language
    assert multilingual(text, "AP") == pytest.approx((1 / 2 + 2 / 5 + 3 / 9) / 3)
    assert multilingual(text, "RR") == 1 / 2
    assert multilingual(text, "R@5") == pytest.approx(2 / 3)
    assert multilingual(text, "nDCG@5") == pytest.approx((1 / math.log2(3) + 1 / math.log2(6)) / (1 + 1 / math.log2(3) + 1 / 2))
    assert multilingual(text, "RankDistance") == 9 - 2
    assert multilingual(text, "RankDistanceShare") == pytest.approx((9 - 2) / (10 - 1))
    assert multilingual(text, "LogRankDistance") == pytest.approx(math.log(9) - math.log(2))
    assert (multilingual(text, "Max@8"), multilingual(text, "Max@9"), multilingual(text, "Max@R")) == (0, 1, 0)
    assert multilingual("BCAabc", "Max@R") == 1
    assert (multilingual(text, "SameLanguage@1"), multilingual(text, "SameLanguage@2")) == (0, 1 / 2)
    assert multilingual(text, "SameLanguage@10") == 5 / 10


def test_a_pool_smaller_than_the_cut_off_is_looked_at_to_its_end():
    assert multilingual("AbB", "SameLanguage@10") == pytest.approx(1 / 3)
    assert multilingual("AbB", "R@10") == 1


@pytest.mark.parametrize("measure", [*DISTANCES, "SameLanguage@10"])
@pytest.mark.parametrize("setting", ["monolingual", "cross-lingual"])
@pytest.mark.parametrize("derive", [values, chance_values])
def test_a_measure_about_languages_in_one_pool_is_refused_elsewhere(derive, measure, setting):
    with pytest.raises(ValueError, match=f"the multilingual setting, not {setting}"):
        derive(table(Query("q", "a", ranking("ABab"))), parse(measure), setting)


def test_unknown_settings_and_routes_are_refused():
    places = table(Query("q", "a", ranking("AB")))
    with pytest.raises(ValueError, match="'bilingual' is not a valid Setting"):
        values(places, parse("AP"), "bilingual")
    with pytest.raises(ValueError, match="no route `s`; there is r"):
        values(places, parse("AP"), "multilingual", "s")


# ---------------------------------------------------------------- cells


def test_cells_are_languages_and_ordered_pairs():
    places = table(Query("q1", "a", ranking("ABab"), cluster="x"), Query("q2", "a", ranking("abAB"), cluster="y"),
                   Query("q1", "b", ranking("aBAb"), cluster="x"))
    found = values(places, parse("RR"), "multilingual")
    assert [(cell.query_language, cell.candidate_language, cell.values.tolist()) for cell in found] == [
        ("a", "", [1, 1 / 3]), ("b", "", [1 / 2])]
    assert [cell.questions.tolist() for cell in found] == [["q1", "q2"], ["q1"]]
    assert [cell.clusters.tolist() for cell in found] == [["x", "y"], ["x"]]
    pairs = values(places, parse("RR"), "cross-lingual")
    assert [(cell.query_language, cell.candidate_language, cell.values.tolist()) for cell in pairs] == [
        ("a", "b", [1, 1 / 2]), ("b", "a", [1 / 2])]
    assert [(cell.query_language, cell.candidate_language) for cell in values(places, parse("AP"), "monolingual")] == [
        ("a", "a"), ("b", "b")]


def test_a_mean_by_language_counts_languages_alike_and_one_by_question_counts_queries_alike():
    places = table(Query("q1", "a", ranking("ABab")), Query("q2", "a", ranking("abAB")), Query("q1", "b", ranking("aBAb")))
    found = values(places, parse("RR"), "multilingual")  # of a: 1 and 1/3, of b: 1/2
    assert mean_by_language(found) == pytest.approx(((1 + 1 / 3) / 2 + 1 / 2) / 2)
    assert mean_by_question(found) == pytest.approx((1 + 1 / 3 + 1 / 2) / 3)


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=4))
def test_the_two_means_are_equal_where_all_cells_are_equally_large(cells):
    made = [CellValues(route="r", query_language=str(number), candidate_language="", questions=np.array(["1", "2", "3"]),
                       clusters=np.array(["c"] * 3), values=np.array(each)) for number, each in enumerate(cells)]
    assert mean_by_language(made) == pytest.approx(mean_by_question(made), abs=1e-15)


def test_what_is_undefined_is_left_out_and_never_0():
    places = table(Query("one", "a", ranking("aAbb")), Query("two", "a", ranking("bABa")), Query("none", "b", ranking("Aabb")))
    assert sum(len(cell.values) for cell in values(places, parse("RR"), "multilingual")) == 3
    distances = values(places, parse("RankDistance"), "multilingual")
    assert [(cell.questions.tolist(), cell.values.tolist()) for cell in distances] == [(["two"], [1])]
    assert [cell.query_language for cell in values(places, parse("R@1"), "monolingual")] == ["a"]
    assert [(cell.query_language, cell.candidate_language, cell.questions.tolist())
            for cell in values(places, parse("R@1"), "cross-lingual")] == [("a", "b", ["two"]), ("b", "a", ["none"])]


def test_where_nothing_is_defined_there_is_no_cell_and_no_mean():
    places = table(Query("q", "a", ranking("aAbb")))
    assert values(places, parse("RankDistance"), "multilingual") == []
    assert values(places, parse("AP"), "cross-lingual") == []
    assert chance_values(places, parse("RankDistance"), "multilingual") == []
    for mean in (mean_by_language, mean_by_question):
        with pytest.raises(ValueError, match="nothing to take a mean of"):
            mean([])


def test_folds_of_a_route_are_one_cell_in_order_of_questions_and_routes_are_apart():
    queries = [Query(f"q{number}", "a", ranking("bA" if number % 2 else "Ab"), fold=number % 3) for number in range(7)]
    other = [Query("q0", "a", ranking("bbA"), route="other")]
    (cell,) = values(table(*queries, *other), parse("RR"), "multilingual", "r")
    assert cell.questions.tolist() == [f"q{number}" for number in range(7)]
    assert cell.values.tolist() == [1, 1 / 2, 1, 1 / 2, 1, 1 / 2, 1]
    assert [each.route for each in values(table(*queries, *other), parse("RR"), "multilingual")] == ["r", "other"]


# ---------------------------------------------------------------- chance


def own_language_is_where(order, relevant):
    """All relevant candidates are in the query's language a, and no other candidate is."""
    return [("a", True) if each < relevant else ("b", False) for each in order]


@pytest.mark.parametrize("pool", range(1, 7))
@pytest.mark.parametrize("measure", [*EVERY, "R@10", "Max@4", "Max@10"])
def test_chance_is_the_mean_over_all_orders(measure, pool):
    for relevant in range(1 + (measure in DISTANCES), pool + 1):
        orders = [[each < relevant for each in order] for order in permutations(range(pool))]
        mean = math.fsum(textbook(ranked, measure) for ranked in orders) / len(orders)
        assert expectation(parse(measure), relevant=relevant, pool=pool) == pytest.approx(mean, rel=1e-12)


@pytest.mark.parametrize("k", [1, 3, 10])
def test_chance_of_the_same_language_is_the_mean_over_all_orders(k):
    pool, relevant = 6, 2
    found = []
    for number, order in enumerate(permutations(range(pool))):
        found.append(Query(f"q{number}", "a", own_language_is_where(order, relevant)))
    places = table(*found)
    measure = parse(f"SameLanguage@{k}")
    assert mean_by_language(chance_values(places, measure, "multilingual")) == pytest.approx(2 / 6)
    assert mean_by_language(values(places, measure, "multilingual")) == pytest.approx(2 / 6)


def test_chance_of_the_same_language_needs_the_size_of_that_language():
    with pytest.raises(ValueError, match="how many candidates are in the language a"):
        chance_values(table(Query("q", "a", ranking("aB"))), parse("SameLanguage@1"), "multilingual")


@pytest.mark.parametrize("measure", [*EVERY, "nDCG@200", "Max@150"])
def test_chance_is_what_a_simulation_of_a_larger_pool_finds(measure):
    pool, relevant, worlds = 200, 3, 4000
    generator = random.Random(7)
    queries = []
    for number in range(worlds):
        hits = set(generator.sample(range(pool), relevant))
        queries.append(Query(f"{number:04}", "a", [("a", place in hits) for place in range(pool)]))
    places = table(*queries)
    (cell,) = values(places, parse(measure), "multilingual")
    error = max(cell.values.std() / math.sqrt(worlds), 0.5 / worlds)  # Max@R happens in no world: 1 of 1,313,400 orders
    assert abs(cell.values.mean() - mean_by_language(chance_values(places, parse(measure), "multilingual"))) < 4 * error


def test_chance_of_the_distance_by_theory():
    # R places cut the pool into R + 1 gaps of equal expectation: the largest less the smallest spans R - 1 of them
    assert expectation(parse("RankDistance"), relevant=5, pool=1590) == pytest.approx(1591 * 4 / 6)
    assert expectation(parse("RankDistance"), relevant=7, pool=7) == 6  # its floor, R - 1, where all are relevant


@given(st.lists(st.tuples(st.sampled_from("ab"), st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1,
                                                           max_size=12)), max_size=5), st.sampled_from(EVERY))
def test_chance_has_the_same_cells_and_questions_as_the_measure(queries, measure):
    rows = [row for number, (language, ranked) in enumerate(queries)
            for row in Query(f"q{number}", language, ranked, cluster=f"c{number % 2}").rows()]
    places = arrange(columns(rows))
    for setting in ["multilingual"] if measure in DISTANCES else Setting:
        found, chance = (derive(places, parse(measure), setting) for derive in (values, chance_values))
        assert [_names(cell) for cell in found] == [_names(cell) for cell in chance]


def _names(cell: CellValues):
    return (cell.route, cell.query_language, cell.candidate_language, cell.questions.tolist(),
            cell.clusters.tolist(), cell.values.dtype, cell.values.shape)


@pytest.mark.parametrize(("measure", "relevant", "pool"), [("AP", 0, 3), ("AP", 4, 3), ("RankDistance", 1, 3),
                                                           ("LogRankDistance", 1, 3), ("RankDistanceShare", 1, 3),
                                                           ("SameLanguage@1", 2, 3)])
def test_chance_of_what_is_undefined_is_refused(measure, relevant, pool):
    with pytest.raises(ValueError, match="relevant candidates"):
        expectation(parse(measure), relevant=relevant, pool=pool)


# ---------------------------------------------------------------- the table


ROUTES = ("xquad-r", "mlqa-r > xquad-r")


@st.composite
def rows_of_tables(draw):
    made = []
    for route in draw(st.lists(st.sampled_from(ROUTES), unique=True)):
        for fold in range(draw(st.integers(1, 2))):
            for number in range(draw(st.integers(0, 3))):
                ranked = draw(st.lists(st.tuples(st.sampled_from(["de", "zh", "हि"]), st.booleans()), min_size=1, max_size=8))
                language = draw(st.sampled_from(["zh", "en"]))
                made += Query(f"{fold}-{number}", language, ranked, route, fold, f"article {number % 2}").rows()
    return made


def rows(places: Places):
    by_name = {name: getattr(places, name).strings().tolist() if name in LABELS else getattr(places, name).tolist()
               for name in (*LABELS, *NUMBERS)}
    return [dict(zip(by_name, row, strict=True)) for row in zip(*by_name.values(), strict=True)]


@given(rows_of_tables(), st.randoms(use_true_random=False))
def test_a_table_holds_its_rows_in_an_order_that_follows_from_them(given_rows, generator):
    routes = list(dict.fromkeys(row["route"] for row in given_rows))
    expected = sorted(given_rows, key=lambda row: (routes.index(row["route"]), row["fold"], row["query_language"],
                                                   row["question"], row["candidate_language"], row["place"]))
    assert rows(arrange(columns(given_rows))) == expected
    shuffled = sorted(generator.sample(given_rows, len(given_rows)), key=lambda row: routes.index(row["route"]))
    assert to_parquet_bytes(arrange(columns(shuffled))) == to_parquet_bytes(arrange(columns(given_rows)))


@given(rows_of_tables())
def test_places_come_back_from_parquet_byte_by_byte(given_rows):
    places = arrange(columns(given_rows))
    stored = to_parquet_bytes(places)
    assert rows(from_parquet(stored)) == rows(places)
    assert to_parquet_bytes(from_parquet(stored)) == stored


def test_types_are_as_stated(tmp_path):
    path = tmp_path / "places.parquet"
    path.write_bytes(to_parquet_bytes(table(Query("q", "a", ranking("ABab")))))
    assert {name: getattr(from_parquet(path), name).dtype for name in NUMBERS} == {
        name: np.dtype(kind) for name, kind in NUMBERS.items()}
    schema = pyarrow.parquet.read_schema(path)
    assert [str(schema.field(name).type) for name in ("fold", "place", "own_language_top")] == ["int8", "int32", "int16"]
    assert all(schema.field(name).type == pyarrow.dictionary(pyarrow.int32(), pyarrow.string()) for name in LABELS)
    assert tuple(schema.names) == tuple(name for name in Places.__slots__ if name not in COMPARED)  # of clean queries
    perturbed = table_of_perturbed([1], [5])
    path.write_bytes(to_parquet_bytes(perturbed))
    assert pyarrow.parquet.read_schema(path).names == list(Places.__slots__)
    read = from_parquet(path)
    assert (read.applied.tolist(), read.agreement.tolist()) == ([1], [5])
    assert (read.applied.dtype, read.agreement.dtype) == (np.int8, np.int32)


def table_of_perturbed(applied, agreement):
    given = columns(list(Query("q", "a", ranking("ABab"), route=variant("r", "P1", 0)).rows())[:len(applied)])
    return arrange({**given, "applied": applied, "agreement": agreement})


@pytest.mark.parametrize(("applied", "agreement", "said"), [
    ([2], [0], "row 1 has a perturbation that is neither applied nor not"),
    ([0], [4 ** 10], "row 1 has an agreement beyond the first 10"),
    ([0, 1], [0, 0], "row 2 has a query with two clusters, pools or rankings"),
    ([0, 0], [0, 1], "row 2 has a query with two clusters, pools or rankings"),
    ([-1], [0], "the column applied holds what is no whole number from 0 to 127"),
])
def test_what_is_told_of_a_perturbed_query_is_checked(applied, agreement, said):
    with pytest.raises(ValueError, match=said):
        table_of_perturbed(applied, agreement)


def test_a_clean_query_is_not_perturbed_and_agrees_with_itself():
    places = table(Query("q", "a", ranking("ABab")))
    assert set(places.applied.tolist()) == {0}
    assert set(places.agreement.tolist()) == {sum(4**place for place in range(10))}  # one more in common at each of ten places


@given(rows_of_tables())
def test_parts_joined_are_the_whole_with_routes_in_order_of_the_parts(given_rows):
    folds = sorted({(row["route"], row["fold"]) for row in given_rows})
    parts = [arrange(columns([row for row in given_rows if (row["route"], row["fold"]) == fold])) for fold in folds]
    whole = concatenate(parts)
    assert rows(whole) == rows(arrange(columns(sorted(given_rows, key=lambda row: row["route"]))))
    assert concatenate(parts[::-1]).route.names == tuple(sorted({route for route, _ in folds}, reverse=True))


def test_a_fold_counts_once():
    part = table(Query("q", "a", ranking("A"), fold=2))
    with pytest.raises(ValueError, match="fold 2 of the route `r` stands in two parts"):
        concatenate([part, part])


@pytest.mark.parametrize(("changed", "says"), [
    ({"place": 0}, "a place outside its pool"), ({"pool": 1}, "less in the pool of all languages"),
    ({"place": 5}, "a place outside its pool"),
    ({"place_in_language": 3}, "a place outside its pool"), ({"pool_in_language": 5}, "less in the pool of all languages"),
    ({"tied": 4}, "more ties"), ({"tied_in_language": -1}, "from 0 to"), ({"tied_in_language": 1}, "less in the pool of all"),
    ({"fold": -1}, "from 0 to 127"), ({"own_language_top": 1024}, "beyond the first 10"), ({"fold": 128}, "from 0 to 127"),
    ({"place": 1.5}, "no whole number"), ({"pool": 2**31}, "no whole number"),
])
def test_what_cannot_be_is_refused(changed, says):
    (row,) = Query("q", "a", ranking("Aabb")).rows()
    with pytest.raises(ValueError, match=says):
        arrange(columns([row | changed]))


def test_a_query_that_contradicts_itself_is_refused():
    first, second = Query("q", "a", ranking("ABab")).rows()
    for changed in ({"cluster": "other"}, {"pool": 5}, {"own_language_top": 0}):
        with pytest.raises(ValueError, match="row 2 has a query with two clusters, pools or rankings"):
            arrange(columns([first, second | changed]))
    with pytest.raises(ValueError, match="a place that its query fills twice"):
        arrange(columns([first, second | {"place": 1, "place_in_language": 1}]))
    with pytest.raises(ValueError, match="different lengths: 1, 2"):
        arrange(columns([first, second]) | {"place": [1]})


# ---------------------------------------------------------------- files that cannot be read


def stored_table() -> bytes:
    return to_parquet_bytes(table(*(Query(f"q{number}", "a", ranking("ABab")) for number in range(20))))


def test_a_file_that_is_cut_off_anywhere_says_so_with_its_path(tmp_path):
    whole = stored_table()
    path = tmp_path / "cut.parquet"
    for end in [*range(0, len(whole), 97), len(whole) - 1]:
        path.write_bytes(whole[:end])
        with pytest.raises(CorruptInput, match=r"cut\.parquet:1:1: cannot be read as places"):
            from_parquet(path)
        with pytest.raises(CorruptInput, match=r"places\.parquet:1:1"):
            from_parquet(whole[:end])


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(CorruptInput, match=r"none\.parquet"):
        from_parquet(tmp_path / "none.parquet")


def test_a_page_that_was_changed_is_found_by_its_checksum():
    whole = stored_table()
    found = 0
    for at in range(4, len(whole) // 3):  # pages stand at the start, the footer at the end
        try:
            assert rows(from_parquet(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])) == rows(from_parquet(whole))
        except CorruptInput:
            found += 1
    assert found > len(whole) // 6


def rewritten(path: Path, change) -> Path:
    kept = pyarrow.parquet.read_table(pyarrow.BufferReader(stored_table()))
    pyarrow.parquet.write_table(change(kept), path)
    return path


@pytest.mark.parametrize(("change", "says"), [
    (lambda kept: kept.drop_columns(["tied", "cluster"]), "no column cluster, tied"),
    (lambda kept: kept.replace_schema_metadata({"claimcheck.places": "2"}), "of format 2, not 1"),
    (lambda kept: kept.replace_schema_metadata(None), "of format unknown, not 1"),
    (lambda kept: kept.set_column(3, "cluster", [[None] * len(kept)]), "the column cluster has 40 empty values"),
    (lambda kept: kept.set_column(8, "place", [["first"] * len(kept)]), "the column place holds what is no whole number"),
    (lambda kept: kept.set_column(0, "route", [[7] * len(kept)]), "the column route holds no strings"),
])
def test_a_file_of_another_kind_says_what_differs(tmp_path, change, says):
    with pytest.raises(CorruptInput, match=says):
        from_parquet(rewritten(tmp_path / "other.parquet", change))
