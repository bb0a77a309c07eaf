"""Perturbations: what every family keeps to whatever the query, what single ones do by hand, and the same bytes everywhere.

`python tests/test_perturbation.py` writes tests/golden/perturbed.jsonl again; a change of it counts up the family's version.
"""

import hashlib
import json
import os
import random
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimcheck.cli.perturbed_queries import perturbed
from claimcheck.corpora import lareqa
from claimcheck.corpora.corpus import Question
from claimcheck.errors import CorruptInput
from claimcheck.perturbation import characters, frozen, surface
from claimcheck.perturbation.code_switch import learn
from claimcheck.perturbation.families import FAMILIES, PANEL
from claimcheck.perturbation.family import Perturbed, perturb, seed
from claimcheck.perturbation.negations import NEGATIONS
from claimcheck.perturbation.text import LANGUAGES, SCRIPTS, SHARES, chosen, clusters, edits, is_letter, lower, read, slots

GOLDEN = Path(__file__).with_name("golden") / "perturbed.jsonl"
QUERIES = {
    "ar": "في أيّ عام 1987 بُنيت قلعةُ المدينة القديمة على نهر Rhein؟",
    "de": "In welchem Jahr 1987 wurde die größte Brücke über den Fluss gebaut?",
    "el": "Ποια χρονιά 1987 χτίστηκε ο παλαιότερος πύργος δίπλα στον ποταμό;",
    "en": "In which year 1987 was the oldest bridge over the River Rhine built?",
    "es": "¿En qué año 1987 se construyó el puente más antiguo del río español?",
    "hi": "किस वर्ष 1987 में नदी के ऊपर सबसे पुराना पुल बनाया गया था, ज़मीन पर कहाँ?",
    "ru": "В каком году 1987 был построен самый тяжёлый мост через реку Rhein?",
    "th": "สะพานที่เก่าแก่ที่สุดข้ามแม่น้ำถูกสร้างขึ้นในปี 1987 หรือไม่?",
    "tr": "Isparta'daki en eski köprü İstanbul yolunda 1987 yılında mı inşa edildi?",
    "vi": "Cây cầu cổ nhất bắc qua dòng sông được xây dựng vào năm 1987 phải không?",
    "zh": "河上最古老的大桥是在1987年由哪位工程师建造的？",
}
"""A query in each language, with digits, marks, case and words of another script."""
LEXICON = {"de": {"brücke": "bridge", "fluss": "river"}, "ru": {"мост": "bridge", "реку": "river"},
           "ar": {"المدينة": "city", "قلعةُ": "castle"}, "el": {"πύργος": "tower", "ποταμό": "river"},
           "es": {"puente": "bridge", "río": "river"}, "hi": {"नदी": "river", "पुल": "bridge"},
           "tr": {"köprü": "bridge", "yolunda": "road"}, "vi": {"sông": "river", "cầu": "bridge"}}
MOVES_DIGITS = {"P11w", "P12", "P12c", "P14"}
SLIPS = ("P1", "P1z", "P2", "P3", "P4")
_OWN = {"ar": "ابتثكلمنوىأآلاةء\u064b\u0651\u0640", "de": "aeioubcdßäöüÄÖÜẞ", "el": "αβγδςσέήΐΣΆ",
        "en": "abcdeIJxyzé", "es": "abcñáéüÑ",
        "hi": "कखगतरअआइािी\u094d\u093c\u0902\u0901ऩज", "ru": "абвгйёЙЁжъ", "th": "กขคงนมเแไาะำิ์้่ๆ", "tr": "abcıiIİşğÇâ",
        "vi": "abcdeđĐếệươừ\u0301", "zh": "一丁七万丈三上下不与々〇"}
_OTHERS = "   ?¿؟;？।.,'-–0123٣4aZé\u0301\u200d\u200c\r\n中ж"


def queries(language: str) -> st.SearchStrategy[str]:
    """Texts that look like those of a language and are worse."""
    words = st.text(st.sampled_from(_OWN[language]), min_size=1, max_size=9)
    return st.lists(words | st.text(st.sampled_from(_OTHERS), max_size=3), max_size=9).map(" ".join) | st.lists(
        words | st.text(st.sampled_from(_OTHERS), max_size=3), max_size=9).map("".join)


ANY = st.sampled_from(LANGUAGES).flatmap(lambda language: st.tuples(st.just(language), queries(language)))


def distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Edits from one to the other, two neighbours swapped counting as one (optimal string alignment): the slow oracle."""
    rows = [list(range(len(other) + 1))]
    for i, left in enumerate(one, 1):
        row = [i]
        for j, right in enumerate(other, 1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


def made(family: str, language: str, text: str, draw: int = 0, **others) -> Perturbed:
    return perturb(Question(id="q", language=language, text=text), FAMILIES[family], draw=draw, **others)


def outcomes(family: str, language: str, text: str, draws: int = 200) -> set[str]:
    """All that a family makes of a text in many draws."""
    return {made(family, language, text, draw, lexicon=LEXICON).text for draw in range(draws)}


def golden_set() -> list[Perturbed]:
    questions = [Question(id="q", language=language, text=text) for language, text in QUERIES.items()]
    return [each for each in perturbed(questions, tuple(FAMILIES.values()), draws=2, lexicon=LEXICON)
            if each.language in FAMILIES[each.family].languages]


# ---------------------------------------------------------------- what holds of every family


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=30, deadline=None)
@given(query=ANY, budget=st.sampled_from(list(SHARES)), draw=st.integers(0, 5))
def test_a_family_keeps_its_word_whatever_the_query(family: str, query: tuple[str, str], budget, draw: int):
    language, text = query
    kind = FAMILIES[family]
    found = made(family, language, text, draw, budget=budget, lexicon=LEXICON)
    assert found.applied == (found.text != text)
    if not found.applied:
        return
    assert language in kind.languages
    assert found.text.strip()
    clean = read(text, language)
    if kind.nfc:
        assert unicodedata.is_normalized("NFC", found.text)
    if kind.within_budget:
        assert 0 < distance(clean.clusters, clusters(found.text)) <= edits(clean, budget)
    if family not in MOVES_DIGITS:
        assert re.findall(r"\d", found.text) == re.findall(r"\d", str(clean))


@pytest.mark.parametrize("family", SLIPS)
@settings(max_examples=100, deadline=None)
@given(query=ANY, draw=st.integers(0, 5))
def test_slips_touch_letters_of_the_own_script_alone_and_no_cluster_is_split(family: str, query: tuple[str, str], draw: int):
    language, text = query
    found = made(family, language, text, draw, budget="stress")
    clean = read(text, language)
    others = [cluster for cluster in clean.clusters if not is_letter(cluster, language)]
    after = read(found.text, language).clusters
    assert [cluster for cluster in after if not is_letter(cluster, language)] == others
    if family in ("P2", "P3", "P4"):  # no new cluster comes in
        assert set(after) <= set(clean.clusters)


@settings(max_examples=200, deadline=None)
@given(query=ANY, draw=st.integers(0, 5))
def test_slips_and_spaces_make_no_short_word_of_a_longer_one(query: tuple[str, str], draw: int):
    language, text = query
    for family in (*SLIPS, "P8"):
        found = made(family, language, text, draw, budget="stress")
        before = [clusters(word) for word in unicodedata.normalize("NFC", text).split()]
        after = [clusters(word) for word in unicodedata.normalize("NFC", found.text).split()]
        short = [[word for word in words if len(word) == 1] for words in (before, after)]
        assert len(short[1]) <= len(short[0])


@given(st.sets(st.integers(0, 40)).map(sorted), st.integers(0, 9), st.integers(1, 4), st.integers(0, 9))
def test_chosen_places_are_some_of_those_given_far_enough_apart_and_no_other_would_have_fitted(places, most, apart, number):
    found = chosen(places, most, random.Random(number), apart)
    assert found == sorted(set(found))
    assert set(found) <= set(places)
    assert all(after - one >= apart for one, after in pairwise(found))
    free = [place for place in places if all(abs(place - other) >= apart for other in found)]
    assert len(found) == most or not free


def test_every_slot_is_chosen_as_often_as_any_other():
    # 6 of 6,000 draws of one place of six: 1,000 each, standard deviation sqrt(6000 * 1/6 * 5/6) = 29
    counts = [0] * 6
    for number in range(6000):
        counts[chosen(range(6), 1, random.Random(number))[0]] += 1
    assert max(abs(count - 1000) for count in counts) < 5 * 29


def test_a_family_that_does_not_exist_in_a_language_leaves_the_query_as_it_was_given():
    for language, text in QUERIES.items():
        decomposed = unicodedata.normalize("NFD", text)
        for family in FAMILIES.values():
            if language not in family.languages:
                assert made(family.id, language, decomposed) == Perturbed(
                    id="q", language=language, family=family.id, draw=0, text=decomposed, applied=False)


def test_no_syllable_of_vietnamese_is_said_in_english_whatever_the_lexicon_holds():
    assert LEXICON["vi"]["cầu"] == "bridge"  # a word of the query
    assert outcomes("P13", "vi", QUERIES["vi"], draws=3) == outcomes("P13t", "vi", QUERIES["vi"], draws=3) == {QUERIES["vi"]}


@pytest.mark.parametrize("text", ["", " ", "?", "¿?", "\u0301", "\r\n", "a", "1987?", "\u200d"])
def test_queries_without_a_letter_to_spare_stay_as_they_are(text: str):
    for family in ("P1", "P2", "P3", "P4", "P8", "P9", "P9d"):
        for language in LANGUAGES:
            assert made(family, language, text) == Perturbed(id="q", language=language, family=family, draw=0, text=text,
                                                             applied=False)


def test_the_headline_has_one_family_of_substitution_in_each_language():
    assert set(PANEL) <= set(FAMILIES)
    for language in LANGUAGES:
        assert sum(language in FAMILIES[family].languages for family in ("P1", "P1z")) == 1


# ---------------------------------------------------------------- budget, slots, seeds


@pytest.mark.parametrize(("length", "light", "medium", "stress"), [
    (1, 1, 1, 1), (9, 1, 1, 2), (29, 1, 3, 6), (31, 2, 3, 6), (80, 4, 8, 16), (200, 4, 20, 40)])
def test_the_budget_is_a_share_of_the_clusters_at_light_four_at_most(length, light, medium, stress):
    # .05, .10 and .20 of the length, rounded, at least one: 9 -> .45, .9, 1.8; 29 -> 1.45, 2.9, 5.8; 31 -> 1.55, 3.1, 6.2
    text = read("a" * length, "en")
    assert [edits(text, budget) for budget in SHARES] == [light, medium, stress]


@pytest.mark.parametrize(("language", "text", "places"), [
    ("en", "The cat, Tiger1 mewed.", [10, 11, 12, 17, 18, 19]),  # The and cat are short, 1 is no letter
    ("en", "e\u0301cole, ecole", [1, 2, 3, 8, 9, 10]),  # the accent is in the first cluster
    ("ru", "река Rhine река", [1, 2, 12, 13]),  # what is not Cyrillic has no slots
    ("el", "NASA και ποιος", [10, 11, 12]),
    ("hi", "नदी किताब", [4]),  # न दी is two clusters, कि ता ब three
    ("th", "น้ำ NFL มาก", [6, 7]),  # น้ำ is one cluster and the first letter, ก the last
    ("zh", "谁赢得NFL冠军？", [1, 2, 6]),
    ("ar", "أين القلعة؟", [5, 6, 7, 8]),
])
def test_slots_are_inside_words_of_the_own_script(language, text, places):
    assert slots(read(text, language)) == places


def test_a_seed_is_a_digest_of_family_version_language_question_and_draw():
    # by coreutils: printf 'P2|1|de|q7|2' | sha256sum
    assert FAMILIES["P2"].version == 1
    assert seed(FAMILIES["P2"], "de", "q7", 2) == 0x1ef00127


def test_draws_differ_and_do_not_hang_on_order_or_on_what_else_is_perturbed():
    questions = [Question(id=str(number), language="en", text=f"{QUERIES['en']} {number}") for number in range(20)]
    asked = (FAMILIES["P2"], FAMILIES["P9"])
    every = list(perturbed(questions, asked))
    assert len({each.text for each in every if each.id == "0" and each.family == "P2"}) == 3
    assert sorted(every, key=repr) == sorted(perturbed(questions[::-1], asked[::-1]), key=repr)
    assert perturb(questions[7], FAMILIES["P2"], draw=1) in every


def test_a_family_that_draws_nothing_is_given_once():
    question = Question(id="q", language="en", text=QUERIES["en"])
    found = list(perturbed([question], (FAMILIES["P6"], FAMILIES["P2"]), draws=4))
    assert [(each.family, each.draw) for each in found] == [("P6", 0), *(("P2", draw) for draw in range(4))]


# ---------------------------------------------------------------- by hand


def test_a_neighbouring_key_is_nine_times_as_likely_in_the_row():
    found = characters.neighbours("g", "en")  # f and h beside it; t, y above and v, b below
    assert {letter: found.count(letter) for letter in found} == {"f": 9, "h": 9, "t": 1, "y": 1, "v": 1, "b": 1}
    assert set(characters.neighbours("G", "en")) == set("FHTYVB")


@pytest.mark.parametrize(("language", "cluster", "kept"), [
    ("vi", "ế", "\u0302\u0301"), ("vi", "ữ", "\u031b\u0303"), ("vi", "Ộ", "\u0323\u0302"),
    ("hi", "कि", "ि"), ("hi", "क्ष", "्ष"), ("hi", "क्", "्"), ("th", "น้ำ", "้ำ"), ("th", "กิ่", "ิ่"), ("ar", "بُ", "\u064f")])
def test_marks_and_vowel_signs_stay_where_the_letter_is_another(language, cluster, kept):
    found = characters.neighbours(cluster, language)
    assert found
    for other in found:
        assert set(kept) <= set(unicodedata.normalize("NFD", other)[1:])
        assert len(clusters(other)) == 1
        assert is_letter(other, language)
        assert unicodedata.is_normalized("NFC", other)


def test_letters_without_a_key_of_their_own_have_no_neighbours():
    assert [characters.neighbours(*each) for each in (("đ", "vi"), ("ή", "el"), ("á", "es"), ("é", "de"))] == [()] * 4
    assert all(characters.neighbours(*each) for each in (("ü", "de"), ("ñ", "es"), ("ş", "tr"), ("й", "ru")))


def test_turkish_keys_keep_the_case_of_both_letters_i():
    for small, capital in ("iİ", "ıI"):
        found = characters.neighbours(small, "tr")
        assert list(characters.neighbours(capital, "tr")) == [each.replace("i", "İ").upper() for each in found]
    assert "ş" in characters.neighbours("i", "tr")  # they lie side by side on a Turkish keyboard
    assert {"u", "o"} <= set(characters.neighbours("ı", "tr"))


def test_a_homophone_sounds_alike_and_is_another_character():
    alike = characters.homophones()
    assert "他" in alike["她"]  # both ta
    assert all(character not in others and others for character, others in alike.items())
    assert outcomes("P1z", "zh", "问她吗") == {f"问{other}吗" for other in alike["她"]}


def test_one_slot_leaves_one_way_to_slip():
    assert outcomes("P2", "en", "abcd") == {"acd", "abd"}
    assert outcomes("P4", "en", "abcd") == {"abbcd", "abccd"}
    assert outcomes("P3", "en", "abcd") == {"acbd"}  # neither the first nor the last letter moves
    assert outcomes("P3", "en", "abbd") == {"abbd"}  # equal letters make no slip
    assert outcomes("P2", "hi", "किताब") == {"किब"}
    assert outcomes("P2", "th", "น้ำตก") == {"น้ำก"}
    assert outcomes("P4", "th", "ตเแก") == {"ตเแแก"}  # เ twice would look like แ


def test_no_slip_joins_two_clusters():
    # क् and क around अ would be one conjunct without it, and क् twice would be one as well
    assert read("क्अक", "hi").clusters == ("क्", "अ", "क")
    assert outcomes("P2", "hi", "क्अक") == {"क्अक"}
    assert read("मक्अक", "hi").clusters == ("म", "क्", "अ", "क")
    assert outcomes("P4", "hi", "मक्अक") == {"मक्अअक"}
    assert outcomes("P2", "hi", "मक्अक") == {"मअक"}


def test_case_of_turkish_greek_and_german():
    assert made("P6", "tr", "ISPARTA İLİ Nerede?").text == "ısparta ili nerede?"
    assert made("P6u", "tr", "Isparta ili nerede, ılık mı?").text == "ISPARTA İLİ NEREDE, ILIK MI?"
    assert made("P6", "de", "DIE STRAẞE").text == "die straße"
    assert made("P6u", "de", "Die Straße").text == "DIE STRASSE"
    assert made("P6u", "el", "Ποιος είναι;").text == "ΠΟΙΟΣ ΕΙΝΑΙ;"
    assert made("P6", "el", "ΠΟΙΟΣ ΕΊΝΑΙ Ο ΦΩΤΕΙΝΌΤΕΡΟΣ;").text == "ποιος είναι ο φωτεινότερος;"


@pytest.mark.parametrize(("text", "capitals"), [  # by hand
    ("Ώρα", "ΩΡΑ"), ("Ωρίων", "ΩΡΙΩΝ"),
    ("προϋπήρχε η μαΐστρα", "ΠΡΟΫΠΗΡΧΕ Η ΜΑΪΣΤΡΑ"),  # dialytika stay, with a tonos or without
    ("ο Μάιος, η άυλη νεράιδα", "Ο ΜΑΪΟΣ, Η ΑΫΛΗ ΝΕΡΑΪΔΑ"),  # without tonos ΜΑΙ would be read as one vowel
    ("αυτή ή εκείνη;", "ΑΥΤΗ Ή ΕΚΕΙΝΗ;"),  # the word ή keeps it: Η is the article
    ("ἄνθρωπος ᾠδή", "ΑΝΘΡΩΠΟΣ ΩΙΔΗ"),  # older spelling: breathings go, a iota beneath stands behind
    ("η Beyoncé", "Η BEYONCÉ"),
])
def test_greek_capitals_have_no_tonos(text: str, capitals: str):
    assert made("P6u", "el", text).text == capitals


@pytest.mark.parametrize(("language", "text", "left"), [
    ("en", 'Who said "no?"', 'Who said "no"'), ("en", "Who won (it?)", "Who won (it)"), ("en", "Who won (it)?", "Who won (it)"),
    ("en", "Who won?!", "Who won"), ("en", "Go! Who won !? ", "Go! Who won"), ("en", 'Who won "it"', 'Who won "it"'),
    ("en", "Who (why?) won", "Who (why?) won"), ("en", '"?"', '"?"'), ("en", "Who? [2]", "Who? [2]"),
    ("de", "Wer sagte „nein?“", "Wer sagte „nein“"), ("de", "»Wer?«", "»Wer«"), ("ar", "من قال «لا؟»", "من قال «لا»"),
    ("zh", "谁说“不？”", "谁说“不”"), ("zh", "谁赢了？！", "谁赢了"), ("hi", "कौन 'जीता?' ", "कौन 'जीता'"),
    ("es", "¡¿Quién ganó…?!", "Quién ganó…"), ("es", "¿¡ Quién?!", "Quién"), ("es", "¡Gol! ¿Quién?", "Gol! Quién"),
    ("en", "Who won? ", "Who won"), ("en", "Who won??", "Who won"), ("en", "Who? Me.", "Who? Me."), ("en", "A or B", "A or B"),
    ("ar", "من فاز؟", "من فاز"), ("el", "Ποιος\u037e", "Ποιος"), ("zh", "谁赢了？", "谁赢了"), ("hi", "कौन जीता।", "कौन जीता"),
    ("hi", "कौन जीता ?", "कौन जीता"), ("es", "En 2015, ¿quién ganó?", "En 2015, quién ganó"), ("es", "¿?", "¿?"),
    ("th", "ใครชนะ ", "ใครชนะ ")])
def test_final_punctuation_is_lost_and_nothing_else(language, text, left):
    assert made("P7", language, text).text == left


def test_one_pair_of_ten_words_is_joined():
    text = "one two three four five six seven eight nine ten"
    spaces = [place for place, sign in enumerate(text) if sign == " "]
    assert outcomes("P8", "en", text) == {text[:place] + text[place + 1:] for place in spaces}
    assert outcomes("P8", "en", "in 10 000?") == {"in10 000?"}  # digits are not joined to digits
    assert outcomes("P8", "hi", "क् क") == {"क् क"}  # nor clusters that would be one
    assert outcomes("P8", "en", "one  two") == {"one  two"}  # two spaces are two edits


def test_spaces_come_in_two_letters_from_every_end():
    assert outcomes("P8", "zh", "河上大桥？") == {"河上 大桥？"}
    assert outcomes("P8", "zh", "河上桥？") == {"河上桥？"}
    assert outcomes("P8", "th", "น้ำตกไทย") == {"น้ำต กไทย", "น้ำตก ไทย"}  # not behind ไ, which is said after its consonant
    assert outcomes("P8", "th", "กขาคะงๆจฯฉช") == {  # by hand: before no ะ า ๆ ฯ
        "กขา คะงๆจฯฉช", "กขาคะ งๆจฯฉช", "กขาคะงๆ จฯฉช", "กขาคะงๆจฯ ฉช"}
    assert outcomes("P8", "th", "กขเคแงโจใฉไชซ") == {  # by hand: behind no เ แ โ ใ ไ
        "กข เคแงโจใฉไชซ", "กขเค แงโจใฉไชซ", "กขเคแง โจใฉไชซ", "กขเคแงโจ ใฉไชซ", "กขเคแงโจใฉ ไชซ"}


def test_inner_words_are_swapped_and_the_marks_stay_at_the_end():
    assert outcomes("P9", "en", "who did win it?") == {"who win did it?"}
    assert outcomes("P9", "en", 'who did win "it?"') == {'who win did "it?"'}
    assert outcomes("P9", "en", "who did did it?") == {"who did did it?"}
    assert outcomes("P9", "hi", "कौन कब यहाँ आया ?") == {"कौन यहाँ कब आया ?"}
    assert outcomes("P9", "en", "who won 2015 it all?") == {"who won 2015 it all?"}  # what holds a digit stays where it is


def test_a_fifth_of_the_words_is_left_out():
    assert outcomes("P9d", "en", "who won it?") == {"won it?", "who it?", "who won?"}
    assert outcomes("P9d", "en", "who?") == {"who?"}
    assert outcomes("P9d", "en", 'the "big game?"') == {'"big game?"', 'the game?"', 'the "big?"'}  # quotes at the end stay
    assert outcomes("P9d", "en", "2014 or 2015?") == {"2014 2015?"}
    # int(.2 * 10) = 2 of ten
    assert {len(each.split()) for each in outcomes("P9d", "en", "a b c d e f g h i j")} == {8}


@pytest.mark.parametrize(("language", "text", "possible"), [  # by hand
    ("en", "who did not?", {"did not?", "who not?"}), ("en", "who didn’t, \"NEVER\"?", {"didn’t, \"NEVER\"?"}),
    ("en", "not a note?", {"not note?", "not a?"}),  # a word that begins like one may go
    ("de", "wer hat keinen?", {"hat keinen?", "wer keinen?"}), ("es", "Ningún río no?", {"Ningún no?"}),
    ("ru", "кто не был?", {"не был?", "кто не?"}), ("el", "ποιος δεν ήρθε;", {"δεν ήρθε;", "ποιος δεν;"}),
    ("hi", "कौन नहीं था?", {"नहीं था?", "कौन नहीं?"}), ("tr", "kim DEĞİL?", {"DEĞİL?"}), ("vi", "ai không?", {"không?"}),
    ("ar", "من لم يفز؟", {"لم يفز؟", "من لم؟"}), ("en", "no, never?", {"no, never?"}),
])
def test_negations_are_not_left_out(language: str, text: str, possible: set[str]):
    assert outcomes("P9d", language, text) == possible


def test_negations_are_of_every_language_with_spaces_and_small_words_of_its_script():
    assert set(NEGATIONS) == surface.SPACED
    for language, words in NEGATIONS.items():
        for word in words:
            assert word == unicodedata.normalize("NFC", lower(word, language))
            assert all(is_letter(cluster, language) for cluster in clusters(word)), word


def test_digits_are_those_of_the_script():
    assert made("P14", "ar", "عام 1987").text == "عام ١٩٨٧"
    assert made("P14", "hi", "वर्ष 1987").text == "वर्ष १९८७"
    assert made("P14", "th", "ปี 1987").text == "ปี ๑๙๘๗"
    assert made("P14", "zh", "1987年").text == "１９８７年"
    for language, digits in surface.NATIVE.items():
        assert [int(chr(digits[ord("0") + digit])) for digit in range(10)] == list(range(10)), language


# ---------------------------------------------------------------- the same bytes everywhere


def test_families_give_what_they_gave():
    """Golden. Where an output is meant to change: count up the family's version, then `python tests/test_perturbation.py`."""
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()
    found = frozen.frozen(golden_set()).decode().splitlines()
    assert found == lines


