"""The door to large data sets: where the passages, topics and judgments of a language stand, and their digest.

The passages of a language stand in `NAME/LANGUAGE-corpus/` of a data folder, as a person put them there, or fetched in
`sources/NAME/COMMIT/LANGUAGE-corpus/`. What the files of a language hold is looked at by `large_files`, at first use.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from claimcheck.corpora import large_files, miracl
from claimcheck.corpora.door import ENVIRONMENT, Missing, verified
from claimcheck.corpora.large import JUDGMENTS, PASSAGES, TOPICS, languages
from claimcheck.corpora.manifest import DataSet, File, manifest
from claimcheck.corpora.training_files import BELOW as FOLDER
from claimcheck.errors import UsageFault
from claimcheck.files import beside

_COMMIT = re.compile(r" at ([0-9a-f]{40})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language of a large data set that is here. `digest` is of topics, judgments and passages together.

    `count`: how many passages there are; `fetched`: whether it came by `fetch`, else a person put it there.
    """

    topics: Path
    judgments: Path
    passages: Path
    digest: str
    count: int
    fetched: bool

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
    place = folder / inside(name)
    for language in wanted:
        files = download_data(hub, commit, [f"{each}/" for each in _folders(name, language)], place, report)
        held = large_files.fetched(place, language, files)
        beside(place / f"{language}.json", (json.dumps(held, indent=1) + "\n").encode()).replace(place / f"{language}.json")
    return place


def _folders(name: str, language: str) -> tuple[str, ...]:
    """The folders of a language, that of its passages first."""
    kinds = ("corpus",) if name == miracl.NAME else ("corpus", "queries", "qrels")
    return tuple(f"{language}-{kind}" for kind in kinds)


def _listed(folder: Path, language: str) -> Mapping[str, str]:
    """The files of a language that was fetched, and the SHA-256 of each; none where one is not here in its size."""
    try:
        listed = json.loads((folder / f"{language}.json").read_bytes())
        here = all((folder / name).stat().st_size == each["bytes"] for name, each in listed.items())
        return {name: str(each["sha256"]) for name, each in listed.items()} if here else {}
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return {}


def locate(name: str, language: str, places: Sequence[Path], *, again: bool = False) -> Language | Lacking:
    """Where one language stands, the first data folder that has it counting. `again`: read every byte of it, noted or not.

    Raises CorruptInput: it is here and differs, or is not the whole data set.
    """
    hub, commit = repository(name)
    corpus = _folders(name, language)[0]
    found = next(((folder, listed) for place in places for folder, listed in (
        (place / name, {}), (place / inside(name), _listed(place / inside(name), language)))
        if listed or (folder == place / name and (folder / corpus).is_dir())), None)
    if found is None:
        return Lacking(why=f"the passages of {name} in {language} are not on this machine", remedy=(
            f"run `claimcheck data fetch {name} --language {language}`, or put them into {name}/{language}-corpus/ of a folder "
            f"named with --data-dir or {ENVIRONMENT}"))
    folders = [found[0] / each for each in _folders(name, language)]
    if lacking := [each for each in folders if not each.is_dir()]:
        return Lacking(why=f"{name} in {language} lacks {lacking[0].name}/", remedy="fetch or put it there too")
    held = large_files.look(name, language, folders, found[1], again=again)
    # what was fetched goes by its commit, which does not change, so that a report of it needs no files
    digests = [_of_commit(hub, commit, language)] if found[1] else list(held.digests)
    if name == miracl.HARD_NEGATIVES:
        passages, topics, judgments = folders
        return Language(topics=topics, judgments=judgments, passages=passages, digest=_joined(digests), count=held.count,
                        fetched=bool(found[1]))
    files = verified(_dev(language), places)
    if isinstance(files, Missing):
        return Lacking(why=f"the topics or judgments of MIRACL in {language} are not on this machine", remedy=files.remedy)
    paths = {file.path.rpartition("/")[2].partition(".")[0]: (file, path) for file, path in files.items()}
    (topic, topics), (judged, judgments) = paths["topics"], paths["qrels"]
    return Language(topics=topics, judgments=judgments, passages=folders[0], count=held.count, fetched=bool(found[1]),
                    digest=_joined([topic.sha256, judged.sha256, *digests]))


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
