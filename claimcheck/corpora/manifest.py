"""The manifest: for every data set its files with bytes and SHA-256, where they come from, licence and citation."""

import functools
import json
from dataclasses import dataclass
from importlib.resources import files

COUNTED = frozenset({"lareqa"})
"""Parsers whose data sets are parallel corpora, so that facts can be counted in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file: its path below a data folder, its address (None where none could be checked), size and SHA-256."""

    path: str
    url: str | None
    bytes: int
    sha256: str

    @property
    def language(self) -> str:
        """The language in a file name such as `xquad-r/ar.json`."""
        return self.path.rpartition("/")[2].partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A data set under its logical name. `licence` is an SPDX id; `parser` names the reader that opens it."""

    name: str
    title: str
    parser: str
    licence: str
    non_commercial: bool
    citation: str
    source: str
    note: str
    files: tuple[File, ...]

    @property
    def bytes(self) -> int:
        """Size of all its files."""
        return sum(file.bytes for file in self.files)

    @property
    def terms(self) -> str:
        """The licence in words, a non-commercial one announced."""
        return self.licence + (" (NON-COMMERCIAL USE ONLY)" if self.non_commercial else "")


@functools.cache
def manifest() -> dict[str, DataSet]:
    """Logical name -> data set, in the manifest's order."""
    text = files("claimcheck.corpora").joinpath("manifest.json").read_text(encoding="utf-8")
    return {entry["name"]: DataSet(**{**entry, "files": tuple(File(**file) for file in entry["files"])})
            for entry in json.loads(text)["data_sets"]}
