"""Tables of perturbations: what they say, that they say where they are from, and that their builders make them again."""

import ctypes.util
import hashlib
import importlib.metadata
import importlib.util
import json
import unicodedata

import pytest
import regex
from conftest import ROOT, skip

from claimcheck.perturbation.text import SCRIPTS, is_letter

TABLES = ROOT / "claimcheck" / "perturbation" / "tables"
NAMES = sorted(path.stem for path in TABLES.glob("*.json"))


def table(name):
    return json.loads((TABLES / f"{name}.json").read_text(encoding="utf-8"))


def builder(name):
    """A program of tools/tables as a module."""
    path = ROOT / "tools" / "tables" / f"{name}.py"
    if not path.is_file():
        pytest.skip("an installed package holds tables and not their builders")
    specification = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


KEYBOARDS = [(language, letters) for language, letters in table("keyboards")["layouts"].items()]


def test_the_tables_are_these():
    assert NAMES == ["homoglyphs", "homophones", "keyboards", "pinyin"]


@pytest.mark.parametrize("name", NAMES)
def test_a_table_says_where_it_is_from_and_its_licence_is_carried(name):
    head = table(name)["head"]
    assert head["version"] == 1
    assert head["source"]
    assert head["made"].startswith("tools/tables/make_")
    assert "NOTICE" in head["licence"]
    assert f"{name}.json" in (ROOT / "NOTICE").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_no_table_is_large(name):
    assert (TABLES / f"{name}.json").stat().st_size < 100_000


def test_all_languages_but_chinese_have_a_keyboard():
    assert sorted(table("keyboards")["layouts"]) == ["ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi"]


@pytest.mark.parametrize(("language", "letters"), KEYBOARDS)
def test_a_neighbour_has_its_neighbour_beside_it_in_the_same_direction(language, letters):
    for letter, beside in letters.items():
        for direction in ("horizontal", "vertical"):
            assert all(letter in letters[other][direction] for other in beside[direction]), (letter, direction)


@pytest.mark.parametrize(("language", "letters"), KEYBOARDS)
def test_letters_and_neighbours_are_small_letters_of_the_languages_script_and_whole_clusters(language, letters):
    for letter, beside in letters.items():
        others = beside["horizontal"] + beside["vertical"]
        assert others, letter
        assert letter not in others
        for each in (letter, *others):
            assert is_letter(each, language)
            assert unicodedata.category(each) in ("Ll", "Lo")
            assert unicodedata.normalize("NFKC", each) == each
            assert regex.findall(r"\X", "ก" + each) == ["ก", each], "it would melt into the letter before it"


@pytest.mark.parametrize(("language", "letter", "horizontal", "vertical"), [
    ("en", "g", "fh", "btvy"),  # by hand: G on the home row touches T and Y above, V and B below
    ("vi", "g", "fh", "btvy"),  # Telex is typed on the same keys
    ("en", "q", "w", "a"),
    ("de", "z", "tu", "gh"),  # QWERTZ
    ("de", "ß", "", "pü"),  # right of 0, above P and Ü
    ("es", "ñ", "l", "p"),  # right of L; the keys right of it and of P are accents
    ("tr", "i", "ş", "üğ"),  # dotted: right of ş, its other neighbour a comma
    ("tr", "ı", "ou", "jk"),  # dotless: between U and O
    ("el", "ς", "ε", "ασ"),  # on the key W
    ("ru", "й", "ц", "ф"),  # on the key Q
    ("ar", "ا", "تل", "ىعغ"),  # on the key H
    ("ar", "أ", "", "إآ"),  # on the same key with shift: of the letters around it only these are shifted
    ("hi", "क", "रत", "गदस"),  # InScript: on the key K
    ("hi", "ख", "ऱथ", "घधशष"),  # aspirated letters lie on their shifted keys
    ("th", "ก", "หด", "ปพแ"),  # Kedmanee: on the key D, sara am above it is no letter that stands alone
])
def test_neighbours_are_those_of_the_keyboard_by_hand(language, letter, horizontal, vertical):
    found = table("keyboards")["layouts"][language][letter]
    assert (sorted(found["horizontal"]), sorted(found["vertical"])) == (sorted(horizontal), sorted(vertical))


def test_a_letter_without_letters_around_it_is_absent():
    assert "ё" not in table("keyboards")["layouts"]["ru"]  # left of 1, touches no letter


def test_keyboards_are_made_again_to_the_byte():
    make = builder("make_keyboards")
    head = table("keyboards")["head"]
    if not ctypes.util.find_library("xkbcommon") or not all((make.FOLDER / name).is_file() for name in head["inputs"]):
        skip("tables", "no xkb-data or no libxkbcommon here")
    if make.inputs() != head["inputs"]:
        skip("tables", "the xkb-data here is another version")
    assert make.written(make.table()) == (TABLES / "keyboards.json").read_text(encoding="utf-8")


