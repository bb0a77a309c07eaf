"""Triples of any number: three numbers of rows each, of a question, a passage that answers it and one that does not.

Texts that stand in many triples are kept once. A folder of a packed corpus whose `pairs.json` says `"form": "triples"` holds

- `<language>.queries.arrow` and `<language>.passages.arrow`: tables of one column `text` as `mapped` reads them; row i is the
  same question or passage in every language, null where it does not stand there;
- `triples.npy`: int32, shape (items, 3), the rows of question, passage and irrelevant passage;
- `<language>.stands.npy`, only where not every item stands in a language: uint8, a bit an item, lowest first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claimcheck.corpora import mapped
from claimcheck.corpora.pairs import PairTexts
from claimcheck.errors import CorruptInput

TRIPLES = "triples"
"""What `pairs.json` says of the form."""
TABLES, TEXT = ("queries", "passages"), ("text",)
KINDS = ("queries", "passages", "passages")
"""The table that each of the three numbers is a row of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file of the corpus. `items`: how many texts it holds, of a table; of anything else how many items."""

    path: Path
    bytes: int
    sha256: str
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One language. `stands`: None where every item stands in it; `items`: how many do."""

    queries: StoredFile
    passages: StoredFile
    stands: StoredFile | None
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TriplePairs:
    """A packed corpus of triples, as `Pairs`. It holds paths and no texts, so that it is handed to a worker at no cost.

    `rows`: how many a record batch holds; `sizes`: how many rows queries and passages have, texts or not. The other fields are
    those of `StreamedPairs`.
    """

    folder: Path
    name: str
    count: int
    rows: int = field(repr=False)
    sizes: Mapping[str, int] = field(repr=False)
    parts: Mapping[str, Spoken] = field(repr=False)
    triples: StoredFile = field(repr=False)
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
        spoken = [each for part in self.parts.values() for each in (part.queries, part.passages, part.stands) if each]
        return (*spoken, self.triples)

    @property
    def bytes(self) -> int:
        """Size of all these files."""
        return sum(file.bytes for file in self.files)

    @property
    def items(self) -> dict[str, int]:
        """Language -> how many items stand in it."""
        return {language: part.items for language, part in self.parts.items()}

    @property
    def negatives(self) -> dict[str, int]:
        """Language -> how many items come with an irrelevant passage in it: all that stand there."""
        return self.items

    def stands(self, language: str) -> NDArray[np.bool_]:
        """See `Pairs`: question and both passages stand. Takes no memory where every item does."""
        part = self.parts[language]
        if part.stands is None:
            return np.broadcast_to(np.True_, (self.count,))
        found = np.unpackbits(_array(part.stands.path, part.stands.sha256), count=self.count, bitorder="little")
        found.flags.writeable = False
        return found.view(np.bool_)

    def texts(self, language: str, items: NDArray[np.int64]) -> PairTexts:
        """See `Pairs`; items in any order, with repeats. Reads only the texts that it gives.

        Raises ValueError: an item that does not stand in the language, or is none; CorruptInput: a file is damaged there.
        """
        part = self.parts[language]
        if len(items) and not 0 <= items.min() <= items.max() < self.count:
            raise ValueError(f"items are 0 to {self.count - 1}, not {items.min()} to {items.max()}")
        chosen = np.asarray(_array(self.triples.path, self.triples.sha256)[items])
        tables = {"queries": part.queries, "passages": part.passages}
        queries, passages, negatives = ([self._text(tables[kind], kind, row) for row in chosen[:, place].tolist()]
                                        for place, kind in enumerate(KINDS))
        if None in queries or None in passages or None in negatives:
            raise ValueError(f"an item does not stand in {language}; make the plan from the same training pairs")
        return PairTexts(queries=tuple(each for each in queries if each is not None),
                         passages=tuple(each for each in passages if each is not None), negatives=tuple(negatives))

    def _text(self, table: StoredFile, kind: str, row: int) -> str | None:
        size = self.sizes[kind]
        if not 0 <= row < size:
            raise CorruptInput([mapped.fault(self.triples.path, f"names row {row} of {kind}, of which there are {size}")])
        number, within = divmod(row, self.rows)
        column, = mapped.columns(table.path, table.sha256, number, min(self.rows, size - number * self.rows), TEXT)
        try:
            return column.text(within)
        except ValueError as error:  # bytes that are no UTF-8 are one
            raise CorruptInput([mapped.fault(table.path, f"the text of row {row} is damaged: {error}", row + 1)]) from None


def open_triples(folder: Path, stated: Mapping[str, Any]) -> TriplePairs:
    """The corpus of a folder whose `pairs.json` says this. Raises CorruptInput: as `parallel.open_pairs`."""
    def stored(name: str, entry: Mapping[str, Any]) -> StoredFile:
        return StoredFile(path=folder / name, **entry)

    parts = {language: Spoken(queries=stored(f"{language}.queries.arrow", each["queries"]),
                              passages=stored(f"{language}.passages.arrow", each["passages"]), items=each["items"],
                              stands=each["stands"] and stored(f"{language}.stands.npy", each["stands"]))
             for language, each in stated["languages"].items()}
    pairs = TriplePairs(folder=folder, name=stated["name"], count=stated["count"], rows=stated["rows"], sizes=stated["sizes"],
                        parts=parts, triples=stored("triples.npy", stated["triples"]), licence=stated["licence"],
                        source=stated["source"], citation=stated["citation"], digest=stated["sha256"])
    whats = [(each.path, mapped.table_difference(each, TEXT, -(-pairs.sizes[kind] // pairs.rows)))
             for part in parts.values() for kind, each in zip(TABLES, (part.queries, part.passages), strict=True)]
    whats += [(part.stands.path, _array_difference(part.stands, "uint8", (-(-pairs.count // 8),)))
              for part in parts.values() if part.stands]
    whats.append((pairs.triples.path, _array_difference(pairs.triples, "int32", (pairs.count, 3))))
    if faults := [mapped.fault(path, what) for path, what in whats if what]:
        raise CorruptInput(faults)
    return pairs


def _array_difference(part: StoredFile, kind: str, shape: tuple[int, ...]) -> str:
    """What is wrong with an array by its size and layout; empty if nothing is."""
    if found := mapped.size_difference(part):
        return found
    try:
        array = np.load(part.path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        return f"cannot be read as an array: {error}"
    if (array.dtype.name, array.shape) == (kind, shape):
        return ""
    return f"holds {array.dtype.name} of shape {array.shape} instead of {kind} of shape {shape}"


@lru_cache(maxsize=64)
def _array(path: Path, sha256: str) -> NDArray[Any]:  # noqa: ARG001 - another content under the same path is another file
    """An array, mapped. Raises CorruptInput: it was damaged since the corpus was opened."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]
    except (OSError, ValueError, EOFError) as error:
        raise CorruptInput([mapped.fault(path, f"cannot be read as an array: {error}")]) from None