def test_golden_holds_every_family_and_language_where_it_exists():
    stand = {(row["family"], row["language"]) for row in map(json.loads, GOLDEN.read_text(encoding="utf-8").splitlines())}
    assert stand == {(family.id, language) for family in FAMILIES.values() for language in family.languages}


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_another_process_with_another_hash_seed_gives_the_same_bytes(hash_seed: str):
    code = "import sys; sys.path[:0] = sys.argv[1:]; import test_perturbation as t; print(t.digest_of_golden_set())"
    done = subprocess.run([sys.executable, "-c", code, str(Path(__file__).parent)], capture_output=True, text=True, check=True,
                          env={**os.environ, "PYTHONHASHSEED": hash_seed})
    assert done.stdout.strip() == digest_of_golden_set()


def digest_of_golden_set() -> str:
    return hashlib.sha256(frozen.frozen(golden_set())).hexdigest()


# ---------------------------------------------------------------- frozen sets


def test_a_frozen_set_is_its_queries_in_order_and_reads_back_equal(tmp_path: Path):
    every = golden_set()
    random.Random(0).shuffle(every)
    digest = frozen.write(every, tmp_path / "perturbed")
    assert frozen.write(every[::-1], tmp_path / "perturbed") == digest
    content = (tmp_path / "perturbed" / f"{digest}.jsonl").read_bytes()
    assert hashlib.sha256(content).hexdigest() == digest
    read_back = frozen.read(tmp_path / "perturbed", digest)
    assert sorted(map(repr, read_back)) == sorted(map(repr, every))
    places = list(FAMILIES)
    keys = [(places.index(each.family), each.draw, each.language, each.id) for each in read_back]
    assert keys == sorted(keys)
    assert [path.name for path in (tmp_path / "perturbed").iterdir()] == [f"{digest}.jsonl"]


