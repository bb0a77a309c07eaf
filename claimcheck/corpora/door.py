"""The door to data: looked up in plain folders, checked against the manifest, downloaded only with consent.

A file that differs from the manifest is never used and never silently replaced.
"""

import hashlib
import os
import tempfile
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from claimcheck.corpora.manifest import DataSet, File
from claimcheck.errors import CorruptInput, Fault, UsageFault

ENVIRONMENT = "CLAIMCHECK_DATA"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Files of a data set that stand in none of the folders, and what to do."""

    data_set: DataSet
    files: tuple[File, ...]
    remedy: str


def folders(data_dir: Path | None) -> tuple[Path, ...]:
    """Where data are looked for, first to last: the given folder, CLAIMCHECK_DATA, the user's cache."""
    named = os.environ.get(ENVIRONMENT)
    return tuple(path for path in (data_dir, Path(named) if named else None, cache()) if path is not None)


def cache() -> Path:
    """The folder of this user's cache that downloads go to unless another is named."""
    import platformdirs

    return platformdirs.user_cache_path("claimcheck", appauthor=False) / "data"


def locate(data_set: DataSet, places: Sequence[Path]) -> dict[File, Path] | Missing:
    """Where each file of a data set stands, the first folder that has it counting; or which are missing."""
    found = {file: path for file in data_set.files
             for path in [next((place / file.path for place in places if (place / file.path).is_file()), None)] if path}
    missing = tuple(file for file in data_set.files if file not in found)
    if not missing and data_set.files:
        return found
    if not data_set.files:
        remedy = f"{data_set.title} is read from a folder of your own; see `claimcheck data list`"
    elif any(file.url is None for file in missing):
        remedy = f"put {missing[0].path.rpartition('/')[0]}/ with the published files into a folder named by {ENVIRONMENT}"
    else:
        remedy = (f"run `claimcheck data fetch {data_set.name}` ({megabytes(data_set.bytes)}, {data_set.terms}), or name a "
                  f"folder that holds {missing[0].path} with --data-dir or {ENVIRONMENT}")
    return Missing(data_set=data_set, files=missing, remedy=remedy)


def verified(data_set: DataSet, places: Sequence[Path]) -> dict[File, Path] | Missing:
    """As `locate`, each file checked by size and SHA-256. Raises CorruptInput: every file that differs."""
    found = locate(data_set, places)
    if isinstance(found, Missing):
        return found
    faults = [fault for file, path in found.items() if (fault := _difference(file, path)) is not None]
    if faults:
        raise CorruptInput(faults)
    return found


def _difference(file: File, path: Path) -> Fault | None:
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        return Fault(path=path, what=f"cannot be read: {error.strerror}", next_move="check its rights")
    if digest == file.sha256:
        return None
    size = path.stat().st_size
    how = f"{size} bytes where {file.bytes} were published" if size != file.bytes else f"SHA-256 {digest[:16]}..., published "
    return Fault(path=path, what=f"differs from the published {file.path}: {how}"
                 + ("" if size != file.bytes else f"{file.sha256[:16]}..."),
                 next_move="remove it and fetch it again; nothing counts from it until then")


def fetch(data_set: DataSet, folder: Path, report: Callable[[str], None]) -> None:
    """Download the files of a data set that the folder does not hold yet, each checked before it takes its place.

    Raises UsageFault: the data set cannot be downloaded; CorruptInput: a file differs (one that stands there is left alone) or
    cannot be had.
    """
    if not data_set.files or any(file.url is None for file in data_set.files):
        raise UsageFault(f"{data_set.name} cannot be downloaded: {data_set.note}")
    report(f"{data_set.title}: {megabytes(data_set.bytes)}, licence {data_set.terms}, from {data_set.source}")
    for file in data_set.files:
        path = folder / file.path
        if path.is_file():
            if (fault := _difference(file, path)) is not None:
                raise CorruptInput([fault])
            continue
        _download(file, path)
        report(f"{file.path}: {megabytes(file.bytes)}")


def _download(file: File, path: Path) -> None:
    """Download one file beside its place, check it, and put it there in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as target:
            address = file.url or ""
            if not address.startswith(("https://", "http://127.0.0.1")):  # the latter so that tests can serve files
                raise UsageFault(f"{file.path}: {address} is no https address")
            with urllib.request.urlopen(address, timeout=60) as source:  # noqa: S310 - the scheme is checked above
                while chunk := source.read(_CHUNK):
                    target.write(chunk)
        if (fault := _difference(file, Path(name))) is not None:
            raise CorruptInput([Fault(path=path, what=f"what {address} gave {fault.what.partition(' ')[0]}s"
                                      f"{fault.what.partition(':')[2]}", next_move="try again later; nothing was kept")])
        Path(name).chmod(0o644)
        os.replace(name, path)
    except OSError as error:
        raise CorruptInput([Fault(path=path, what=f"could not be downloaded from {file.url}: {error}",
                                  next_move="check the network, or put the file there yourself")]) from None
    finally:
        Path(name).unlink(missing_ok=True)


def megabytes(size: int) -> str:
    """A size in words, in powers of ten.

    >>> megabytes(17_900_000)
    '17.9 MB'
    """
    return f"{size / 1e6:.1f} MB"
