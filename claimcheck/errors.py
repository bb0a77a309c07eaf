"""The exceptions of claimcheck, and whose turn it is after each.

    ClaimcheckError          every error that claimcheck raises on purpose
    +-- UsageFault           the caller's turn: an option, a path or an id is wrong     (status 2)
    +-- FileFaults           the author's turn: claim or reproduction files are faulty  (status 2)
    +-- CorruptInput         the data's turn: an input file cannot be read as data      (status 1)
    +-- MeasurementFailed    the machine's turn: a run could not be carried out         (status 1)

A verdict is never an exception: failing to confirm a claim is a result, failing to measure is an error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


def printable(text: str) -> str:
    """The text on one line, characters that could steer a terminal or forge a line given as escapes."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Fault:
    """One thing that is wrong in one file: where, what, and the next move.

    `line` and `column` count from 1; a fault of the whole file stands at 1:1.
    """

    path: Path
    line: int = 1
    column: int = 1
    what: str
    next_move: str

    def __str__(self) -> str:
        return printable(f"{self.path}:{self.line}:{self.column}: {self.what}; {self.next_move}")


class ClaimcheckError(Exception):
    """An error that claimcheck raises on purpose; `exit_status` is what the command ends with."""

    exit_status = 1


class UsageFault(ClaimcheckError):
    """An option, a path or an id given on the command line cannot be used."""

    exit_status = 2


class _Faults(ClaimcheckError):
    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)))

    def __reduce__(self) -> tuple[type["_Faults"], tuple[tuple[Fault, ...]]]:
        return type(self), (self.faults,)  # so that a worker process can hand it on


class FileFaults(_Faults):
    """Claim or reproduction files are faulty; `faults` holds every fault of every file, in order."""

    exit_status = 2


class CorruptInput(_Faults):
    """An input file (a reported table, a data set) cannot be read as the data that it should be."""

    exit_status = 1


class MeasurementFailed(ClaimcheckError):
    """A run could not be carried out; what was done before is kept."""

    exit_status = 1