@settings(max_examples=50)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_one_line_of_a_frozen_set(text: str):
    content = frozen.frozen([Perturbed(id="q", language="en", family="P2", draw=0, text=text, applied=False)])
    assert content.count(b"\n") == 1
    assert json.loads(content)["text"] == text


def test_a_frozen_set_that_was_changed_is_refused(tmp_path: Path):
    digest = frozen.write(golden_set(), tmp_path)
    path = tmp_path / f"{digest}.jsonl"
    path.write_bytes(path.read_bytes().replace(b"1987", b"1988", 1))
    with pytest.raises(CorruptInput, match=f"{digest}.jsonl:1:1: .* differ from the digest .*; remove .* and run again"):
        frozen.read(tmp_path, digest)
    path.unlink()
    with pytest.raises(CorruptInput, match=r"cannot be read .*; run again"):
        frozen.read(tmp_path, digest)


def test_a_file_under_its_digest_that_is_no_frozen_set_is_refused_line_by_line(tmp_path: Path):
    good = frozen.line(golden_set()[0])
    content = "\n".join([good, "{", good.replace('"draw": 0', '"draw": true'), "[]", ""]).encode()
    digest = hashlib.sha256(content).hexdigest()
    (tmp_path / f"{digest}.jsonl").write_bytes(content)
    with pytest.raises(CorruptInput) as error:
        frozen.read(tmp_path, digest)
    assert [fault.line for fault in error.value.faults] == [2, 3, 4]


