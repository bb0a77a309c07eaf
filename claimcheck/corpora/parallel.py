"""Parallel pairs of any number in a folder, which `parallel_writing` packs: opened, checked, read by row without the others.

`<data folder>/parallel/<name>/` holds `<language>.arrow` for each language: Arrow IPC, uncompressed, record batches of the same
number of rows but the last, columns `query`, `passage` and `negative`. Row i is item i in every language; an item that does not
stand in a language has null query and null passage there. `pairs.json` says what there must be and holds a digest of itself.
No file holds a time or a path.
"""

import hashlib
import json
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claimcheck.corpora.pairs import PairTexts
from claimcheck.errors import CorruptInput, Fault
from claimcheck.run import digest_of

PACKED = "packed"
"""In place of a language, where the files of data sets are named: the folder of a packed corpus."""
FOLDER, WHOLE = "parallel", "pairs.json"
COLUMNS = ("query", "passage", "negative")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""What a packed corpus may be called."""

_FILES, _BATCHES = 256, 8192  # kept open at most in a process; a batch that is kept takes about 2 KB, its texts lie in the file
_READING = threading.Lock()
_AGAIN = "pack the corpus again, or copy it anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The file of one language. `items`: how many stand in it; `negatives`: how many of them come with one."""

    path: Path
    bytes: int
    sha256: str
    items: int
    negatives: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedPairs:
    """A packed corpus, as `Pairs`. It holds paths and no texts, so that it is handed to a worker process at no cost.

    `rows`: how many a record batch holds. `digest`: SHA-256 (hex) over all that `pairs.json` says, the digests of the files
    included. `licence`, `source` and `citation`: as given when it was packed, perhaps empty.
    """

    folder: Path
    name: str
    count: int
    rows: int = field(repr=False)
    parts: Mapping[str, Part] = field(repr=False)
    licence: str = field(repr=False)
    source: str = field(repr=False)
    citation: str = field(repr=False)
    digest: str

    @property
    def languages(self) -> tuple[str, ...]:
        """See `Pairs`."""
        return tuple(sorted(self.parts))

    @property
    def bytes(self) -> int:
        """Size of all its files of texts."""
        return sum(part.bytes for part in self.parts.values())

    def stands(self, language: str) -> NDArray[np.bool_]:
        """See `Pairs`. Reads one bit an item. Raises CorruptInput: the file was damaged since it was opened."""
        part = self.parts[language]
        found = np.concatenate([self._columns(part, number)[0].stands() for number in range(-(-self.count // self.rows))])
        found.flags.writeable = False
        return found

    def texts(self, language: str, items: NDArray[np.int64]) -> PairTexts:
        """See `Pairs`; items in any order, with repeats. Reads only the texts that it gives.

        Raises ValueError: an item that does not stand in the language, or is none; CorruptInput: the file is damaged there.
        """
        part = self.parts[language]
        if len(items) and not 0 <= items.min() <= items.max() < self.count:
            raise ValueError(f"items are 0 to {self.count - 1}, not {items.min()} to {items.max()}")
        found: tuple[list[str | None], ...] = ([], [], [])
        for item in items.tolist():
            number, row = divmod(item, self.rows)
            for column, texts in zip(self._columns(part, number), found, strict=True):
                try:
                    texts.append(column.text(row))
                except ValueError as error:  # bytes that are no UTF-8 are one
                    raise CorruptInput([_fault(part.path, f"the text of item {item} is damaged: {error}", item + 1)]) from None
        queries, passages, negatives = found
        if None in queries or None in passages:
            raise ValueError(f"an item does not stand in {language}; make the plan from the same training pairs")
        return PairTexts(queries=tuple(each for each in queries if each is not None),
                         passages=tuple(each for each in passages if each is not None), negatives=tuple(negatives))

    def _columns(self, part: Part, number: int) -> tuple["_Column", ...]:
        return _columns(part.path, part.sha256, number, min(self.rows, self.count - number * self.rows))


def open_pairs(folder: Path) -> StreamedPairs:
    """The packed corpus of a folder. Looks at the size and layout of every file, not at its texts.

    Raises CorruptInput, for every file: it is missing, cut off, of another length or another type than `pairs.json` says, or
    that itself is missing or damaged.
    """
    stated = _unseal(folder / WHOLE)
    parts = {language: Part(path=folder / f"{language}.arrow", **each) for language, each in stated["languages"].items()}
    pairs = StreamedPairs(folder=folder, name=stated["name"], count=stated["count"], rows=stated["rows"], parts=parts,
                          licence=stated["licence"], source=stated["source"], citation=stated["citation"],
                          digest=stated["sha256"])
    if faults := [_fault(part.path, what) for part in parts.values() if (what := _difference(pairs, part))]:
        raise CorruptInput(faults)
    return pairs


def verify(pairs: StreamedPairs) -> None:
    """Read every byte of every file. Raises CorruptInput: every file that differs from its digest, or cannot be read."""
    faults = []
    for part in pairs.parts.values():
        try:
            with part.path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != part.sha256:
                    faults.append(_fault(part.path, f"differs from the digest in {WHOLE}"))
        except OSError as error:
            faults.append(_fault(part.path, f"cannot be read: {error.strerror}"))
    if faults:
        raise CorruptInput(faults)


def packed(places: Sequence[Path]) -> dict[str, Path]:
    """Name -> folder of the packed corpora in some data folders, by name; the first folder that has one counts."""
    found: dict[str, Path] = {}
    for name, folder in (each for place in places for each in _within(place)):
        found.setdefault(name, folder)
    return dict(sorted(found.items()))


def locate(name: str, places: Sequence[Path]) -> Path | None:
    """The folder of a packed corpus in the first data folder that has it, whole or not."""
    return packed(places).get(name)


def schema() -> Any:
    """The columns of every file, as pyarrow's schema."""
    import pyarrow  # type: ignore[import-untyped]

    return pyarrow.schema([(name, pyarrow.large_string()) for name in COLUMNS])


def _within(place: Path) -> Iterator[tuple[str, Path]]:
    """Names and folders of what is packed in a data folder; one that cannot be read has nothing."""
    try:
        with os.scandir(place / FOLDER) as entries:
            yield from ((each.name, Path(each.path)) for each in entries if NAME.fullmatch(each.name) and each.is_dir())
    except OSError:
        return


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
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


@lru_cache(maxsize=_BATCHES)
def _columns(path: Path, sha256: str, number: int, rows: int) -> tuple[_Column, ...]:
    """The columns of a record batch of `rows` rows. Raises CorruptInput: it has others, or cannot be read."""
    import pyarrow

    made = []
    try:
        with _READING:  # pyarrow does not promise that two threads may use one reader
            batch = _reader(path, sha256).get_batch(number)
        if (batch.num_rows, batch.schema) != (rows, schema()):
            raise ValueError(f"{batch.num_rows} rows instead of {rows}, or other columns")
        for column in batch.columns:
            # read by hand: pyarrow trusts the offsets in a file, and damaged ones would end the process
            valid, offsets, data = column.buffers()
            made.append(_Column(rows=rows, offsets=np.frombuffer(offsets, np.int64, rows + 1), data=memoryview(data or b""),
                                valid=None if valid is None else np.frombuffer(valid, np.uint8, -(-rows // 8))))
    except (pyarrow.ArrowException, OSError, ValueError, TypeError) as error:
        raise CorruptInput([_fault(path, f"the record batch {number} is damaged: {error}")]) from None
    return tuple(made)


@lru_cache(maxsize=_FILES)
def _reader(path: Path, sha256: str) -> Any:  # noqa: ARG001 - another content under the same path is another file
    return _opened(path)


def _opened(path: Path) -> Any:
    """A reader of record batches that maps the file. Raises OSError or pyarrow.ArrowException: it is none."""
    import pyarrow

    return pyarrow.ipc.open_file(pyarrow.memory_map(str(path)))


def _difference(pairs: StreamedPairs, part: Part) -> str:
    """What is wrong with a file by its size and layout; empty if nothing is."""
    import pyarrow

    try:
        if (size := part.path.stat().st_size) != part.bytes:
            return f"holds {size} bytes instead of {part.bytes}" + (", it is cut off" if size < part.bytes else "")
        reader = _opened(part.path)
    except (pyarrow.ArrowException, OSError) as error:
        return "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read as Arrow IPC: {error}"
    if reader.schema != schema():
        held = ", ".join(f"{each.name} ({each.type})" for each in reader.schema)
        return f"holds the columns {held} instead of {', '.join(COLUMNS)} (each large_string)"
    if (batches := -(-pairs.count // pairs.rows)) != reader.num_record_batches:
        return f"the number of record batches is {reader.num_record_batches} instead of {batches}"
    return ""


def _unseal(path: Path) -> dict[str, Any]:
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
    raise CorruptInput([_fault(path, what)])


def _fault(path: Path, what: str, line: int = 1) -> Fault:
    return Fault(path=path, line=line, what=what, next_move=_AGAIN)
