"""The door to backbones: where an encoder's checkpoint stands, whether it is whole and safe, its digest; fetched with consent.

They stand under `backbones/` of the folders that data are looked up in. Only `fetch` goes to the network.
"""

import functools
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from claimcheck.corpora import checkpoints
from claimcheck.corpora.checkpoints import transformer_folder as transformer_folder
from claimcheck.corpora.door import ENVIRONMENT
from claimcheck.design import Backbone
from claimcheck.errors import CorruptInput, Fault, UsageFault
from claimcheck.fields import COMMIT, INSIDE
from claimcheck.files import umask

BELOW = "backbones"
"""The folder of checkpoints below a data folder."""
FETCH = "claimcheck backbones fetch CLAIMS NAME --profile PROFILE"
"""How a remedy calls the download; who knows claims, name and profile can put them in."""
_HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A checkpoint that is here, whole and safe: its folder, its digest (64 hexadecimal digits), and what found it."""

    folder: Path
    digest: str
    source: Literal["folder", "mirror", "hub cache"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """Why there is no checkpoint, and what to do."""

    why: str
    remedy: str


def digest_known(backbone: Backbone) -> str | None:
    """The digest of what the hub has at a commit, known without its files; None where only the files can tell."""
    if backbone.hub is None or _HUB_ID.fullmatch(backbone.hub) is None or not re.fullmatch(COMMIT, backbone.revision or ""):
        return None
    return hashlib.sha256(f"hub {backbone.hub} {backbone.revision}".encode()).hexdigest()


def locate(backbone: Backbone, places: Sequence[Path]) -> Checkpoint | Absent:
    """Where the checkpoint of a backbone stands, the first folder that has it counting; nothing is asked of the network.

    `places`: data folders, as `door.folders` gives them. A model of the hub is looked up as a plain mirror,
    `backbones/ORGANISATION/NAME/COMMIT/`, and then in the Hugging Face cache.
    Raises CorruptInput: it is there, and everything that is wrong with it.
    """
    if backbone.encoder == "hashed n-grams":
        return Absent(why="hashed n-grams have no checkpoint", remedy="none is needed")
    if backbone.folder is not None:
        return _in_folder(backbone, backbone.folder, places)
    if backbone.hub is None:
        return Absent(why="the backbone names neither a model of the `hub` nor a `folder`",
                      remedy="give it `hub` and `revision`, or `folder`")
    digest, revision = digest_known(backbone), backbone.revision
    if digest is None or revision is None:
        return _unpinned(backbone.hub, revision)
    if (mirror := _first(places, f"{backbone.hub}/{revision}")) is not None:
        return Checkpoint(folder=_whole(mirror, backbone), digest=digest, source="mirror")
    return _in_cache(backbone, backbone.hub, revision, digest)


def _in_folder(backbone: Backbone, name: str, places: Sequence[Path]) -> Checkpoint | Absent:
    found = _first(places, name) if re.fullmatch(INSIDE, name) else None
    if found is None:
        return Absent(why=f"{BELOW}/{name}/ stands in none of the data folders",
                      remedy=f"put the checkpoint there, or name a folder that holds it with --data-dir or {ENVIRONMENT}")
    _whole(found, backbone)
    lines = "".join(f"{digest}  {file}\n" for file, digest in _files_sha256(found).items())
    return Checkpoint(folder=found, digest=hashlib.sha256(lines.encode()).hexdigest(), source="folder")


def _in_cache(backbone: Backbone, hub: str, revision: str, digest: str) -> Checkpoint | Absent:
    """As the Hugging Face cache has it. Files that are missing there were never asked for, so they are no fault of it."""
    from claimcheck.corpora.hub import cached

    found, state = cached(hub, revision), "is not on this machine"
    if found is not None:
        faults = checkpoints.faults(found, modules=_finished(backbone))
        missing = [each.path.relative_to(found).as_posix() for each in faults if not each.path.exists()]
        if not missing:
            if faults:
                raise CorruptInput(faults)
            return Checkpoint(folder=found, digest=digest, source="hub cache")
        state = f"stands in the cache of the hub only in part: it lacks {', '.join(missing)}"
    return Absent(why=f"{hub} at commit {revision[:12]} {state}", remedy=(
        f"run `{FETCH}`, or name a folder that holds {BELOW}/{hub}/{revision}/ with --data-dir or {ENVIRONMENT}"))


def files_sha256(checkpoint: Checkpoint) -> dict[str, str]:
    """SHA-256 of each file that decides what the encoder computes, by name below the checkpoint's folder, in order of names."""
    return _files_sha256(checkpoint.folder)


