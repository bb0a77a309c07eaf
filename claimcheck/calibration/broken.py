"""Rules that are wrong, each in one way that is easy to fall into; simulation has to find every one of them out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from claimcheck.calibration.deciding import Parts, Rule, plain, shipped
from claimcheck.calibration.scenarios import SCENARIOS, Case
from claimcheck.calibration.simulate import STANDARD_ERRORS, Figures, simulate
from claimcheck.calibration.worlds import Values
from claimcheck.stats import variance
from claimcheck.stats.effect import Estimand
from claimcheck.stats.variance import Spread

WORLDS = 10_000
_NORMAL = 1e10
"""So many degrees of freedom that t is normal."""


def _total(parts: Parts) -> Values:
    return variance.total(parts.v_runs, parts.v_clusters, parts.v_interaction)


def normal(parts: Parts, _: Estimand) -> Spread:
    """Quantiles of the normal distribution in place of t."""
    return plain(_total(parts), _NORMAL)


def pooled(parts: Parts, _: Estimand) -> Spread:
    """Satterthwaite's degrees of freedom for the sum of both variances, however few the runs."""
    parts_of_df = parts.v_runs**2 / parts.df_runs + parts.v_clusters**2 / variance.articles_df(parts.shares)
    return plain(_total(parts), _total(parts) ** 2 / parts_of_df)


def all_articles(parts: Parts, estimand: Estimand) -> Spread:
    """G - 1 degrees of freedom for the articles, as if they were of equal length."""
    return replace(shipped(parts, estimand), df_clusters=len(parts.shares) - 1.0)


def rows(parts: Parts, _: Estimand) -> Spread:
    """Each question of each cell as drawn by itself, and runs as fixed: what an article's questions share counts many times."""
    return plain((parts.pulls**2 / parts.lengths).sum(axis=1), parts.lengths.sum() - 1)


def runs_alone(parts: Parts, _: Estimand) -> Spread:
    """The spread of the runs alone, for a claim that reaches beyond these articles."""
    return plain(parts.v_runs, parts.df_runs)


def articles_alone(parts: Parts, _: Estimand) -> Spread:
    """The spread of the articles alone, as if one training run told of all."""
    return plain(parts.v_clusters, variance.articles_df(parts.shares))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a broken rule gave in a case that it breaks down in."""

    name: str
    case: Case
    figures: Figures

    @property
    def found(self) -> bool:
        """Whether it stood beyond a limit."""
        return self.figures.excess > STANDARD_ERRORS


def _case(scenario: str, runs: int, articles: int, ratio: float) -> Case:
    own = next(each for each in SCENARIOS if each.name == scenario)
    return Case(scenario=own, runs=runs, articles=articles, ratio=ratio)


BROKEN: Mapping[str, tuple[Rule, Case]] = {
    "normal quantiles in place of t": (normal, _case("no effect", 3, 48, 1.0)),
    "one t for both variances, degrees of freedom pooled": (pooled, _case("no effect", 3, 48, 4.0)),
    "every article counts the same": (all_articles, _case("no effect", 8, 12, 0.0)),
    "questions as units": (rows, _case("no effect", 3, 48, 0.0)),
    "the runs' spread alone": (runs_alone, _case("no effect, noisy questions", 5, 48, 1.0)),
    "the articles' spread alone": (articles_alone, _case("no effect", 5, 48, 1.0)),
}
"""Wrong rules with a case in which each breaks down."""


def found(name: str, worlds: int) -> Found:
    """Try a broken rule in so many worlds."""
    rule, case = BROKEN[name]
    return Found(name=name, case=case, figures=simulate(case, worlds, 2, rule))
