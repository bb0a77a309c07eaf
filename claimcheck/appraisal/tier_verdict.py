"""The verdict of one tier on one claim, as a value; and what stands where something could not be had."""

from dataclasses import dataclass

from claimcheck.appraisal.fragility import Fragility
from claimcheck.appraisal.rerun import RerunFinding
from claimcheck.claim import Atom
from claimcheck.finding import Count
from claimcheck.prediction import DataPrediction, TablePrediction
from claimcheck.tier import Tier
from claimcheck.verdict import Stand, TierWord


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFinding:
    """What one check of one part found, and how that stands to what was asked."""

    atom: Atom
    prediction: TablePrediction | DataPrediction
    count: Count
    stand: Stand


@dataclass(frozen=True, slots=True, kw_only=True)
class TierVerdict:
    """The verdict of one tier on one claim; `remedy` is set where something could not be run.

    `missing_here`: it could not run for want of something that is to be had and is not on this machine. `says`: what a reader
    of the verdict must know beside it. `fragility`: how the claim stands in other ways to analyse the same places.
    """

    tier: Tier
    word: TierWord
    why: str
    remedy: str = ""
    findings: tuple[CheckFinding, ...] = ()
    reruns: tuple[RerunFinding, ...] = ()
    says: tuple[str, ...] = ()
    parts: tuple[tuple[Atom, Stand], ...] = ()
    untested: int = 0
    missing_here: bool = False
    fragility: Fragility | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """A data set or runs that cannot be used, why, and what to do. `tier`: that of the runs, where it is about runs."""

    why: str
    remedy: str
    tier: Tier | None = None
