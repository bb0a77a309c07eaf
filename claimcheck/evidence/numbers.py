"""Printed numbers and averages of them, with how far rounding may have moved them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from claimcheck.evidence.reported_table import Row
from claimcheck.finding import Source

About = tuple[tuple[str, str], ...]
"""What a cell is about: columns and their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A printed number or an average of some: value, how far rounding may have moved it, and where it stands."""

    value: Decimal
    slack: Decimal
    decimals: int
    sources: tuple[Source, ...]

    @property
    def averaged(self) -> bool:
        """Whether it is an average of several printed numbers."""
        return len(self.sources) > 1


def average(rows: Sequence[Row]) -> Number:
    """The average of the printed numbers of some cells, at least one."""
    number = Decimal(len(rows))
    return Number(value=sum((row.printed.value for row in rows), Decimal(0)) / number,
                  slack=sum((row.printed.slack for row in rows), Decimal(0)) / number,
                  decimals=max(row.printed.decimals for row in rows), sources=tuple(row.source for row in rows))
