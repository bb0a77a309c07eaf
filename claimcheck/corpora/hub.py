"""The Hugging Face hub: what of it is in its cache on this machine, and downloading a model or data at one commit.

The only module that knows huggingface_hub, which is imported where it is needed.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, cast

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
    name, endpoint = _named(hub, revision), _endpoint()
    with _told(hub, revision, place, "model", "nothing was kept"):
        listed, licence = _listed(hub, revision, "model")
        wanted = [each for each in sorted(listed) if checkpoints.deciding(each)]
        if not any(each.endswith(".safetensors") for each in wanted):
            raise CorruptInput([Fault(path=place, what=_no_safetensors(name, listed), next_move=(
                "take a revision that has them, or convert it yourself and give the backbone that `folder`"))])
        size = megabytes(sum(listed[each].size or 0 for each in wanted))
        report(f"{name}: {size} in {len(wanted)} files, licence {licence}, from {endpoint}/{hub}")
        _snapshot(hub, revision, "model", wanted, target)
    shutil.rmtree(target / ".cache", ignore_errors=True)  # what the library notes beside a download
    differ = [each for each in wanted if not _as_listed(target / each, listed[each])]
    if differ:
        raise CorruptInput([Fault(path=place / each, what=f"what {endpoint} gave is not what it lists", next_move=_LATER)
                            for each in differ])
    report(f"{name}: {len(wanted)} files as the hub lists them")


def download_data(repository: str, revision: str, files: Sequence[str], target: Path,
                  report: Callable[[str], None]) -> tuple[str, ...]:
    """Download files of a data set into `target`, each checked against the digest that the hub lists; `name/` is a folder's.

    A file that is there already and as listed is not asked for again, so that gigabytes are kept when one file fails; the
    library itself tries a few times to go on where a file broke off. One that stands there and differs is left alone; one that
    came and differs is removed. Returns the files by name.
    Raises UsageFault: there is no such data set or commit, or no room; CorruptInput: a file is not there, cannot be had or
    differs.
    """
    name, endpoint = _named(repository, revision), _endpoint()
    with _told(repository, revision, target, "data set", "files that came whole are kept, the next fetch asks for the rest"):
        listed, licence = _listed(repository, revision, "dataset")
        files = [name for each in files for name in (_within(each, listed) if each.endswith("/") else (each,))]
        if absent := [each for each in files if each not in listed]:
            raise CorruptInput([Fault(path=target / each, what=f"{name} holds no such file",
                                      next_move="put it there yourself") for each in absent])
        here = [each for each in files if (target / each).is_file()]
        if differ := [each for each in here if not _as_listed(target / each, listed[each])]:
            raise CorruptInput([Fault(path=target / each, what="differs from what the hub lists",
                                      next_move="remove it and fetch again; nothing counts from it until then")
                                for each in differ])
        wanted = [each for each in files if each not in here]
        size = sum(listed[each].size or 0 for each in wanted)
        report(f"{name}: {megabytes(size)} in {len(wanted)} files, the hub says licence {licence}, from "
               f"{endpoint}/datasets/{repository}")
        if not wanted:
            return (*files,)
        target.mkdir(parents=True, exist_ok=True)
        if size > (free := shutil.disk_usage(target).free):
            raise UsageFault(f"{target}: {megabytes(size)} are to come and {megabytes(free)} are free; make room, or name "
                             "another folder")
        _snapshot(repository, revision, "dataset", wanted, target)
    if differ := [each for each in wanted if not _as_listed(target / each, listed[each])]:
        for each in differ:
            (target / each).unlink(missing_ok=True)
        raise CorruptInput([Fault(path=target / each, what=f"what {endpoint} gave is not what it lists",
                                  next_move="fetch again; it was removed, the other files are kept") for each in differ])
    shutil.rmtree(target / ".cache", ignore_errors=True)
    report(f"{name}: {len(files)} files as the hub lists them")
    return (*files,)


def _within(folder: str, listed: Mapping[str, object]) -> tuple[str, ...]:
    """The files of a folder as the hub lists them; the folder itself where there are none, which is then missed by name."""
    return tuple(sorted(name for name in listed if name.startswith(folder))) or (folder,)


def _named(repository: str, revision: str) -> str:
    return f"{repository} at commit {revision[:12]}"


def _endpoint() -> str:
    from huggingface_hub import constants

    return constants.ENDPOINT


def _listed(repository: str, revision: str, kind: Literal["model", "dataset"]) -> tuple[Mapping[str, Any], str]:
    """What the hub lists at a commit, by name, and the licence that it says. Raises ValueError: it answers with another."""
    import huggingface_hub

    api = huggingface_hub.HfApi()
    ask = api.model_info if kind == "model" else api.dataset_info
    info = ask(repository, revision=revision, files_metadata=True, timeout=TIMEOUT)
    if info.sha != revision:
        raise ValueError(f"it answered with commit {info.sha}")
    return {each.rfilename: each for each in info.siblings or ()}, _licence(info.tags or ())


def _snapshot(repository: str, revision: str, kind: Literal["model", "dataset"], files: Sequence[str], target: Path) -> None:
    import huggingface_hub

    huggingface_hub.snapshot_download(repository, revision=revision, repo_type=kind, allow_patterns=list(files),
                                      local_dir=target)


@contextmanager
def _told(repository: str, revision: str, place: Path, noun: str, kept: str) -> Iterator[None]:
    """Tells what goes wrong with the hub as UsageFault or CorruptInput; `kept`: what became of what was downloaded."""
    from huggingface_hub import errors

    # What goes wrong on the way is an error of the HTTP library, whichever that is, an OSError, or hf_xet's RuntimeError; what
    # answers and is no hub is a ValueError or a KeyError.
    on_the_way = cast(tuple[type[Exception], ...], (*errors.HfHubHTTPError.__bases__, RuntimeError, ValueError, KeyError))
    try:
        yield
    except errors.GatedRepoError:
        raise UsageFault(f"{repository}: its authors give it to those who ask; ask on its page, then run `hf auth login`"
                         ) from None
    except errors.RevisionNotFoundError:
        raise UsageFault(f"{repository}: the hub has no commit {revision}; take one from its list of commits") from None
    except errors.RepositoryNotFoundError:
        raise UsageFault(f"{repository}: the hub shows no such {noun}; check the id, or run `hf auth login` if it is private"
                         ) from None
    except on_the_way as error:
        raise CorruptInput([Fault(path=place, what=f"could not be downloaded from {_endpoint()}: {_first_line(error)}",
                                  next_move="check the network, the folder, HF_ENDPOINT and HF_HUB_OFFLINE, or put the files "
                                            f"there yourself; {kept}")]) from None


def _as_listed(path: Path, listed: Any) -> bool:
    """Whether a file has the digest that the hub lists: SHA-256 of a large one, that of a git blob of any other."""
    if not path.is_file():
        return False
    if listed.lfs is not None:
        with path.open("rb") as stream:
            return bool(hashlib.file_digest(stream, "sha256").hexdigest() == listed.lfs.sha256)
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest() == str(listed.blob_id)


def _no_safetensors(name: str, listed: Iterable[str]) -> str:
    others = sorted(each for each in listed if each.endswith(_OTHER_WEIGHTS))
    return f"{name} has no safetensors" + (
        f", only {', '.join(others)}: pickles from outside are never opened, nor is another format" if others else "")


def _licence(tags: Sequence[str]) -> str:
    return next((each.removeprefix("license:") for each in tags if each.startswith("license:")), "not stated")


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
