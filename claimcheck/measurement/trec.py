"""TREC runs and judgments (qrels): read as values, or refused with every fault of the file; runs written.

A line of a run is `query Q0 document rank score tag`, one of judgments `query iteration document grade`. Columns stand between
white space as C has it, so an id may hold a no-break space; ids are opaque. As trec_eval does, ranks are ignored, scores are
compared as float32, and among equal scores the document whose id is larger in byte order stands first.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from claimcheck import files
from claimcheck.errors import UsageFault
from claimcheck.measurement import ir_metadata, trec_lines
from claimcheck.measurement.places import Labels

_RUN = trec_lines.Format(what="a run", columns=("query", "Q0", "document", "rank", "score", "tag"), after=1,
                         number=trec_lines.score, wanted="a finite number of 32 bits")
_JUDGMENTS = trec_lines.Format(what="judgments", columns=("query", "iteration", "document", "grade"), after=0,
                               number=trec_lines.grade, wanted="a whole number of 32 bits")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrecRun:
    """A run as it stands in its file, (n,) lines: no document stands twice for a query, every score is finite.

    Names of `query` and `document` stand in the order in which they first appear. `line`: in the file, from 1. `metadata`: the
    lines of its ir_metadata header, YAML, without their `# `; empty where there is none.
    """

    path: Path
    query: Labels
    document: Labels
    score: NDArray[np.float32]
    line: NDArray[np.int32]
    metadata: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgments:
    """Judgments as they stand in their file, (n,) lines: a document is relevant from grade 1. The rest is as in `TrecRun`."""

    path: Path
    query: Labels
    document: Labels
    grade: NDArray[np.int32]
    line: NDArray[np.int32]


def read_run(path: Path) -> TrecRun:
    """Read a run; lines before the first of it that begin with `#` are comments.

    Raises CorruptInput: as `trec_lines.columns` does, every faulty line at once. Raises OSError: the file cannot be read.
    """
    lines = _lines(path)
    head = next((number for number, line in enumerate(lines) if not _is_comment(line)), len(lines))
    read = trec_lines.columns(path, lines, head, _RUN)
    return TrecRun(path=path, query=read.query, document=read.document, score=read.number.astype(np.float32), line=read.line,
                   metadata=ir_metadata.within(line.decode().rstrip("\r") for line in lines[:head]))


def read_judgments(path: Path) -> Judgments:
    """Read judgments. Raises as `read_run` does."""
    read = trec_lines.columns(path, _lines(path), 0, _JUDGMENTS)
    return Judgments(path=path, query=read.query, document=read.document, grade=read.number.astype(np.int32), line=read.line)


def write_run(path: Path, lists: Mapping[str, Mapping[str, float]], tag: str,
              metadata: Mapping[str, ir_metadata.Value] | None = None) -> None:
    """Write a run in one step. `lists` is query -> document -> score; a query without documents leaves no line.

    Queries stand in their order, documents as their scores rank them, with ranks from 1 that say the same. Scores have 9
    digits, which give the same float32 again. `metadata` stands before them as comments (see `ir_metadata.header`), with
    the tag; None leaves the header out, since most readers in Python take a comment for a line of the run.

    Raises UsageFault: an id or the tag holds white space or is no UTF-8, a score is not finite as float32, there is no line to
    write, the metadata are of another kind, or the file cannot be written.
    """
    column(tag)
    rows = [row for query, scores in lists.items() for row in _rows(query, scores, tag)]
    if not rows:
        raise UsageFault(f"{path}: a run without a line cannot be read again; give at least one document of one query")
    head = () if metadata is None else ir_metadata.header({**metadata, "tag": tag})
    _write(path, (*head, *rows))


def write_judgments(path: Path, judgments: Mapping[str, Mapping[str, int]]) -> None:
    """Write judgments in one step, `judgments` being query -> document -> grade, in their order. Raises as `write_run` does."""
    rows = [f"{column(query)} 0 {column(document)} {grade}" for query, grades in judgments.items()
            for document, grade in grades.items()]
    if not rows:
        raise UsageFault(f"{path}: judgments without a line cannot be read again; give at least one document of one query")
    _write(path, rows)


def column(identifier: str) -> str:
    """The id. Raises UsageFault: white space in it, or none of it, would move the columns of a line."""
    if identifier.split() != [identifier]:
        raise UsageFault(f"the id {identifier!r} cannot be written: ids must have no white space and not be empty")
    return identifier


def _rows(query: str, scores: Mapping[str, float], tag: str) -> list[str]:
    """The lines of one query."""
    column(query)
    with np.errstate(over="ignore"):
        kept = {column(document): float(np.float32(score)) for document, score in scores.items()}
    for document, score in kept.items():
        if not math.isfinite(score):
            raise UsageFault(f"the score {scores[document]} of the document {document!r} for the query {query!r} cannot be "
                             "written; give a finite number of 32 bits")
    ranked = sorted(kept, key=lambda document: (kept[document], document), reverse=True)  # code points sort as UTF-8's bytes do
    return [f"{query} Q0 {document} {rank} {kept[document]:.9g} {tag}" for rank, document in enumerate(ranked, 1)]


def _write(path: Path, rows: Sequence[str]) -> None:
    try:
        content = "".join(f"{row}\n" for row in rows).encode()
        path.parent.mkdir(parents=True, exist_ok=True)
        _put(path, content)
    except UnicodeEncodeError as error:  # half a surrogate pair, which JSON can spell and UTF-8 cannot
        raise UsageFault(f"{path}: an id cannot be written as UTF-8 ({error.reason})") from None
    except OSError as error:
        raise UsageFault(f"{path}: cannot be written ({error.strerror}); name another file") from None


def _put(path: Path, content: bytes) -> None:
    made = files.beside(path, content)
    try:
        os.replace(made, path)
    except OSError:
        made.unlink(missing_ok=True)
        raise


def _lines(path: Path) -> list[bytes]:
    lines = path.read_bytes().split(b"\n")
    return lines if lines[-1] else lines[:-1]


def _is_comment(line: bytes) -> bool:
    return line.startswith(b"#") and line.split()[1:2] != [b"Q0"]  # the id of a query may begin with # as well
