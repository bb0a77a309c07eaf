"""Make claimcheck/perturbation/tables/keyboards.json: which letters lie beside which on a language's keyboard.

    python tools/tables/make_keyboards.py > claimcheck/perturbation/tables/keyboards.json

Needs xkb-data 2.35.1 (Debian's package puts it into /usr/share/X11/xkb) and libxkbcommon, which compiles a layout with all that
it includes and knows which character a key symbol stands for. No Python package is needed.
"""

import ctypes
import ctypes.util
import hashlib
import json
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path("/usr/share/X11/xkb")
LAYOUTS = {"ar": ("ara", "basic"), "de": ("de", "basic"), "el": ("gr", "basic"), "en": ("us", "basic"), "es": ("es", "basic"),
           "hi": ("in", "deva"), "ru": ("ru", "winkeys"), "th": ("th", "basic"), "tr": ("tr", "basic"), "vi": ("us", "basic")}
SCRIPTS = {"ar": "ARABIC", "el": "GREEK", "hi": "DEVANAGARI", "ru": "CYRILLIC", "th": "THAI"}
ROWS = {"AE": (1.0, 12), "AD": (1.5, 12), "AC": (1.75, 11), "AB": (2.25, 10)}
"""Row of keys, from the digits down -> where its first key's left side lies, in keys; how many keys it has."""
OTHERS = {"TLDE": (0, 0.0), "LSGT": (3, 1.25), "BKSL": (2, 12.75)}
"""Keys outside these runs -> row, place: left of 1, left of Z and right of the home row, as on keyboards with 105 keys."""
LEVELS = 2
HEAD = {
    "source": "xkb-data 2.35.1-1 (Debian's package of xkeyboard-config 2.35.1), folder symbols: " + ", ".join(
        f"{language} {layout}({variant})" for language, (layout, variant) in LAYOUTS.items()),
    "version": 1,
    "licence": "permissive notices of xkeyboard-config (HPND and MIT kinds); carried in NOTICE",
    "made": "tools/tables/make_keyboards.py",
    "letters": "Small letters, or letters without case, of the language's script, that have no compatibility decomposition (no "
               "ligatures, no Thai sara am) and stand alone (no vowel signs, no tone marks). Letters without such a neighbour "
               "are absent.",
    "geometry": "Keys are one wide. The left sides of the first keys of the four rows lie at 1, 1.5, 1.75 and 2.25. "
                "Horizontal: the next key in the row. Vertical: keys of the next rows that lie less than one key to the side, "
                "so that they touch. Neighbours are pressed with the same shift state: shifted ones beside shifted ones.",
    "vi": "Vietnamese is mostly typed by Telex or VNI on a US keyboard: letters by their own keys, marks by letters or digits "
          "behind them. So base letters have the neighbours of the US layout; the layout vn, with letters in the row of "
          "digits, is not used.",
}


class Names(ctypes.Structure):
    """What libxkbcommon calls xkb_rule_names."""

    _fields_ = [(name, ctypes.c_char_p) for name in ("rules", "model", "layout", "variant", "options")]


def library() -> ctypes.CDLL:
    """libxkbcommon with the types of what is called."""
    xkb = ctypes.CDLL(ctypes.util.find_library("xkbcommon") or "libxkbcommon.so.0")
    pointer, number = ctypes.c_void_p, ctypes.c_uint32
    xkb.xkb_context_new.restype, xkb.xkb_context_new.argtypes = pointer, [ctypes.c_int]
    xkb.xkb_context_include_path_append.argtypes = [pointer, ctypes.c_char_p]
    xkb.xkb_keymap_new_from_names.restype = pointer
    xkb.xkb_keymap_new_from_names.argtypes = [pointer, ctypes.POINTER(Names), ctypes.c_int]
    xkb.xkb_keymap_key_by_name.restype, xkb.xkb_keymap_key_by_name.argtypes = number, [pointer, ctypes.c_char_p]
    xkb.xkb_keymap_key_get_syms_by_level.argtypes = [pointer, number, number, number, ctypes.POINTER(ctypes.POINTER(number))]
    xkb.xkb_keysym_to_utf32.restype, xkb.xkb_keysym_to_utf32.argtypes = number, [number]
    return xkb