def test_homophones_are_han_characters_that_are_read_alike_and_know_one_another():
    characters, readings = table("homophones")["characters"], table("pinyin")["characters"]
    for character, others in characters.items():
        assert others
        assert character not in others
        assert len(set(others)) == len(others)
        for other in others:
            assert regex.fullmatch(r"\p{Han}", other)
            assert character in characters[other]
            assert readings[character] == readings[other]


def test_homophones_are_all_of_those_among_them():
    characters, readings = table("homophones")["characters"], table("pinyin")["characters"]
    alike = {}
    for character in characters:
        alike.setdefault(readings[character], set()).add(character)
    assert all({character, *others} == alike[readings[character]] for character, others in characters.items())


@pytest.mark.parametrize(("character", "reading"), [("黑", "hei"), ("女", "nv"), ("绿", "lv"), ("中", "zhong"), ("是", "shi")])
def test_readings_are_toneless_pinyin_as_typed(character, reading):
    assert table("pinyin")["characters"][character] == reading


def test_pinyin_is_small_letters_and_knows_the_frequent_characters():
    characters = table("pinyin")["characters"]
    assert all(regex.fullmatch(r"\p{Han}", character) and regex.fullmatch("[a-z]+", read)
               for character, read in characters.items())
    rows = [bytes((row, cell)).decode("gb2312") for row in range(0xB0, 0xD7) for cell in range(0xA1, 0xFF)]
    assert len(rows) == 39 * 94  # rows 16 to 54 of GB 2312 are full
    assert set(rows) <= characters.keys()


def test_homophones_occur_in_the_data_and_pinyin_knows_all_that_do(data_dir):
    make = builder("make_homophones")
    head = table("pinyin")["head"]
    assert make.inputs(data_dir, "xquad-r", "mlqa-r") == head["inputs"]
    assert table("homophones")["characters"].keys() <= make.vocabulary(data_dir, "xquad-r")
    unknown = make.vocabulary(data_dir, "xquad-r", "mlqa-r") - table("pinyin")["characters"].keys()
    assert not unknown


def test_chinese_tables_are_made_again_to_the_byte(data_dir):
    if not importlib.util.find_spec("pypinyin"):
        skip("tables", "no pypinyin here")
    make = builder("make_homophones")
    if importlib.metadata.version("pypinyin") != make.PYPINYIN:
        skip("tables", "another pypinyin is here")
    for name, made in make.tables(data_dir).items():
        assert make.written(made) == (TABLES / f"{name}.json").read_text(encoding="utf-8")


def test_twins_are_of_another_script_the_same_case_and_survive_normalisation():
    scripts = table("homoglyphs")["letters"]
    assert set(scripts) == {"Latin", *(SCRIPTS[each] for each in ("el", "ru"))}
    for script, letters in scripts.items():
        assert len(set(letters.values())) == len(letters), "no two letters become one"
        for letter, twin in letters.items():
            assert regex.fullmatch(rf"\p{{{script}}}", letter)
            assert regex.fullmatch(rf"(?!\p{{{script}}})[\p{{Latin}}\p{{Greek}}\p{{Cyrillic}}]", twin)
            assert unicodedata.category(letter) == unicodedata.category(twin)
            assert unicodedata.normalize("NFKC", twin) == twin, "a program that normalises would undo it"


def test_what_latin_takes_of_a_script_that_script_takes_of_latin_if_it_is_a_letter_of_greek_or_russian():
    scripts = table("homoglyphs")["letters"]
    back = {**scripts["Greek"], **scripts["Cyrillic"]}
    assert all(back.get(twin, letter) == letter for letter, twin in scripts["Latin"].items())


def test_twins_are_made_again_to_the_byte():
    if not importlib.util.find_spec("confusable_homoglyphs"):
        skip("tables", "no confusable-homoglyphs here")
    make = builder("make_homoglyphs")
    if importlib.metadata.version("confusable-homoglyphs") != make.VERSION:
        skip("tables", "another confusable-homoglyphs is here")
    assert make.written(make.table()) == (TABLES / "homoglyphs.json").read_text(encoding="utf-8")


def test_the_layouts_are_these_to_the_bit():
    """Golden: families count up their version whenever an output changes; who changes this counts P1 up."""
    layouts = json.dumps(table("keyboards")["layouts"], sort_keys=True).encode()
    assert hashlib.sha256(layouts).hexdigest() == "d8777dbc565a641d9d22158e66c72174e7933fa5dff8b49f96c6c4f39f23c84c"
