"""Findings about the reported tables themselves: misprints, means, granularity. They never enter a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from claimcheck.errors import CorruptInput, Fault
from claimcheck.evidence.fits import agreement, granularity, mean_reproduces
from claimcheck.evidence.numbers import About
from claimcheck.evidence.reported_table import ReportedTable, Row, read_csv, read_number
from claimcheck.finding import Cell, Count, Outcome, Source
from claimcheck.prediction import Granularity, MeanReproduces

PRINTED_ELSEWHERE = "printed_elsewhere.csv"
_ELSEWHERE_HEADER = ["place", "item", "printed", "compare_with", "compared_value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFinding:
    """What one check of the tables found, and how to read a cell that does not fit."""

    says: str
    reads: str
    count: Count


def audit(table: ReportedTable, sizes: Sequence[tuple[str, Granularity]]) -> tuple[AuditFinding, ...]:
    """All checks of one table and of what is printed elsewhere beside it. `sizes`: what to say, which n are admissible.

    Raises CorruptInput: `printed_elsewhere.csv` stands beside the table and cannot be read.
    """
    findings = [
        AuditFinding(says="Printed means and medians, recomputed from their cells",
                     reads="A cell that does not fit points to a misprint of the mean or of one of its parts.",
                     count=mean_reproduces(MeanReproduces(), table)),
        AuditFinding(says="Numbers that stand in two tables",
                     reads="A cell that does not fit points to a misprint in one of the two tables.",
                     count=_in_two_tables(table))]
    elsewhere = table.path.parent / PRINTED_ELSEWHERE
    if elsewhere.is_file():
        findings.append(AuditFinding(says="Numbers printed in the text or in other tables",
                                     reads="A number that does not fit points to a misprint, here or there.",
                                     count=_printed_elsewhere(elsewhere)))
    findings += [_granularity(says, admissible, table) for says, admissible in sizes]
    return tuple(findings)


def _granularity(says: str, admissible: Granularity, table: ReportedTable) -> AuditFinding:
    """How many rates fit each admissible n, and any of them."""
    counts = {name: granularity(Granularity(admissible={name: size}, where=admissible.where), table)
              for name, size in admissible.admissible.items()}
    each = "; ".join(f"n = {name}: {count.number(Outcome.HOLDS)} of {count.total}" for name, count in counts.items())
    return AuditFinding(says=f"{says} ({each})", count=granularity(admissible, table),
                        reads="A rate that fits no admissible n is a question about n, not an error of the paper.")


def _in_two_tables(table: ReportedTable) -> Count:
    same: dict[About, list[Row]] = {}
    for row in table.rows:
        same.setdefault(tuple((key, value) for key, value in row.keys.items() if key != "table"), []).append(row)
    cells: list[Cell] = []
    for about, rows in same.items():
        coarse, *others = sorted(rows, key=lambda row: row.printed.decimals)
        for row in others:
            places = ("tables", f"{coarse.keys.get('table', '?')} and {row.keys.get('table', '?')}")
            cells.append(agreement((places, *about), ("in the first", coarse.printed), ("in the second", row.printed),
                                   coarse.printed.slack + row.printed.slack, (coarse.source, row.source)))
    return Count(asks="both tables print the same number", cells=tuple(cells))


def _printed_elsewhere(path: Path) -> Count:
    _, lines = read_csv(path)
    if not lines or lines[0].fields != _ELSEWHERE_HEADER:
        raise CorruptInput([Fault(path=path, what="the first line does not name the columns",
                                  next_move=f"write {','.join(_ELSEWHERE_HEADER)}")])
    cells, faults = [], []
    for line in lines[1:]:
        if len(line.fields) != len(_ELSEWHERE_HEADER):
            faults.append(Fault(path=path, line=line.number, what=f"{len(line.fields)} fields where the header names "
                                f"{len(_ELSEWHERE_HEADER)}", next_move="give one field a column"))
            continue
        place, item, _, compare_with, _ = line.fields
        try:
            printed, compared = read_number(line.fields[2]), read_number(line.fields[4])
        except ValueError as error:
            faults.append(Fault(path=path, line=line.number, what=str(error), next_move="give the number as it is printed"))
            continue
        about = (("place", place), ("item", item), ("compared with", compare_with))
        cells.append(agreement(about, ("printed", printed), ("there", compared), printed.slack + compared.slack,
                               (Source(file=path.name, line=line.number, printed=line.fields[2]),)))
    if faults:
        raise CorruptInput(faults)
    return Count(asks="the printed number agrees with the one that it repeats", cells=tuple(cells))