# ---------------------------------------------------------------- XQuAD-R

COVERAGE = {
    # Percent of the 1,190 questions of a language that draw 0 changes at light, measured, rounded down. Behind them what was
    # planned, where that is another: of P1, P2 and P4 it was hi 82 to 85, with words of four clusters; here three are enough.
    "P1": "ar 99 de 100 el 99 en 100 es 100 hi 98 ru 100 th 100 tr 100 vi 99",
    "P1z": "zh 100",
    "P2": "ar 99 de 100 el 99 en 100 es 100 hi 98 ru 100 th 100 tr 100 vi 99 zh 100",
    "P3": "ar 99 de 100 el 99 en 100 es 100 hi 82 ru 100 th 100 tr 100 vi 99 zh 99",  # 100, hi 85
    "P4": "ar 99 de 100 el 99 en 100 es 100 hi 98 ru 100 th 100 tr 100 vi 99 zh 100",
    "P5": "ar 90 de 56 el 99 es 99 hi 19 th 97 tr 97 vi 100",  # ar 92, el and es 100, hi 20, th 98
    "P6": "de 100 el 100 en 99 es 100 ru 100 tr 98 vi 99",
    "P6u": "de 100 el 100 en 100 es 100 ru 100 tr 100 vi 100",
    # planned th 25, with 66 questions that end in spaces: 228 of 1,190 end in a question mark
    "P7": "ar 98 de 99 el 99 en 97 es 99 hi 98 ru 98 th 19 tr 99 vi 97 zh 97",
    "P8": "ar 100 de 100 el 100 en 100 es 100 hi 100 ru 100 th 100 tr 100 vi 100 zh 99",  # zh 100
    "P9": "ar 99 de 98 el 99 en 99 es 99 hi 99 ru 98 tr 97 vi 99",  # 98 to 100
    "P9d": "ar 100 de 100 el 100 en 100 es 100 hi 100 ru 100 tr 100 vi 100",
    "P10": "de 100 el 99 en 100 es 100 ru 100 tr 100 vi 97",  # 100
    "P11": "ar 72 de 52 el 99 es 99 ru 45 tr 90 vi 100",  # el and es 100; hi 6: 75 questions are not NFC as they are published
    "P12": "ar 100 el 99 hi 100 ru 100 th 100 zh 100",  # el 100
    "P13": "ar 79 de 81 el 79 es 90 hi 91 ru 72 tr 72",  # ar 78 de 81 el 80 es 87 hi 87 ru 73 tr 70
    "P14": "ar 11 hi 12 th 13 zh 12",  # 12 to 13
}


