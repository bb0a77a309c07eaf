"""Ranking: the fast count beside a slow oracle on corpora full of ties, and the laws that every ranking keeps."""

import random
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from claimcheck.corpora.corpus import Candidate, LanguagePart, ParallelCorpus, Question
from claimcheck.measurement.measures import parse, values
from claimcheck.measurement.places import ALIKE, LABELS, NUMBERS, Places, to_parquet_bytes
from claimcheck.retrieval.ranking import Pool, Variant, Where, evaluate, rank

TEXTS = {text: [float(value) for value in vector] for text, vector in {
    "one": (1, 2), "two": (2, 1), "three": (-1, 1), "four": (0, 0), "five": (1, 2), "six": (-2, -1)}.items()}
"""Texts and their vectors; products of small whole numbers are exact, and two distinct texts share a vector."""


def embed(texts: list[str], role: str) -> torch.Tensor:
    return torch.tensor([TEXTS[text] for text in texts])


@st.composite
def corpora(draw, most: int = 14):
    """Up to four languages, some without questions, candidates or an answer; texts repeat within and across languages."""
    ids = [f"q{number}" for number in range(draw(st.integers(1, 4)))]
    parts = {}
    for language in sorted(draw(st.sets(st.sampled_from(["de", "en", "zh", "zh-tw"]), min_size=1))):
        texts = draw(st.lists(st.sampled_from(sorted(TEXTS)), max_size=most))
        asked = [each for each in ids if draw(st.booleans())]
        candidates = tuple(Candidate(id=f"d/{language}/{number:05}", language=language, text=text)
                           for number, text in enumerate(texts))
        parts[language] = LanguagePart(
            language=language, candidates=candidates,
            questions=tuple(Question(id=each, language=language, text=draw(st.sampled_from(sorted(TEXTS)))) for each in asked),
            relevant={each: draw(st.integers(0, len(texts) - 1)) for each in ids if texts and draw(st.booleans())})
    return ParallelCorpus(name="d", parts=parts)


def rows(places: Places):
    by_name = {name: getattr(places, name).strings().tolist() if name in LABELS else getattr(places, name).tolist()
               for name in (*LABELS, *NUMBERS)}
    return [dict(zip(by_name, row, strict=True)) for row in zip(*by_name.values(), strict=True)]


def slow(corpus: ParallelCorpus):
    """The oracle: sort all candidates by score downwards, equal ones by id downwards, and read the places off."""
    for language in sorted(corpus.parts):
        for question in sorted(corpus.parts[language].questions, key=lambda each: each.id):
            def score(candidate, question=question):
                return sum(a * b for a, b in zip(TEXTS[question.text], TEXTS[candidate.text], strict=True))

            everything = [candidate for part in corpus.parts.values() for candidate in part.candidates]
            ranked = sorted(sorted(everything, key=lambda each: each.id.encode(), reverse=True), key=score, reverse=True)
            for other in sorted(corpus.parts):
                part = corpus.parts[other]
                if question.id in part.relevant:
                    right = part.candidates[part.relevant[question.id]]
                    same = [each for each in ranked if each.language == other]
                    tied = [each for each in ranked if score(each) == score(right) and each is not right]
                    yield {"route": "r", "question": question.id, "cluster": f"article of {question.id}",
                           "query_language": language, "candidate_language": other, "fold": 3,
                           "place_in_language": 1 + same.index(right), "pool_in_language": len(same),
                           "tied_in_language": sum(each.language == other for each in tied),
                           "place": 1 + ranked.index(right), "tied": len(tied), "pool": len(ranked),
                           "own_language_top": sum(2**k for k, each in enumerate(ranked[:10]) if each.language == language)}


def clusters(corpus: ParallelCorpus) -> dict[str, str]:
    return {question.id: f"article of {question.id}" for part in corpus.parts.values() for question in part.questions}


@settings(deadline=None)  # the first example waits for the compiler
@given(corpora())
def test_places_equal_those_of_the_oracle(corpus):
    asked = any(part.questions for part in corpus.parts.values())
    if not asked or not any(part.candidates for part in corpus.parts.values()):
        with pytest.raises(ValueError, match="no questions or no candidates"):
            evaluate(corpus, embed, Where(route="r", fold=3, clusters=clusters(corpus)))
        return
    columns = (*LABELS, *NUMBERS)
    expected = [{name: row[name] for name in columns} for row in slow(corpus)]
    assert rows(evaluate(corpus, embed, Where(route="r", fold=3, clusters=clusters(corpus)))) == expected


