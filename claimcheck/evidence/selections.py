"""Whether the selections of a claim's checks fit the reported table: columns and values that it does not hold.

A misspelt value would select nothing, and nothing is easily mistaken for a finding. What is nearly printed is a slip of the
pen and a fault; what is not printed at all may be the finding, so it is a doubt, of which the author is told.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from claimcheck.claim_files import ClaimFile
from claimcheck.documents import Document, suggestion
from claimcheck.errors import Fault
from claimcheck.evidence.reported_table import SUMMARIES, SUMMARY_COLUMN, ReportedTable
from claimcheck.prediction import BestOf, BetterThan, Counts, ReductionBy, Reports, Selected, Setting, TableCheck
from claimcheck.reproduction import PrintedNumbers, Reproduction
from claimcheck.reproduction_files import ReproductionFile

_NEARLY = 0.75
_SUMMARY_WORDS = frozenset({"mean", "median", "average", "avg", "avg.", "overall"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """Something that a check names and the table does not hold; `slip` where that cannot be meant."""

    where: tuple[str | int, ...]
    what: str
    next_move: str
    slip: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfits:
    """Faults that must be mended, and doubts that a run can go on with: what they select is open."""

    faults: tuple[Fault, ...]
    doubts: tuple[Fault, ...]


def misfits(document: ClaimFile, table: ReportedTable) -> Misfits:
    """What the checks of a claim name and the table does not hold."""
    found: list[tuple[Stranger, Fault]] = []
    for a, atom in enumerate(document.value.atoms):
        for p, prediction in enumerate(atom.reported):
            kind = next(name for name in prediction.__slots__ if getattr(prediction, name) is prediction.check)
            found += _placed(document, ("atoms", a, "reported", p, kind), _strangers(prediction.check, table))
    return _sorted(found)


def misfits_of_audits(document: ReproductionFile, table: ReportedTable) -> Misfits:
    """What the audits of a reproduction name and the table does not hold."""
    found: list[tuple[Stranger, Fault]] = []
    for number, audit in enumerate(document.value.audits):
        found += _placed(document, ("audits", number, "granularity"), _where(audit.granularity.where, table))
    return _sorted(found)


def misfits_of_printed(document: ReproductionFile, table: ReportedTable) -> Misfits:
    """What a reproduction says of the printed numbers and the table does not hold: columns, values, and names of our own.

    A stated name that is printed nowhere, while another way to write it is, is a slip: nothing would be compared in silence.
    """
    printed = document.value.printed
    if printed is None:
        return Misfits(faults=(), doubts=())
    found = _placed(document, ("printed",), _where(printed.where, table, sums=False))
    for item in fields(printed.columns):
        if (column := getattr(printed.columns, item.name)) is not None:
            found += _placed(document, ("printed",), _of_part(document.value, printed, item.name, column, table))
    return _sorted(found)


def _of_part(reproduction: Reproduction, printed: PrintedNumbers, part: str, column: str,
             table: ReportedTable) -> Iterator[Stranger]:
    """What one column of the printed numbers is said to hold and does not."""
    if column not in table.columns:
        yield _no_column(("columns", part), column, table)
        return
    known = table.values(column)
    renamed: Mapping[str, str] = getattr(printed.values, part)
    for name, value in renamed.items():
        if value not in known:  # what another name stands for is no slip of the pen for this one
            others = [each for each in known if each not in renamed.values()]
            yield _no_value(("values", part, name), column, value, others, table)
    if part == "language":
        if printed.mean not in known:
            yield _no_value(("mean",), column, printed.mean, known, table)
        return
    states = reproduction.paper.states
    stated = {"arm": states.arms, "backbone": states.backbones, "dataset": states.data.evaluate, "setting": tuple(Setting),
              "measure": states.measures}[part]
    names = [str(name) for name in stated if name not in renamed]
    unused = [value for value in known if value not in {printed.called(part, str(name)) for name in stated}]
    for name in names:
        if name not in known and (near := _near(name, unused)):
            yield Stranger(where=("columns", part), slip=True,
                           next_move=f"say what is printed: `values: {{{part}: {{{name}: {near}}}}}`",
                           what=f"no cell of {table.path.name} has {column} `{name}`, and one has `{near}`")
    if names == [str(name) for name in stated] and not set(names) & set(known):
        yield Stranger(where=("columns", part), slip=False, next_move=f"say under `values: {part}` what is printed for each",
                       what=f"no cell of {table.path.name} has {column} {', '.join(f'`{name}`' for name in names)}: nothing "
                            "printed is compared with a re-run")


def _placed(document: Document[Any], place: tuple[str | int, ...],
            strangers: Iterable[Stranger]) -> list[tuple[Stranger, Fault]]:
    return [(each, document.fault((*place, *each.where), each.what, each.next_move)) for each in strangers]


def _sorted(found: Iterable[tuple[Stranger, Fault]]) -> Misfits:
    found = list(found)
    return Misfits(faults=tuple(fault for stranger, fault in found if stranger.slip),
                   doubts=tuple(fault for stranger, fault in found if not stranger.slip))


def _strangers(check: TableCheck, table: ReportedTable) -> Iterator[Stranger]:
    yield from _where(check.where, table)
    if isinstance(check, BestOf | BetterThan | ReductionBy):
        yield from _competitors(check, table)
    if isinstance(check, Reports | Counts) and check.column not in table.columns:
        yield _no_column(("column",), check.column, table)
    elif isinstance(check, Reports):
        for number, value in enumerate(check.values):
            others = [each for each in table.values(check.column) if each not in check.values]
            if value not in table.values(check.column) and _near(value, others):
                yield _no_value(("values", number), check.column, value, others, table)


def _where(where: Mapping[str, Selected], table: ReportedTable, *, sums: bool = True) -> Iterator[Stranger]:
    """Strangers of a selection; with `sums` also what sums up other cells in it unsaid."""
    fits = True
    for column, selected in where.items():
        if column not in table.columns:
            fits = False
            yield _no_column(("where", column), column, table)
            continue
        several = isinstance(selected, tuple)
        for number, value in enumerate(selected if isinstance(selected, tuple) else (selected,)):
            if str(value) not in table.values(column):
                fits = False
                place = ("where", column, number) if several else ("where", column)
                yield _no_value(place, column, str(value), table.values(column), table)
    for column in table.columns if sums else ():
        words = [value for value in table.values(column) if value.casefold() in _SUMMARY_WORDS]
        if words and column not in where and (column != SUMMARY_COLUMN or set(words) - SUMMARIES):
            yield Stranger(where=("where",), slip=False, next_move="select the values that are meant",
                           what=f"{column} holds `{words[0]}`, which counts as a value like any other: only mean and median "
                                f"in the column {SUMMARY_COLUMN} are known to sum up other cells")
    if fits and not table.matching(where):
        yield Stranger(where=("where",), slip=False, next_move="widen the selection, or leave it: the check stays open",
                       what=f"no cell of {table.path.name} has all of this at once")


def _competitors(check: BestOf | BetterThan | ReductionBy, table: ReportedTable) -> Iterator[Stranger]:
    if check.among not in table.columns:
        yield _no_column(("among",), check.among, table)
        return
    known = table.values(check.among)
    names: list[tuple[tuple[str | int, ...], str]] = [(("arm",), check.arm)]
    if isinstance(check, BetterThan):
        names += [(("than", number), rival) for number, rival in enumerate(check.than)]
    if isinstance(check, ReductionBy):
        names.append((("against",), check.against))
    for place, name in names:
        if name not in known:
            yield _no_value(place, check.among, name, known, table)
    for number, column in enumerate(() if isinstance(check, ReductionBy) else check.average_over):
        if column not in table.columns:
            yield _no_column(("average_over", number), column, table)


def _no_column(where: tuple[str | int, ...], column: str, table: ReportedTable) -> Stranger:
    return Stranger(where=where, what=f"{table.path.name} has no column `{column}`", slip=True,
                    next_move=suggestion(column, table.columns))


def _no_value(where: tuple[str | int, ...], column: str, value: str, known: Iterable[str], table: ReportedTable) -> Stranger:
    near = _near(value, known)
    move = f"did you mean `{near}`?" if near else "correct it, or leave it: what it selects stays open"
    return Stranger(where=where, what=f"no cell of {table.path.name} has {column} `{value}`", slip=bool(near), next_move=move)


def _near(value: str, known: Iterable[str]) -> str:
    """The printed value that was probably meant, or nothing. Numbers are never near one another."""
    close = [] if value.isdigit() else difflib.get_close_matches(value, list(known), n=1, cutoff=_NEARLY)
    return close[0] if close else ""
