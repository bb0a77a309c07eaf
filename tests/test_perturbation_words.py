"""P5, P10 to P13: diacritics, homoglyphs, encodings, romanisation, code-switching."""

import os
import random
import subprocess
import sys
import unicodedata

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from claimcheck.corpora import lareqa
from claimcheck.perturbation import code_switch, diacritics, encodings, homoglyphs, romanisation
from claimcheck.perturbation.text import LANGUAGES, SCRIPTS, read, slots

ZWNJ, ZWJ, TATWEEL, VIRAMA = "\u200c", "\u200d", "\u0640", "\u094d"
LETTERS = {
    "ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأؤإئةى\u064b\u064e\u0651\u0640", "de": "abcdeghinrstuäöüßÄÖÜ",
    "el": "αβγδεζηικλμνοπρσςτυωάέήίόύώϊΐϋΰΆΈ", "en": "abcdehinorstuv", "es": "abcdeilmnorstuáéíóúüñÑ",
    "hi": "कखगचजटडतदनपबमरलवशसहअआइ\u093e\u093f\u0940\u0947\u094d\u093c\u0901\u0902", "ru": "абвгдеёжзийклмнопрстуфхЁЙ",
    "th": "กขคงจชดตทนบปพมยรลวสหอะาเแโ\u0e31\u0e34\u0e35\u0e38\u0e48\u0e49\u0e4a\u0e4b\u0e4c", "tr": "abcçdegğıiİIoösşuüâîû",
    "vi": "abcdđeghiklmnopqrstuươăâêôáàảãạấầẩẫậệĐ", "zh": "黑豹队的防守丢了多少分中国是在哪里年",
}


def edited(edit, text, language, edits=2, seed=0, lexicon=None):
    return edit(read(text, language), edits, random.Random(seed), lexicon or {})


def texts(*languages):
    """A language, and questions of it with the odd digit, Latin word and punctuation; any of its letters in any order."""
    def question(language):
        word = st.text(LETTERS[language], min_size=1, max_size=9)
        foreign = st.sampled_from(["2015", "NFL", "Beyoncé", "(7)"])
        words = st.lists(st.one_of(word, word, word, foreign), min_size=1, max_size=9)
        return st.tuples(st.just(language), words.map(lambda each: " ".join(each) + "?"))
    return st.sampled_from(sorted(languages)).flatmap(question)


@pytest.mark.parametrize(("language", "text", "without"), [  # by hand
    ("de", "Größe der Übung im Café?", "Grosse der Ubung im Café?"),  # what is no umlaut stays
    ("de", "STRAẞE", "STRASSE"),
    ("es", "¿Cuántos años tenía la cigüeña?", "¿Cuantos anos tenia la ciguena?"),
    ("el", "Πώς προϋπήρχε η μαΐστρα;", "Πως προυπηρχε η μαιστρα;"),  # tonos, dialytika, both; a final sigma stays final
    ("el", "Ποιος είναι ο Beyoncé;", "Ποιος ειναι ο Beyoncé;"),  # Latin words are left alone
    ("tr", "İstanbul'da çığ kaç ışık söndürdü?", "Istanbul'da cig kac isik sondurdu?"),  # dotless and dotted i become one
    ("tr", "rüzgâr", "ruzgar"),
    ("vi", "Đường phố nào ở Huế được gọi là gì?", "Duong pho nao o Hue duoc goi la gi?"),  # two marks on one letter go
    ("ru", "Чей ещё ёж? Ёлка", "Чей еще еж? Елка"),  # й is a letter of its own
    ("ar", "إلى أيّ مدرسة ذهب آدم؟", "الي اي مدرسه ذهب ادم؟"),
    ("ar", "محـــمد", "محمد"),
    ("ar", "سؤال عن بيئة", "سؤال عن بيئه"),  # hamza on waw and yeh stays, as in Lucene
    ("hi", "क्या हाँ, पढ़ना ज़रूरी है?", "क्या हां, पढना जरूरी है?"),  # nukta and candrabindu go, the virama stays
    ("th", "ที่ไหนเกิดครั้งแรกของจอห์น", "ทีไหนเกิดครังแรกของจอหน"),  # tones and thanthakhat go, vowels stay
])
def test_diacritics_are_lost_as_each_language_loses_them(language, text, without):
    assert edited(diacritics.edit, text, language) == without


