"""Files that are read whole once on a machine: a note keeps the size, the times and the SHA-256 of each.

The note counts for a file while its size and the times when its content and its inode changed are those that it says; else the
file is read again. No copy of a file has both times, so a note that was copied with it does not count. The note stands beside
the files, or in the user's cache where nothing can be written there.
"""

import functools
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from claimcheck.corpora import door, mapped
from claimcheck.corpora.parallel import WHOLE, PackedPairs
from claimcheck.errors import CorruptInput, Fault
from claimcheck.files import beside

Count: TypeAlias = Callable[[Path], int]
"""How many texts a file holds. Raises CorruptInput: it cannot be told."""
_STATE = ("bytes", "modified_ns", "changed_ns")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a file holds. `texts`: how many, -1 where nobody counted."""

    sha256: str
    texts: int


def contents(files: Mapping[Path, Count | None], note: Path, *, again: bool = False) -> dict[Path, Content]:
    """What each file holds, its texts counted where it is said how. `again`: read all of them, whatever the note says.

    Files stand below the folder of the note. Raises OSError: one cannot be read; CorruptInput: as `Count`.
    """
    known, made, said = {} if again else _noted(note), dict[Path, Content](), dict[str, Any]()
    for path, count in files.items():
        state, name = path.stat(), path.relative_to(note.parent).as_posix()
        before = known.get(name, {})
        as_it_is = dict(zip(_STATE, (state.st_size, state.st_mtime_ns, state.st_ctime_ns), strict=True))
        if before.items() >= as_it_is.items() and (count is None or before["texts"] >= 0):
            made[path] = Content(sha256=before["sha256"], texts=before["texts"])
        else:
            if again:
                _read.cache_clear()
            made[path] = _read(path, tuple(as_it_is.values()), count)
        said[name] = {**as_it_is, "sha256": made[path].sha256, "texts": made[path].texts}
    if {**known, **said} != known:
        _note(note, {**known, **said})
    return made


def digests(files: Sequence[Path], note: Path, *, again: bool = False) -> dict[Path, str]:
    """The SHA-256 (hex) of each file. Raises OSError: one cannot be read."""
    return {path: each.sha256 for path, each in contents(dict.fromkeys(files), note, again=again).items()}


def verify(pairs: PackedPairs) -> None:
    """As `parallel.verify`, but a file that was read on this machine and has not changed since is not read again."""
    try:
        found = digests([each.path for each in pairs.files], pairs.folder.with_name(f".{pairs.folder.name}.checked.json"))
    except OSError as error:
        raise CorruptInput([Fault(path=pairs.folder, what=f"cannot be read: {error.strerror}", next_move="check its rights")]
                           ) from None
    if faults := [mapped.differs(each.path, WHOLE) for each in pairs.files if found[each.path] != each.sha256]:
        raise CorruptInput(faults)


@functools.lru_cache(maxsize=4096)
def _read(path: Path, state: tuple[int, ...], count: Count | None) -> Content:  # noqa: ARG001 - one that changed is another
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return Content(sha256=sha256, texts=-1 if count is None else count(path))


def _places(note: Path) -> tuple[Path, Path]:
    """Where a note can stand: beside its files, or in the cache under the digest of its place."""
    return note, door.cache().parent / "checked" / f"{hashlib.sha256(str(note.resolve()).encode()).hexdigest()}.json"


def _noted(note: Path) -> dict[str, Any]:
    """What is noted by file; nothing where no note can be read."""
    for place in _places(note):
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            found = json.loads(place.read_bytes())["files"]
            return {name: {**{key: int(each[key]) for key in (*_STATE, "texts")}, "sha256": str(each["sha256"])}
                    for name, each in found.items()}
    return {}


def _note(note: Path, said: Mapping[str, Any]) -> None:
    """Keep a note in the first of its places that can be written; in none of them, files are read again the next time."""
    text = json.dumps({"files": said}, indent=1, sort_keys=True) + "\n"
    for number, place in enumerate(_places(note)):
        with suppress(OSError):
            if number:
                place.parent.mkdir(parents=True, exist_ok=True)
            beside(place, text.encode()).replace(place)
            return
