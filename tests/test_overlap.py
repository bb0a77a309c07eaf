"""Overlap of two data sets: planted copies, the definitions by brute force, the laws of MinHash, and the real files."""

import json
import os
import random
import subprocess
import sys
import unicodedata
from collections import Counter
from math import sqrt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimcheck.corpora.corpus import Candidate, LanguagePart, ParallelCorpus, Question
from claimcheck.corpora.overlap import (
    COMMON,
    LISTED,
    Match,
    Overlap,
    Texts,
    Thresholds,
    candidates_of,
    overlap,
    questions_of,
    shared_articles,
)
from claimcheck.corpora.shingles import (
    BANDS,
    CHARACTERS,
    PERMUTATIONS,
    ROWS,
    WORDS,
    jaccard,
    missed,
    near_shingles,
    normalise,
    shingles,
    signature,
)

RIVER = "The river rises in the northern hills and flows for two hundred miles through forests and open farmland to the sea."
TRADE = "Merchants from several distant provinces met every spring to exchange wool, salt and iron under the old city walls."
MUSIC = "Her second symphony was first performed by candlelight because a storm had left the concert hall without power."
BIRDS = "Ornithologists counted fewer swallows this year than in any season since records began on the island."


def texts(name: str, *values: str, language: str = "en") -> Texts:
    return Texts(name=name, by_language={language: tuple((f"{name}{place}", value) for place, value in enumerate(values))})


def counts(result: Overlap) -> tuple[int, int, int]:
    return result.exact, result.contained, result.near


# ---------------------------------------------------------------- texts and their pieces


@given(st.text())
def test_normalising_twice_is_normalising_once_and_leaves_no_punctuation_or_symbol(text: str):
    once = normalise(text)
    assert normalise(once) == once
    assert not any(unicodedata.category(each)[0] in "PS" for each in once)
    assert once == " ".join(once.split())


@pytest.mark.parametrize(("one", "other"), [
    ("Who was it?", "who was it"), ("ﬁne", "FINE"), ("Ｗｈｏ", "who"), ("Straße", "STRASSE"), ("cafe\u0301", "CAFÉ"),
    ("Prime_number", "Prime number"), ("co\u00adoperate", "cooperate"), ("它是什么？", "它是什么?"), ("a\u00a0 b\n", "a b"),
])
def test_texts_that_differ_in_their_writing_only_are_the_same(one: str, other: str):
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(("one", "other"), [("3.5", "35"), ("resume", "résumé"), ("की", "का"), ("ที่", "ที")])
def test_texts_that_differ_in_a_number_or_a_mark_on_a_letter_are_not_the_same(one: str, other: str):
    assert normalise(one) != normalise(other)


@pytest.mark.parametrize("language", ["en", "th", "zh", "ja"])
@given(size=st.integers(0, 40))
def test_a_text_of_different_units_has_one_shingle_for_each_start_and_a_short_one_a_single(language: str, size: int):
    width, glue = (WORDS, " ") if language == "en" else (CHARACTERS, "")
    text = glue.join(chr(ord("一") + place) for place in range(size))
    pieces = shingles(text, language)
    assert len(pieces) == (max(1, size - width + 1) if size else 0)
    assert all(piece in text for piece in pieces)
    if 0 < size <= width:
        assert pieces == {text}


def test_spaces_do_not_count_where_a_language_is_written_without_them():
    assert shingles("ก ข ค", "th") == shingles("กขค", "th") == {"กขค"}


# ---------------------------------------------------------------- planted pairs