def test_nukta_goes_whether_it_was_typed_as_one_character_or_two():
    assert edited(diacritics.edit, "\u0958\u0932\u092e", "hi") == "कलम"
    assert edited(diacritics.edit, "\u0915\u093c\u0932\u092e", "hi") == "कलम"


@pytest.mark.parametrize(("language", "text"), [("ru", "Кто построил"), ("de", "Café"), ("hi", "कितने"), ("th", "อาการ")])
def test_a_query_without_diacritics_has_none_to_lose(language, text):
    assert edited(diacritics.edit, text, language) is None


@given(texts(*diacritics.LANGUAGES))
def test_diacritics_once_lost_are_lost(question):
    language, text = question
    lost = edited(diacritics.edit, text, language)
    if lost is not None:
        assert lost != unicodedata.normalize("NFC", text)
        assert unicodedata.normalize("NFC", lost) == lost
        assert edited(diacritics.edit, lost, language) is None


@given(texts(*homoglyphs.LANGUAGES), st.integers(1, 4), st.integers(0, 99))
def test_twins_stand_at_slots_alone_and_are_undone_by_their_table(question, edits, seed):
    language, text = question
    made = edited(homoglyphs.edit, text, language, edits, seed)
    clean = read(text, language)
    twin = homoglyphs.twins(SCRIPTS.get(language, "Latin"))
    if made is None:
        assert not any(clean.clusters[place] in twin for place in slots(clean))
        return
    after = read(made, language)
    changed = [place for place in range(len(clean)) if clean.clusters[place] != after.clusters[place]]
    assert len(after) == len(clean)
    assert 1 <= len(changed) <= edits
    assert set(changed) <= set(slots(clean))
    assert all(twin[clean.clusters[place]] == after.clusters[place] for place in changed)


def test_latin_words_in_greek_and_russian_have_no_twins():
    assert edited(homoglyphs.edit, "Beyoncé Stadium", "ru") is None
    assert edited(homoglyphs.edit, "Beyoncé Stadium", "el") is None


@given(texts(*encodings.DECOMPOSED))
def test_decomposed_text_is_the_same_text(question):
    language, text = question
    made = edited(encodings.edit_decomposed, text, language)
    if made is not None:
        assert made != unicodedata.normalize("NFC", text) == unicodedata.normalize("NFC", made)


def test_full_width_is_of_digits_and_question_marks_alone():
    assert edited(encodings.edit_wide, "Super Bowl 50?", "en") == "Super Bowl ５０？"
    assert edited(encodings.edit_wide, "¿2,5?", "es") == "¿２,５？"
    assert edited(encodings.edit_wide, "哪一年？", "zh") is None  # is full-width


@given(texts(*LANGUAGES), st.integers(1, 4), st.integers(0, 99))
def test_joiners_show_nowhere_and_keep_to_the_budget(question, edits, seed):
    language, text = question
    made = edited(encodings.edit_joiners, text, language, edits, seed)
    if made is None:
        return
    assert made.replace(ZWNJ, "").replace(ZWJ, "") == unicodedata.normalize("NFC", text)
    assert 1 <= made.count(ZWNJ) + made.count(ZWJ) <= edits
    assert unicodedata.normalize("NFC", made) == made
    assert VIRAMA + ZWNJ not in made
    assert VIRAMA + ZWJ not in made


