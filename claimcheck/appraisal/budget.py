"""What a budget of hours buys: of the designs that are declared and test a claim, the largest that fits."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from claimcheck.appraisal.bill import Bill, Quote, SlotMemory
from claimcheck.appraisal.conditions import conditions
from claimcheck.appraisal.interactions import lacking
from claimcheck.claim import Claim
from claimcheck.errors import UsageFault
from claimcheck.plan import Plan
from claimcheck.tier import Tier
from claimcheck.verdict import LEAST_RUNS

_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(s|min|h|d)")


def seconds(text: str) -> float:
    """A budget as it is written: 90min, 4h, 1.5h, 2d. Raises UsageFault: it is none, or nothing.

    >>> seconds("90min"), seconds("1.5h"), seconds("2d")
    (5400.0, 5400.0, 172800.0)
    """
    found = _AMOUNT.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise UsageFault(f"--budget {text}: no span of time above 0; write for example 90min, 4h or 2d")
    return float(found[1]) * _UNITS[found[2]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A design that is declared and tests these claims: a profile, or its runs up to one of its looks.

    `look`: its number from 1, and `looks` how many there are.
    """

    plan: Plan
    look: int
    looks: int
    tests: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether it is all that the profile runs; up to an earlier look a run cannot be told to stop."""
        return self.look == self.looks


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A declared design with its price.

    `quote`: the part of the bill that is about the device in question. `cannot_run`: why it can be run nowhere; `lacking`: what
    is not here and can be fetched, with what to do (`remedy`); both empty where it can be run at once.
    """

    declared: Declared
    bill: Bill
    quote: Quote
    cannot_run: str = ""
    lacking: str = ""
    remedy: str = ""

    @property
    def seconds(self) -> float | None:
        """Of the wall, for what does not stand yet; None where any of it is not counted: a part is no price."""
        return None if self.bill.unknown or self.quote.hours is None else self.quote.hours.wall_left

    @property
    def too_large(self) -> tuple[SlotMemory, ...]:
        """The backbones of which a slot takes more memory than the card has."""
        return tuple(each for each in self.quote.memory if not each.fits)


def tested(plan: Plan, claims: Sequence[Claim]) -> tuple[str, ...]:
    """The claims that a plan's runs are a test of: a prediction at its tier, and no necessary condition that is not met."""
    if (plan.design.seeds or 0) < LEAST_RUNS:
        return ()
    return tuple(claim.id for claim in claims if claim.reproduction == plan.reproduction and _asks(claim, plan)
                 and not conditions(claim, plan.design).lacking)


def _asks(claim: Claim, plan: Plan) -> bool:
    """Whether a claim predicts something at the plan's tier that its runs measure; not all perturb queries."""
    return any(atom.predicts_at(plan.tier) for atom in claim.atoms) and any(
        each.interaction is None or not lacking(each.interaction, plan.design.perturbations)
        for atom in claim.atoms for each in atom.rerun)


def declared(plans: Sequence[Plan], claims: Sequence[Claim]) -> tuple[Declared, ...]:
    """Of the plans of all profiles those that test a claim, each up to each of its looks."""
    made = []
    for plan in plans:
        if tests := tested(plan, claims):
            for number, look in enumerate(plan.looks, start=1):
                part = replace(plan.cut(look), looks=plan.looks[:number])
                made.append(Declared(plan=part, look=number, looks=len(plan.looks), tests=tests))
    return tuple(made)


def fits(candidate: Candidate, budget: float) -> bool:
    """Whether it can be run as a whole within so many seconds, what is to be fetched apart."""
    return _can_be_made(candidate) and candidate.seconds is not None and candidate.seconds <= budget


def _can_be_made(candidate: Candidate) -> bool:
    return candidate.declared.whole and not candidate.cannot_run and not candidate.too_large


def largest(candidates: Sequence[Candidate], budget: float) -> Candidate | None:
    """The one to run: of those that fit the one of the highest tier, then the longest to make from nothing."""
    fitting = [each for each in candidates if fits(each, budget)]
    return max(fitting, default=None, key=lambda each: (each.declared.plan.tier is Tier.FULL, _whole(each)))


def cheapest(candidates: Sequence[Candidate]) -> Candidate | None:
    """Of those whose price is known and that can be run as a whole, the one that takes least."""
    known = [each for each in candidates if each.seconds is not None and _can_be_made(each)]
    return min(known, default=None, key=lambda each: each.seconds or 0.0)


def _whole(candidate: Candidate) -> float:
    """Seconds of a device for all of its runs, those that stand among them."""
    return 0.0 if candidate.quote.hours is None else candidate.quote.hours.most