def one_question(language: str, candidates: list[tuple[str, str]], **relevant: int) -> LanguagePart:
    """The question q, whose text is `one`, and candidates by id and text."""
    return LanguagePart(language=language, questions=(Question(id="q", language=language, text="one"),), relevant=relevant,
                        candidates=tuple(Candidate(id=name, language=language, text=text) for name, text in candidates))


def one_language(texts: list[str], right: int) -> ParallelCorpus:
    candidates = [(f"d/en/{number:05}", text) for number, text in enumerate(texts)]
    return ParallelCorpus(name="d", parts={"en": one_question("en", candidates, q=right)})


def test_among_equals_the_larger_id_stands_first():
    texts = ["three", "one", "five", "three", "one"]  # scores of the question "one" (1, 2): 1, 5, 5, 1, 5
    where = Where(route="r", fold=0, clusters={"q": "c"})
    found = [rows(evaluate(one_language(texts, right), embed, where))[0] for right in range(5)]
    assert [row["place"] for row in found] == [5, 3, 2, 4, 1]
    assert [row["tied"] for row in found] == [1, 2, 2, 1, 2]


def test_a_pool_of_one_candidate_has_one_place():
    (row,) = rows(evaluate(one_language(["six"], 0), embed, Where(route="r", fold=0, clusters={"q": "c"})))
    assert (row["place"], row["place_in_language"], row["tied"], row["pool"], row["own_language_top"]) == (1, 1, 0, 1, 1)


def test_each_distinct_text_is_embedded_once():
    asked = []

    def counting(texts: list[str], role: str) -> torch.Tensor:
        asked.append(sorted(texts))
        return embed(texts, role)

    evaluate(one_language(["three", "one", "three", "one", "two"], 1), counting, Where(route="r", fold=0, clusters={"q": "c"}))
    assert asked == [["one"], ["one", "three", "two"]]


def test_a_question_without_a_cluster_is_refused():
    with pytest.raises(ValueError, match="the question q belongs to no cluster"):
        evaluate(one_language(["one"], 0), embed, Where(route="r", fold=0, clusters={}))


def test_ids_that_mix_languages_are_refused():
    parts = {"de": one_question("de", [("d/1", "one"), ("d/3", "one")]), "en": one_question("en", [("d/2", "one")])}
    with pytest.raises(ValueError, match="mix languages"):
        evaluate(ParallelCorpus(name="d", parts=parts), embed, Where(route="r", fold=0, clusters={"q": "c"}))


def test_an_id_that_stands_twice_is_refused():
    parts = {"de": one_question("de", [("d/1", "one"), ("d/1", "two")])}
    with pytest.raises(ValueError, match="the candidate id d/1 stands twice in d"):
        evaluate(ParallelCorpus(name="d", parts=parts), embed, Where(route="r", fold=0, clusters={"q": "c"}))


@pytest.mark.parametrize(("role", "named"), [("query", "query en/q"), ("passage", "passage d/en/00001")])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_vector_that_is_not_finite_is_named_by_the_first_id_that_has_its_text(role: str, named: str, value: float):
    def broken(texts: list[str], given: str) -> torch.Tensor:
        vectors = embed(texts, given)
        vectors[texts.index("one"), 0] = value if given == role else 0.0
        return vectors

    with pytest.raises(ValueError, match=f"the vector of the {named} is not finite"):
        evaluate(one_language(["two", "one", "one"], 0), broken, Where(route="r", fold=0, clusters={"q": "c"}))


@settings(deadline=None)
@given(corpora(), st.randoms(use_true_random=False))
def test_the_order_of_questions_and_languages_moves_no_byte(corpus, generator):
    if not clusters(corpus) or not any(part.candidates for part in corpus.parts.values()):
        return
    parts = [replace(part, questions=tuple(generator.sample(part.questions, len(part.questions))))
             for part in corpus.parts.values()]
    generator.shuffle(parts)
    other = ParallelCorpus(name="d", parts={part.language: part for part in parts})
    where = Where(route="r", fold=0, clusters=clusters(corpus))
    first, second = (to_parquet_bytes(evaluate(each, embed, where)) for each in (corpus, other))
    assert first == second


