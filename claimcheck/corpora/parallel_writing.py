"""Pack parallel pairs from a file a language into the folder that `parallel` reads, streaming, all or nothing.

What the files may hold stands in `pair_sources`.
"""

import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from claimcheck.corpora.manifest import manifest
from claimcheck.corpora.mapped import schema
from claimcheck.corpora.pair_sources import Source, sources
from claimcheck.corpora.parallel import COLUMNS, FOLDER, NAME, WHOLE, StreamedPairs, open_pairs
from claimcheck.corpora.training_data import training_parts
from claimcheck.errors import CorruptInput, UsageFault
from claimcheck.files import held
from claimcheck.run import digest_of

ROWS = 65_536
"""Rows of a record batch unless another number is asked for."""


def pack(source: Path, folder: Path, *, name: str, licence: str = "", source_note: str = "", citation: str = "",
         rows: int = ROWS, told: Callable[[int], None] | None = None) -> StreamedPairs:
    """Pack the files of `source` as the corpus `name` of a data folder, into `<folder>/parallel/<name>`, and open it.

    `rows`: how many a record batch holds; equal files, names and notes give equal bytes (of one version of pyarrow).
    `told` is told how many bytes of the source are read, from time to time. Memory: `rows` rows of one language.
    The folder takes its name when all is written, down to the disk; what a killed process had begun is removed by the next.

    Raises UsageFault: as `sources`, the name is taken or cannot be one, the note is that of a published part, another process
    packs it, or the folder cannot be written; CorruptInput: every fault of every file (the first `MOST` of a file, and how many
    more), namely no items, a line that is no UTF-8, no JSON, neither object nor null, a key that is unknown or stands twice, a
    text that is missing, no text, only white space or half a surrogate pair, ids of an item that differ between languages,
    files of different length.
    """
    if rows < 1:
        raise ValueError("a record batch holds at least one row")
    named(name)
    if part := next((each for each in training_parts().values() if each.origin and each.origin == source_note.strip()), None):
        raise UsageFault(f"`{source_note}` is what `claimcheck data prepare {part.name}` says of the published {part.name}; "
                         "say otherwise where yours are from")
    given = [Source(language=language, path=path) for language, path in sorted(sources(source).items())]
    return pack_items(given, folder, name=name, licence=licence, source_note=source_note, citation=citation, rows=rows,
                      told=told)


def pack_items(given: Sequence[Source], folder: Path, *, name: str, licence: str, source_note: str, citation: str,
               counted: Callable[[int], str] | None = None, rows: int = ROWS,
               told: Callable[[int], None] | None = None) -> StreamedPairs:
    """As `pack`, from sources that are made already, one a language.

    `counted` is told how many items there are before the corpus takes its place, and returns a note on its source that counts
    instead of `source_note`; it may raise CorruptInput.
    """
    notes = {"name": name, "licence": licence, "source": source_note, "citation": citation, "rows": rows}
    with placed(folder, name) as begun:
        _pack(given, begun, notes, told, counted)
    pairs = open_pairs(folder / FOLDER / name)
    assert isinstance(pairs, StreamedPairs)
    return pairs


def named(name: str) -> None:
    """Raises UsageFault: a packed corpus cannot have this name."""
    if not NAME.fullmatch(name) or name in manifest():
        why = "a data set of the manifest has it" if name in manifest() else "a name is letters, digits, `.`, `_` and `-`"
        raise UsageFault(f"`{name}` cannot be the name of a packed corpus: {why}; give another")


@contextmanager
def placed(folder: Path, name: str) -> Iterator[Path]:
    """A new folder to write a packed corpus into; it takes its place, `<folder>/parallel/<name>`, if the block ends well.

    Raises UsageFault: another process packs it, there is one already, or it cannot be written. Nothing half-written is left.
    """
    place, begun = folder / FOLDER / name, folder / FOLDER / f".{name}.packing"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with held(place.parent / f".{name}.lock") as free:
            if not free:
                raise UsageFault(f"{place}: another process is packing it; wait for it, or give another name")
            if os.path.lexists(place):
                raise UsageFault(f"{place}: stands already; give another name, or remove it")
            shutil.rmtree(begun, ignore_errors=True)
            try:
                begun.mkdir()
                yield begun
                begun.rename(place)
            finally:
                shutil.rmtree(begun, ignore_errors=True)
    except OSError as error:  # of what is read, every error is told as a fault
        raise UsageFault(f"{place}: cannot be written ({error.strerror}); make room, or name another folder") from None


