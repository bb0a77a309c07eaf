"""Pack triples of ids with tables of texts into the folder that `triples` reads, streaming, all or nothing.

A table of a language has lines `id TAB text`, in any order; whatever follows the first tab is the text. Triples have lines
`id TAB id TAB id`: a question, a passage that answers it, one that does not.
"""

import hashlib
import mmap
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from claimcheck.corpora.pair_sources import Faulty
from claimcheck.corpora.parallel import FOLDER, WHOLE, open_pairs
from claimcheck.corpora.parallel_writing import ROWS, TableWriter, named, placed, seal
from claimcheck.corpora.tabbed import DIGITS, Lines, pieces
from claimcheck.corpora.triples import KINDS, TABLES, TEXT, TRIPLES, TriplePairs
from claimcheck.errors import CorruptInput

_WHAT = {"queries": "question", "passages": "passage"}
_ROWS_AT_ONCE = 1 << 20  # triples that are looked at once, a multiple of 8
_DENSE = 8  # ids up to so many times their number are looked up in a table of all, others by search
_SCRATCH = ".scratch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The files of one language."""

    queries: Path
    passages: Path

    def path(self, kind: str) -> Path:
        """The file of a kind of texts."""
        return self.queries if kind == "queries" else self.passages


def pack_triples(tables: Mapping[str, Tables], triples: Path, folder: Path, *, name: str, licence: str = "",
                 source_note: str = "", citation: str = "", counted: Callable[[int], str] | None = None, rows: int = ROWS,
                 told: Callable[[int], None] | None = None) -> TriplePairs:
    """Pack `tables` (language -> files) and `triples` as the corpus `name` of a data folder, and open it.

    A text that is empty or white space does not stand. `counted`: see `parallel_writing.pack_items`. `told` is told how many
    bytes are read, up to the size of all files. Memory: ids and places of one table, 24 bytes a row, and the ids of all.
    Equal files, names and notes give equal bytes (of one version of pyarrow and numpy).

    Raises UsageFault: the name is taken or cannot be one, or the folder cannot be written; CorruptInput: every fault of every
    file (the first of each, and how many more): a line with too few fields, an id that is no number or stands twice, a text
    that is no UTF-8, a triple with an id that stands in no table, no items. Tables are looked at before triples.
    """
    if rows < 1:
        raise ValueError("a record batch holds at least one row")
    named(name)
    with placed(folder, name) as begun:
        made = _Packing(tables=tables, folder=begun, rows=rows, told=told)
        (begun / _SCRATCH).mkdir()
        ids = {kind: made.scanned(kind) for kind in TABLES}
        written = {(language, kind): made.table(language, kind, ids[kind]) for language in sorted(tables) for kind in TABLES}
        made.stop_at_faults()
        entry, count = made.triples(triples, ids)
        made.stop_at_faults()
        note = source_note if counted is None else counted(count)
        languages = {language: _spoken(language, begun, count, written) for language in sorted(tables)}
        shutil.rmtree(begun / _SCRATCH)
        seal(begun / WHOLE, {
            "form": TRIPLES, "name": name, "licence": licence, "source": note, "citation": citation, "rows": rows,
            "count": count, "sizes": {kind: len(ids[kind]) for kind in TABLES}, "languages": languages, "triples": entry})
    pairs = open_pairs(folder / FOLDER / name)
    assert isinstance(pairs, TriplePairs)
    return pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """A table that is written: what `pairs.json` says of it, and which rows hold a text, shape (rows,)."""

    entry: dict[str, Any]
    stands: NDArray[np.bool_]


