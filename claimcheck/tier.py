"""Tiers: how strong evidence is."""

from enum import StrEnum


class Tier(StrEnum):
    """From the paper's own print to a re-run with the paper's own means; `synthetic` is never evidence about a paper."""

    REPORTED = "reported"
    DATA = "data"
    REDUCED = "reduced"
    FULL = "full"
    SYNTHETIC = "synthetic"
