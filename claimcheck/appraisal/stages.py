"""Looks at runs, planned before any of them: who is decided at which, and what of the plan need not be run any more.

Each look spends its own part of the level of error, so that the sum over all looks is what one look would have. A claim keeps
the verdict of the first look that decides it; one that stays open is judged at the last look that was taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from claimcheck.appraisal.family import Family, family
from claimcheck.appraisal.measured import Measured, read
from claimcheck.appraisal.rerun import findings, stand_of_claim
from claimcheck.claim import Claim
from claimcheck.measurement.store import Store
from claimcheck.measurement.work import Work
from claimcheck.plan import Plan
from claimcheck.reproduction import Look
from claimcheck.verdict import Stand


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A look that was taken: the runs that stood then, the family with its levels, and the claims that are decided by them."""

    look: Look
    measured: Measured = field(repr=False)
    family: Family = field(repr=False)
    decided: frozenset[str]

    @property
    def settles_all(self) -> bool:
        """Whether no claim that the runs are a test of is open, and there is one; else a further look may decide something."""
        return bool(self.family.members) and self.decided >= set(self.family.members)


def works_at(plan: Plan, look: Look, works: Sequence[Work]) -> tuple[Work, ...]:
    """The work of the runs that must stand at a look."""
    runs = {run.digest for run in plan.cut(look).everything}
    return tuple(work for work in works if work.run.digest in runs)


def stage(plan: Plan, look: Look, claims: Sequence[Claim], works: Sequence[Work], store: Store) -> Stage:
    """Judge every claim by the runs of a look, all of which stand. Raises CorruptInput: one of them is missing or damaged."""
    measured = read(plan.cut(look), works_at(plan, look, works), store)
    shared = family(claims, measured, look.alpha)
    decided = [claim.id for claim in claims if claim.id in shared.members
               and stand_of_claim(claim, findings(claim, shared.tested[claim.id], measured, bare=True))[0]
               not in (Stand.OPEN, Stand.SCALE_DEPENDENT)]
    return Stage(look=look, measured=measured, family=shared, decided=frozenset(decided))


def looks_taken(stages: Sequence[Stage]) -> tuple[str, ...]:
    """Which of several planned looks were taken, what each decided, and what was saved; nothing where only one was planned."""
    planned = stages[-1].measured.plan.looks
    if len(planned) == 1:
        return ()
    plan = ", ".join(f"{look.runs} ({look.alpha:g})" for look in planned)
    told = [f"looks were planned after so many runs an arm, each at its one-sided level: {plan}"]
    known: frozenset[str] = frozenset()
    for each in stages:
        new = sorted(each.decided - known) or ["nothing more" if known else "nothing"]
        told.append(f"after {each.look.runs} runs an arm: {', '.join(new)} decided")
        known |= each.decided
    used, most = stages[-1].look.runs, planned[-1].runs
    if used < most:
        arms = len(stages[-1].measured.results)
        spent = [result.cpu_seconds for results in stages[-1].measured.results.values() for result in results]
        saved = arms * (most - used)
        told.append(f"nothing was left open, so {saved} of {arms * most} runs were not made, about "
                    f"{saved * sum(spent) / len(spent):.0f} seconds of CPU")
    return (*told,)
