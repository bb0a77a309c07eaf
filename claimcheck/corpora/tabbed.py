"""Large files of lines that begin with whole numbers between tabs, read in pieces as arrays: millions of lines a second.

A line ends with a line feed, perhaps after a carriage return. A number has one to nine ASCII digits.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PIECE = 1 << 24
"""Bytes that are read at once."""
DIGITS = 9
"""As many a number may have, so that it fits 32 bits."""
_TAB, _CARRIAGE, _FEED, _ZERO = 9, 13, 10, 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Whole lines of a file. `at`: byte of the file at which `content` begins; `first`: number of its first line, from 1.

    `starts`, `ends` and `tabs`: places in `content`, int64; a line is `content[start:end]`, its line ends left out.
    """

    at: int
    first: int
    content: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    tabs: NDArray[np.int64]

    def text(self, line: int) -> str:
        """A line, counted from 0 here, whatever bytes it holds."""
        return self.content[self.starts[line]:self.ends[line]].tobytes().decode(errors="replace")

    def first_tabs(self) -> NDArray[np.int64]:
        """Where the first tab of each line is, -1 where there is none."""
        if not len(self.tabs):
            return np.full(len(self.starts), -1, dtype=np.int64)
        found = self.tabs[np.minimum(np.searchsorted(self.tabs, self.starts), len(self.tabs) - 1)]
        return np.where((found >= self.starts) & (found < self.ends), found, -1)

    def tab_counts(self) -> NDArray[np.int64]:
        """How many tabs each line has."""
        return np.searchsorted(self.tabs, self.ends) - np.searchsorted(self.tabs, self.starts)

    def numbers(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """The numbers that stand at these places, -1 where something else does."""
        lengths = ends - starts
        good = (lengths >= 1) & (lengths <= DIGITS)
        values = np.zeros(len(starts), dtype=np.int64)
        for place in range(int(lengths[good].max(initial=0))):
            within = good & (place < lengths)
            digit = self.content[np.where(within, starts + place, 0)].astype(np.int64) - _ZERO
            good &= ~within | ((digit >= 0) & (digit <= 9))
            values = np.where(within, values * 10 + digit, values)
        return np.where(good, values, -1)


def pieces(path: Path, size: int = PIECE) -> Iterator[Lines]:
    """The lines of a file in order. A byte order mark is passed over. Raises OSError: it cannot be read."""
    with path.open("rb") as file:
        at, first, rest = 0, 1, b""
        while True:
            read = file.read(size)
            whole = rest + read
            if not at and whole.startswith(codecs.BOM_UTF8):
                at, whole = len(codecs.BOM_UTF8), whole[len(codecs.BOM_UTF8):]
            cut = whole.rfind(b"\n") + 1 if read else len(whole)
            if cut:
                made = _lines(whole[:cut], at, first)
                yield made
                first += len(made.starts)
            at, rest = at + cut, whole[cut:]
            if not read:
                return


def _lines(content: bytes, at: int, first: int) -> Lines:
    array = np.frombuffer(content, dtype=np.uint8)
    feeds = np.flatnonzero(array == _FEED)
    if not content.endswith(b"\n"):
        feeds = np.append(feeds, len(content))
    starts = np.concatenate([[0], feeds[:-1] + 1])
    before = array[np.maximum(feeds - 1, 0)]
    ends = feeds - ((before == _CARRIAGE) & (feeds > starts))
    return Lines(at=at, first=first, content=array, starts=starts, ends=ends, tabs=np.flatnonzero(array == _TAB))