def _pack(given: Sequence[Source], folder: Path, notes: Mapping[str, Any], told: Callable[[int], None] | None,
          counted: Callable[[int], str] | None) -> None:
    """Write all files into a folder. Raises CorruptInput, OSError."""
    writers = [TableWriter(folder / f"{source.language}.arrow", COLUMNS) for source in given]
    try:
        while _next_batch(given, writers, notes["rows"]):
            if told is not None:
                told(sum(source.read for source in given))
        count = max(source.count for source in given)
        longest = next(source for source in given if source.count == count)
        for source in given:
            if source.count < count and not source.broken:
                source.fault(max(source.count, 1), f"holds {source.count} items, {longest.path.name} holds {count}: item i is "
                             "line i of every file")
        if not count and not any(source.faulty for source in given):
            longest.fault(1, "there are no items to pack")
        if faults := [fault for source in given for fault in source.told()]:
            raise CorruptInput(faults)
        if counted is not None:
            notes = {**notes, "source": counted(count)}
        languages = {source.language: _stated(writer) for source, writer in zip(given, writers, strict=True)}
    finally:
        for writer in writers:
            writer.close()
    seal(folder / WHOLE, {**notes, "count": count, "languages": languages})


def _stated(writer: "TableWriter") -> dict[str, Any]:
    """What `pairs.json` says of a file: how many items stand in it, and how many come with a negative."""
    bytes_, sha256 = writer.finish()
    return {"bytes": bytes_, "sha256": sha256, "items": writer.texts[0], "negatives": writer.texts[2]}


def _next_batch(given: Sequence[Source], writers: Sequence["TableWriter"], rows: int) -> int:
    """Read the next rows of every file and write them, unless there was a fault; returns how many the longest has."""
    known: list[tuple[str, Path] | None] = [None] * rows
    most = 0
    for source, writer in zip(given, writers, strict=True):
        start, items = source.count, list(islice(source.items, rows))
        source.count += len(items)
        most = max(most, len(items))
        for number, item in enumerate(items):
            if item is None or item.id is None:
                continue
            other = known[number]
            if other is None:
                known[number] = item.id, source.path
            elif other[0] != item.id:
                source.fault(start + number + 1, f"the id is `{item.id}`, in {other[1].name} it is `{other[0]}`: item i is "
                             "line i of every file", item.column)
        if items and not any(each.faulty for each in given):
            writer.write([[None if item is None else getattr(item, name) for item in items] for name in COLUMNS])
    return most


class TableWriter:
    """Writes a table of texts as `mapped` reads it, and takes its digest as it goes. `texts`: how many each column holds."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        import pyarrow  # type: ignore[import-untyped]

        self._file = path.open("wb")
        self._sink = _Digesting(self._file)
        self._schema = schema(names)
        self._batches = pyarrow.ipc.new_file(self._sink, self._schema)
        self.texts = [0] * len(names)

    def write(self, columns: Sequence[Sequence[str | None]]) -> None:
        """Write a record batch, its columns in their order."""
        import pyarrow

        self.write_arrays([pyarrow.array(column, pyarrow.large_string()) for column in columns])

    def write_arrays(self, arrays: Sequence[Any]) -> None:
        """Write a record batch of arrays of texts (pyarrow's large_string)."""
        import pyarrow

        self.texts = [before + len(each) - each.null_count for before, each in zip(self.texts, arrays, strict=True)]
        self._batches.write_batch(pyarrow.record_batch(arrays, schema=self._schema))

    def finish(self) -> tuple[int, str]:
        """Bring the file to the disk; its size and SHA-256."""
        self._batches.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell(), self._sink.digest.hexdigest()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class _Digesting(io.RawIOBase):
    """What is written here goes on to a file; `digest`: SHA-256 over all of it."""

    def __init__(self, file: BinaryIO) -> None:
        self.digest = hashlib.sha256()
        self._to = file

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, content: Any) -> int:
        """Write bytes."""
        self.digest.update(content)
        return self._to.write(content)


def seal(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON with the digest of itself, down to the disk."""
    sealed = {**value, "sha256": digest_of(dict(value))}
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(sealed, indent=1, sort_keys=True) + "\n")
        file.flush()
        os.fsync(file.fileno())
