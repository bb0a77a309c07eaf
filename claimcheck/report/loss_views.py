"""What the view holds of how arms differ in their losses: grids of numbers, one form for all of them, and examples."""

from dataclasses import dataclass

from claimcheck.report.rerun_views import NumberView


@dataclass(frozen=True, slots=True, kw_only=True)
class GridCell:
    """A number with what stands under it (an interval) and what is told of it; `shade` from -1 to 1, None for no colour."""

    number: NumberView
    under: str = ""
    title: str = ""
    shade: float | None = None
    marked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """A row, by its name and what is said of the name."""

    name: str
    note: str
    cells: tuple[GridCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GridView:
    """A table of numbers. `kind`: what it is, for programs; `says`: how it is read; `folded`: shown on request alone."""

    kind: str
    title: str
    says: tuple[str, ...]
    corner: str
    columns: tuple[str, ...]
    rows: tuple[GridRow, ...]
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleView:
    """A query before and after; `direction`: rtl or ltr; `margins`: of the arm that was attacked, before and after."""

    what: str
    arm: str
    language: str
    direction: str
    question: str
    clean: str
    after: str
    margins: str