def test_planted_pairs_are_found_and_counted_once_each_in_the_strongest_kind():
    words = RIVER.split()  # 21 words: 14 shingles of 8
    a = texts("a", RIVER, TRADE, MUSIC, BIRDS)
    b = texts("b", RIVER.upper().replace(".", "!"), f"As the guide says, {TRADE} So it was told.",
              MUSIC.replace("left", "kept"), " ".join(words[:15]))
    result = overlap(a, b)
    # of the 18 words of MUSIC the 13th is changed: it stands in 6 of 11 shingles, which leaves 5/11, below 0.5
    near = jaccard(near_shingles(normalise(MUSIC)), near_shingles(normalise(MUSIC.replace("left", "kept"))))
    assert near >= 0.8
    assert result.matches == (
        Match(language="en", id_a="a0", id_b="b0", kind="exact", score=1.0),
        Match(language="en", id_a="a1", id_b="b1", kind="contained", score=1.0),
        Match(language="en", id_a="a0", id_b="b3", kind="contained", score=8 / 14),  # 15 words have 8 of the 14 shingles
        Match(language="en", id_a="a2", id_b="b2", kind="near", score=near),
    )
    assert counts(result) == (1, 2, 1)
    assert result.matched_a == 3
    assert (result.name_a, result.name_b, result.compared) == ("a", "b", {"en": (4, 4)})


def test_a_share_is_taken_in_one_item_and_never_put_together_from_several():
    words = RIVER.split()
    # the words 1 to 11 and 11 to 21 hold 4 shingles each: 4/14 in either, though 8/14 in both
    assert counts(overlap(texts("a", RIVER), texts("b", " ".join(words[:11]), " ".join(words[10:])))) == (0, 0, 0)


def test_a_pair_at_the_threshold_is_a_match_and_one_below_is_not():
    half = " ".join(RIVER.split()[:14])  # 7 of 14 shingles
    assert counts(overlap(texts("a", RIVER), texts("b", half))) == (0, 1, 0)
    assert counts(overlap(texts("a", RIVER), texts("b", half), Thresholds(containment=0.51))) == (0, 0, 0)


def test_containment_looks_from_a_to_b_only():
    # all 14 shingles of RIVER stand in the longer text, but 14 of its 21 + 19 + 18 - 7 = 51 shingles in RIVER
    longer = f"{RIVER} {TRADE} {MUSIC}"
    assert counts(overlap(texts("a", RIVER), texts("b", longer))) == (0, 1, 0)
    assert counts(overlap(texts("a", longer), texts("b", RIVER))) == (0, 0, 0)


def test_unrelated_texts_and_texts_in_different_languages_give_none():
    assert counts(overlap(texts("a", RIVER, TRADE), texts("b", MUSIC, BIRDS))) == (0, 0, 0)
    result = overlap(texts("a", RIVER), texts("b", RIVER, language="de"))
    assert counts(result) == (0, 0, 0)
    assert result.compared == {}


def test_empty_texts_and_empty_sets_match_nothing_but_are_items():
    result = overlap(texts("a", "", "?!", RIVER), texts("b", "", "...", " "))
    assert counts(result) == (0, 0, 0)
    assert result.compared == {"en": (3, 3)}
    assert overlap(texts("a"), texts("b", RIVER)).compared == {"en": (0, 1)}


def test_short_texts_match_only_where_they_are_the_same():
    result = overlap(texts("a", "Who?", "a"), texts("b", "who", "Who was the first king?", "a", "b"))
    assert counts(result) == (2, 0, 0)


@pytest.mark.parametrize(("language", "text", "other"), [
    ("zh", "这条河发源于北部的山丘，流经两百英里的森林和开阔的农田，最后注入大海。",
     "昨天晚上的音乐会因为停电而推迟了一个小时才开始。"),
    ("th", "แม่น้ำสายนี้มีต้นกำเนิดจากเนินเขาทางตอนเหนือ และไหลผ่านป่าไม้และทุ่งนาเป็นระยะทางสองร้อยไมล์ก่อนออกสู่ทะเล",
     "นักวิทยาศาสตร์นับจำนวนนกนางแอ่นได้น้อยกว่าทุกปีที่ผ่านมา"),
])
def test_a_text_written_without_spaces_is_found_inside_a_longer_one_and_without_its_spaces(language, text, other):
    a = texts("a", text, language=language)
    assert counts(overlap(a, texts("b", other + text + other, other, language=language))) == (0, 1, 0)
    without = overlap(a, texts("b", text.replace(" ", ""), language=language))
    assert counts(without) == ((0, 1, 0) if " " in text else (1, 0, 0))