@pytest.mark.parametrize(("language", "text", "possible"), [  # by hand
    ("ar", "بيت", {None}),  # three letters have no slot
    ("ar", "محمد", {f"مح{ZWJ}مد", f"محم{ZWJ}د"}),  # all of it is joined
    ("ar", "دارون", {f"دا{ZWNJ}رون", f"دار{ZWNJ}ون", f"دارو{ZWNJ}ن"}),  # none of it is
    ("hi", "कमल", {f"कम{ZWJ}ल", f"कम{ZWNJ}ल"}),
    ("th", "กบมา 7", {f"กบ{ZWJ}มา 7", f"กบ{ZWNJ}มา 7", f"กบม{ZWJ}า 7", f"กบม{ZWNJ}า 7"}),
    ("hi", "कक्अल", {f"कक्अ{ZWJ}ल", f"कक्अ{ZWNJ}ल"}),  # not behind the virama
    ("zh", "谁赢了7", {f"谁赢{ZWJ}了7", f"谁赢{ZWNJ}了7"}),
    ("zh", "谁赢，了", {None}),  # the only slot has a comma behind it
])
def test_joiners_stand_between_letters_where_they_do_not_show(language, text, possible):
    assert {edited(encodings.edit_joiners, text, language, 1, seed) for seed in range(80)} == possible


@given(st.text(LETTERS["ar"], min_size=4, max_size=9), st.integers(0, 99))
def test_arabic_letters_keep_their_shapes_around_a_joiner(text, seed):
    made = edited(encodings.edit_joiners, text, "ar", 1, seed)
    if made is not None:
        clean = read(text, "ar")
        place = next(place for place, each in enumerate(read(made, "ar").clusters) if each != clean.clusters[place])
        joined = encodings.joins(clean.clusters[place], clean.clusters[place + 1])
        assert (ZWJ in made, ZWNJ in made) == (joined, not joined)


@pytest.mark.parametrize(("text", "possible"), [  # by hand
    ("دارون", set()),  # alef, ra and waw join nothing behind them
    ("تسلا", {"تسـلا"}),  # lam and alef are written as one
    ("محمد", {"محـمد", "محمـد"}),
    ("بيت", set()),  # too short
])
def test_tatweel_stands_where_letters_join(text, possible):
    made = {edited(encodings.edit_tatweel, text, "ar", 1, seed) for seed in range(40)}
    assert made == (possible or {None})


@given(st.text(LETTERS["ar"].replace(TATWEEL, ""), min_size=1, max_size=20), st.integers(1, 4), st.integers(0, 99))
def test_tatweel_keeps_to_the_budget_and_is_undone_by_taking_it_out(text, edits, seed):
    made = edited(encodings.edit_tatweel, text, "ar", edits, seed)
    if made is not None:
        assert made.replace(TATWEEL, "") == unicodedata.normalize("NFC", text)
        assert 1 <= made.count(TATWEEL) <= edits


@pytest.mark.parametrize(("language", "text", "latin"), [  # golden: anyascii 0.3.3; Chinese by hand
    ("el", "Πόσους πόντους παρέδωσε;", "Posoys pontoys paredose;"),
    ("ru", "Сколько очков уступила защита?", "Skol'ko ochkov ustupila zashchita?"),
    ("hi", "पैंथर्स ने कितने अंक दिए?", "painthrs ne kitne ank die?"),
    ("hi", "क्या हाँ, संबंध", "kya han, smbndh"),  # by hand: an anusvara is m before lips' sounds, else n
    ("hi", "ज़मीन फ़ोन सड़क पढ़ना क़लम", "zmin fon srk prhna klm"),  # by hand
    ("th", "กี่ครั้งในปี 2015", "kikhrangnaipi 2015"),
    ("ar", "كم عدد النقاط؟", "km `dd alnqat?"),
    ("ar", "ما هو الدور؟", "ma hw aldwr?"), ("ar", "أحمد إلى آدم كتاباً", "ahmd ila adm ktaba"),  # alef by hand
    ("ar", "محـــمد", "mhmd"),
    ("zh", "2015年黑豹队的NFL防守？", "2015 nian hei bao dui de NFL fang shou?"),
])
def test_queries_are_typed_in_latin_letters(language, text, latin):
    assert edited(romanisation.edit, text, language) == latin


