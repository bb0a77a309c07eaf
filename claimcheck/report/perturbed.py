"""The page of perturbed queries: how many were changed, and of each family and language some before and after."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined

from claimcheck import __version__
from claimcheck.corpora.corpus import Question
from claimcheck.perturbation.family import Family, Perturbed
from claimcheck.perturbation.text import clusters, is_letter

SHOWN = 10
"""So many changes of a family and language are shown at most."""
NAMES = {"ar": "Arabic", "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "hi": "Hindi", "ru": "Russian",
         "th": "Thai", "tr": "Turkish", "vi": "Vietnamese", "zh": "Chinese"}
_FROM_THE_RIGHT = frozenset({"R", "AL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A text as it is set: `language` and `direction` are attributes of HTML, `pieces` are (text, whether it was changed)."""

    language: str
    direction: str
    pieces: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A query before and after a draw."""

    id: str
    draw: int
    before: Side
    after: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A family in a language: `changed` of `every` query after every draw; some rows of what was changed, in their order."""

    family: Family
    language: str
    changed: int
    every: int
    rows: tuple[Row, ...]


@dataclass(slots=True)
class _Kept:
    """What is kept of a family in a language while queries go by: counts, and as many changes as may be shown."""

    every: int = 0
    changed: int = 0
    first: list[Perturbed] = field(default_factory=list)  # one of each query
    more: list[Perturbed] = field(default_factory=list)

    def add(self, each: Perturbed) -> None:
        """Count a query after a draw; draws of a query come one after another."""
        self.every += 1
        if not each.applied:
            return
        self.changed += 1
        kept = self.more if self.first and self.first[-1].id == each.id else self.first
        if len(kept) < SHOWN:
            kept.append(each)

    def shown(self) -> list[Perturbed]:
        """Different queries, and where they are too few more draws of them, which stand beside the first."""
        place = {each.id: number for number, each in enumerate(self.first)}
        return sorted([*self.first, *self.more[:SHOWN - len(self.first)]], key=lambda each: (place[each.id], each.draw))


def render(questions: Sequence[Question], families: Sequence[Family], made: Iterable[Perturbed], budget: str) -> str:
    """The page, one file that needs no network and runs no script. Every text of the queries is escaped.

    `made`: once through, in the order of the questions; no more of it is kept than is shown.
    """
    environment = Environment(loader=PackageLoader("claimcheck.report"), autoescape=True, undefined=StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    languages = list(dict.fromkeys(question.language for question in questions))
    sections = _sections(questions, families, made, languages)
    by_language = [(language, [section for section in sections if section.language == language]) for language in languages]
    return environment.get_template("perturbed.html.jinja").render(
        version=__version__, budget=budget, queries=len(questions), families=families, languages=by_language, names=NAMES,
        cells={(section.family.id, section.language): section for section in sections}, shown=SHOWN)


def _sections(questions: Sequence[Question], families: Sequence[Family], made: Iterable[Perturbed],
              languages: Sequence[str]) -> list[Section]:
    kept = {(family.id, language): _Kept() for language in languages for family in families}
    for each in made:
        kept[each.family, each.language].add(each)
    named = {(each.language, each.id) for own in kept.values() for each in own.shown()}
    before = {place: each.text for each in questions if (place := (each.language, each.id)) in named}
    sections = []
    for language in languages:
        for family in families:
            own = kept[family.id, language]
            rows = tuple(_row(before[language, each.id], each) for each in own.shown())
            sections.append(Section(family=family, language=language, changed=own.changed, rows=rows, every=own.every))
    return sections


def _row(before: str, after: Perturbed) -> Row:
    """Both sides, cut where clusters differ. The text before is shown in NFC, as it was perturbed."""
    old, new = clusters(unicodedata.normalize("NFC", before)), clusters(after.text)
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return Row(id=after.id, draw=after.draw,
               before=_side(old, ((start, end, tag != "equal") for tag, start, end, _, _ in blocks), after.language),
               after=_side(new, ((start, end, tag != "equal") for tag, _, _, start, end in blocks), after.language))


def _side(text: tuple[str, ...], cuts: Iterable[tuple[int, int, bool]], language: str) -> Side:
    latin = not any(is_letter(cluster, language) for cluster in text) and any(is_letter(cluster, "en") for cluster in text)
    return Side(language=f"{language}-Latn" if latin else language, direction=direction(text),
                pieces=tuple(_merged(("".join(text[start:end]), changed) for start, end, changed in cuts if end > start)))


def _merged(pieces: Iterable[tuple[str, bool]]) -> Iterator[tuple[str, bool]]:
    for changed, run in groupby(pieces, key=lambda piece: piece[1]):
        yield "".join(text for text, _ in run), changed


def direction(text: Iterable[str]) -> str:
    """`rtl` where a text has a letter of a script written from the right, wherever it stands, else `ltr`.

    A question in Arabic may begin with a Latin name, so the first letter does not decide, as it does in HTML's `auto`.

    >>> direction("NFL بطل"), direction("btl NFL?")
    ('rtl', 'ltr')
    """
    return "rtl" if any(unicodedata.bidirectional(cluster[0]) in _FROM_THE_RIGHT for cluster in text) else "ltr"