def test_copies_are_counted_as_pairs_and_listed_up_to_the_cap():
    many = 40
    a, b = texts("a", *[RIVER] * many, BIRDS), texts("b", *[RIVER] * many, BIRDS)
    result = overlap(a, b)
    assert result.exact == many * many + 1
    assert result.matched_a == many + 1
    assert len(result.matches) == LISTED < result.exact
    assert len(set(result.matches)) == LISTED
    backwards = (Texts(name=each.name, by_language={"en": each.by_language["en"][::-1]}) for each in (a, b))
    assert overlap(*backwards) == result


def test_the_strongest_matches_are_listed_first_whatever_their_language():
    half = " ".join(RIVER.split()[:14])
    a = Texts(name="a", by_language={"de": tuple((f"{place:02}", RIVER) for place in range(40)), "en": (("x", TRADE),)})
    b = Texts(name="b", by_language={"de": tuple((f"{place:02}", half) for place in range(40)), "en": (("y", TRADE),)})
    result = overlap(a, b)
    assert counts(result) == (1, 40 * 40, 0)
    assert result.matched_a == 41
    assert result.matches[0] == Match(language="en", id_a="x", id_b="y", kind="exact", score=1.0)
    assert len(result.matches) == LISTED


def test_a_shingle_that_stands_in_too_many_texts_brings_no_pair():
    phrase = " ".join(RIVER.split()[:8])
    others = [f"{phrase} {place}" for place in range(COMMON)]
    a = texts("a", phrase)
    assert overlap(a, texts("b", *others)).contained == COMMON
    assert overlap(a, texts("b", *others, f"{phrase} again")).contained == 0


@pytest.mark.parametrize("threshold", [0, -1, 1.01, float("nan")])
@pytest.mark.parametrize("name", ["containment", "jaccard"])
def test_a_threshold_is_a_share(name: str, threshold: float):
    with pytest.raises(ValueError, match=f"`{name}`.*; give"):
        Thresholds(**{name: threshold})


# ---------------------------------------------------------------- laws


