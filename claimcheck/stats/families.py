"""Several hypotheses at once: Holm's levels, and in how many of several cells there is an effect."""

from collections.abc import Iterable, Mapping, Sequence


def holm_levels(p: Mapping[str, float], alpha: float = 0.05) -> dict[str, float]:
    """For each hypothesis the level at which its one-sided bound is to be computed, so that bound and decision are one.

    The i-th smallest p of K has alpha / (K - i + 1) while Holm's procedure rejects; where it stops, that level holds for all
    that are left. So the bound at the level excludes the null exactly where Holm rejects it. Equal p are taken by name.

    Source: Holm 1979.

    Raises ValueError: a p or `alpha` is not between 0 and 1.

    >>> {name: round(level, 4) for name, level in holm_levels({"a": 0.001, "b": 0.03, "c": 0.04}).items()}
    {'a': 0.0167, 'b': 0.025, 'c': 0.025}
    """
    _require_probabilities(p.values())
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}: it lies between 0 and 1")
    levels: dict[str, float] = {}
    stopped: float | None = None
    for place, name in enumerate(sorted(p, key=lambda name: (p[name], name))):
        level = alpha / (len(p) - place) if stopped is None else stopped
        levels[name] = level
        if p[name] > level:
            stopped = level
    return {name: levels[name] for name in p}


def partial_conjunction(p: Sequence[float], at_least: int) -> float:
    """p of the hypothesis that fewer than `at_least` of the n cells have an effect; holds however the p depend on each other.

    (n - u + 1) p_(u) with u = `at_least`, capped at 1, and never smaller than for a smaller u.

    Source: Benjamini and Heller 2008, Bonferroni's version; for data sets and languages Dror et al. 2017.

    Raises ValueError: a p is not between 0 and 1, or `at_least` is not between 1 and n.

    >>> [partial_conjunction([0.5, 0.01, 0.02], u) for u in (1, 2, 3)]
    [0.03, 0.04, 0.5]
    """
    _require_probabilities(p)
    if not 1 <= at_least <= len(p):
        raise ValueError(f"at least {at_least} of {len(p)} cells: ask for 1 to {len(p)}")
    return min(1.0, max((len(p) - place) * each for place, each in enumerate(sorted(p)[:at_least])))


def most_ahead(p: Sequence[float], alpha: float) -> int:
    """The largest number of cells that can be said, with confidence 1 - alpha, to have an effect; 0 where none can.

    Raises ValueError: a p is not between 0 and 1.

    >>> most_ahead([0.5, 0.01, 0.02], alpha=0.05)
    2
    """
    return max((number for number in range(1, len(p) + 1) if partial_conjunction(p, number) <= alpha), default=0)


def _require_probabilities(p: Iterable[float]) -> None:
    if wrong := [each for each in p if not 0 <= each <= 1]:
        raise ValueError(f"p of {', '.join(map(str, wrong))}: a p lies between 0 and 1")