def fetch(backbone: Backbone, folder: Path, report: Callable[[str], None]) -> Path:
    """Download a model of the hub at its commit into `folder`, each file checked against the hub's digest; returns its place.

    Only what `checkpoints.deciding` names is downloaded: configuration, tokenizer, safetensors; never a pickle, never code.
    It is put in its place, `backbones/ORGANISATION/NAME/COMMIT/`, in one step when it is whole.
    Raises UsageFault: the backbone names no commit of the hub, or one that is not there; CorruptInput: it cannot be had, holds
    no safetensors, or something is wrong with it (one that stands there is left alone).
    """
    from claimcheck.corpora.hub import download

    if backbone.hub is None:
        raise UsageFault(f"nothing to fetch: {backbone.folder} is a folder of your own; put it under {BELOW}/ of a data folder"
                         if backbone.folder else "nothing to fetch: this backbone is no model of the hub")
    revision = backbone.revision
    if digest_known(backbone) is None or revision is None:
        absent = _unpinned(backbone.hub, revision)
        raise UsageFault(f"{absent.why}; {absent.remedy}")
    place = folder / BELOW / backbone.hub / revision
    if place.is_dir():
        report(f"{backbone.hub} at commit {revision[:12]} stands there already")
        return _whole(place, backbone)
    made = None
    try:
        (folder / BELOW).mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=folder / BELOW, prefix=".fetched-"))
        download(backbone.hub, revision, made, place, report)
        _whole(made, backbone, place)
        _put(made, place)
    except OSError as error:
        raise CorruptInput([Fault(path=place, what=f"cannot be written: {error.strerror or error}",
                                  next_move="check the folder, its rights and the space left")]) from None
    finally:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)
    return place


def _put(made: Path, place: Path) -> None:
    """Give a folder that is whole its place, unless another process was faster."""
    made.chmod(0o777 & ~umask())
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        made.rename(place)
    except OSError:
        if not place.is_dir():
            raise


def _unpinned(hub: str, revision: str | None) -> Absent:
    """Why what is named on the hub is not one commit of one model."""
    if _HUB_ID.fullmatch(hub) is None:
        return Absent(why=f"{hub} is no id of a model on the hub", remedy="write it as ORGANISATION/NAME")
    digits = "give the backbone a `revision`, the 40 hexadecimal digits of a commit"
    if revision is None:
        return Absent(why=f"{hub} names no revision, and nothing is loaded from the hub without one", remedy=digits)
    return Absent(why=f"the revision {revision} of {hub} is no commit", remedy=digits)


def _first(places: Sequence[Path], name: str) -> Path | None:
    """The folder of this name in the first place that has it; a place that cannot be read has none."""
    paths = (place / BELOW / name for place in places)
    return next((path for path in paths if os.path.isdir(path)), None)  # noqa: PTH112 - false where rights are missing


def _whole(folder: Path, backbone: Backbone, place: Path | None = None) -> Path:
    """The folder, if nothing is wrong with its checkpoint. Raises CorruptInput: every fault, below `place` if that is given."""
    found = checkpoints.faults(folder, modules=_finished(backbone))
    if found:
        raise CorruptInput([replace(each, path=(place or folder) / each.path.relative_to(folder)) for each in found])
    return folder


def _finished(backbone: Backbone) -> bool:
    """Whether it is a finished model, whose modules decide too; of others the transformer alone is read."""
    return backbone.encoder == "sentence-transformers"


def _files_sha256(folder: Path) -> dict[str, str]:
    return {name: _sha256(path) for name, path in checkpoints.files(folder).items()}


def _sha256(path: Path) -> str:
    state = path.stat()
    return _read_sha256(path, state.st_ino, state.st_size, state.st_mtime_ns)


@functools.lru_cache(maxsize=1024)
def _read_sha256(path: Path, inode: int, size: int, changed: int) -> str:  # noqa: ARG001 - a file that changed is read again
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