@pytest.mark.parametrize(("thai", "latin"), [  # by hand: vowels of the Royal Thai General System, consonants of anyascii
    ("เกาะสมุย", "kosmuy"), ("เขา", "khao"), ("เท่าไร", "thaorai"), ("เมือง", "mueang"), ("เรื่อง", "rueang"), ("เรียก", "riak"),
    ("เกิด", "koed"), ("เจอ", "choe"), ("เยอะ", "yoe"), ("เตะ", "te"), ("และ", "lae"), ("โต๊ะ", "to"), ("เห็น", "hen"),
    ("เล่น", "len"), ("แรก", "raek"), ("โดย", "doy"), ("ใด", "dai"), ("ไป", "pai"), ("เวลา", "wela"),
    ("ใคร", "khrai"), ("ไหน", "hnai"), ("เพราะ", "phro"), ("เหมือน", "hmuean"), ("แปล", "plae"),
    ("เครื่อง", "khrueang"),  # two consonants before a vowel
    ("โคราช", "khorach"), ("แคลิฟอร์เนีย", "khaelifornia"), ("ไปรษณีย์", "praisniy"),  # the second has a vowel of its own, or none
    ("เอา", "ao"), ("เอก", "ek"), ("ไอ", "ai"),  # the letter o ang only carries the vowel
])
def test_thai_vowels_before_their_consonant_are_written_behind_it(thai, latin):
    assert edited(romanisation.edit, thai, "th") == latin


@pytest.mark.parametrize(("language", "text", "latin"), [  # by hand
    ("ru", "Кто 🙂?", "Kto 🙂?"), ("ru", "👨\u200d👩\u200d👧🏽 да", "👨\u200d👩\u200d👧🏽 da"), ("ru", "5 ₽ ½", "5 ₽ 1/2"),
    ("ru", "о Beyoncé и 中", "o Beyoncé i 中"), ("ru", "за\u0301мок", "zamok"), ("hi", "क्\u200dष", "ks"),
    ("zh", "黑豹🙂é队", "hei bao🙂é dui"), ("th", "฿ 🙂", None), ("ar", "é 🙂", None),
])
def test_symbols_and_letters_of_other_scripts_stay_in_romanised_text(language, text, latin):
    assert edited(romanisation.edit, text, language) == latin


@pytest.mark.parametrize(("text", "chat"), [  # by hand: 3 ain, 7 the breathed h, 2 the glottal stop
    ("أحمد عربي", "27md 3rby"),
    ("مؤتمر سماء", "m2tmr sma2"),
    ("قرآن؟", "qr2an?"),
])
def test_arabic_is_typed_as_in_chats(text, chat):
    assert edited(romanisation.edit_chat, text, "ar") == chat


@given(texts(*romanisation.LANGUAGES))
def test_what_is_romanised_is_ascii_but_for_latin_words(question):
    language, text = question
    for edit in (romanisation.edit, *[romanisation.edit_chat] * (language == "ar")):
        made = edited(edit, text, language)
        if made is not None:
            assert made.replace("é", "").isascii()
            assert made.count("é") == text.count("é")  # of Beyoncé


LEXICON = {"de": {"punkte": "points", "spiel": "game", "zwei": "two", "nfl-team": "team", "nicht": "not", "keine": "none"},
           "tr": {"iki": "two", "ısı": "heat"},
           "es": {"equipo": "team"}, "ru": {"три": "three"}, "el": {"πόντους": "points"}}


@pytest.mark.parametrize(("language", "text", "made"), [  # by hand
    ("de", "Wie viele Punkte?", "Wie viele Points?"),
    ("de", "PUNKTE, bitte", "POINTS, bitte"),
    ("de", "»zwei«", "»two«"),
    ("tr", "İki takım", "Two takım"),  # İ is the capital of i
    ("tr", "ISI nedir?", "HEAT nedir?"),  # and I that of ı
    ("es", "¿Equipo?", "¿Team?"),
    ("ru", "Кто забил (три) гола?", "Кто забил (three) гола?"),
    ("el", "Πόσους ΠΌΝΤΟΥΣ;", "Πόσους POINTS;"),  # capital sigma at the end is a final one
    ("de", "Wer gewann?", None),
    ("tr", "Kim?", None),  # of its words nothing is learned
    ("hi", "कौन?", None),  # nothing learned
    ("de", "Nicht zwei?", "Nicht two?"), ("de", "Keine?", None),  # negations stay
])
def test_an_english_word_keeps_the_capitals_and_the_punctuation(language, text, made):
    assert edited(code_switch.edit_one, text, language, lexicon=LEXICON) == made


