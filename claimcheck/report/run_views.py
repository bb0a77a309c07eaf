"""What the view holds of an experiment: its tables, maps, dose series and runs; and of the self-test."""

from dataclasses import dataclass

from claimcheck.report.rerun_views import NumberView, RerunView
from claimcheck.report.robustness_views import RobustnessView


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanView:
    """A mean over runs, with its standard deviation where there is one."""

    mean: NumberView
    deviation: NumberView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmView:
    """A row of the arms' table; `batches` as fed: monolingual and cross-lingual, empty for chance."""

    name: str
    note: str
    kind: str
    batches: tuple[NumberView, ...]
    means: tuple[MeanView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmsView:
    """All arms on one route. `groups`: settings with the number of neighbouring `measures` that belong to each."""

    backbone: str
    route: str
    title: str
    groups: tuple[tuple[str, int], ...]
    measures: tuple[str, ...]
    rows: tuple[ArmView, ...]
    questions: int
    articles: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapCellView:
    """A cell of a map: what is printed in it, more of its digits, and its shade from -1 to 1 (None: no such cell)."""

    text: str
    exact: NumberView
    shade: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MapView:
    """Mean AP by query language (rows) and candidate language (columns)."""

    backbone: str
    route: str
    title: str
    caption: str
    difference: bool
    languages: tuple[str, ...]
    rows: tuple[tuple[MapCellView, ...], ...]
    extremes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DosePointView:
    """One arm of a dose series; `share` is that of monolingual batches."""

    share: NumberView
    arm: str
    mean: MeanView


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseView:
    """One measure over the share of monolingual batches."""

    backbone: str
    route: str
    setting: str
    measure: str
    title: str
    points: tuple[DosePointView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One run as it was made; `short` are the first digits of its key."""

    key: str
    short: str
    backbone: str
    arm: str
    seed: int
    batches: tuple[NumberView, NumberView]
    cpu_seconds: NumberView
    peak_memory: NumberView
    batch_plans: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentView:
    """All that the runs of one profile gave."""

    reproduction: str
    profile: str
    tier: str
    title: str
    says: tuple[str, ...]
    seeds: tuple[int, ...]
    seeds_text: str
    tables: tuple[ArmsView, ...]
    maps: tuple[MapView, ...]
    doses: tuple[DoseView, ...]
    runs: tuple[RunView, ...]
    spent: str
    made_with: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]
    robustness: tuple[RobustnessView, ...] = ()

    @property
    def differences(self) -> tuple[MapView, ...]:
        """The maps of differences between two arms."""
        return tuple(each for each in self.maps if each.difference)

    @property
    def arm_maps(self) -> tuple[MapView, ...]:
        """The maps of single arms."""
        return tuple(each for each in self.maps if not each.difference)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedView:
    """One planted truth: what was planted and what was found."""

    id: str
    statement: str
    planted: str
    found: str
    verdict: str
    why: str
    says: tuple[str, ...]
    reruns: tuple[RerunView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestView:
    """The self-test on the synthetic corpus, which is no evidence about any paper."""

    found: int
    total: int
    text: str
    planted: tuple[PlantedView, ...]
    experiments: tuple[ExperimentView, ...]
