"""Counts -> views of findings: the printed count, the sentence, and the table of cells."""

from collections.abc import Sequence

from claimcheck.finding import Cell, Count, Outcome
from claimcheck.report.view import CellView, FindingView
from claimcheck.report.wording import number, reduction, signed, sources
from claimcheck.verdict import Stand

MOST_LEFT_OUT = 5
MOST_SIZES = 8
MOST_NAMED = 3


def counted(count: Count, *, says: str, stand: Stand, part: str = "", reading: str = "", label: str = "",
            margin: str = "margin") -> FindingView:
    """The view of one count. `margin` is what its column of differences is called."""
    columns = _telling(count.cells)
    names = tuple(dict.fromkeys(value.name for cell in count.cells for value in cell.values))
    percent = any(cell.percent for cell in count.cells)
    has_margin = any(cell.margin is not None for cell in count.cells)
    return FindingView(
        part=part, says=says, reading=reading, label=label, stand=stand.value, printed=_printed(count), text=_sentence(count),
        columns=columns, value_columns=names, margin_column=("reduction, %" if percent else margin) if has_margin else "",
        cells=tuple(_cell(cell, columns, names) for cell in count.cells), left_out=_few(count.left_out))


def _telling(cells: Sequence[Cell]) -> tuple[str, ...]:
    """The columns in which the cells of a finding differ, or all of a single cell."""
    names = tuple(dict.fromkeys(name for cell in cells for name, _ in cell.about))
    different = {name: {dict(cell.about).get(name) for cell in cells} for name in names}
    return tuple(name for name in names if len(different[name]) > 1 or len(cells) == 1)


def _cell(cell: Cell, columns: Sequence[str], names: Sequence[str]) -> CellView:
    about, values = dict(cell.about), {value.name: number(value.value, value.decimals) for value in cell.values}
    margin = ""
    if cell.margin is not None:
        margin = reduction(cell.margin) if cell.percent else signed(cell.margin, cell.decimals)
    return CellView(about=tuple(about.get(name, "") for name in columns), values=tuple(values.get(name, "") for name in names),
                    margin=margin, outcome=cell.outcome.value, note=cell.note, source=sources(cell.sources),
                    margin_value=None if cell.margin is None else float(cell.margin), slack_value=float(cell.slack))


def _printed(count: Count) -> str:
    """The count in few words; of a single cell its numbers, of a few reductions their sizes."""
    if not count.cells:
        return "no cell"
    first, total = count.cells[0], count.total
    if total == 1 and first.margin is None and len(first.values) > 1:
        found, claimed = (number(value.value, value.decimals) for value in (first.values[0], first.values[-1]))
        return f"{found} as claimed" if first.outcome is Outcome.HOLDS else f"{found}, claimed {claimed}"
    text = f"{count.number(Outcome.HOLDS)} of {total}"
    if ties := count.number(Outcome.WITHIN_ROUNDING):
        text += f", {ties} tied"
    if total <= MOST_SIZES and first.percent:
        text += " (" + ", ".join(reduction(cell.margin) for cell in count.cells) + " %)"
    return text


def _sentence(count: Count) -> str:
    total = count.total
    if not total:
        return f"{count.asks}: nothing could be compared"
    holds, fails, ties = (count.number(outcome) for outcome in Outcome)
    text = f"{count.asks}: holds in {holds} of {total}"
    if fails:
        text += f", fails in {fails} of {total}"
    if ties:
        text += f", tied within rounding in {ties} of {total}"
    if total <= MOST_SIZES and count.cells[0].percent:
        text += "; reductions of " + ", ".join(
            f"{reduction(cell.margin)} ({number(cell.margin, 2)})" for cell in count.cells if cell.margin is not None) + " %"
    odd = [cell for cell in count.cells if cell.outcome is not Outcome.HOLDS]
    if total == 1:
        text += "; " + _against(count.cells[0])
    elif 0 < len(odd) <= MOST_NAMED:
        text += "; " + "; ".join(f"{_named(cell, count.cells)}: {_against(cell)}".removesuffix(": ") for cell in odd)
    return text


def _named(cell: Cell, cells: Sequence[Cell]) -> str:
    about = dict(cell.about)
    words = {"table": "Table ", "against": "against "}
    return ", ".join(words.get(name, "") + about[name] for name in _telling(cells) if name in about)


def _against(cell: Cell) -> str:
    text = ", ".join(f"{value.name} {number(value.value, value.decimals)}" for value in cell.values)
    return f"{text} ({cell.note})" if cell.note else text


def _few(texts: Sequence[str]) -> tuple[str, ...]:
    if len(texts) <= MOST_LEFT_OUT:
        return tuple(texts)
    return (*texts[:MOST_LEFT_OUT], f"and {len(texts) - MOST_LEFT_OUT} more")