class _Packing:
    """What one packing does, step by step; faults are kept until `stop_at_faults`."""

    def __init__(self, tables: Mapping[str, Tables], folder: Path, rows: int, told: Callable[[int], None] | None) -> None:
        self._tables, self._folder, self._rows, self._told = tables, folder, rows, told
        self._read = 0
        self._files: list[Faulty] = []

    def stop_at_faults(self) -> None:
        """Raises CorruptInput: there were faults."""
        if faults := [fault for file in self._files for fault in file.told()]:
            raise CorruptInput(faults)

    def scanned(self, kind: str) -> NDArray[np.int32]:
        """Find the lines of all tables of a kind; returns the ids of all languages, sorted, int32."""
        found = np.empty(0, dtype=np.int32)
        for language in sorted(self._tables):
            own = self._scan(self._tables[language].path(kind), self._scratch(language, kind))
            if not np.array_equal(own, found):
                found = np.union1d(found, own)
        return found

    def _scratch(self, language: str, kind: str) -> Path:
        return self._folder / _SCRATCH / f"{language}.{kind}.npy"

    def _scan(self, path: Path, place: Path) -> NDArray[np.int32]:
        """The ids of a table, sorted. `place` gets where each text lies in their order: byte, length and line."""
        file = Faulty(path=path)
        self._files.append(file)
        ids, starts, lengths = [], [], []
        try:
            for piece in pieces(path):
                tabs = piece.first_tabs()
                own = piece.numbers(piece.starts, np.where(tabs < 0, piece.starts, tabs))
                _tell_lines(file, piece, tabs, own)
                ids.append(own.astype(np.int32))
                starts.append(piece.at + tabs + 1)
                lengths.append((piece.ends - tabs - 1).astype(np.int32))
                self._step(len(piece.content) / 2)
        except OSError as error:
            file.fault(1, f"cannot be read: {error.strerror}")
        every = np.concatenate(ids) if ids else np.empty(0, dtype=np.int32)
        if not file.faulty and not len(every):
            file.fault(1, "holds nothing")
        if file.faulty:
            return np.empty(0, dtype=np.int32)
        lines = np.argsort(every, kind="stable") if np.any(every[1:] <= every[:-1]) else np.arange(len(every))
        every = every[lines]
        for twice in np.flatnonzero(every[1:] == every[:-1]).tolist():
            file.fault(int(lines[twice + 1]) + 1, f"the id `{every[twice]}` stands in line {lines[twice] + 1} already")
        spans = np.empty(len(every), dtype=[("start", np.int64), ("length", np.int32), ("line", np.int32)])
        spans["start"], spans["length"] = np.concatenate(starts)[lines], np.concatenate(lengths)[lines]
        spans["line"] = lines + 1
        np.save(place, spans)
        np.save(place.with_suffix(".ids.npy"), every)
        return every

    def table(self, language: str, kind: str, ids: NDArray[np.int32]) -> _Written:
        """Write the table of a language; row i is the text of `ids[i]`."""
        file = Faulty(path=self._tables[language].path(kind))
        self._files.append(file)
        stands = np.zeros(len(ids), dtype=bool)
        place = self._scratch(language, kind)
        if any(each.faulty for each in self._files):
            return _Written(entry={}, stands=stands)  # nothing will be kept
        spans, own = np.load(place, mmap_mode="r"), np.load(place.with_suffix(".ids.npy"), mmap_mode="r")
        writer = TableWriter(self._folder / f"{language}.{kind}.arrow", TEXT)
        try:
            with file.path.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
                for start in range(0, len(ids), self._rows):
                    wanted = ids[start:start + self._rows]
                    low, high = np.searchsorted(own, [wanted[0], wanted[-1] + 1]).tolist()
                    texts: list[bytes | None] = [None] * len(wanted)
                    batch = spans[low:high]
                    places = np.searchsorted(wanted, own[low:high]).tolist()
                    for row, begin, length in zip(places, batch["start"].tolist(), batch["length"].tolist(), strict=True):
                        text = content[begin:begin + length]
                        texts[row] = text if text and not text.isspace() and not _blank(text) else None
                    array = _checked(texts)
                    if array is None:
                        _tell_texts(file, texts, places, batch["line"].tolist(), wanted)
                    elif not file.faulty:
                        writer.write_arrays([array])
                        stands[start:start + len(wanted)] = np.array([text is not None for text in texts])
                    self._step(sum(batch["length"].tolist()) / 2)
            size, sha256 = writer.finish()
        finally:
            writer.close()
        place.unlink()
        return _Written(entry={"bytes": size, "sha256": sha256, "items": writer.texts[0]}, stands=stands)

    def triples(self, path: Path, ids: Mapping[str, NDArray[np.int32]]) -> tuple[dict[str, Any], int]:
        """Write the triples; what `pairs.json` says of them, and how many there are."""
        file = Faulty(path=path)
        self._files.append(file)
        lookups = {kind: _Lookup(ids[kind]) for kind in TABLES}
        place, count = self._folder / "triples.npy", 0
        with place.open("wb") as target:
            _header(target, 0)
            try:
                for piece in pieces(path):
                    rows = _triple_rows(file, piece, lookups)
                    count += len(rows)
                    target.write(rows.tobytes())
                    self._step(len(piece.content))
            except OSError as error:
                file.fault(1, f"cannot be read: {error.strerror}")
            if not count and not file.faulty:
                file.fault(1, "there are no items to pack")
            target.seek(0)
            _header(target, count)
            target.flush()
            os.fsync(target.fileno())
        return _entry(place, count), count

    def _step(self, read: float) -> None:
        self._read += int(read)
        if self._told is not None:
            self._told(self._read)


class _Lookup:
    """Finds the row of an id. `ids`: of every row, sorted."""

    def __init__(self, ids: NDArray[np.int32]) -> None:
        self._ids = ids
        self._rows: NDArray[np.int32] | None = None
        if int(ids[-1]) < _DENSE * len(ids) + _ROWS_AT_ONCE:
            self._rows = np.full(int(ids[-1]) + 2, -1, dtype=np.int32)  # the last one is for ids beyond
            self._rows[ids] = np.arange(len(ids), dtype=np.int32)

    def rows(self, ids: NDArray[np.int64]) -> NDArray[np.int32]:
        """The rows of these ids, -1 where there is none."""
        if self._rows is not None:
            return self._rows[np.where(ids < 0, len(self._rows) - 1, np.minimum(ids, len(self._rows) - 1))]
        found = np.minimum(np.searchsorted(self._ids, ids), len(self._ids) - 1)
        return np.where(self._ids[found] == ids, found, -1).astype(np.int32)