def places() -> Iterator[tuple[str, int, float]]:
    """Keys: name, row, place of the left side."""
    for row, (name, (first, keys)) in enumerate(ROWS.items()):
        yield from ((f"{name}{key + 1:02d}", row, first + key) for key in range(keys))
    yield from ((name, row, place) for name, (row, place) in OTHERS.items())


def is_letter(character: str, script: str) -> bool:
    """Whether a character is a small letter of a script, or one without case, and nothing else in disguise."""
    return (unicodedata.category(character) in ("Ll", "Lo") and unicodedata.name(character).startswith(f"{script} ")
            and unicodedata.normalize("NFKC", character) == character)


def keys(layout: str, variant: str, script: str, folder: Path) -> list[tuple[int, float, list[str]]]:
    """Keys of a layout: row, place, and for each level the letter or an empty text. Raises OSError if it does not compile."""
    xkb, names = library(), Names(b"evdev", b"pc105", layout.encode(), variant.encode(), b"")
    context = xkb.xkb_context_new(1)
    xkb.xkb_context_include_path_append(context, str(folder).encode())
    keymap = xkb.xkb_keymap_new_from_names(context, ctypes.byref(names), 0)
    if not keymap:
        raise OSError(f"{layout}({variant}) of {folder} does not compile")
    made = []
    for name, row, place in places():
        letters = []
        for level in range(LEVELS):
            symbols = ctypes.POINTER(ctypes.c_uint32)()
            key = xkb.xkb_keymap_key_by_name(keymap, name.encode())
            count = xkb.xkb_keymap_key_get_syms_by_level(keymap, key, 0, level, ctypes.byref(symbols))
            character = chr(xkb.xkb_keysym_to_utf32(symbols[0])) if count == 1 else "\0"
            letters.append(character if is_letter(character, script) else "")
        made.append((row, place, letters))
    return made


def neighbours(board: list[tuple[int, float, list[str]]]) -> dict[str, dict[str, str]]:
    """Letter -> the letters beside it, sorted."""
    found: dict[str, dict[str, set[str]]] = {}
    for row, place, letters in board:
        for other_row, other_place, other_letters in board:
            away, aside = abs(row - other_row), abs(place - other_place)
            kind = "horizontal" if away == 0 and aside == 1 else "vertical" if away == 1 and aside < 1 else None
            for letter, other in zip(letters, other_letters, strict=True):
                if kind and letter and other and letter != other:
                    found.setdefault(letter, {"horizontal": set(), "vertical": set()})[kind].add(other)
    return {letter: {kind: "".join(sorted(others)) for kind, others in found[letter].items()} for letter in sorted(found)}


def table(folder: Path = FOLDER) -> dict[str, object]:
    """The table as it is written."""
    layouts = {language: neighbours(keys(*layout, SCRIPTS.get(language, "LATIN"), folder))
               for language, layout in LAYOUTS.items()}
    return {"head": HEAD | {"inputs": inputs(folder)}, "layouts": layouts}


def inputs(folder: Path = FOLDER) -> dict[str, str]:
    """File that the table is made of -> its SHA-256."""
    names = sorted({layout for layout, _ in LAYOUTS.values()})
    return {f"symbols/{name}": hashlib.sha256((folder / "symbols" / name).read_bytes()).hexdigest() for name in names}


def written(made: dict[str, object]) -> str:
    """The table's text: one letter a line."""
    text = json.dumps(made, ensure_ascii=False, indent=1)
    return text.replace('{\n    "horizontal": ', '{"horizontal": ').replace(',\n    "vertical": ', ', "vertical": ').replace(
        '"\n   }', '"}') + "\n"


if __name__ == "__main__":
    sys.stdout.write(written(table()))
