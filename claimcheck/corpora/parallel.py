"""Parallel pairs of any number in a folder, packed there: opened, checked, read by row without the others.

`<data folder>/parallel/<name>/` holds `<language>.arrow` for each language: Arrow IPC, uncompressed, record batches of the same
number of rows but the last, columns `query`, `passage` and `negative`. Row i is item i in every language; an item that does not
stand in a language has null query and null passage there. `pairs.json` says what there must be and holds a digest of itself.
No file holds a time or a path. Where `pairs.json` says that its form is `triples`, the folder holds what `triples` reads.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from claimcheck.corpora import mapped
from claimcheck.corpora.pairs import PairTexts
from claimcheck.corpora.triples import TRIPLES, TriplePairs, open_triples
from claimcheck.errors import CorruptInput

PACKED = "packed"
"""In place of a language, where the files of data sets are named: the folder of a packed corpus."""
FOLDER, WHOLE = "parallel", "pairs.json"
COLUMNS = ("query", "passage", "negative")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""What a packed corpus may be called."""


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
    def files(self) -> tuple[mapped.Stored, ...]:
        """All its files but `pairs.json`."""
        return tuple(self.parts.values())

    @property
    def bytes(self) -> int:
        """Size of all its files of texts."""
        return sum(part.bytes for part in self.parts.values())

    @property
    def items(self) -> dict[str, int]:
        """Language -> how many items stand in it."""
        return {language: part.items for language, part in self.parts.items()}

    @property
    def negatives(self) -> dict[str, int]:
        """Language -> how many items come with an irrelevant passage in it."""
        return {language: part.negatives for language, part in self.parts.items()}

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
                    raise CorruptInput([mapped.fault(part.path, f"the text of item {item} is damaged: {error}", item + 1)]
                                       ) from None
        queries, passages, negatives = found
        if None in queries or None in passages:
            raise ValueError(f"an item does not stand in {language}; make the plan from the same training pairs")
        return PairTexts(queries=tuple(each for each in queries if each is not None),
                         passages=tuple(each for each in passages if each is not None), negatives=tuple(negatives))

    def _columns(self, part: Part, number: int) -> tuple[mapped.Column, ...]:
        return mapped.columns(part.path, part.sha256, number, min(self.rows, self.count - number * self.rows), COLUMNS)


PackedPairs: TypeAlias = StreamedPairs | TriplePairs
"""A packed corpus in either form."""


def open_pairs(folder: Path) -> PackedPairs:
    """The packed corpus of a folder. Looks at the size and layout of every file, not at its texts.

    Raises CorruptInput, for every file: it is missing, cut off, of another length or another type than `pairs.json` says, or
    that itself is missing or damaged.
    """
    stated = mapped.unseal(folder / WHOLE)
    if stated.get("form") == TRIPLES:
        return open_triples(folder, stated)
    parts = {language: Part(path=folder / f"{language}.arrow", **each) for language, each in stated["languages"].items()}
    pairs = StreamedPairs(folder=folder, name=stated["name"], count=stated["count"], rows=stated["rows"], parts=parts,
                          licence=stated["licence"], source=stated["source"], citation=stated["citation"],
                          digest=stated["sha256"])
    batches = -(-pairs.count // pairs.rows)
    if faults := [mapped.fault(part.path, what) for part in parts.values()
                  if (what := mapped.table_difference(part, COLUMNS, batches))]:
        raise CorruptInput(faults)
    return pairs


def verify(pairs: PackedPairs) -> None:
    """Read every byte of every file. Raises CorruptInput: every file that differs from its digest, or cannot be read."""
    if faults := mapped.digest_faults(pairs.files, WHOLE):
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


def _within(place: Path) -> Iterator[tuple[str, Path]]:
    """Names and folders of what is packed in a data folder; one that cannot be read has nothing."""
    try:
        with os.scandir(place / FOLDER) as entries:
            yield from ((each.name, Path(each.path)) for each in entries if NAME.fullmatch(each.name) and each.is_dir())
    except OSError:
        return
