"""The lines of TREC files as columns, or every fault of them. What the columns mean is said in `trec`."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from claimcheck.errors import CorruptInput, Fault
from claimcheck.measurement.places import Labels

MOST = 20
"""So many faulty lines of a file are told of by themselves; of the others only how many they are."""
_TOO_LARGE = 2.0**128 - 2.0**103
"""The smallest score that is rounded to an infinite float32: halfway from the largest finite one to 2^128."""
_LARGEST_GRADE = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """`columns`: their names, the query first and the document third. `number`: what the last but `after` of them says, NaN
    where that is not `wanted`.
    """

    what: str
    columns: tuple[str, ...]
    after: int
    number: Callable[[bytes], float]
    wanted: str

    @property
    def at(self) -> int:
        """Which column holds the number, from 0."""
        return len(self.columns) - 1 - self.after


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """What stands in a file, (n,) each: no document twice for a query, every number as wanted. `line` counts from 1."""

    query: Labels
    document: Labels
    number: NDArray[np.float64]
    line: NDArray[np.int32]


def columns(path: Path, lines: Sequence[bytes], head: int, form: Format) -> Columns:
    """The columns of the lines after the first `head`; names of queries and documents as they first appear.

    Raises CorruptInput: there is none, a line has other columns or is not UTF-8, a number is not as wanted, or a document
    stands twice for a query.
    """
    if len(lines) == head:
        raise CorruptInput([Fault(path=path, what=f"holds no line of {form.what}", next_move="give the file that was meant")])
    queries: dict[bytes, int] = {}
    documents: dict[bytes, int] = {}
    query, document, number, kept, odd = [], [], [], [], []
    width, at, read = len(form.columns), form.at, form.number
    for line, text in enumerate(islice(lines, head, None), head + 1):
        parts = text.split()
        if len(parts) == width:
            query.append(queries.setdefault(parts[0], len(queries)))
            document.append(documents.setdefault(parts[2], len(documents)))
            number.append(read(parts[at]))
            kept.append(line)
        else:
            odd.append(line)
    numbers, at_line = np.array(number, np.float64), np.array(kept, np.int32)
    twice = _twice(np.array(query, np.int64) * len(documents) + np.array(document, np.int64), at_line)
    if wrong := {*odd, *twice, *at_line[np.isnan(numbers)].tolist(), *_not_utf_8(lines)}:
        raise refused(path, sorted(wrong), lambda line: _faults(path, line, lines[line - 1], form, twice))
    return Columns(query=_labels(queries, query), document=_labels(documents, document), number=numbers, line=at_line)


def refused(path: Path, lines: Sequence[int], faults_of: Callable[[int], Sequence[Fault]]) -> CorruptInput:
    """The error of a file with faulty lines, in order: the faults of the first MOST of them, and how many more there are."""
    faults = [fault for line in lines[:MOST] for fault in faults_of(line)]
    if (more := len(lines) - MOST) > 0:
        faults.append(Fault(path=path, line=lines[MOST], what=f"{more} more faulty line{'s' * (more > 1)} from here on",
                            next_move="mend those above first"))
    return CorruptInput(faults)


def score(text: bytes) -> float:
    """The number, NaN where there is none that is finite as float32."""
    try:
        value = math.nan if b"_" in text else float(text)  # of all readers Python alone takes 1_000 for a number
    except ValueError:
        return math.nan
    return value if -_TOO_LARGE < value < _TOO_LARGE else math.nan


def grade(text: bytes) -> float:
    """The whole number, NaN where there is none of up to 31 bits."""
    try:
        value = math.nan if b"_" in text or len(text) > len("-2147483647") else int(text)
    except ValueError:
        return math.nan
    return value if -_LARGEST_GRADE <= value <= _LARGEST_GRADE else math.nan


def _twice(pairs: NDArray[np.int64], lines: NDArray[np.int32]) -> dict[int, int]:
    """The line of each pair that stood before -> the line where it stood first."""
    order = np.argsort(pairs, kind="stable")
    new = np.diff(pairs[order], prepend=-1) != 0
    first = order[np.flatnonzero(new)][np.cumsum(new) - 1]
    return dict(zip(lines[order[~new]].tolist(), lines[first[~new]].tolist(), strict=True))


def _not_utf_8(lines: Sequence[bytes]) -> list[int]:
    try:
        b"\n".join(lines).decode()
    except UnicodeDecodeError:
        return [line for line, text in enumerate(lines, 1) if _shown(text).encode() != text]
    return []


def _faults(path: Path, line: int, text: bytes, form: Format, twice: Mapping[int, int]) -> list[Fault]:
    """Every fault of a faulty line."""
    made: list[Fault] = []

    def add(start: int, what: str, move: str) -> None:
        made.append(Fault(path=path, line=line, column=len(_shown(text[:start])) + 1, what=what, next_move=move))

    try:
        text.decode()
    except UnicodeDecodeError as error:
        add(error.start, f"the byte 0x{text[error.start]:02x} is not UTF-8", "save the file as UTF-8")
    parts = list(re.finditer(rb"\S+", text))
    if len(parts) != len(form.columns):
        add(0, f"{len(parts)} columns, where a line of {form.what} has {len(form.columns)}", f"write {' '.join(form.columns)}")
        return made
    query, document, number = (_shown(parts[at][0]) for at in (0, 2, form.at))
    if math.isnan(form.number(parts[form.at][0])):
        add(parts[form.at].start(), f"the {form.columns[form.at]} `{number}` of the document `{document}` for the query "
            f"`{query}` is not {form.wanted}", f"give {form.wanted}")
    if line in twice:
        add(parts[2].start(), f"the document `{document}` stands twice for the query `{query}`, first on line {twice[line]}",
            "keep one of the two lines")
    return made


def _shown(text: bytes) -> str:
    return text.decode(errors="replace")


def _labels(code: Mapping[bytes, int], codes: Sequence[int]) -> Labels:
    """The column of ids, their names as they first appear."""
    return Labels(names=tuple(b"\n".join(code).decode().split("\n")), codes=np.array(codes, np.int32))