def test_each_replaceable_word_is_drawn_at_times_and_two_are_two():
    ones = {edited(code_switch.edit_one, "zwei Punkte Spiel", "de", seed=seed, lexicon=LEXICON) for seed in range(40)}
    assert ones == {"two Punkte Spiel", "zwei Points Spiel", "zwei Punkte Game"}
    twos = {edited(code_switch.edit_two, "zwei Punkte Spiel", "de", seed=seed, lexicon=LEXICON) for seed in range(40)}
    assert twos == {"two Points Spiel", "two Punkte Game", "zwei Points Game"}


def test_where_one_word_can_be_replaced_two_cannot():
    assert edited(code_switch.edit_two, "Wie viele Punkte?", "de", lexicon=LEXICON) is None


def test_spaces_between_words_stay():
    assert edited(code_switch.edit_one, " zwei\u00a0 Tore\t", "de", lexicon=LEXICON) == " two\u00a0 Tore\t"


def planted(seed=3, texts=240, words=40):
    """A made language whose words are said one for one, in another order; and its dictionary."""
    draw = random.Random(seed)
    dictionary = {f"{a}{b}{c}": f"{c}{a}{b}{a}" for a in "ptk" for b in "aeiou" for c in "lmn"}
    foreign = sorted(dictionary)[:words]
    pairs = []
    for _ in range(texts):
        said = draw.sample(foreign, draw.randint(3, 7))
        english = [dictionary[word] for word in said]
        draw.shuffle(english)
        pairs.append((" ".join(said).capitalize() + "?", " ".join(english) + "."))
    return pairs, {word: dictionary[word] for word in foreign}


def test_a_planted_dictionary_is_found_whole():
    pairs, dictionary = planted()
    assert code_switch.learn({"de": pairs})["de"] == dictionary


def slow_model_1(texts, others):
    """t(f|e) after eight steps of expectation and maximisation, as in the paper, in dictionaries."""
    probability = dict.fromkeys(((f, e) for fs, es in zip(texts, others, strict=True) for f in fs for e in es), 1.0)
    for _ in range(8):
        count, total = dict.fromkeys(probability, 0.0), {}
        for fs, es in zip(texts, others, strict=True):
            for f in fs:
                whole = sum(probability[f, e] for e in es)
                for e in es:
                    count[f, e] += probability[f, e] / whole
                    total[e] = total.get(e, 0.0) + probability[f, e] / whole
        probability = {(f, e): count[f, e] / total[e] for f, e in count}
    return probability


NUMBERS = st.tuples(st.lists(st.integers(0, 5), max_size=5), st.lists(st.integers(0, 4), max_size=5))


@given(st.lists(NUMBERS, min_size=1, max_size=8))
def test_word_alignment_is_that_of_the_slow_oracle(texts):
    f, e = [left for left, _ in texts], [right for _, right in texts]
    pairs, probable = code_switch.translations(f, e)
    forward, backward = slow_model_1(f, e), slow_model_1(e, f)
    assert [tuple(pair) for pair in pairs.tolist()] == sorted(forward, key=lambda pair: pair[::-1])
    for (left, right), (there, back) in zip(pairs.tolist(), probable.tolist(), strict=True):
        assert there == pytest.approx(forward[left, right], rel=1e-9)
        assert back == pytest.approx(backward[right, left], rel=1e-9)


def links(*more, times=3):
    """The lexicon of texts that tell words apart, and of more pairs, each as often as said."""
    fill = [("eins x", "one y"), ("zwei x", "two y"), ("eins zwei", "one two")]
    return code_switch.learn({"de": [*fill * 3, *(pair for pair in more for _ in range(times))]})["de"]


def test_links_leave_out_what_is_rare_short_a_number_or_the_same():
    assert links() == {"eins": "one", "zwei": "two"}  # x and y are too short
    assert "tor" in links(("tor", "goal"))
    assert "tor" not in links(("tor", "goal"), times=2)
    assert "b52s" not in links(("b52s", "bombers"))
    assert "tor" not in links(("tor", "g8"))
    assert "nfl" not in links(("NFL", "nfl"))


