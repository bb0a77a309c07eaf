"""The door to large data sets: where the passages, topics and judgments of a language stand, and their digest.

The passages of a language stand in `NAME/LANGUAGE-corpus/` of a data folder, as a person put them there, or fetched in
`sources/NAME/COMMIT/LANGUAGE-corpus/`.
"""

import functools
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from claimcheck.corpora import miracl
from claimcheck.corpora.door import ENVIRONMENT, Missing, verified
from claimcheck.corpora.large import JUDGMENTS, PASSAGES, TOPICS, languages
from claimcheck.corpora.manifest import DataSet, File, manifest
from claimcheck.corpora.training_files import BELOW as FOLDER
from claimcheck.errors import UsageFault
from claimcheck.files import beside

_COMMIT = re.compile(r" at ([0-9a-f]{40})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language of a large data set that is here. `digest` is of topics, judgments and passages together."""

    topics: Path
    judgments: Path
    passages: Path
    digest: str

    def files(self, language: str) -> dict[str, Path]:
        """As work names them: `yo/topics`, `yo/judgments`, `yo/passages`."""
        return {f"{language}/{kind}": path for kind, path in (
            (TOPICS, self.topics), (JUDGMENTS, self.judgments), (PASSAGES, self.passages))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """Why a language is not here, and what to do."""

    why: str
    remedy: str


def repository(name: str) -> tuple[str, str]:
    """Where its passages can be fetched: repository of the hub, and commit."""
    source = manifest()[name].source
    found = _COMMIT.search(source)
    assert found is not None
    return source[: found.start()], found[1]


def inside(name: str) -> str:
    """Where what was fetched stands below a data folder."""
    return f"{FOLDER}/{name}/{repository(name)[1]}"


def fetch(name: str, wanted: Sequence[str], folder: Path, report: Callable[[str], None]) -> Path:
    """Download some languages of a large data set, each file checked against the digest that the hub lists at the commit.

    A language counts as here when all its files came: what of them stands in a file of its own. Returns where they stand.
    Raises UsageFault: it has no such language, or nothing can be had; CorruptInput: a file cannot be had or differs.
    """
    from claimcheck.corpora.hub import download_data

    if strange := [language for language in wanted if language not in languages(name)]:
        raise UsageFault(f"{name} has no language `{strange[0]}`; it has {', '.join(languages(name))}")
    hub, commit = repository(name)
    place, kinds = folder / inside(name), ("corpus",) if name == miracl.NAME else ("corpus", "queries", "qrels")
    for language in wanted:
        files = download_data(hub, commit, [f"{language}-{kind}/" for kind in kinds], place, report)
        listing = json.dumps({each: (place / each).stat().st_size for each in sorted(files)}, indent=1) + "\n"
        beside(place / f"{language}.json", listing.encode()).replace(place / f"{language}.json")
    return place


def _whole(folder: Path, language: str) -> bool:
    """Whether all files of a language that was fetched are here, by name and size."""
    try:
        listed = json.loads((folder / f"{language}.json").read_bytes())
        return bool(listed) and all((folder / name).stat().st_size == size for name, size in listed.items())
    except (OSError, ValueError, AttributeError):
        return False


def locate(name: str, language: str, places: Sequence[Path]) -> Language | Lacking:
    """Where one language stands, the first data folder that has it counting. Raises CorruptInput: it is here and differs."""
    hub, commit = repository(name)
    below = (f"{name}/{language}", f"{inside(name)}/{language}")
    found = next(((place / each, fetched) for place in places for each, fetched in zip(below, (False, True), strict=True)
                  if (_whole(place / inside(name), language) if fetched else (place / f"{each}-corpus").is_dir())), None)
    if found is None:
        return Lacking(why=f"the passages of {name} in {language} are not on this machine", remedy=(
            f"run `claimcheck data fetch {name} --language {language}`, or put them into {name}/{language}-corpus/ of a folder "
            f"named with --data-dir or {ENVIRONMENT}"))
    stem, fetched = found
    passages = stem.with_name(f"{language}-corpus")
    # of what was fetched each file was held against the hub's digests then, and a commit does not change
    held = _of_commit(hub, commit, language) if fetched else _sha256_of(passages)
    if name == miracl.HARD_NEGATIVES:
        topics, judgments = (stem.with_name(f"{language}-{kind}") for kind in ("queries", "qrels"))
        if lacking := [each for each in (topics, judgments) if not each.is_dir()]:
            return Lacking(why=f"{name} in {language} lacks {lacking[0].name}/", remedy="fetch or put it there too")
        digests = [held] if fetched else [held, _sha256_of(topics), _sha256_of(judgments)]
        return Language(topics=topics, judgments=judgments, passages=passages, digest=_joined(digests))
    files = verified(_dev(language), places)
    if isinstance(files, Missing):
        return Lacking(why=f"the topics or judgments of MIRACL in {language} are not on this machine", remedy=files.remedy)
    paths = {file.path.rpartition("/")[2].partition(".")[0]: (file, path) for file, path in files.items()}
    (topic, topics), (judged, judgments) = paths["topics"], paths["qrels"]
    return Language(topics=topics, judgments=judgments, passages=passages,
                    digest=_joined([topic.sha256, judged.sha256, held]))


def digest_known(name: str, language: str) -> str:
    """The digest of a language as it is when fetched at its commit, known without its files."""
    held = _of_commit(*repository(name), language)
    if name == miracl.HARD_NEGATIVES:
        return _joined([held])
    topics, judgments = (next(file.sha256 for file in _dev(language).files if f"/{kind}." in file.path)
                         for kind in ("topics", "qrels"))
    return _joined([topics, judgments, held])


def _of_commit(hub: str, commit: str, language: str) -> str:
    return hashlib.sha256(f"hub {hub} {commit} {language}".encode()).hexdigest()


def _dev(language: str) -> DataSet:
    """Topics and judgments of one language as a data set of their own."""
    whole = manifest()["miracl-dev"]
    files: tuple[File, ...] = tuple(file for file in whole.files if f"-{language}-dev" in file.path)
    return replace(whole, files=files)


def _joined(digests: Sequence[str]) -> str:
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()


def _sha256_of(folder: Path) -> str:
    """SHA-256 over names and digests of the files in a folder."""
    lines = []
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            state = path.stat()
            lines.append(f"{_sha256(path, state.st_ino, state.st_size, state.st_mtime_ns)}  {path.name}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@functools.lru_cache(maxsize=4096)
def _sha256(path: Path, inode: int, size: int, changed: int) -> str:  # noqa: ARG001 - a file that changed is read again
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
