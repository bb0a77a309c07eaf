"""Bounds of an effect as they are printed, and so as they are judged."""

from decimal import ROUND_CEILING, ROUND_FLOOR

from claimcheck.appraisal.units import rounded, shown
from claimcheck.finding import Bounds
from claimcheck.stats.effect import Effect, Estimand, lower, upper


def bounds(effect: Effect, estimand: Estimand, alphas: tuple[float, float], is_log: bool, decimals: int) -> Bounds:
    """Bounds rounded outward to the digits that are printed, so that what is judged is what is read."""
    low, high = (shown(end(effect, estimand, alpha), is_log=is_log)
                 for end, alpha in zip((lower, upper), alphas, strict=True))
    return Bounds(low=rounded(low, decimals, ROUND_FLOOR), high=rounded(high, decimals, ROUND_CEILING),
                  low_level=alphas[0], high_level=alphas[1])