@pytest.fixture(scope="module")
def questions(data_dir: Path) -> dict[str, tuple[Question, ...]]:
    corpus = lareqa.read("xquad-r", {language: data_dir / "xquad-r" / f"{language}.json" for language in LANGUAGES})
    return {language: part.questions for language, part in corpus.parts.items()}


@pytest.fixture(scope="module")
def lexicon(questions):
    english = {question.id: question.text for question in questions["en"]}
    return learn({language: [(each.text, english[each.id]) for each in own] for language, own in questions.items()
                  if language != "en"})


@pytest.mark.parametrize("family", COVERAGE)
def test_families_change_as_many_questions_of_xquad_r_as_they_did(family: str, questions, lexicon):
    words = COVERAGE[family].split()
    bounds = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    found = {language: [perturb(each, FAMILIES[family], lexicon=lexicon).applied for each in questions[language]]
             for language in bounds}
    assert {language: 100 * sum(each) // len(each) for language, each in found.items()} == bounds


def test_scripts_without_case_and_russian_without_io_are_not_worth_a_family(questions):
    # planned: lower case changes less than 9 % of ar, hi, th, zh (their Latin words); P5 about 0 % of ru
    for language in set(SCRIPTS) - {"el", "ru"}:
        assert sum(each.text != each.text.lower() for each in questions[language]) / 1190 < 0.09
        assert language not in FAMILIES["P6"].languages
    assert sum(perturb(each, FAMILIES["P5"]).applied for each in questions["ru"]) / 1190 < 0.01


def test_words_said_in_english_are_not_content_words_alone(questions, lexicon):
    # docs/perturbation.md says 12 % of each, measured: 347 and 341 of 2,895
    drawn = [(each.text, perturb(each, FAMILIES["P13"], draw=draw, lexicon=lexicon).text)
             for each in questions["de"] for draw in range(3)]
    counts = Counter(before.strip("?,").lower() for text, said in drawn
                     for before, after in zip(text.split(), said.split(), strict=True) if before != after)
    assert counts["nicht"] == 0
    assert lexicon["de"]["nicht"] == "not"
    for words in (("und", "für", "mit"), ("wer", "wann")):
        assert round(100 * sum(counts[word] for word in words) / counts.total()) == 12


def test_light_edits_of_xquad_r_are_few(questions):
    # planned: normalised edit distance .02 to .06 of single edits, .10 of transpositions without the Damerau rule
    for family in ("P1", "P1z", "P2", "P3", "P4", "P8"):
        for language in FAMILIES[family].languages:
            shares = []
            for question in questions[language][:100]:
                clean = read(question.text, language).clusters
                shares.append(distance(clean, clusters(perturb(question, FAMILIES[family]).text)) / len(clean))
            assert 0.01 < sum(shares) / len(shares) < 0.065, (family, language)


if __name__ == "__main__":
    GOLDEN.write_bytes(frozen.frozen(golden_set()))