# ---------------------------------------------------------------- vectors


def whole(pool_size: int) -> Pool:
    return Pool(text=torch.arange(pool_size), languages=("en",), bounds=(0, pool_size))


def places(queries: torch.Tensor, candidates: torch.Tensor, relevant: int = 0) -> list[int]:
    right, english = torch.full((len(queries), 1), relevant), torch.zeros(len(queries), dtype=torch.int64)
    return rank(queries, candidates, whole(len(candidates)), right, english).place[:, 0].tolist()


def test_zero_has_one_sign():
    # 1 * 0 = 0 and 1 * -0 = -0, which are equal: the larger id stands first whichever sign it has
    assert places(torch.tensor([[1.0]]), torch.tensor([[0.0], [-0.0]])) == [2]
    assert places(torch.tensor([[1.0]]), torch.tensor([[-0.0], [0.0]])) == [2]


def test_scores_below_zero_rank_by_their_size_down_to_the_last_bit():
    value = torch.tensor(-0.7)
    below = torch.nextafter(value, torch.tensor(-1.0))
    candidates = torch.stack([value, below, -value, value * 2])[:, None]
    assert [places(torch.tensor([[1.0]]), candidates, right) for right in range(4)] == [[2], [3], [1], [4]]


def test_what_is_no_number_is_refused():
    bad = torch.tensor([[1.0], [float("nan")]])
    for queries, candidates in ((bad, torch.ones(3, 1)), (torch.ones(3, 1), bad),
                                (torch.ones(1, 1), torch.tensor([[float("inf")]])),
                                (torch.tensor([[float("inf")]]), torch.zeros(2, 1)),
                                (torch.full((1, 1), 1e20), torch.full((2, 1), 1e20))):  # 1e40 is beyond float32
        with pytest.raises(ValueError, match="a score is not a number"):
            places(queries, candidates)


def test_other_types_and_an_empty_pool_are_refused():
    with pytest.raises(ValueError, match="scores are float32"):
        places(torch.ones(1, 1, dtype=torch.float64), torch.ones(1, 1, dtype=torch.float64))
    with pytest.raises(ValueError, match="the pool is empty"):
        places(torch.ones(1, 1), torch.ones(0, 1))


def test_no_query_at_all_has_no_places():
    assert places(torch.ones(0, 2), torch.ones(3, 2)) == []


@pytest.mark.parametrize("number", [1, 255, 256, 257, 700])
def test_blocks_of_queries_join_without_a_seam(number):
    generator = torch.Generator().manual_seed(number)
    queries, candidates = (torch.randint(-3, 4, (size, 5), generator=generator).float() for size in (number, 40))
    scores = (queries @ candidates.T).tolist()
    for right in (0, 17, 39):
        expected = [1 + sum(each > row[right] for each in row) + sum(each == row[right] for each in row[right + 1 :])
                    for row in scores]
        assert places(queries, candidates, right) == expected


