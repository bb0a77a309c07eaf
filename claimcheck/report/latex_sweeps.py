"""The tables of swept fields for the paper: cut into pieces that a page's width holds."""

from dataclasses import dataclass

from claimcheck.report.sweep_views import SweptClaimView, SweptPredictionView, SweptView

WIDEST = 3
"""Values that stand beside one another."""
ABSENT = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some values of a field. `rows`: what it is about, how it is set (`claim`, `prediction`, `comparison`), a text a value."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[str, ...]], ...]


def swept_pieces(view: SweptView) -> tuple[Piece, ...]:
    """The table of a field, at most `WIDEST` values a piece."""
    rows = [row for claim in view.claims for row in _claim(claim)]
    return tuple(Piece(
        headings=tuple(f"{each.value} (declared)" if each.declared else each.value for each in view.values[at:at + WIDEST]),
        rows=tuple((name, kind, texts[at:at + WIDEST]) for name, kind, texts in rows))
        for at in range(0, len(view.values), WIDEST)) if rows else ()


def _claim(view: SweptClaimView) -> list[tuple[str, str, tuple[str, ...]]]:
    words = tuple(f"{word} ({note})" if note else word or ABSENT for word, note in zip(view.words, view.notes, strict=True))
    return [(f"{view.number}", "claim", words), *(row for each in view.predictions for row in _prediction(each))]


def _prediction(view: SweptPredictionView) -> list[tuple[str, str, tuple[str, ...]]]:
    name = view.label or view.says
    own = [(row.name, "comparison", tuple(f"{cell.printed} {cell.word}" if cell else ABSENT for cell in row.cells))
           for row in view.rows]
    return [(name, "prediction", tuple(each.word if each else ABSENT for each in view.cells)), *own]
