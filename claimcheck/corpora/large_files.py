"""What the files of one language of a large data set hold: read whole at first use, counted, and held against what is known.

Of MIRACL it is known how many passages each language has, of its hard negatives how many queries; of what was fetched, the
SHA-256 of each file as it came. What was read is noted beside the folders (see `checked`), so that it is read once.
"""

import gzip
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from claimcheck.corpora import checked, large, miracl, sizes
from claimcheck.errors import CorruptInput, Fault

MOST_QUERIES = 1000
"""To so many the queries of a language were cut in the hard negatives (ar, fi and ru have more)."""
_FETCH = "remove it and fetch it again, or put the published one there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """`digests`: one of each folder, over names and SHA-256 of the files that are read; `count`: passages."""

    digests: tuple[str, ...]
    count: int


def fetched(place: Path, language: str, files: Sequence[str]) -> dict[str, dict[str, object]]:
    """Bytes and SHA-256 of files that came and were held against what the hub lists, to be kept."""
    read = checked.digests([place / name for name in sorted(files)], _note(place, language))
    return {name: {"bytes": (place / name).stat().st_size, "sha256": read[place / name]} for name in sorted(files)}


def look(name: str, language: str, folders: Sequence[Path], listed: Mapping[str, str], *, again: bool = False) -> Held:
    """Look at the folders of a language, that of the passages first. `listed`: file -> SHA-256 as fetched, none if put there.

    Raises CorruptInput: every file that cannot be read, differs or was not fetched; passages, queries or judgments that are
    not the whole data set.
    """
    place, files = folders[0].parent, [_shards_of(folders[0]), *(sorted(each.glob("*.parquet")) for each in folders[1:])]
    others = [place / each for each in listed if place / each not in {path for own in files for path in own}]
    wanted: dict[Path, checked.Count | None] = {path: None for own in (*files[1:], others) for path in own}
    try:
        found = checked.contents(wanted | dict.fromkeys(files[0], passages_in), _note(place, language), again=again)
    except OSError as error:
        raise CorruptInput([Fault(path=Path(error.filename or folders[0]), what=f"cannot be read: {error.strerror}",
                                  next_move="check its rights")]) from None
    names = {path: path.relative_to(place).as_posix() for path in found}
    if faults := [Fault(path=path, what="differs from what was fetched" if names[path] in listed else "was not fetched",
                        next_move="remove it and fetch again; nothing counts from it until then")
                  for path, each in found.items() if listed and listed.get(names[path]) != each.sha256]:
        raise CorruptInput(faults)
    digests = tuple(_joined([f"{found[path].sha256}  {path.name}\n" for path in own]) for own in files)
    count = sum(found[path].texts for path in files[0])
    _whole(name, language, folders, count, digests)
    return Held(digests=digests, count=count)


def passages_in(path: Path) -> int:
    """How many passages a shard holds: of parquet as its end says, of JSON lines counted. Raises CorruptInput: cut off."""
    import pyarrow  # type: ignore[import-untyped]
    import pyarrow.parquet  # type: ignore[import-untyped]

    try:
        if path.suffix == ".parquet":
            return int(pyarrow.parquet.read_metadata(path).num_rows)
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            return sum(1 for line in stream if line.strip())
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        what = f"the gzip file is cut off or broken: {error}"
    except (pyarrow.ArrowException, ValueError) as error:
        what = f"not parquet, or cut off: {error}"
    raise CorruptInput([Fault(path=path, what=what, next_move=_FETCH)])


def _shards_of(folder: Path) -> list[Path]:
    """The shards that are read as passages. Raises CorruptInput: there are none, or one has not the columns of passages."""
    miracl.passages(folder)
    return [path for form in miracl.shards(folder) for path in form]


def _whole(name: str, language: str, folders: Sequence[Path], count: int, digests: tuple[str, ...]) -> None:
    """Raises CorruptInput: it is not the data set of that name, whole."""
    published = sizes.PASSAGES[language]
    if name == miracl.NAME and count != published:
        raise CorruptInput([Fault(path=folders[0], what=f"holds {count:,} passages, and MIRACL has {published:,} in {language}",
                                  next_move="put all of them there, or fetch them again; fewer are another data set")])
    if name != miracl.HARD_NEGATIVES:
        return
    if count == published:
        raise CorruptInput([Fault(path=folders[0], what=f"holds all {count:,} passages of MIRACL in {language}",
                                  next_move=f"put it into {miracl.NAME}/, which it is; this data set is of hard negatives")])
    _judged(language, tuple(folders), digests)


@lru_cache(maxsize=64)
def _judged(language: str, folders: tuple[Path, ...], digests: tuple[str, ...]) -> None:  # noqa: ARG001 - as they stand
    """Raises CorruptInput: queries and judgments do not go together, are not all, or judge what is not among the passages."""
    corpus, topics, judgments = folders
    files = {f"{language}/{kind}": path for kind, path in (
        (large.TOPICS, topics), (large.JUDGMENTS, judgments), (large.PASSAGES, corpus))}
    found = large.read_judged(miracl.HARD_NEGATIVES, language, files)
    wanted = queries_of(language)
    faults = []
    if len(found.queries) != wanted:
        faults.append(Fault(path=topics, what=f"holds {len(found.queries):,} queries where {wanted:,} were published",
                            next_move=_FETCH))
    grades = [grade for judged in found.judgments.values() for grade in judged.values()]
    if max(grades, default=0) > 1:
        faults.append(Fault(path=judgments, what="holds a grade beyond 1, and places tell relevant from not only",
                            next_move=_FETCH))
    relevant = {passage for judged in found.judgments.values() for passage, grade in judged.items() if grade > 0}
    if absent := relevant.difference(passage.id for passage in miracl.passages(corpus)):
        faults.append(Fault(path=corpus, what=f"lacks {len(absent):,} passages that are judged relevant, `{min(absent)}` first",
                            next_move=_FETCH))
    if faults:
        raise CorruptInput(faults)


def queries_of(language: str) -> int:
    """How many queries the hard negatives have in a language: those of MIRACL, of the first thousand where there are more."""
    return min(miracl.DEV_QUERIES[language], MOST_QUERIES)


def _note(place: Path, language: str) -> Path:
    return place / f".{language}.checked.json"


def _joined(lines: Sequence[str]) -> str:
    return hashlib.sha256("".join(lines).encode()).hexdigest()
