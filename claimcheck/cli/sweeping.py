"""Running what a paper leaves open: each other value of a swept field through the same engine, into the same store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from claimcheck.appraisal.library import Library
    from claimcheck.appraisal.runs import Runs
    from claimcheck.appraisal.sweep import Sweep
    from claimcheck.appraisal.swept import Swept
    from claimcheck.appraisal.tier_verdict import Unavailable
    from claimcheck.claim import Claim
    from claimcheck.execution import Hands
    from claimcheck.measurement.store import Store
    from claimcheck.plan import Plan


def make_sweeps(library: Library, plans: Sequence[Plan], names: Sequence[str]) -> dict[str, tuple[Sweep, ...]]:
    """The fields to sweep of each reproduction that the claims name. Raises UsageFault: one of them cannot be swept."""
    from claimcheck.appraisal.sweep import sweeps
    from claimcheck.errors import UsageFault

    if names and not plans:
        raise UsageFault(f"--sweep {names[0]}: no claim here has a reproduction; leave it out, or see --reproductions")
    return {plan.reproduction: sweeps(plan, library.reproductions[plan.reproduction], names) for plan in plans if names}


def swept(sweeps: Sequence[Sweep], main: Runs | Unavailable | None, claims: Sequence[Claim], folders: Sequence[Path],
          store: Store, hands: Hands, *, start: bool) -> tuple[Swept, ...]:
    """Make the runs of each other value, or with `start` not set read those that stand, and put them to the claims.

    Nothing is started where the `main` runs could not be made. What one value gave is let go before the next one is read.
    """
    from claimcheck.appraisal.runs import Runs
    from claimcheck.appraisal.swept import Swept, judged
    from claimcheck.cli import measuring
    from claimcheck.plan import prediction_digest

    made = []
    for sweep in sweeps:
        values, known = [], {run.digest for run in sweep.points[0].plan.runs}
        for point in sweep.points:
            if point.declared or (start and not isinstance(main, Runs)):
                values.append(judged(point, claims, main))
                continue
            plan = replace(point.plan, predictions={claim.id: prediction_digest(claim) for claim in claims})
            runs = (measuring.measured(plan, claims, folders, store, hands, shared=known) if start
                    else measuring.standing(plan, claims, folders, store))
            values.append(judged(point, claims, runs))
        plan = sweep.points[0].plan
        made.append(Swept(reproduction=plan.reproduction, profile=plan.profile, field=sweep.field, what=sweep.what,
                          chosen=sweep.chosen, values=tuple(values)))
    return tuple(made)
