"""Training pairs and batch plans: what a batch may hold, what arms of one seed share, and how often each kind is drawn."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimcheck.corpora.corpus import Candidate, LanguagePart, ParallelCorpus, Question
from claimcheck.corpora.pairs import TrainingPairs, training_pairs
from claimcheck.design import Arm, Training
from claimcheck.errors import UsageFault
from claimcheck.retrieval.batches import Batch, BatchPlan, count, make

TRAINING = Training(steps=120, batch_size=8)
MONOLINGUAL, CROSSLINGUAL = Arm(sampling="monolingual"), Arm(sampling="cross-lingual")
LANGUAGES = ("de", "en", "hi", "zh")
SEEDS = st.integers(0, 2**32 - 1)
ALPHAS = st.floats(0, 1)


def hybrid(alpha: float, **more) -> Arm:
    return Arm(sampling="hybrid", alpha=alpha, **more)


def pairs_of(stands: dict[str, set[int]], questions: int) -> TrainingPairs:
    """Pairs in which a question stands in the languages that name its number."""
    def texts(kind: str) -> dict[str, tuple[str | None, ...]]:
        return {language: tuple(f"{kind} {language} {each}" if each in stands[language] else None for each in range(questions))
                for language in sorted(stands)}

    return TrainingPairs(questions=tuple(f"{each:04d}" for each in range(questions)), languages=tuple(sorted(stands)),
                         queries=texts("query"), passages=texts("passage"))


PARALLEL = pairs_of({language: set(range(50)) for language in LANGUAGES}, 50)
PARTLY = pairs_of({"de": set(range(30)), "en": set(range(10, 40)), "hi": set(range(25, 40)), "zh": {0}}, 40)


# ---------------------------------------------------------------- pairs


def part(language: str, **sentence_of: str) -> LanguagePart:
    """A language whose questions are named by keyword, each answered by the sentence given; sentences stand in reverse."""
    names = list(sentence_of)
    candidates = tuple(Candidate(id=f"x/{language}/{place}", language=language, text=sentence_of[name])
                       for place, name in enumerate(reversed(names)))
    return LanguagePart(language=language, candidates=candidates,
                        questions=tuple(Question(id=name, language=language, text=f"{name}?") for name in names),
                        relevant={name: len(names) - 1 - place for place, name in enumerate(names)})


def test_pairs_hold_for_each_question_its_own_sentence_and_nothing_where_it_does_not_stand():
    corpus = ParallelCorpus(name="x", parts={"de": part("de", b="Zwei.", a="Eins."), "en": part("en", c="Three.", a="One.")})
    pairs = training_pairs(corpus)
    assert pairs.questions == ("a", "b", "c")
    assert pairs.languages == ("de", "en")
    assert pairs.queries == {"de": ("a?", "b?", None), "en": ("a?", None, "c?")}
    assert pairs.passages == {"de": ("Eins.", "Zwei.", None), "en": ("One.", None, "Three.")}


# ---------------------------------------------------------------- one plan


@given(seed=SEEDS, alpha=ALPHAS)
def test_a_plan_is_a_pure_function_of_its_arguments(seed: int, alpha: float):
    one, other = make(PARTLY, hybrid(alpha), TRAINING, seed), make(PARTLY, hybrid(alpha), TRAINING, seed)
    assert one == other
    assert one.digest == other.digest


@given(seed=SEEDS, alpha=ALPHAS)
@settings(max_examples=30)
def test_a_batch_holds_different_questions_that_stand_in_both_of_its_languages_as_many_as_fit(seed: int, alpha: float):
    for batch in make(PARTLY, hybrid(alpha), TRAINING, seed).batches:
        both = {place for place in range(40) if PARTLY.queries[batch.query_language][place] is not None
                and PARTLY.queries[batch.passage_language][place] is not None}
        assert set(batch.questions) <= both
        assert len(set(batch.questions)) == len(batch.questions) == min(8, len(both))


def test_languages_that_share_fewer_than_two_questions_are_never_drawn():
    # zh has one question; de and hi share 25 to 29, en shares 20 with de and 15 with hi.
    plan = make(PARTLY, hybrid(0.5), Training(steps=500, batch_size=8), 1)
    assert set(plan.counts().language_pairs) == {(one, other) for one in ("de", "en", "hi") for other in ("de", "en", "hi")}
    fewest = [batch for batch in plan.batches if {batch.query_language, batch.passage_language} == {"de", "hi"}]
    assert fewest
    assert all(len(batch.questions) == 5 for batch in fewest)


def test_a_batch_larger_than_the_data_holds_every_question_once():
    plan = make(PARALLEL, MONOLINGUAL, Training(steps=5, batch_size=64), 3)
    assert all(sorted(batch.questions) == list(range(50)) for batch in plan.batches)


def test_the_digest_tells_the_order_of_batches_and_of_languages():
    one = Batch(query_language="de", passage_language="en", questions=(1, 2))
    other = Batch(query_language="en", passage_language="de", questions=(1, 2))
    digests = {BatchPlan(batches=batches).digest for batches in [(one,), (other,), (one, other), (other, one), ()]}
    assert len(digests) == 5


def test_counts_by_hand():
    batches = (Batch(query_language="en", passage_language="de", questions=(1, 2)),
               Batch(query_language="en", passage_language="en", questions=(2, 3, 5)),
               Batch(query_language="en", passage_language="de", questions=(1, 7)))
    counts = count(batches)
    assert (counts.monolingual, counts.cross_lingual) == (1, 2)
    assert counts.language_pairs == {("en", "de"): 4, ("en", "en"): 3}
    assert counts.pairs == 2 + 3 + 2
    assert counts.questions == len({1, 2, 3, 5, 7})


# ---------------------------------------------------------------- arms of one seed


@given(seed=SEEDS, alpha=ALPHAS)
def test_on_parallel_data_all_arms_see_the_same_questions_asked_in_the_same_language(seed: int, alpha: float):
    plans = [make(PARALLEL, arm, TRAINING, seed).batches for arm in (MONOLINGUAL, CROSSLINGUAL, hybrid(alpha))]
    for one, other, third in zip(*plans, strict=True):
        assert one.questions == other.questions == third.questions
        assert one.query_language == other.query_language == third.query_language


@given(seed=SEEDS, alphas=st.tuples(ALPHAS, ALPHAS).map(sorted))
def test_monolingual_steps_at_a_smaller_alpha_are_among_those_at_a_larger_one(seed: int, alphas: list[float]):
    smaller, larger = (make(PARTLY, hybrid(alpha), TRAINING, seed).batches for alpha in alphas)
    assert all(two.monolingual for one, two in zip(smaller, larger, strict=True) if one.monolingual)
    assert all(one == two for one, two in zip(smaller, larger, strict=True) if one.monolingual == two.monolingual)


@given(seed=SEEDS)
def test_hybrid_at_its_ends_is_monolingual_or_cross_lingual_sampling(seed: int):
    assert make(PARTLY, hybrid(1), TRAINING, seed) == make(PARTLY, MONOLINGUAL, TRAINING, seed)
    assert make(PARTLY, hybrid(0), TRAINING, seed) == make(PARTLY, CROSSLINGUAL, TRAINING, seed)


@given(seed=SEEDS, share=st.floats(0.01, 1))
def test_an_arm_with_a_share_of_the_steps_has_the_first_of_the_same_batches(seed: int, share: float):
    whole, some = (make(PARTLY, hybrid(0.5, steps_share=each), TRAINING, seed).batches for each in (None, share))
    assert some == whole[:len(some)]
    assert len(some) == max(1, round(120 * share))


@given(seed=SEEDS)
def test_another_order_is_another_draw_and_another_seed_too(seed: int):
    plans = [make(PARALLEL, hybrid(0.5, order=order), TRAINING, seed + more).digest for order in (0, 1, 2) for more in (0, 1)]
    assert len(set(plans)) == 6


def test_an_untrained_arm_has_no_batches():
    assert make(PARALLEL, Arm(sampling="none"), TRAINING, 0) == BatchPlan(batches=())


# ---------------------------------------------------------------- how often


@pytest.mark.parametrize("alpha", [0.1, 0.5, 0.9])
def test_about_alpha_of_the_steps_are_monolingual(alpha: float):
    counts = make(PARALLEL, hybrid(alpha), Training(steps=4000, batch_size=2), 11).counts()
    # A binomial count lies within 5 standard deviations but for less than one seed in a million.
    assert abs(counts.monolingual - alpha * 4000) < 5 * sqrt(4000 * alpha * (1 - alpha))
    assert counts.monolingual + counts.cross_lingual == 4000


def test_languages_are_drawn_alike_and_so_are_questions():
    plan = make(PARALLEL, CROSSLINGUAL, Training(steps=6000, batch_size=5), 12)
    seen = plan.counts().language_pairs
    assert len(seen) == 4 * 3
    assert all(abs(pairs / 5 - 500) < 5 * sqrt(500 * 11 / 12) for pairs in seen.values())  # 6000 / 12 = 500 batches of each
    questions = np.bincount([each for batch in plan.batches for each in batch.questions], minlength=50)
    assert np.abs(questions - 600).max() < 5 * sqrt(600 * 0.9)  # 6000 x 5 / 50 = 600 of each


# ---------------------------------------------------------------- what cannot be filled


def test_arms_that_cannot_be_filled_are_refused_with_the_next_move():
    alone = pairs_of({"en": {0, 1, 2}}, 3)
    with pytest.raises(UsageFault, match=r"no two languages share 2 training questions.*train on more languages"):
        make(alone, hybrid(0.5), TRAINING, 0)
    assert make(alone, MONOLINGUAL, TRAINING, 0).counts().monolingual == 120
    with pytest.raises(UsageFault, match="no language holds 2 training questions"):
        make(pairs_of({"en": {0}, "de": {1}}, 2), MONOLINGUAL, TRAINING, 0)
    with pytest.raises(UsageFault, match="states no `steps`"):
        make(alone, MONOLINGUAL, Training(batch_size=2), 0)


# ---------------------------------------------------------------- languages per item


@given(seed=SEEDS, alpha=ALPHAS)
@settings(max_examples=30)
def test_languages_drawn_per_item_are_those_in_which_the_item_stands_and_of_the_batchs_kind(seed: int, alpha: float):
    plan = make(PARTLY, hybrid(alpha, languages="per item"), TRAINING, seed)
    kinds = [batch.monolingual for batch in make(PARTLY, hybrid(alpha), TRAINING, seed).batches]
    assert [batch.monolingual for batch in plan.batches] == kinds  # alpha and its random numbers mean the same
    for batch in plan.batches:
        assert len(set(batch.questions)) == len(batch.questions) == 8
        for question, (query, passage) in zip(batch.questions, batch.language_pairs, strict=True):
            assert PARTLY.queries[query][question] is not None
            assert PARTLY.passages[passage][question] is not None
            assert (query == passage) == batch.monolingual


def test_x_x_mixes_languages_in_a_batch_and_x_x_mono_does_not():
    x_x, mono = (make(PARALLEL, Arm(sampling="monolingual", languages=each), Training(steps=3000, batch_size=4), 2)
                 for each in ("per item", "per batch"))
    assert all(batch.monolingual for plan in (x_x, mono) for batch in plan.batches)
    used = [len(set(batch.language_pairs)) for batch in x_x.batches]
    # four languages, four draws: all different 4!/4^4 = .09375 of the time, all alike 4/4^4 = .015625
    assert abs(used.count(4) / 3000 - 24 / 256) < 5 * sqrt(24 / 256 * 232 / 256 / 3000)
    assert abs(used.count(1) / 3000 - 4 / 256) < 5 * sqrt(4 / 256 * 252 / 256 / 3000)
    assert {len(set(batch.language_pairs)) for batch in mono.batches} == {1}
    counts = x_x.counts()
    assert (counts.monolingual, counts.cross_lingual, counts.pairs) == (3000, 0, 12_000)
    assert sum(counts.language_pairs.values()) == 12_000
    assert all(abs(pairs - 3000) < 5 * sqrt(12_000 * 3 / 16) for pairs in counts.language_pairs.values())


def test_arms_that_draw_per_item_ask_the_same_questions_in_the_same_languages_on_parallel_data():
    mono, cross = (make(PARALLEL, Arm(sampling=sampling, languages="per item"), TRAINING, 4)
                   for sampling in ("monolingual", "cross-lingual"))
    for one, other in zip(mono.batches, cross.batches, strict=True):
        assert list(one.questions) == list(other.questions)
        assert one.query_language == other.query_language


def test_an_item_in_one_language_only_is_never_half_of_a_cross_lingual_pair():
    pairs = pairs_of({"de": {0, 1, 2, 3}, "en": {2, 3, 4}}, 6)
    plan = make(pairs, Arm(sampling="cross-lingual", languages="per item"), Training(steps=20, batch_size=9), 0)
    assert all(sorted(batch.questions) == [2, 3] for batch in plan.batches)
    with pytest.raises(UsageFault, match="no two languages share 2 training questions"):
        make(pairs_of({"de": {0, 1, 2}, "en": {2, 3}}, 4), Arm(sampling="cross-lingual", languages="per item"), TRAINING, 0)


def test_the_digest_tells_the_languages_of_each_item():
    one = Batch(query_language=("de", "en"), passage_language=("en", "de"), questions=(1, 2))
    other = Batch(query_language=("en", "de"), passage_language=("de", "en"), questions=(1, 2))
    whole = Batch(query_language="de", passage_language="en", questions=(1, 2))
    assert len({BatchPlan(batches=(each,)).digest for each in (one, other, whole)}) == 3


def test_the_digest_is_that_of_the_whole_list_at_once():
    from claimcheck.run import digest_of

    plan = make(PARTLY, hybrid(0.5), TRAINING, 9)
    whole = [[each.query_language, each.passage_language, list(each.questions)] for each in plan.batches]
    assert plan.digest == digest_of(whole)
    assert BatchPlan(batches=()).digest == digest_of([])


# ---------------------------------------------------------------- corpora of many items


@pytest.mark.parametrize("stands", [
    {"de": set(range(300)), "en": set(range(300))},  # all: numbers are drawn
    {"de": set(range(300)), "en": set(range(100, 300))},  # many: numbers are drawn and looked up
    {"de": set(range(300)), "en": {7, 60, 61, 62, 63, 200, 299}}])  # few: they are listed
def test_of_a_large_corpus_questions_are_drawn_and_not_sorted_and_the_law_is_the_same(stands, monkeypatch: pytest.MonkeyPatch):
    from claimcheck.retrieval import batches

    monkeypatch.setattr(batches, "KEYED", 100)
    pairs = pairs_of(stands, 300)
    plan = make(pairs, CROSSLINGUAL, Training(steps=3000, batch_size=5), 1)
    both = sorted(stands["de"] & stands["en"])
    seen = np.zeros(300)
    for batch in plan.batches:
        assert len(set(batch.questions)) == len(batch.questions) == 5
        seen[list(batch.questions)] += 1
    assert set(np.flatnonzero(seen)) == set(both)
    share = 5 / len(both)
    assert np.abs(seen[both] - 3000 * share).max() < 5 * sqrt(3000 * share * (1 - share)) + 1e-9
    assert plan == make(pairs, CROSSLINGUAL, Training(steps=3000, batch_size=5), 1)
    fewer = make(pairs_of({"de": {1, 2, 3}, "en": {2, 3, 4}}, 300), CROSSLINGUAL, Training(steps=3, batch_size=5), 1)
    assert all(sorted(batch.questions) == [2, 3] for batch in fewer.batches)


def test_arms_of_one_seed_see_the_same_questions_of_a_large_parallel_corpus_too(monkeypatch: pytest.MonkeyPatch):
    from claimcheck.retrieval import batches

    monkeypatch.setattr(batches, "KEYED", 10)
    plans = [make(PARALLEL, arm, TRAINING, 3) for arm in (MONOLINGUAL, CROSSLINGUAL, hybrid(0.5))]
    for one, other, third in zip(*(plan.batches for plan in plans), strict=True):
        assert one.questions == other.questions == third.questions
        assert one.query_language == other.query_language == third.query_language
