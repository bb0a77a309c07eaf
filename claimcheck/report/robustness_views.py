"""What the view holds of perturbed queries: what each family costs each arm, in which languages, and where it says nothing."""

from dataclasses import dataclass

from claimcheck.report.loss_views import ExampleView, GridView
from claimcheck.report.rerun_views import IntervalView, NumberView


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenView:
    """A family in a language: `state` counts, no-op or not applicable; shares in percent, absent where it does not apply."""

    language: str
    state: str
    text: str
    applied: NumberView
    visible: NumberView


@dataclass(frozen=True, slots=True, kw_only=True)
class DropView:
    """A drop in one language: what is printed, and its shade from -1 to 1; None where nothing counts."""

    language: str
    drop: NumberView
    shade: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LossView:
    """What an arm loses. Intervals: `beyond` for other articles and runs, `benchmark` for this benchmark alone."""

    arm: str
    clean: NumberView
    perturbed: NumberView
    drop: NumberView
    beyond: IntervalView
    benchmark: IntervalView
    relative: NumberView
    relative_beyond: IntervalView | None
    retention: NumberView
    retention_beyond: IntervalView | None
    retention_benchmark: IntervalView | None
    applied_drop: NumberView
    worst: NumberView
    overlap: NumberView
    distance: NumberView
    monolingual: NumberView
    by_language: tuple[DropView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyView:
    """A family, or the headline; `losses` are empty where nothing counts. `where`: the languages that its means are over."""

    family: str
    title: str
    draws: str
    where: str
    digest: str
    seen: tuple[SeenView, ...]
    losses: tuple[LossView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustnessView:
    """All families on one route of a backbone; `grids`: how arms differ; `attacks`: what search attacks cost; `examples`.

    `attack_runs`: their keys in the store; `attack_sets`: arm -> digests of the frozen attacked queries.
    """

    backbone: str
    route: str
    title: str
    budget: str
    says: tuple[str, ...]
    arms: tuple[str, ...]
    languages: tuple[str, ...]
    families: tuple[FamilyView, ...]
    grids: tuple[GridView, ...] = ()
    attacks_say: str = ""
    attacks: tuple[GridView, ...] = ()
    attack_runs: tuple[str, ...] = ()
    attack_sets: tuple[tuple[str, tuple[str, ...]], ...] = ()
    examples: tuple[ExampleView, ...] = ()

    @property
    def counting(self) -> tuple[FamilyView, ...]:
        """The families that count in some language."""
        return tuple(each for each in self.families if each.losses)