def test_links_leave_out_what_is_frequent():
    assert "tor" in links(("tor", "goal"), times=149)
    assert "tor" not in links(("tor", "goal"), times=150)


def test_an_english_possessive_is_the_word():
    assert links(("Luthers", "Luther's"))["luthers"] == "luther"
    assert "melbourne" not in links(("Melbourne", "Melbourne’s"))


def test_a_latin_word_in_another_script_is_no_word_of_it():
    pairs = [("sacks", "bags")] * 3
    assert code_switch.learn({"ru": pairs, "de": pairs}) == {"de": {"sacks": "bags"}, "ru": {}}


def test_nothing_is_learned_of_nothing():
    assert code_switch.learn({}) == {}
    assert code_switch.learn({"de": [], "ru": [("?", "!")]}) == {"de": {}, "ru": {}}


def test_the_digest_of_a_lexicon_names_what_it_holds():
    assert code_switch.digest(LEXICON) == code_switch.digest({language: dict(reversed(words.items()))
                                                              for language, words in reversed(LEXICON.items())})
    assert code_switch.digest(LEXICON) != code_switch.digest({**LEXICON, "ru": {"три": "tree"}})


def test_learning_and_drawing_do_not_hang_on_the_process():
    program = ("import sys; sys.path.insert(0, 'tests'); import test_perturbation_words as t; c = t.code_switch; "
               "l = c.learn({'tr': t.planted()[0], 'de': t.planted(4)[0]}); "
               "print(c.digest(l), [t.edited(c.edit_two, text, 'de', lexicon=l) for text, _ in t.planted(4)[0]])")
    said = {subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, check=True, text=True,
                           capture_output=True, cwd=ROOT).stdout for seed in ("1", "2")}
    assert len(said) == 1


COVERAGE = {  # per cent of XQuAD-R's questions that change, as first measured for the method
    "P5": (diacritics.edit, {"el": 100, "es": 100, "vi": 100, "th": 98, "tr": 97, "ar": 92, "de": 56, "hi": 20, "ru": 0.3}),
    "P10": (homoglyphs.edit, dict.fromkeys(homoglyphs.LANGUAGES, 100)),
    "P11": (encodings.edit_decomposed, {"el": 100, "es": 100, "vi": 100, "tr": 90, "ar": 72, "de": 52, "ru": 45}),
    "P12": (romanisation.edit, dict.fromkeys(romanisation.LANGUAGES, 100)),
    "P13": (code_switch.edit_one, {"es": 87, "hi": 87, "de": 81, "el": 80, "ar": 78, "ru": 73, "tr": 70}),
}
TOLERANCE = {"P5": 1.5, "P10": 2.5, "P11": 1, "P12": 1, "P13": 5}


@pytest.fixture(scope="module")
def questions(data_dir):
    files = {path.stem: path for path in (data_dir / "xquad-r").glob("*.json")}
    return {language: {each.id: each.text for each in part.questions}
            for language, part in lareqa.read("xquad-r", files).parts.items()}


@pytest.fixture(scope="module")
def lexicon(questions):
    return code_switch.learn({language: [(text, questions["en"][name]) for name, text in questions[language].items()]
                              for language in code_switch.LANGUAGES})


@pytest.mark.parametrize("family", COVERAGE)
def test_as_many_questions_change_as_the_method_was_measured_to_change(family, questions, lexicon):
    edit, expected = COVERAGE[family]
    for language, per_cent in expected.items():
        texts = questions[language].values()
        changed = sum(edited(edit, text, language, lexicon=lexicon) is not None for text in texts)
        assert 100 * changed / len(texts) == pytest.approx(per_cent, abs=TOLERANCE[family]), language


@pytest.mark.parametrize(("language", "word", "english"), [  # checked by eye
    ("ru", "три", "three"), ("hi", "ब्रोंकोस", "broncos"), ("ru", "бронкос", "broncos"), ("de", "regierung", "government"),
    ("es", "cuándo", "when"), ("el", "θεωρία", "theory"), ("ar", "الطاعون", "plague"), ("tr", "oksijen", "oxygen"),
])
def test_links_learned_on_the_questions_are_right(language, word, english, lexicon):
    assert lexicon[language][word] == english
