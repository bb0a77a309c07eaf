"""The Hugging Face hub: what of it is in its cache on this machine, and downloading a model at one commit.

The only module that knows huggingface_hub, which is imported where it is needed.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import cast

from claimcheck.corpora import checkpoints
from claimcheck.corpora.door import megabytes
from claimcheck.errors import CorruptInput, Fault, UsageFault

TIMEOUT = 30
"""Seconds until a hub that does not answer counts as out of reach."""
_OTHER_WEIGHTS = (".bin", ".h5", ".msgpack", ".onnx", ".pt", ".ckpt")
_LATER = "try again later; nothing was kept"


def cached(hub: str, revision: str) -> Path | None:
    """The snapshot of a commit in the cache, found by files alone; it may be there only in part."""
    from huggingface_hub import try_to_load_from_cache

    found = (try_to_load_from_cache(hub, name, revision=revision) for name in (checkpoints.MODULES, checkpoints.CONFIG))
    return next((Path(path).parent for path in found if isinstance(path, str)), None)


def download(hub: str, revision: str, target: Path, place: Path, report: Callable[[str], None]) -> None:
    """Download the files that decide into `target`, an empty folder, and check each against the digest that the hub lists.

    `place` is where they will stand, and what faults name.
    Raises UsageFault: there is no such model or commit; CorruptInput: it cannot be had, holds no safetensors or differs.
    """
    import huggingface_hub
    from huggingface_hub import constants, errors

    endpoint = constants.ENDPOINT
    name = f"{hub} at commit {revision[:12]}"
    # What goes wrong on the way is an error of the HTTP library, whichever that is, an OSError, or hf_xet's RuntimeError; what
    # answers and is no hub is a ValueError or a KeyError.
    on_the_way = cast(tuple[type[Exception], ...], (*errors.HfHubHTTPError.__bases__, RuntimeError, ValueError, KeyError))
    try:
        info = huggingface_hub.HfApi().model_info(hub, revision=revision, files_metadata=True, timeout=TIMEOUT)
        if info.sha != revision:
            raise ValueError(f"it answered with commit {info.sha}")
        listed = {each.rfilename: each for each in info.siblings or ()}
        wanted = [each for each in sorted(listed) if checkpoints.deciding(each)]
        if not any(each.endswith(".safetensors") for each in wanted):
            raise CorruptInput([Fault(path=place, what=_no_safetensors(name, listed), next_move=(
                "take a revision that has them, or convert it yourself and give the backbone that `folder`"))])
        size = megabytes(sum(listed[each].size or 0 for each in wanted))
        report(f"{name}: {size} in {len(wanted)} files, licence {_licence(info.tags or ())}, from {endpoint}/{hub}")
        huggingface_hub.snapshot_download(hub, revision=revision, allow_patterns=wanted, local_dir=target)
    except errors.GatedRepoError:
        raise UsageFault(f"{hub}: its authors give it to those who ask; ask on its page, then run `hf auth login`") from None
    except errors.RevisionNotFoundError:
        raise UsageFault(f"{hub}: the hub has no commit {revision}; take one from its list of commits") from None
    except errors.RepositoryNotFoundError:
        raise UsageFault(f"{hub}: the hub shows no such model; check the id, or run `hf auth login` if it is private") from None
    except on_the_way as error:
        raise CorruptInput([Fault(path=place, what=f"could not be downloaded from {endpoint}: {_first_line(error)}", next_move=(
            "check the network, the folder, HF_ENDPOINT and HF_HUB_OFFLINE, or put the files there yourself; nothing was kept"
            ))]) from None
    shutil.rmtree(target / ".cache", ignore_errors=True)  # what the library notes beside a download
    differ = [each for each in wanted
              if not _as_listed(target / each, listed[each].blob_id, lfs.sha256 if (lfs := listed[each].lfs) else None)]
    if differ:
        raise CorruptInput([Fault(path=place / each, what=f"what {endpoint} gave is not what it lists", next_move=_LATER)
                            for each in differ])
    report(f"{name}: {len(wanted)} files as the hub lists them")


def _as_listed(path: Path, blob: str | None, sha256: str | None) -> bool:
    """Whether a file has the digest that the hub lists: SHA-256 of a large one, that of a git blob of any other."""
    if not path.is_file():
        return False
    if sha256 is not None:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == sha256
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest() == blob


def _no_safetensors(name: str, listed: Iterable[str]) -> str:
    others = sorted(each for each in listed if each.endswith(_OTHER_WEIGHTS))
    return f"{name} has no safetensors" + (
        f", only {', '.join(others)}: pickles from outside are never opened, nor is another format" if others else "")


def _licence(tags: Sequence[str]) -> str:
    return next((each.removeprefix("license:") for each in tags if each.startswith("license:")), "not stated")


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
