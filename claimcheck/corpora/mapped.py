"""Tables of texts in Arrow IPC files, mapped into memory and read by row without the others; how a packed corpus is sealed.

A file is uncompressed, in record batches of the same number of rows but the last, every column `large_string`.
"""

import hashlib
import json
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from claimcheck.errors import CorruptInput, Fault
from claimcheck.run import digest_of

_FILES, _BATCHES = 256, 8192  # kept open at most in a process; a batch that is kept takes about 2 KB, its texts lie in the file
_READING = threading.Lock()
_AGAIN = "pack the corpus again, or copy it anew"


class Stored(Protocol):
    """A file of a packed corpus: where it lies, and what `pairs.json` says of it."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        ...

    @property
    def bytes(self) -> int:
        """Its size."""
        ...

    @property
    def sha256(self) -> str:
        """Its digest."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a record batch as it lies in the file. `valid`: a bit a row, lowest first; None where no text is null."""

    rows: int
    valid: NDArray[np.uint8] | None
    offsets: NDArray[np.int64]
    data: memoryview

    def text(self, row: int) -> str | None:
        """The text of a row. Raises ValueError: it does not lie within the file, or is no UTF-8."""
        if self.valid is not None and not self.valid[row >> 3] >> (row & 7) & 1:
            return None
        start, end = self.offsets[row:row + 2].tolist()
        if not 0 <= start <= end <= len(self.data):
            raise ValueError(f"bytes {start} to {end} of {len(self.data)}")
        return str(self.data[start:end], "utf-8")

    def stands(self) -> NDArray[np.bool_]:
        """Which rows are not null, shape (rows,)."""
        if self.valid is None:
            return np.ones(self.rows, dtype=bool)
        return np.unpackbits(self.valid, count=self.rows, bitorder="little").view(np.bool_)


def schema(names: Sequence[str]) -> Any:
    """The columns of a file, as pyarrow's schema."""
    import pyarrow  # type: ignore[import-untyped]

    return pyarrow.schema([(name, pyarrow.large_string()) for name in names])


@lru_cache(maxsize=_BATCHES)
def columns(path: Path, sha256: str, number: int, rows: int, names: tuple[str, ...]) -> tuple[Column, ...]:
    """The columns of a record batch of `rows` rows. Raises CorruptInput: it has others, or cannot be read."""
    import pyarrow

    made = []
    try:
        with _READING:  # pyarrow does not promise that two threads may use one reader
            batch = _reader(path, sha256).get_batch(number)
        if (batch.num_rows, batch.schema) != (rows, schema(names)):
            raise ValueError(f"{batch.num_rows} rows instead of {rows}, or other columns")
        for column in batch.columns:
            # read by hand: pyarrow trusts the offsets in a file, and damaged ones would end the process
            valid, offsets, data = column.buffers()
            made.append(Column(rows=rows, offsets=np.frombuffer(offsets, np.int64, rows + 1), data=memoryview(data or b""),
                               valid=None if valid is None else np.frombuffer(valid, np.uint8, -(-rows // 8))))
    except (pyarrow.ArrowException, OSError, ValueError, TypeError) as error:
        raise CorruptInput([fault(path, f"the record batch {number} is damaged: {error}")]) from None
    return tuple(made)


@lru_cache(maxsize=_FILES)
def _reader(path: Path, sha256: str) -> Any:  # noqa: ARG001 - another content under the same path is another file
    return _opened(path)


def _opened(path: Path) -> Any:
    """A reader of record batches that maps the file. Raises OSError or pyarrow.ArrowException: it is none."""
    import pyarrow

    return pyarrow.ipc.open_file(pyarrow.memory_map(str(path)))


def table_difference(part: Stored, names: Sequence[str], batches: int) -> str:
    """What is wrong with a table by its size and layout; empty if nothing is."""
    import pyarrow

    if found := size_difference(part):
        return found
    try:
        reader = _opened(part.path)
    except (pyarrow.ArrowException, OSError) as error:
        return f"cannot be read as Arrow IPC: {error}"
    if reader.schema != schema(names):
        held = ", ".join(f"{each.name} ({each.type})" for each in reader.schema)
        return f"holds the columns {held} instead of {', '.join(names)} (each large_string)"
    if batches != reader.num_record_batches:
        return f"the number of record batches is {reader.num_record_batches} instead of {batches}"
    return ""


def size_difference(part: Stored) -> str:
    """What is wrong with a file by its size; empty if nothing is."""
    try:
        size = part.path.stat().st_size
    except OSError as error:
        return "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
    return "" if size == part.bytes else f"holds {size} bytes instead of {part.bytes}" + (
        ", it is cut off" if size < part.bytes else "")


def digest_faults(files: Iterable[Stored], whole: str) -> list[Fault]:
    """Every file that differs from its digest, or cannot be read; every byte is read."""
    faults = []
    for part in files:
        try:
            with part.path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != part.sha256:
                    faults.append(differs(part.path, whole))
        except OSError as error:
            faults.append(fault(part.path, f"cannot be read: {error.strerror}"))
    return faults


def differs(path: Path, whole: str) -> Fault:
    """The fault of a file that is not as its digest says."""
    return fault(path, f"differs from the digest in {whole}")


def unseal(path: Path) -> dict[str, Any]:
    """A JSON that holds the digest of itself, so its keys need no check of their own. Raises CorruptInput: it is none."""
    try:
        found = json.loads(path.read_bytes())
        if found["sha256"] == digest_of({key: value for key, value in found.items() if key != "sha256"}):
            return dict(found)
        what = "differs from the digest of itself that it holds"
    except FileNotFoundError:
        what = "is missing"
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        what = f"cannot be read, it is damaged: {error}"
    raise CorruptInput([fault(path, what)])


def fault(path: Path, what: str, line: int = 1) -> Fault:
    """A fault of a file of a packed corpus."""
    return Fault(path=path, line=line, what=what, next_move=_AGAIN)
