"""Files put in their place in one step: written beside it first, so that nobody ever sees half of one."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def beside(path: Path, content: bytes) -> Path:
    """Write the content into a file beside the path, down to the disk; one rename puts it in its place.

    Raises OSError: it cannot be written; nothing is left behind then.
    """
    with _beside(path) as (file, made):
        file.write(content)
    return made


@contextmanager
def placed(path: Path) -> Iterator[BinaryIO]:
    """A file to write into, beside the path; where the block ends it is put in its place in one step.

    Raises OSError: it cannot be written. Then, and however else the block breaks off, what stood at the path stands there still
    and nothing is left beside it.
    """
    with _beside(path) as (file, made):
        yield file
    try:
        made.replace(path)
    except OSError:
        made.unlink(missing_ok=True)
        raise


@contextmanager
def _beside(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file beside the path, open to be written and down to the disk where the block ends; removed if that breaks off."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    made = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file, made
            file.flush()
            os.fsync(file.fileno())
        made.chmod(0o666 & ~umask())
    except BaseException:
        made.unlink(missing_ok=True)
        raise


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold a lock that is this file, or say that another process holds it. Whoever dies lets go of it.

    Raises OSError: the file cannot be written.
    """
    with path.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def umask() -> int:
    """The rights that new files of this process do not get."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
