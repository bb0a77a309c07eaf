"""Whether the selections of a claim's checks fit the reported table: columns and values that it does not hold.

A misspelt value would select nothing, and nothing is easily mistaken for a finding.
"""

from collections.abc import Iterator

from claimcheck.claim import Claim
from claimcheck.claim_files import ClaimFile
from claimcheck.documents import suggestion
from claimcheck.errors import Fault
from claimcheck.evidence.reported_table import ReportedTable
from claimcheck.prediction import BestOf, BetterThan, Counts, ReductionBy, Reports, TableCheck

Stranger = tuple[tuple[str | int, ...], str, str]


def faults_of(document: ClaimFile, table: ReportedTable) -> list[Fault]:
    """A fault for each column or value of a claim's checks that the table does not hold."""
    claim: Claim = document.value
    found: list[Fault] = []
    for a, atom in enumerate(claim.atoms):
        for p, prediction in enumerate(atom.reported):
            kind = next(name for name in prediction.__slots__ if getattr(prediction, name) is prediction.check)
            for where, what, next_move in _strangers(prediction.check, table):
                found.append(document.fault(("atoms", a, "reported", p, kind, *where), what, next_move))
    return found


def _strangers(check: TableCheck, table: ReportedTable) -> Iterator[Stranger]:
    for column, selected in check.where.items():
        if column not in table.columns:
            yield ("where", column), f"{table.path.name} has no column `{column}`", suggestion(column, table.columns)
            continue
        known = table.values(column)
        for number, value in enumerate(selected if isinstance(selected, tuple) else (selected,)):
            if str(value) not in known:
                place = ("where", column, number) if isinstance(selected, tuple) else ("where", column)
                yield place, f"no cell of {table.path.name} has {column} `{value}`", suggestion(str(value), known)
    if isinstance(check, BestOf | BetterThan | ReductionBy):
        yield from _competitors(check, table)
    if isinstance(check, Reports | Counts) and check.column not in table.columns:
        yield ("column",), f"{table.path.name} has no column `{check.column}`", suggestion(check.column, table.columns)


def _competitors(check: BestOf | BetterThan | ReductionBy, table: ReportedTable) -> Iterator[Stranger]:
    if check.among not in table.columns:
        yield ("among",), f"{table.path.name} has no column `{check.among}`", suggestion(check.among, table.columns)
        return
    known = table.values(check.among)
    names: list[tuple[tuple[str | int, ...], str]] = [(("arm",), check.arm)]
    if isinstance(check, BetterThan):
        names += [(("than", number), rival) for number, rival in enumerate(check.than)]
    if isinstance(check, ReductionBy):
        names.append((("against",), check.against))
    for place, name in names:
        if name not in known:
            yield place, f"no cell of {table.path.name} has {check.among} `{name}`", suggestion(name, known)
    if not isinstance(check, ReductionBy):
        for number, column in enumerate(check.average_over):
            if column not in table.columns:
                yield (("average_over", number), f"{table.path.name} has no column `{column}`",
                       suggestion(column, table.columns))