@pytest.mark.parametrize(("size", "dimensions"), [(3, 5), (7, 7), (11, 301), (50, 9), (700, 128)])
def test_a_score_depends_neither_on_the_position_of_the_query_nor_on_that_of_the_text(size, dimensions):
    generator = torch.Generator().manual_seed(1)
    query, text = (torch.randn(dimensions, generator=generator) for _ in range(2))
    others = torch.randn(size, dimensions, generator=generator)
    # equal texts under other names: all tied wherever they stand, for the query at every position of two blocks
    ranked = rank(query.expand(400, -1).contiguous(), text.expand(size, -1).contiguous(), whole(size),
                  torch.full((400, 1), size // 2), torch.zeros(400, dtype=torch.int64))
    assert set(ranked.tied[:, 0].tolist()) == {size - 1}
    order = list(range(300))
    random.Random(2).shuffle(order)
    queries = torch.randn(300, dimensions, generator=generator)
    assert [places(queries, others, 1)[each] for each in order] == places(queries[order], others, 1)


def test_relevant_candidates_are_placed_where_they_are_and_nowhere_else():
    # two languages of two candidates; scores 4, 3 | 2, 1; the second query has none in the second language
    pool = Pool(text=torch.tensor([0, 1, 2, 3]), languages=("a", "b"), bounds=(0, 2, 4))
    ranked = rank(torch.ones(2, 1), torch.tensor([[4.0], [3.0], [2.0], [1.0]]), pool,
                  torch.tensor([[1, 2], [0, -1]]), torch.tensor([1, -1]))
    assert (ranked.place.tolist(), ranked.place_in_language.tolist()) == ([[2, 3], [1, 0]], [[2, 1], [1, 0]])
    assert ranked.own_language_top.tolist() == [0b1100, 0]  # the third and fourth are in b; the pool has no language of -1


# ---------------------------------------------------------------- queries in other words

def first_ten(corpus: ParallelCorpus, text: str) -> list[str]:
    everything = sorted((each for part in corpus.parts.values() for each in part.candidates), key=lambda each: each.id.encode())
    scores = {each.id: sum(a * b for a, b in zip(TEXTS[text], TEXTS[each.text], strict=True)) for each in everything}
    everything.reverse()
    return [each.id for each in sorted(everything, key=lambda each: scores[each.id], reverse=True)][:10]


def overlap(one: list[str], other: list[str], depth: int = 10, p: float = 0.9) -> float:
    """Rank-biased overlap, extrapolated, as its definition has it; a list that is at its end goes on with what it has not."""
    one, other = ([*each, *range(depth - len(each))] for each in (one, other))
    shared = [len({*one[:k]} & {*other[:k]}) / k for k in range(1, depth + 1)]
    return (1 - p) / p * sum(p**k * share for k, share in enumerate(shared, 1)) + p**depth * shared[-1]


@settings(deadline=None)
@given(corpora(), st.data())
def test_queries_in_other_words_are_ranked_as_if_they_were_the_corpus_and_compared_with_the_clean_ones(corpus, data):
    everyone = [each for part in corpus.parts.values() for each in part.questions]
    if not everyone or not any(part.candidates for part in corpus.parts.values()):
        return
    variants = []
    for number in range(data.draw(st.integers(1, 3))):
        some = data.draw(st.lists(st.sampled_from(everyone), unique=True, max_size=len(everyone)))
        changed = tuple(replace(each, text=data.draw(st.sampled_from(sorted(TEXTS)))) for each in some)
        variants.append(Variant(route=f"r ~ P1 {number}", questions=changed, applied=tuple(
            new.text != old.text for new, old in zip(changed, some, strict=True))))
    where = Where(route="r", fold=3, clusters=clusters(corpus))
    together = evaluate(corpus, embed, where, variants=variants)
    by_route = {name: [row for row in rows(together) if row["route"] == name] for name in together.route.names}
    assert by_route.get("r", []) == rows(evaluate(corpus, embed, where))
    assert list(by_route) == [name for name in ("r", *(each.route for each in variants)) if name in by_route]
    text_of = {(each.id, each.language): each.text for each in everyone}
    for variant in variants:
        new = {(each.id, each.language): each for each in variant.questions}
        alone = ParallelCorpus(name="d", parts={
            language: replace(part, questions=tuple(new[each.id, language] for each in part.questions
                                                    if (each.id, language) in new)) for language, part in corpus.parts.items()})
        expected = [{**row, "route": variant.route} for row in rows(evaluate(alone, embed, where))] if new else []
        assert by_route.get(variant.route, []) == expected
        if expected:
            for name, wanted in (("Applied", lambda old, text: float(old != text)),
                                 ("RBO", lambda old, text: overlap(first_ten(corpus, old), first_ten(corpus, text)))):
                for cell in values(together, parse(name), "multilingual", variant.route):
                    for question, value in zip(cell.questions.tolist(), cell.values.tolist(), strict=True):
                        key = question, cell.query_language
                        assert value == pytest.approx(wanted(text_of[key], new[key].text), abs=1e-12)


def test_a_clean_query_agrees_with_itself_at_every_depth():
    places = evaluate(one_language(["one", "two"], 0), embed, Where(route="r", fold=0, clusters={"q": "c"}))
    assert (places.agreement.tolist(), places.applied.tolist()) == ([ALIKE], [0])
    (cell,) = values(places, parse("RBO"), "multilingual", "r")
    assert cell.values.tolist() == pytest.approx([1.0], abs=1e-12)
