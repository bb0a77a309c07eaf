"""The published files of the training data: looked up in the data folders, downloaded with consent at their commit.

They stand under `sources/NAME/COMMIT/` of a data folder, each under its path in the repository. Nothing of them is executed.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from claimcheck.corpora import door
from claimcheck.corpora.manifest import DataSet, File
from claimcheck.corpora.training_data import GITHUB, TrainingPart
from claimcheck.errors import UsageFault

BELOW = "sources"
"""The folder of published files below a data folder."""
BY_HAND = "by-hand"
"""In place of the commit, where no public text told one: a person puts the files there."""
RAW = "https://raw.githubusercontent.com/"
"""Where GitHub gives files at a commit."""


def inside(part: TrainingPart) -> str:
    """Where the files of a part stand below a data folder."""
    return f"{BELOW}/{part.name}/{part.revision or BY_HAND}"


def here(part: TrainingPart, places: Sequence[Path]) -> tuple[Path | None, tuple[str, ...]]:
    """The first folder that holds all the files of a part; if none does, which of them stand in no folder.

    Where each stands in some folder and no folder has them all, the names of all are given.
    """
    folders = [place / inside(part) for place in places]
    if part.files and (whole := next((each for each in folders if all(map(_is_file(each), part.files))), None)) is not None:
        return whole, ()
    absent = tuple(name for name in part.files if not any(_is_file(each)(name) for each in folders))
    return None, absent or part.files


def _is_file(folder: Path) -> Callable[[str], bool]:
    return lambda name: os.path.isfile(folder / name)  # noqa: PTH113 - false where rights are missing


def remedy(part: TrainingPart) -> str:
    """What to do to have the files of a part."""
    if part.revision is None:
        return f"put {', '.join(part.files)} of {part.address} under {inside(part)}/ of a data folder"
    return f"run `claimcheck data fetch {part.name}` ({size(part)}, {part.terms})"


def size(part: TrainingPart) -> str:
    """How much is to be downloaded, in words."""
    if part.download_bytes is None:
        return "size not known before download"
    return ("" if part.digests else "about ") + door.megabytes(part.download_bytes)


def refuse(part: TrainingPart) -> None:
    """Raises UsageFault: the part cannot be had; why, and where its original is."""
    if not part.loadable:
        raise UsageFault(f"{part.name} cannot be had: {part.unavailable}; the original is at {part.address} ({part.licence})")


def fetch(part: TrainingPart, folder: Path, report: Callable[[str], None]) -> Path:
    """Download the files of a part into a data folder, each checked before it counts; returns where they stand.

    From the hub each is checked against the digest that the hub lists at the commit, from GitHub against the one in the
    registry; of neither is it said that its commit was checked beforehand.
    Raises UsageFault: the part cannot be had or has no commit; CorruptInput: a file cannot be had or differs.
    """
    refuse(part)
    if part.revision is None:
        raise UsageFault(f"{part.name}: no public text told a commit to download from; {remedy(part)}")
    place = folder / inside(part)
    report(f"{part.title}: {size(part)}, licence {part.terms}, from {part.origin}")
    if part.note:
        report(part.note)
    if part.repository.startswith(GITHUB):
        door.fetch(_data_set(part), folder, report)
    else:
        from claimcheck.corpora.hub import download_data

        download_data(part.repository, part.revision, part.files, place, report)
    return place


def _data_set(part: TrainingPart) -> DataSet:
    """A part that GitHub gives, as the door to data downloads it."""
    base = f"{RAW}{part.repository.removeprefix(GITHUB)}/{part.revision}"
    files = tuple(File(path=f"{inside(part)}/{name}", url=f"{base}/{name}", bytes=length, sha256=digest)
                  for name, (length, digest) in zip(part.files, part.digests, strict=True))
    return DataSet(name=part.name, title=part.title, parser=part.parser, licence=part.licence, citation=part.citation,
                   non_commercial=part.non_commercial, source=part.origin, note=part.note, files=files)
