"""Search attacks: what they may do, what they may ask, and that what they find is due to the search."""

import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from numpy.typing import NDArray

from claimcheck.corpora import lareqa
from claimcheck.corpora.corpus import ParallelCorpus, Question
from claimcheck.perturbation import attack_moves
from claimcheck.perturbation.attacks import ATTACKS, MASKED, MOST_ASKED, Attacked, Scorer, attack
from claimcheck.perturbation.code_mixing import MOST_WORDS, dictionary
from claimcheck.perturbation.code_switch import in_case_of, learn
from claimcheck.perturbation.text import LANGUAGES, clusters, edits, is_letter, read, slots

EDITS = 2
DULL = 0.65


@pytest.fixture(scope="module")
def corpus(data_dir: Path) -> ParallelCorpus:
    return lareqa.read("xquad-r", {each: data_dir / "xquad-r" / f"{each}.json" for each in LANGUAGES})


@pytest.fixture(scope="module")
def questions(corpus: ParallelCorpus) -> list[Question]:
    return [question for language in LANGUAGES for question in corpus.parts[language].questions[:200:20]]


@pytest.fixture(scope="module")
def lexicon(corpus: ParallelCorpus) -> dict[str, dict[str, str]]:
    english = [each.text for each in corpus.parts["en"].questions]
    pairs = {language: list(zip([each.text for each in corpus.parts[language].questions], english, strict=True))
             for language in LANGUAGES if language != "en"}
    return {language: dict(words) for language, words in learn(pairs).items()}


