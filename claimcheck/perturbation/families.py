"""All families of perturbations, in the order in which reports show them."""

from collections.abc import Mapping
from typing import Any

from claimcheck.perturbation import characters, code_switch, diacritics, encodings, homoglyphs, romanisation, surface
from claimcheck.perturbation.family import Edit, Family

PANEL = ("P1", "P1z", "P2", "P3", "P5", "P7", "P8")
"""The families of the headline, at budget `light`: no language has both P1 and P1z."""


def _of(id: str, title: str, edit: Edit, languages: frozenset[str], **others: Any) -> Family:  # noqa: A002 - as the field is called
    return Family(id=id, version=1, title=title, edit=edit, languages=languages,
                  **{"drawn": True, **others})


def _whole(id: str, title: str, edit: Edit, languages: frozenset[str], **others: Any) -> Family:  # noqa: A002
    """A family that changes all there is to change: nothing is drawn, edits do not bound it."""
    return _of(id, title, edit, languages, drawn=False, within_budget=False, **others)


FAMILIES: Mapping[str, Family] = {family.id: family for family in (
    _of("P1", "neighbouring key", characters.edit_keyboard, characters.KEYBOARD),
    _of("P1z", "character that sounds alike", characters.edit_homophone, characters.HOMOPHONE),
    _of("P2", "letter left out", characters.edit_deletion, characters.LANGUAGES),
    _of("P3", "letters swapped", characters.edit_transposition, characters.LANGUAGES),
    _of("P4", "letter twice", characters.edit_duplication, characters.LANGUAGES),
    _whole("P5", "without diacritics", diacritics.edit, diacritics.LANGUAGES),
    _whole("P6", "lower case", surface.edit_lower_case, surface.CASED),
    _whole("P6u", "upper case", surface.edit_upper_case, surface.CASED),
    _whole("P7", "without final punctuation", surface.edit_punctuation, surface.LANGUAGES),
    _of("P8", "spaces lost or added", surface.edit_spacing, surface.LANGUAGES),
    _of("P9", "words swapped", surface.edit_swap, surface.SPACED, within_budget=False),
    _of("P9d", "words left out", surface.edit_drop, surface.SPACED, within_budget=False),
    _of("P10", "letters that look alike", homoglyphs.edit, homoglyphs.LANGUAGES),
    _whole("P11", "letters and marks apart (NFD)", encodings.edit_decomposed, encodings.DECOMPOSED, nfc=False),
    _whole("P11w", "full-width digits and question mark", encodings.edit_wide, encodings.WIDE),
    _of("P11j", "joiners without width", encodings.edit_joiners, encodings.JOINERS),
    _of("P11t", "tatweel", encodings.edit_tatweel, encodings.TATWEEL),
    _whole("P12", "Latin letters", romanisation.edit, romanisation.LANGUAGES),
    _whole("P12c", "Latin letters and digits of chats", romanisation.edit_chat, romanisation.CHAT),
    _of("P13", "one word in English", code_switch.edit_one, code_switch.LANGUAGES, within_budget=False, lexical=True),
    _of("P13t", "two words in English", code_switch.edit_two, code_switch.LANGUAGES, within_budget=False, lexical=True),
    _whole("P14", "digits of the script", surface.edit_digits, frozenset(surface.NATIVE)),
)}
"""Id -> family."""