def drawn(seed: int, number: int = 60) -> list[str]:
    """Sentences of few words, so that pairs of every kind arise: whole copies, extensions and changes of one word."""
    chance = random.Random(seed)
    words = ["".join(chance.choices("abcdefghij", k=chance.randint(2, 9))) for _ in range(200)]
    found = [" ".join(chance.choices(words, k=chance.randint(0, 20))) for _ in range(number)]
    for text in chance.sample(found, number // 2):
        some = text.split()
        some[chance.randrange(len(some) + 1):] = chance.choices(words, k=chance.randint(0, 4))
        found.append(" ".join(some))
    return found + chance.sample(found, number // 6)


def by_brute_force(a: Texts, b: Texts, thresholds: Thresholds) -> dict[tuple[str, str], str]:
    """The definitions, pair by pair."""
    found = {}
    for id_a, raw in a.by_language["en"]:
        for id_b, other_raw in b.by_language["en"]:
            text, other = normalise(raw), normalise(other_raw)
            if not text or not other:
                continue
            own = shingles(text, "en")
            if text == other:
                found[id_a, id_b] = "exact"
            elif len(own & shingles(other, "en")) / len(own) >= thresholds.containment:
                found[id_a, id_b] = "contained"
            elif jaccard(near_shingles(text), near_shingles(other)) >= thresholds.jaccard:
                found[id_a, id_b] = "near"
    return found


@pytest.mark.parametrize("seed", range(8))
def test_what_is_found_is_what_the_definitions_say_pair_by_pair(seed: int):
    both = drawn(seed)
    random.Random(seed).shuffle(both)
    a, b = texts("a", *both[:50]), texts("b", *both[50:])
    expected = by_brute_force(a, b, Thresholds())
    result = overlap(a, b)
    assert {(match.id_a, match.id_b): match.kind for match in result.matches} == expected
    assert Counter(expected.values()) == Counter(exact=result.exact, contained=result.contained, near=result.near)
    assert result.matched_a == len({id_a for id_a, _ in expected})


def test_the_order_of_items_changes_nothing():
    items = list(texts("x", *drawn(1)).by_language["en"])
    expected = overlap(Texts(name="a", by_language={"en": tuple(items), "de": tuple(items)}),
                       Texts(name="b", by_language={"de": tuple(items), "en": tuple(items)}))
    assert expected.exact
    assert expected.contained
    chance = random.Random(2)
    for _ in range(3):
        one, other = (tuple(chance.sample(items, len(items))) for _ in range(2))
        assert overlap(Texts(name="a", by_language={"de": one, "en": other}),
                       Texts(name="b", by_language={"en": one, "de": other})) == expected


def test_another_process_with_another_hash_seed_finds_the_same(root: Path):
    code = ("import sys; sys.path[:0] = ['.', 'tests']; from test_overlap import drawn, texts; "
            "from claimcheck.corpora.overlap import overlap; from claimcheck.corpora.shingles import near_shingles, signature; "
            "found = overlap(texts('a', *drawn(3)), texts('b', *reversed(drawn(3)))); print(found, found.matches); "
            "print(signature(near_shingles('the same in each process')).tolist())")
    outputs = [subprocess.run([sys.executable, "-c", code], cwd=root, env={**os.environ, "PYTHONHASHSEED": seed}, text=True,
                              capture_output=True, check=True, timeout=60).stdout for seed in ("1", "2")]
    assert outputs[0] == outputs[1]
    assert "Match(" in outputs[0]


def pairs_with(shared: int, own: int, number: int) -> list[tuple[list[str], list[str]]]:
    """Pairs of sets with `shared` members in both and `own` members each: Jaccard coefficient shared / (shared + 2 own)."""
    found = []
    for pair in range(number):
        both = [f"{pair} both {place}" for place in range(shared)]
        found.append(([*both, *(f"{pair} a {place}" for place in range(own))],
                      [*both, *(f"{pair} b {place}" for place in range(own))]))
    return found


@pytest.mark.parametrize(("shared", "own", "coefficient"), [(160, 20, 0.8), (100, 50, 0.5), (50, 75, 0.25), (0, 100, 0.0)])
def test_minhash_estimates_the_jaccard_coefficient_with_the_error_of_a_mean_of_its_permutations(shared, own, coefficient):
    number = 400
    estimates = [(signature(a) == signature(b)).mean() for a, b in pairs_with(shared, own, number)]
    variance = coefficient * (1 - coefficient) / PERMUTATIONS  # of a mean of that many places that agree or not
    assert abs(sum(estimates) / number - coefficient) <= 4 * sqrt(variance / number)
    squared_error = sum((estimate - coefficient) ** 2 for estimate in estimates) / number
    # a mean of squared errors of about normal estimates varies by sqrt(2 / number) of itself; 4 of these
    assert abs(squared_error - variance) <= 4 * sqrt(2 / number) * variance


@pytest.mark.parametrize(("shared", "own", "coefficient"), [(150, 50, 0.6), (100, 50, 0.5), (50, 75, 0.25)])
def test_bands_miss_as_many_pairs_as_their_formula_says(shared, own, coefficient):
    number = 400
    agreeing = ((signature(a) == signature(b)).reshape(BANDS, ROWS) for a, b in pairs_with(shared, own, number))
    share = sum(not bands.all(axis=1).any() for bands in agreeing) / number
    expected = missed(coefficient)
    assert abs(share - expected) <= 4 * sqrt(expected * (1 - expected) / number) + 1 / number


def test_every_pair_at_the_threshold_is_found():
    chance = random.Random(5)
    words = ["".join(chance.choices("abcdefghijklmnop", k=6)) for _ in range(3000)]
    a, b = [], []
    while len(a) < 300:  # the chance that one of these is missed is at most 300 * 4.7e-8
        text = chance.sample(words, 24)
        changed = list(text)
        for place in chance.sample(range(24), chance.randint(1, 3)):
            changed[place] = chance.choice(words)
        one, other = " ".join(text), " ".join(changed)
        if 0.8 <= jaccard(near_shingles(one), near_shingles(other)) < 0.9:
            a.append(one)
            b.append(other)
    result = overlap(texts("a", *a), texts("b", *b), Thresholds(containment=1))  # so that a changed text is near at most
    assert {(match.id_a.strip("a"), match.kind) for match in result.matches} == {(str(place), "near") for place in range(300)}
    assert result.near == 300


def test_an_empty_set_has_no_signature():
    with pytest.raises(ValueError, match=r"."):
        signature([])


# ---------------------------------------------------------------- corpora


def corpus(name: str, *articles: str) -> ParallelCorpus:
    part = LanguagePart(language="en", relevant={},
                        questions=tuple(Question(id=f"q{each}", language="en", text=f"What is {each}?", article=each)
                                        for each in articles),
                        candidates=(Candidate(id="c", language="en", text=f"This is {name}."),))
    return ParallelCorpus(name=name, parts={"en": part})


def test_questions_and_candidates_of_a_corpus_are_its_items():
    made = corpus("made", "Oxygen")
    assert questions_of(made) == Texts(name="made", by_language={"en": (("qOxygen", "What is Oxygen?"),)})
    assert candidates_of(made) == Texts(name="made", by_language={"en": (("c", "This is made."),)})


def test_shared_articles_are_told_by_their_titles_and_none_is_no_title():
    ours = corpus("ours", "Steam_engine", "Fresno,_California", "Oxygen")
    assert shared_articles(ours, corpus("theirs", "fresno, california", "Steam engine", "Rhine")) == ("Fresno, California",
                                                                                                     "Steam engine")
    assert shared_articles(ours, corpus("theirs", "Rhine")) == ()


def real(folder: Path, name: str) -> ParallelCorpus:
    """The English part of a SQuAD-like file, as far as overlap looks at it."""
    articles = json.loads((folder / name / "en.json").read_text(encoding="utf-8"))["data"]
    questions = tuple(Question(id=asked["id"], language="en", text=asked["question"], article=article["title"])
                      for article in articles for paragraph in article["paragraphs"] for asked in paragraph["qas"])
    sentences = [(sentence, article["title"]) for article in articles for paragraph in article["paragraphs"]
                 for sentence in paragraph["sentences"]]
    candidates = tuple(Candidate(id=f"{place:05}", language="en", text=sentence, article=title)
                       for place, (sentence, title) in enumerate(sentences))
    part = LanguagePart(language="en", questions=questions, candidates=candidates, relevant={})
    return ParallelCorpus(name=name, parts={"en": part})


def test_xquad_r_and_mlqa_r_share_two_articles_one_near_sentence_and_no_question(data_dir: Path):
    ours, theirs = real(data_dir, "xquad-r"), real(data_dir, "mlqa-r")
    assert shared_articles(ours, theirs) == ("Harvard University", "Prime number")
    asked = overlap(questions_of(ours), questions_of(theirs))
    assert asked.compared == {"en": (1190, 1148)}  # the published numbers of questions
    assert counts(asked) == (0, 0, 0)
    told = overlap(candidates_of(ours), candidates_of(theirs))
    assert told.compared == {"en": (1180, 6264)}  # the published numbers of sentences
    assert counts(told) == (0, 0, 1)
    match, = told.matches
    by_id = {each.id: each.text for each in theirs.parts["en"].candidates}
    assert by_id[match.id_b] == "A natural number greater than 1 that is not prime is called a composite number."