def features(texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit vectors of counts of hashed runs of one to three clusters."""
    made = np.zeros((len(texts), 1024), np.float32)
    for row, text in zip(made, texts, strict=True):
        own = clusters(text.lower())
        for size in (1, 2, 3):
            for start in range(len(own) - size + 1):
                row[crc32("".join(own[start:start + size]).encode()) % 1024] += size
    return made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)


def scorer(corpus: ParallelCorpus, questions: Sequence[Question]) -> tuple[Scorer, list[int]]:
    """A toy retriever that finds questions among those of all languages by their letters, and is not too sure of them."""
    pool = [each for language in LANGUAGES for each in corpus.parts[language].questions[:200:5]]
    vectors, counted = features([each.text for each in pool]), [0]
    relevant = [[at for at, each in enumerate(pool) if each.id == question.id] for question in questions]

    def score(lists: Sequence[tuple[int, Sequence[str]]]) -> list[NDArray[np.float32]]:
        made = []
        for number, texts in lists:
            counted[0] += len(texts)
            scores = np.stack([vectors @ each for each in features(texts)])  # one by one: a list is scored as it is alone
            right = scores[:, relevant[number]].max(1)
            scores[:, relevant[number]] = -9
            made.append(scores.max(1) - np.float32(DULL) * right)
        return made

    return score, counted


@pytest.fixture(scope="module")
def found(corpus: ParallelCorpus, questions: list[Question],
          lexicon: dict[str, dict[str, str]]) -> dict[str, list[tuple[Attacked, ...]]]:
    score, _ = scorer(corpus, questions)
    return {kind: attack(kind, questions, EDITS, score, lexicon) for kind in ATTACKS}


def distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Edits of clusters, a swap of neighbours counting once (optimal string alignment), by the book."""
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


@pytest.mark.parametrize("kind", ["A1", "A3"])
def test_no_attack_on_letters_goes_beyond_its_budget_or_that_of_the_families(
        kind: str, found: dict[str, list[tuple[Attacked, ...]]], questions: list[Question]):
    changed = 0
    for question, results in zip(questions, found[kind], strict=True):
        before = read(question.text, question.language)
        for budget, each in enumerate(results, 1):
            assert each.edits == budget
            assert each.made <= min(budget, edits(before, "light"))
            assert each.applied is (each.text != question.text) is (each.made > 0)
            if not each.applied:
                continue  # a text that was published otherwise than in NFC stays as it was
            assert distance(before.clusters, clusters(each.text)) <= each.made
            own = [cluster for cluster in clusters(each.text) if not is_letter(cluster, question.language)]
            assert own == [cluster for cluster in before.clusters if not is_letter(cluster, question.language)]
            changed += each.applied
    assert changed > len(questions) / 2


def test_words_are_replaced_by_those_of_the_lexicon_two_at_most_and_never_where_there_are_none(
        found: dict[str, list[tuple[Attacked, ...]]], questions: list[Question], lexicon: dict[str, dict[str, str]]):
    spoken = dictionary(lexicon)
    seen = set()
    for question, results in zip(questions, found["A2"], strict=True):
        for budget, each in enumerate(results, 1):
            words = list(zip(*(unicodedata.normalize("NFC", text).split() for text in (question.text, each.text)), strict=True))
            assert sum(old != new for old, new in words) == each.made <= min(budget, MOST_WORDS)
            if question.language in ("th", "vi", "zh"):
                assert (each.applied, each.asked) == (False, 1)
            seen |= {question.language} if each.applied else set()
    assert seen >= {"ar", "de", "el", "en", "es", "ru", "tr"}
    assert spoken["de"]["drei"][0] == ("en", "three")
    assert ("ru", "три") in spoken["de"]["drei"]
    assert ("de", "drei") in spoken["en"]["three"]
    assert in_case_of("Two", "iki", "tr") == "İki"


def test_what_is_asked_is_counted_and_capped(corpus: ParallelCorpus, questions: list[Question],
                                             lexicon: dict[str, dict[str, str]]):
    for kind in ATTACKS:
        score, counted = scorer(corpus, questions)
        results = attack(kind, questions, EDITS, score, lexicon)
        assert counted[0] == sum(each[-1].asked for each in results)
        for one, two in results:
            assert one.asked <= 1 + MOST_ASKED
            assert one.asked <= two.asked <= 1 + 2 * MOST_ASKED


def test_a_question_alone_gives_what_it_gives_among_others(corpus: ParallelCorpus, questions: list[Question],
                                                           lexicon: dict[str, dict[str, str]],
                                                           found: dict[str, list[tuple[Attacked, ...]]]):
    for kind in ATTACKS:
        for place in range(0, len(questions), 17):
            score, _ = scorer(corpus, [questions[place]])
            assert attack(kind, [questions[place]], EDITS, score, lexicon) == [found[kind][place]]


def test_the_search_beats_the_worst_of_sixteen_draws_with_as_many_edits(found: dict[str, list[tuple[Attacked, ...]]]):
    for budget in range(EDITS):
        pairs = [(one[budget], other[budget]) for one, other in zip(found["A1"], found["A3"], strict=True)
                 if one[budget].clean <= 0]  # else there is nothing to find
        assert len(pairs) > 30
        lost = [np.mean([each.hinge > 0 for each in side]) for side in zip(*pairs, strict=True)]
        assert lost[0] >= lost[1]
        rise = [np.mean([min(each.hinge, 0) - each.clean for each in side]) for side in zip(*pairs, strict=True)]
        assert rise[0] > rise[1] > 0


def test_a_search_never_lowers_what_it_raises_and_stops_where_the_first_place_is_lost(
        found: dict[str, list[tuple[Attacked, ...]]]):
    stopped = 0
    for results in (each for own in found.values() for each in own):
        one, two = results
        assert one.clean == two.clean
        assert two.hinge >= one.hinge >= one.clean or one.attack == "A3"
        assert one.hinge >= one.clean
        if one.clean > 0:
            assert (one.asked, one.applied) == (1, False)
        if one.hinge > 0:
            assert (two.text, two.asked, two.hinge) == (one.text, one.asked, one.hinge)
            stopped += 1
    assert stopped > 10


def constant(lists: Sequence[tuple[int, Sequence[str]]]) -> list[NDArray[np.float32]]:
    return [np.full(len(texts), -1, np.float32) for _, texts in lists]


def test_where_nothing_raises_the_objective_the_query_stays_as_it_was_given():
    decomposed = Question(id="q", language="es", text="¿Quie\u0301n gano\u0301 el partido de la final?")
    for kind in ATTACKS:
        (results,) = attack(kind, [decomposed], EDITS, constant, {"es": {"partido": "match"}})
        assert {(each.text, each.applied, each.made) for each in results} == {(decomposed.text, False, 0)}


def planted(target: str) -> Scorer:
    """J is the share of texts' letters that are as in a target, place by place: highest for the target."""
    def near(text: str) -> float:
        return sum(a == b for a, b in zip(text, target, strict=False)) / 99 - abs(len(text) - len(target)) - 1

    return lambda lists: [np.array([near(text) for text in texts], np.float32) for _, texts in lists]


@pytest.mark.parametrize("target", ["Who wno it?", "Whos plaued it?"])
def test_the_search_finds_the_best_single_edit_that_trying_all_finds(target: str):
    question = Question(id="q", language="en", text="Who won it?" if "wno" in target else "Who played it?")
    text = read(question.text, "en")
    every = [str(draft) for place in slots(text) for draft in attack_moves.moves(attack_moves.clean(text), place)]
    if not every:  # words of three letters have no slot
        (results,) = attack("A1", [question], 1, planted(target))
        assert not results[0].applied
        return
    (scores,) = planted(target)([(0, every)])
    (results,) = attack("A1", [question], 1, planted(target))
    assert results[0].hinge == scores.max()
    assert results[0].text in [each for each, score in zip(every, scores, strict=True) if score == scores.max()]


def test_long_queries_are_ranked_at_slots_spread_over_all_of_them():
    question = Question(id="q", language="en", text=" ".join(["considerable"] * 12))
    asked: list[list[str]] = []

    def score(lists: Sequence[tuple[int, Sequence[str]]]) -> list[NDArray[np.float32]]:
        asked.extend(list(texts) for _, texts in lists)
        return constant(lists)

    attack("A1", [question], 1, score)
    masked = asked[1]
    assert len(masked) == MASKED
    shortened = [next(number for number, (a, b) in enumerate(zip(question.text.split(), each.split(), strict=True)) if a != b)
                 for each in masked]
    assert set(shortened) == set(range(12))


@pytest.mark.parametrize(("call", "says"), [
    (lambda: attack("A4", [], 1, constant), "A4 is no attack; use A1, A2, A3"),
    (lambda: attack("A1", [], 0, constant), "allow 1 at least")])
def test_what_is_no_attack_is_refused(call: Callable[[], object], says: str):
    with pytest.raises(ValueError, match=says):
        call()
    assert attack("A1", [], 1, constant) == []
    (results,) = attack("A1", [Question(id="q", language="en", text="")], 1, constant)
    assert not results[0].applied


def test_a_query_without_slots_is_not_attacked_though_its_score_moves_by_a_hair_from_batch_to_batch():
    asked = [0]

    def drifting(lists: Sequence[tuple[int, Sequence[str]]]) -> list[NDArray[np.float32]]:
        asked[0] += 1
        return [np.full(len(texts), -1 + asked[0] * 1e-6, np.float32) for _, texts in lists]

    for kind in ATTACKS:
        (results,) = attack(kind, [Question(id="q", language="en", text="Who won it?")], EDITS, drifting)
        assert {(each.applied, each.made, each.hinge == each.clean) for each in results} == {(False, 0, True)}
