"""Encoded passages of a large corpus in a folder of memory-mapped shards, which `shard_writing` writes: opened, checked, read.

A shard is `00000.vectors.npy` (n, d), `00000.ids.npy` (n,) bytes of UTF-8, and `00000.json` with their digests, put in place
last: its standing there says that the shard is whole. `made_from.json` says from the start what all of them are made from,
`shards.json` at the end that none is missing. Every JSON holds a digest of itself; no file holds a time or a path.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tokenize import TokenError
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from claimcheck.errors import CorruptInput, Fault
from claimcheck.run import Json, digest_of

Vectors: TypeAlias = np.memmap[Any, np.dtype[np.float32 | np.float16]]
BEGUN, WHOLE = "made_from.json", "shards.json"
LONGEST = 255
"""Bytes of an id, at most."""

AGAIN = "remove the shard's .json and encode again with the same settings: the other shards are kept"
_NAMED = 5  # ids that one message names at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """`count` passages, of which the first has the row number `start` among all. `path` is that of the shard's JSON."""

    path: Path
    start: int
    count: int
    vectors_sha256: str = field(repr=False)
    ids_sha256: str = field(repr=False)

    def vectors(self) -> Vectors:
        """The vectors (count, d) as they are stored, float32 or float16, mapped for reading. Raises CorruptInput: cut off."""
        return _mapped(self.path.with_suffix(".vectors.npy"))

    def ids(self) -> NDArray[np.bytes_]:
        """The ids (count,), UTF-8, mapped for reading. Raises CorruptInput: the file is missing or cut off."""
        return _mapped(self.path.with_suffix(".ids.npy"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shards:
    """All shards of a folder, in order. `stored_as`: float32 or float16; `made_from`: as given when they were written."""

    folder: Path
    name: str
    made_from: Mapping[str, Json] = field(repr=False)
    stored_as: str
    dimensions: int
    count: int
    parts: tuple[Shard, ...] = field(repr=False)


def open_shards(folder: Path) -> Shards:
    """The shards of a folder. Looks at the size, type and shape of every file and at first and last ids, not at all bytes.

    Raises CorruptInput, for every shard: it is missing, cut off, of another length, type or dimensions, or not the one that
    `shards.json` names at its number; or `shards.json` is missing, since encoding was interrupted.
    """
    if not (folder / WHOLE).exists() and (folder / BEGUN).exists():
        raise CorruptInput([fault(folder / WHOLE, "is missing: encoding was interrupted",
                                  "encode again with the same settings, whole shards are kept")])
    stated = unseal(folder / WHOLE, "check the path, or encode again with the same settings")
    faults: list[Fault] = []
    parts: list[Shard] = []
    start = 0
    for number, digest in enumerate(stated["shards"]):
        path = path_of(folder, number)
        try:
            record = unseal(path)
            if record["sha256"] != digest:
                raise CorruptInput([fault(path, f"is not the shard that {WHOLE} names at this number")])
            parts.append(whole_shard(path, record, start, stated["type"], stated["dimensions"]))
            start += record["count"]
        except CorruptInput as error:
            faults += error.faults
    if faults:
        raise CorruptInput(faults)
    return Shards(folder=folder, name=stated["name"], made_from=stated["made_from"], stored_as=stated["type"],
                  dimensions=stated["dimensions"], count=stated["count"], parts=tuple(parts))


def verify(shards: Shards) -> None:
    """Read every byte of every shard. Raises CorruptInput: every file that differs from its digest, or cannot be read."""
    faults = []
    for shard in shards.parts:
        for suffix, digest in ((".vectors.npy", shard.vectors_sha256), (".ids.npy", shard.ids_sha256)):
            path = shard.path.with_suffix(suffix)
            try:
                with path.open("rb") as file:
                    if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                        faults.append(fault(path, f"differs from the digest in {shard.path.name}"))
            except OSError as error:
                faults.append(fault(path, f"cannot be read: {error.strerror}"))
    if faults:
        raise CorruptInput(faults)


def rows_of(shards: Shards, ids: Collection[str]) -> dict[str, int]:
    """The row number, among all passages, of each of some ids, in order of the rows; one shard's ids in memory at a time.

    Raises CorruptInput: ids that are in no shard (the first few, and how many), and ids that stand twice.
    """
    wanted = {each.encode(errors="surrogatepass"): each for each in ids}
    rows: dict[str, int] = {}
    of: dict[str, Shard] = {}
    faults = []
    for shard in shards.parts:
        for place, each in enumerate(shard.ids().tolist()):
            if (known := wanted.get(each)) is None:
                continue
            if known in rows:
                faults.append(fault(shard.path.with_suffix(".ids.npy"), f"holds the passage `{known}`, which stands in "
                                    f"{of[known].path.stem}.ids.npy already", "mend the corpus and encode it anew"))
            rows[known], of[known] = shard.start + place, shard
    if missing := [each for each in dict.fromkeys(ids) if each not in rows]:
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        faults.append(fault(shards.folder, f"`{shards.name}` holds no passage {', '.join(missing[:_NAMED])}{more}",
                            "use judgments and corpus of one release"))
    if faults:
        raise CorruptInput(faults)
    return rows


def gather(shards: Shards, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """The vectors (m, d) of m rows, in any order and with repeats; each shard is opened once, each page read once.

    Raises ValueError: a row that is none; CorruptInput: a shard that was cut off since it was opened.
    """
    if len(rows) and not 0 <= rows.min() <= rows.max() < shards.count:
        raise ValueError(f"rows are 0 to {shards.count - 1}, not {rows.min()} to {rows.max()}")
    order = np.argsort(rows, kind="stable")
    ascending = rows[order]
    found = np.empty((len(rows), shards.dimensions), dtype=np.float32)
    for shard in shards.parts:
        begin, end = np.searchsorted(ascending, (shard.start, shard.start + shard.count))
        if begin < end:
            found[order[begin:end]] = shard.vectors()[ascending[begin:end] - shard.start]
    return found


def whole_shard(path: Path, record: Mapping[str, Any], start: int, stored_as: str, dimensions: int) -> Shard:
    """A shard whose files are what its record says by size, type, first and last id. Raises CorruptInput: one is not."""
    shard = Shard(path=path, start=start, count=record["count"], vectors_sha256=record["vectors_sha256"],
                  ids_sha256=record["ids_sha256"])
    last, shape = f"up to the passage `{record['last']}`", (shard.count, dimensions)
    vectors, ids = shard.vectors(), shard.ids()
    if (vectors.dtype, vectors.shape) != (np.dtype(stored_as), shape):
        raise CorruptInput([fault(path.with_suffix(".vectors.npy"), f"holds {vectors.dtype} of shape {vectors.shape} instead "
                                  f"of {stored_as} of shape {shape}, {last}")])
    if ids.dtype.kind != "S" or ids.shape != (shard.count,):
        raise CorruptInput([fault(path.with_suffix(".ids.npy"), f"holds {ids.dtype} of shape {ids.shape} instead of "
                                  f"{shard.count} ids, {last}")])
    if (ids[0], ids[-1]) != (record["first"].encode(), record["last"].encode()):
        raise CorruptInput([fault(path.with_suffix(".ids.npy"), f"holds the ids of another shard: this one goes from "
                                  f"`{record['first']}` {last}")])
    return shard


def _mapped(path: Path) -> np.memmap[Any, np.dtype[Any]]:
    try:
        found = np.lib.format.open_memmap(path, mode="r")  # never unpickles: it refuses arrays of objects
        if found.offset + found.nbytes == path.stat().st_size:
            return found
        what = f"holds {path.stat().st_size} bytes instead of {found.offset + found.nbytes}"
    except (OSError, ValueError, SyntaxError, TypeError, OverflowError, TokenError) as error:
        what = f"cannot be read as an array, it is missing or cut off: {error}"
    raise CorruptInput([fault(path, what)])


def unseal(path: Path, next_move: str = AGAIN) -> dict[str, Any]:
    """A JSON that holds the digest of itself, so its keys need no check of their own. Raises CorruptInput: it is none."""
    try:
        found = json.loads(path.read_bytes())
        if found["sha256"] == digest_of({key: value for key, value in found.items() if key != "sha256"}):
            return dict(found)
        what = "differs from the digest of itself that it holds"
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        what = f"cannot be read, it is missing or damaged: {error}"
    raise CorruptInput([fault(path, what, next_move)])


def path_of(folder: Path, number: int) -> Path:
    """The JSON of the shard with this number, from 0; its arrays stand beside it."""
    return folder / f"{number:05}.json"


def fault(path: Path, what: str, next_move: str = AGAIN) -> Fault:
    """What is wrong with a whole file."""
    return Fault(path=path, what=what, next_move=next_move)