def _tell_lines(file: Faulty, piece: Lines, tabs: NDArray[np.int64], ids: NDArray[np.int64]) -> None:
    """Tell the lines of a table that have no tab, or no id before it."""
    for line in np.flatnonzero((tabs < 0) | (ids < 0)).tolist():
        if tabs[line] < 0:
            file.fault(piece.first + line, "1 field instead of 2, an id and a text with a tab between them")
        else:
            file.fault(piece.first + line, _no_number(piece.text(line).split("\t")[0]))


def _no_number(text: str) -> str:
    return f"the id `{text[:40]}` is no whole number of at most {DIGITS} digits"


def _tell_texts(file: Faulty, texts: Sequence[bytes | None], places: Sequence[int], lines: Sequence[int],
                ids: NDArray[np.int32]) -> None:
    """Tell the texts that are no UTF-8."""
    for row, line in sorted(zip(places, lines, strict=True), key=lambda each: each[1]):
        try:
            (texts[row] or b"").decode()
        except UnicodeDecodeError as error:
            before = len(str(ids[row])) + 1 + len((texts[row] or b"")[:error.start].decode())
            file.fault(line, f"not UTF-8 text: {error.reason}", before + 1)


def _triple_rows(file: Faulty, piece: Lines, lookups: Mapping[str, _Lookup]) -> NDArray[np.int32]:
    """The rows that the triples of some lines name, shape (lines, 3); what is wrong with a line is told."""
    three = piece.tab_counts() == len(KINDS) - 1
    for line in np.flatnonzero(~three).tolist():
        fields = piece.text(line).count("\t") + 1
        file.fault(piece.first + line, f"{fields} field{'s' * (fields > 1)} between tabs instead of {len(KINDS)}")
    first = np.searchsorted(piece.tabs, piece.starts)[three]
    cuts = [piece.starts[three] - 1, *(piece.tabs[first + place] for place in range(len(KINDS) - 1)), piece.ends[three]]
    made = np.empty((int(three.sum()), len(KINDS)), dtype=np.int32)
    for place, kind in enumerate(KINDS):
        starts, ends = cuts[place] + 1, cuts[place + 1]
        ids = piece.numbers(starts, ends)
        made[:, place] = lookups[kind].rows(ids)
        for line in np.flatnonzero(made[:, place] < 0).tolist():
            column = int(starts[line] - cuts[0][line])
            text = piece.content[starts[line]:ends[line]].tobytes().decode(errors="replace")
            what = _no_number(text) if ids[line] < 0 else f"the {_WHAT[kind]} `{ids[line]}` stands in no file of {kind}"
            file.fault(piece.first + int(np.flatnonzero(three)[line]), what, column)
    return made


def _spoken(language: str, folder: Path, count: int, written: Mapping[tuple[str, str], _Written]) -> dict[str, Any]:
    """What `pairs.json` says of a language; which items stand in it is written where not all do."""
    stands = {kind: written[language, kind].stands for kind in TABLES}
    entry = {kind: written[language, kind].entry for kind in TABLES}
    if all(each.all() for each in stands.values()):
        return {**entry, "stands": None, "items": count}
    triples = np.load(folder / "triples.npy", mmap_mode="r")
    place, items = folder / f"{language}.stands.npy", 0
    bits = np.lib.format.open_memmap(place, mode="w+", dtype=np.uint8, shape=(-(-count // 8),))
    for start in range(0, count, _ROWS_AT_ONCE):
        some = np.asarray(triples[start:start + _ROWS_AT_ONCE])
        stand = np.logical_and.reduce([stands[kind][some[:, column]] for column, kind in enumerate(KINDS)])
        items += int(stand.sum())
        bits[start // 8:start // 8 + -(-len(some) // 8)] = np.packbits(stand, bitorder="little")
    bits.flush()
    if items == count:  # what is missing is named by no triple
        place.unlink()
        return {**entry, "stands": None, "items": count}
    return {**entry, "stands": _entry(place, items), "items": items}


def _entry(path: Path, items: int) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest(), "items": items}


def _header(target: BinaryIO, count: int) -> None:
    """Write the head of `triples.npy`; numpy leaves room in it, so that it is as long whatever the number of rows."""
    np.lib.format.write_array_header_1_0(target, {"descr": "<i4", "fortran_order": False, "shape": (count, len(KINDS))})


def _checked(texts: Sequence[bytes | None]) -> Any:
    """The texts as pyarrow's large_string, None if one is no UTF-8."""
    import pyarrow  # type: ignore[import-untyped]

    try:
        return pyarrow.array(texts, pyarrow.large_binary()).cast(pyarrow.large_string())
    except pyarrow.ArrowInvalid:
        return None


def _blank(text: bytes) -> bool:
    """Whether it is white space beyond ASCII, of which no text has much."""
    return len(text) < 16 and not text.decode(errors="replace").strip()
