"""Partitions by article: nothing that is evaluated was trained on, and every arm sees the same parts."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimcheck.corpora import lareqa, splits, synthetic
from claimcheck.corpora.corpus import Candidate, LanguagePart, ParallelCorpus, Question
from claimcheck.design import Data, Route, Split

NAMES = [f"article {number}" for number in range(48)]


def read(data_dir: Path, name: str) -> ParallelCorpus:
    return lareqa.read(name, {path.stem: path for path in (data_dir / name).glob("??.json")})


@given(st.integers(0, 50), st.integers(2, 8))
def test_folds_part_the_articles_without_rest_or_overlap(seed: int, folds: int):
    parts = [splits.parted(NAMES, Split(folds=folds), fold, seed) for fold in range(folds)]
    assert sorted(name for _, evaluated in parts for name in evaluated) == sorted(NAMES)
    for trained, evaluated in parts:
        assert not trained & evaluated
        assert trained | evaluated == set(NAMES)


def test_folds_are_drawn_anew_with_each_training_seed_unless_a_seed_is_given():
    assert splits.parted(NAMES, Split(folds=4), 0, 1) != splits.parted(NAMES, Split(folds=4), 0, 2)
    assert splits.parted(NAMES, Split(folds=4, seed=9), 0, 1) == splits.parted(NAMES, Split(folds=4, seed=9), 0, 2)


def test_development_articles_are_taken_from_those_trained_on_and_the_evaluated_ones_are_never_seen():
    trained, evaluated = splits.parted(NAMES, Split(evaluate=12, seed=2), 0, 0)
    rest, development = splits.parted(NAMES, Split(evaluate=12, seed=2, development=9), 0, 0)
    assert len(development) == 9
    assert development | rest == trained
    assert not (development | rest) & evaluated


def test_the_order_of_articles_is_that_of_a_hash_that_anybody_can_compute():
    import hashlib

    expected = sorted(NAMES, key=lambda name: hashlib.sha256(f"7/{name}".encode()).hexdigest())
    assert list(splits.in_order(NAMES, 7)) == expected


def test_more_articles_than_there_are_cannot_be_evaluated():
    with pytest.raises(ValueError, match="3 articles cannot be parted"):
        splits.parted(NAMES[:3], Split(evaluate=3, seed=0), 0, 0)


def test_questions_that_share_an_article_or_an_id_stay_together():
    def part(language: str, *placed: tuple[str, str]) -> LanguagePart:
        articles = dict.fromkeys(article for _, article in placed)
        candidates = tuple(Candidate(id=f"toy/{language}/{number:05}", language=language, text=article, article=article)
                           for number, article in enumerate(articles))
        return LanguagePart(language=language, candidates=candidates,
                            questions=tuple(Question(id=name, language=language, text=name, article=article)
                                            for name, article in placed),
                            relevant={name: list(articles).index(article) for name, article in placed})

    # q1 joins A with X, X joins q1 with q3, q3 joins X with C: one component; B stands alone
    corpus = ParallelCorpus(name="toy", parts={"en": part("en", ("q1", "A"), ("q2", "B"), ("q3", "C")),
                                               "xx": part("xx", ("q1", "X"), ("q3", "X"))})
    found = splits.clusters(corpus)
    assert found.of_question == {"q1": "A", "q2": "B", "q3": "A"}
    assert found.of_article["xx", "X"] == found.of_article["en", "C"] == "A"
    kept = splits.restricted(corpus, found, {"A"})
    assert [question.id for question in kept.parts["en"].questions] == ["q1", "q3"]
    assert [candidate.text for candidate in kept.parts["en"].candidates] == ["A", "C"]
    assert kept.parts["en"].relevant == {"q1": 0, "q3": 1}


@pytest.mark.parametrize(("name", "components"), [("xquad-r", 48), ("mlqa-r", 520)])
def test_the_real_data_fall_into_as_many_components_as_were_counted_elsewhere(data_dir: Path, name: str, components: int):
    found = splits.clusters(read(data_dir, name))
    assert len(set(found.of_question.values())) == len(found.names) == components


def test_the_partition_of_quick_shares_no_article_with_those_the_recipe_was_looked_at_on(data_dir: Path):
    import random

    corpus = read(data_dir, "xquad-r")
    articles = list(dict.fromkeys(candidate.article for candidate in corpus.parts["en"].candidates))
    random.Random(0).shuffle(articles)  # the prototype's partition: its last twelve were evaluated
    route = Route(train="xquad-r", evaluate="xquad-r", split=Split(evaluate=12, seed=2))
    part = splits.parts({"xquad-r": corpus}, route, ("en", "de", "es", "ru", "hi"), 0, 0)
    evaluated = {candidate.article for candidate in part.evaluate.parts["en"].candidates}
    assert not evaluated & set(articles[-12:])
    assert {len(each.questions) for each in part.evaluate.parts.values()} == {339}
    assert sum(len(each.candidates) for each in part.evaluate.parts.values()) == 1590  # 334 + 309 + 314 + 319 + 314
    _, taken = splits.parted(articles, Split(evaluate=12, seed=1), 0, 0)
    assert taken & set(articles[-12:])  # which is why seed 1 was passed over


def test_articles_that_two_data_sets_share_are_left_out_where_one_is_trained_on(data_dir: Path):
    corpora = {name: read(data_dir, name) for name in ("xquad-r", "mlqa-r")}
    languages = ("ar", "de", "en", "es", "hi", "vi", "zh")
    for train, evaluate, left in (("mlqa-r", "xquad-r", 1147), ("xquad-r", "mlqa-r", 1145)):
        part = splits.parts(corpora, Route(train=train, evaluate=evaluate), languages, 0, 0)
        assert part.left_out == ("Harvard University", "Prime number")
        assert len(part.evaluate.parts["en"].questions) == left  # of 1,190 and 1,148
        titles = {candidate.article.replace("_", " ") for candidate in part.evaluate.parts["en"].candidates}
        assert not titles & set(part.left_out)


def test_the_synthetic_corpus_is_the_same_wherever_it_is_made():
    corpus = synthetic.make()
    assert corpus.languages == synthetic.LANGUAGES
    for language, part in corpus.parts.items():
        assert len(part.questions) == 144  # 24 articles of 6 questions
        assert len(part.candidates) == 216  # and 9 sentences
        for question in part.questions:
            answer = part.candidates[part.relevant[question.id]].text.split()
            assert sum(word in answer for word in question.text.split()) >= synthetic.IN_QUESTION, (language, question.id)
    words = {language: {word for candidate in part.candidates for word in candidate.text.split()}
             for language, part in corpus.parts.items()}
    assert not words["qaa"] & words["qab"] | words["qab"] & words["qac"] | words["qaa"] & words["qac"]


@pytest.mark.parametrize(("make", "what"), [
    (lambda: Split(), "one of the two"),
    (lambda: Split(evaluate=3, folds=2), "one of the two"),
    (lambda: Split(evaluate=3), "needs the `seed`"),
    (lambda: Split(folds=3, development=2), "leave it out where there are folds"),
    (lambda: Route(train="a", evaluate="a"), "needs a `split`"),
    (lambda: Route(train="a", evaluate="b", split=Split(folds=2)), "has none elsewhere"),
    (lambda: Data(train=("a",), evaluate=("a",), languages=("en",), routes=(Route(train="a", evaluate="b"),)), "add it there"),
    (lambda: Data(train=("a",), evaluate=("b",), languages=("en",), routes=(
        Route(train="a", evaluate="b", languages=("en", "de")),)), "names languages"),
    (lambda: Data(train=("a",), evaluate=("b",), languages=("en",), routes=(Route(train="a", evaluate="b"),) * 2),
     "stands twice"),
])
def test_a_design_that_cannot_be_meant_is_refused_with_the_next_move(make, what: str):
    with pytest.raises(ValueError, match=what):
        make()
