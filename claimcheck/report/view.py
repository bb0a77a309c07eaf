"""The one view that every form of the report renders: values that are printed as they stand, no number left to format."""

from dataclasses import dataclass

from claimcheck.report.rerun_views import RerunView
from claimcheck.report.run_views import ExperimentView, PlantedView, SelfTestView
from claimcheck.report.sweep_views import SweptView


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """One row of a finding's table. `margin_value` and `slack_value` place it in the figure, None where it has none."""

    about: tuple[str, ...]
    values: tuple[str, ...]
    margin: str
    outcome: str
    note: str
    source: str
    margin_value: float | None
    slack_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """One check: what was asked, the printed count, a sentence, and its cells."""

    part: str
    says: str
    reading: str
    label: str
    stand: str
    printed: str
    text: str
    columns: tuple[str, ...]
    value_columns: tuple[str, ...]
    margin_column: str
    cells: tuple[CellView, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FragilityView:
    """In how many ways to analyse the same places the claim keeps its word. `varied`: what was, with its choices."""

    text: str
    same: int
    ways: int
    flips: tuple[tuple[str, str], ...]
    stands: tuple[tuple[str, int], ...]
    varied: tuple[tuple[str, tuple[str, ...]], ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TierView:
    """The verdict of one tier; `short` is what the table on the first screen has room for, a line each.

    `says`: what a reader must know beside the verdict.
    """

    tier: str
    verdict: str
    short: tuple[str, ...]
    why: str
    remedy: str
    missing_here: bool
    says: tuple[str, ...]
    findings: tuple[FindingView, ...]
    reruns: tuple[RerunView, ...]
    fragility: FragilityView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """One part of a claim, in words."""

    id: str
    says: str
    vague: str
    chosen: str
    needs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimView:
    """One claim with all that is said of it."""

    number: int
    id: str
    statement: str
    kind: str
    scope: str
    empirical: bool
    question: bool
    paper: str
    where: str
    remark: str
    literal: str
    fair: str
    verdict: str
    settling_tier: str
    why: str
    settled_by: str
    source_verified: bool | None
    source_confidence: float | None
    source_says: str
    completed: str
    parts: tuple[PartView, ...]
    tiers: tuple[TierView, ...]
    file: str
    digest: str
    prediction_digest: str

    def at(self, tier: str) -> TierView | None:
        """The view of a tier, or None where the tier does not apply."""
        return next((each for each in self.tiers if each.tier == tier), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """An input file and the SHA-256 of its bytes."""

    name: str
    digest: str
    holds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditView:
    """One check of the tables that stands apart from the verdicts; its cells are those that do not fit."""

    table: str
    says: str
    reads: str
    printed: str
    text: str
    finding: FindingView


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsView:
    """A table of counts: for each row its name and a text a column."""

    title: str
    says: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSetView:
    """A data set that was read: its terms and its counts."""

    name: str
    title: str
    source: str
    terms: str
    citation: str
    statistics: tuple[StatisticsView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """The whole report. `unseen` says what could not be looked at; `departures`, of each experiment that is not
    the paper's own design, in what it departs from it; `tier_says` what holds of every re-run of a tier.

    `swept`: the claims at other values of what the paper leaves open, and `sweep_says` how these are to be read.
    """

    title: str
    unseen: tuple[str, ...]
    departures: tuple[tuple[str, tuple[str, ...]], ...]
    papers: tuple[tuple[str, str, str], ...]
    version: str
    tiers: tuple[str, ...]
    sentences: int
    questions: int
    tally: tuple[tuple[str, int], ...]
    tables: str
    claims: tuple[ClaimView, ...]
    tier_says: tuple[tuple[str, tuple[str, ...]], ...]
    experiments: tuple[ExperimentView, ...]
    calibration: str
    self_test: SelfTestView | None
    audits: tuple[AuditView, ...]
    data_sets: tuple[DataSetView, ...]
    hygiene: tuple[StatisticsView, ...]
    files: tuple[FileView, ...]
    underspecified: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...]
    swept: tuple[SweptView, ...] = ()
    sweep_says: tuple[str, ...] = ()

    @property
    def planted(self) -> tuple[PlantedView, ...]:
        """The planted truths of the self-test, which are no claims of the paper."""
        return self.self_test.planted if self.self_test else ()
