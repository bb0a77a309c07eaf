"""The door to data: looked up in plain folders, checked against the manifest, downloaded only with consent.

A file that differs from the manifest is never used and never silently replaced.
"""

import hashlib
import http.client
import os
import tempfile
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from claimcheck.corpora.manifest import DataSet, File
from claimcheck.errors import CorruptInput, Fault, UsageFault

ENVIRONMENT = "CLAIMCHECK_DATA"
SCHEMES = ("https://",)
"""What the address of a download may start with."""
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Files of a data set that stand in none of the folders, and what to do."""

    data_set: DataSet
    files: tuple[File, ...]
    remedy: str


def folders(data_dir: Path | None) -> tuple[Path, ...]:
    """Where data are looked for, first to last: the given folder, CLAIMCHECK_DATA, the user's cache.

    Raises UsageFault: CLAIMCHECK_DATA names no folder.
    """
    named = os.environ.get(ENVIRONMENT)
    if named and not os.path.isdir(named):  # noqa: PTH112 - false, not an error, where rights are missing
        raise UsageFault(f"{ENVIRONMENT}: {named} is no folder that can be read; name one, or unset it")
    return tuple(path for path in (data_dir, Path(named) if named else None, cache()) if path is not None)


def cache() -> Path:
    """The folder of this user's cache that downloads go to unless another is named."""
    import platformdirs

    return platformdirs.user_cache_path("claimcheck", appauthor=False) / "data"


def locate(data_set: DataSet, places: Sequence[Path]) -> dict[File, Path] | Missing:
    """Where each file of a data set stands, the first folder that has it counting; or which are missing."""
    found = {file: path for file in data_set.files if (path := _first(file, places)) is not None}
    missing = tuple(file for file in data_set.files if file not in found)
    if not missing and data_set.files:
        return found
    if not data_set.files:
        remedy = (f"run `claimcheck data fetch {data_set.name} --language LANGUAGE`, or put it into a folder of your own (see "
                  "`claimcheck data list`)")
    elif any(file.url is None for file in missing):
        remedy = f"put {missing[0].path.rpartition('/')[0]}/ with the published files into a folder named by {ENVIRONMENT}"
    else:
        remedy = (f"run `claimcheck data fetch {data_set.name}` ({megabytes(data_set.bytes)}, {data_set.terms}), or name a "
                  f"folder that holds {missing[0].path} with --data-dir or {ENVIRONMENT}")
    return Missing(data_set=data_set, files=missing, remedy=remedy)


def _first(file: File, places: Sequence[Path]) -> Path | None:
    """The file in the first folder that has it; a folder that cannot be read has none."""
    paths = (place / file.path for place in places)
    return next((path for path in paths if os.path.isfile(path)), None)  # noqa: PTH113 - false where rights are missing


def verified(data_set: DataSet, places: Sequence[Path]) -> dict[File, Path] | Missing:
    """As `locate`, each file that is here checked by size and SHA-256. Raises CorruptInput: every file that differs."""
    here = {file: path for file in data_set.files if (path := _first(file, places)) is not None}
    faults = [fault for file, path in here.items() if (fault := _difference(file, path)) is not None]
    if faults:
        raise CorruptInput(faults)
    return locate(data_set, places)


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


def fetch(data_set: DataSet, folder: Path, report: Callable[[str], None], places: Sequence[Path] = ()) -> None:
    """Download the files of a data set that neither the folder nor `places` holds, each checked before it takes its place.

    Raises UsageFault: the data set cannot be downloaded; CorruptInput: a file differs (one that stands there is left alone) or
    cannot be had.
    """
    if not data_set.files or any(file.url is None for file in data_set.files):
        raise UsageFault(f"{data_set.name} cannot be downloaded: {data_set.note}")
    here = {file: path for file in data_set.files if (path := _first(file, (folder, *places))) is not None}
    if faults := [fault for file, path in here.items() if (fault := _difference(file, path)) is not None]:
        raise CorruptInput(faults)
    wanted = [file for file in data_set.files if file not in here]
    size = megabytes(sum(file.bytes for file in wanted))
    report(f"{data_set.title}: {size} in {len(wanted)} files, licence {data_set.terms}, from {data_set.source}")
    for file in wanted:
        _download(file, folder / file.path)
        report(f"{file.path}: {megabytes(file.bytes)}")


def _download(file: File, path: Path) -> None:
    """Download one file beside its place, check it, and put it there in one step."""
    name = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as target:
            digest = _received(file, target)
        if digest != file.sha256:
            raise CorruptInput([Fault(path=path, what=f"what {file.url} gave is not the published {file.path}",
                                      next_move="try again later; nothing was kept")])
        Path(name).chmod(0o644)
        os.replace(name, path)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise CorruptInput([Fault(path=path, what=f"could not be downloaded from {file.url}: {error}",
                                  next_move="check the network and the folder, or put the file there yourself")]) from None
    finally:
        if name:
            Path(name).unlink(missing_ok=True)


def _received(file: File, target: BinaryIO) -> str:
    """Write what the file's address gives, up to one byte more than was published, and return its SHA-256."""
    address = file.url or ""
    if not address.startswith(SCHEMES):
        raise UsageFault(f"{file.path}: {address} is no https address")
    digest, left = hashlib.sha256(), file.bytes + 1
    with urllib.request.urlopen(address, timeout=60) as source:  # noqa: S310 - the scheme is checked above
        while left and (chunk := source.read(min(_CHUNK, left))):
            target.write(chunk)
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()


def megabytes(size: int) -> str:
    """A size in words, in powers of ten.

    >>> megabytes(17_900_000)
    '17.9 MB'
    """
    return f"{size / 1e6:.1f} MB"
