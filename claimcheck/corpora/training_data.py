"""What the paper under test trained on, part by part: where it is published, under what licence, and what is not to be had.

`training_data.json` says it. Nothing in it was checked against the network from here: `revision_from` says where a commit was
read, `size_from` where a size was, and what no source told is null.
"""

import functools
import json
from dataclasses import dataclass
from importlib.resources import files

HUB = "https://huggingface.co/datasets"
GITHUB = "https://github.com/"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPart:
    """One part of the training data, under the name that reproductions call it by.

    `languages`: as used. `items`: how many the paper used in each, None where it does not say; `count`: how many the files hold
    as another source counts them, where `items` is None. `repository`: an id of the hub, or an address. `revision`: 40
    hexadecimal digits, None where no public text told one. `revision_checked`: whether the hub was asked for it.
    `licence`: an SPDX id, of the English original where the part is unavailable. `files`: paths in the repository;
    `digests`: bytes and SHA-256 of each, empty where the hub lists digests itself. `download_bytes`, `packed_bytes`: None where
    no source told them. `unavailable`: why it cannot be had, empty where it can. `parser`: what reads the files.
    """

    name: str
    title: str
    languages: tuple[str, ...]
    items: int | None
    count: int | None
    repository: str
    revision: str | None
    revision_from: str
    revision_checked: bool
    licence: str
    non_commercial: bool
    citation: str
    files: tuple[str, ...]
    digests: tuple[tuple[int, str], ...]
    download_bytes: int | None
    packed_bytes: int | None
    size_from: str
    unavailable: str
    note: str
    parser: str

    @property
    def loadable(self) -> bool:
        """Whether published files hold it."""
        return not self.unavailable

    @property
    def expected(self) -> int | None:
        """How many items its files must give."""
        return self.items if self.items is not None else self.count

    @property
    def address(self) -> str:
        """Where a reader finds it."""
        return self.repository if self.repository.startswith("https://") else f"{HUB}/{self.repository}"

    @property
    def origin(self) -> str:
        """What the `source` of packed pairs says if they are this part, whole and as published; empty if it cannot be had."""
        if not self.loadable:
            return ""
        return f"{self.address} at {self.revision}" if self.revision else f"{self.address}, files of your own"

    @property
    def terms(self) -> str:
        """The licence in words, a non-commercial one announced."""
        return self.licence + (" (NON-COMMERCIAL USE ONLY)" if self.non_commercial else "")


@functools.cache
def training_parts() -> dict[str, TrainingPart]:
    """Name -> part, in the registry's order."""
    text = files("claimcheck.corpora").joinpath("training_data.json").read_text(encoding="utf-8")
    return {entry["name"]: TrainingPart(**{
        **entry, "languages": tuple(entry["languages"]), "files": tuple(entry["files"]),
        "digests": tuple((size, digest) for size, digest in entry["digests"])}) for entry in json.loads(text)["parts"]}
