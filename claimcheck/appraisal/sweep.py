"""Fields that a paper leaves open, and a plan for each value that they may have. Each field is varied by itself, not crossed.

The plan of the declared value is the main one, untouched. Every other value has a plan of its own: the same profile with that
one field replaced, its tier derived as always, and a name of its own in the journal, so that neither is a look at the other.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, is_dataclass, replace
from typing import Any, TypeAlias

from claimcheck import plan as planning
from claimcheck.appraisal import misfits_of
from claimcheck.design import Design
from claimcheck.documents import Parsed
from claimcheck.documents.validation import validated
from claimcheck.errors import Fault, UsageFault
from claimcheck.plan import Plan
from claimcheck.reproduction import Reproduction, Underspecified
from claimcheck.reproduction_files import ReproductionFile
from claimcheck.tier import Tier

Value: TypeAlias = str | int | float

_TRAINED = ("backbones", "arms", "data", "training")
"""The parts of a design that a run is made of; the rest of it says how many there are and what is read off them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One value of a field with its plan; of the declared one that is the main plan. None: the profile does not set it."""

    value: Value | None
    declared: bool
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A field that the paper leaves open. `what` is open, `chosen` what the reproduction does.

    `points`: the declared value first, then the others that it may have, in the order of the reproduction.
    """

    field: str
    what: str
    chosen: str
    points: tuple[Point, ...]


def sweeps(plan: Plan, document: ReproductionFile, names: Sequence[str]) -> tuple[Sweep, ...]:
    """The fields that are named, by the whole path in a design or by its last part, each once.

    Raises UsageFault: a name is unknown or ambiguous, the field has no values or no place in the profile, or a value cannot be.
    """
    if names and plan.tier is Tier.SYNTHETIC:
        raise UsageFault(f"--sweep {names[0]}: profile {plan.profile} runs on the synthetic corpus, where no paper leaves "
                         "anything open; choose another profile with --profile")
    fields = dict.fromkeys(_field(plan, document.value, name) for name in names)
    entries = {each.design_field: each for each in document.value.underspecified}  # as the tier reads them
    return tuple(_sweep(plan, document, entries[field]) for field in fields)


def further(sweep: Sweep) -> tuple[Point, ...]:
    """The values that have runs of their own."""
    return tuple(point for point in sweep.points if not point.declared)


def told(value: Value | None) -> str:
    """A value as it is written in files.

    >>> told(0.05), told(1.0), told(1000), told("cls"), told(None)
    ('0.05', '1', '1000', 'cls', 'not set')
    """
    if value is None:
        return "not set"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _field(plan: Plan, reproduction: Reproduction, name: str) -> str:
    """The one field that is meant."""
    known = {each.design_field: each for each in reproduction.underspecified if each.design_field}
    can = [field for field, each in known.items() if not _why_not(plan, each)]
    meant = [name] if name in known else [field for field in known if field.rpartition(".")[2] == name]
    able = [field for field in meant if field in can]
    if len(able) == 1:
        return able[0]
    if able:
        why = f"more than one field is called so: {', '.join(able)}"
    elif meant:
        why = "; ".join(_why_not(plan, known[field]) for field in meant)
    else:
        why = f"reproduction {reproduction.id} leaves no such field open"
    move = f"can be swept: {', '.join(f'`{field}`' for field in can)}" if can else "nothing can be swept"
    raise UsageFault(f"--sweep {name}: {why}; with profile {plan.profile} {move}")


def _why_not(plan: Plan, entry: Underspecified) -> str:
    """What keeps a field from being swept with a profile, or nothing."""
    field = entry.design_field
    if not entry.values:
        return f"the reproduction gives {field} no `values`"
    if field.partition(".")[0] not in _TRAINED:
        return f"{field} is no part of what a run is made of"
    try:
        declared = _at(plan.design, field)
    except KeyError:
        return f"the design of profile {plan.profile} has no {field}"
    return "" if declared is None or isinstance(declared, str | int | float) else f"{field} is no single value"


def _at(design: Design, field: str) -> Any:
    """What stands at a path of a design. Raises KeyError: nothing can."""
    found: Any = design
    for part in field.split("."):
        if is_dataclass(found) and not isinstance(found, type):
            if part not in found.__dataclass_fields__:
                raise KeyError(field)
            found = getattr(found, part)
        elif isinstance(found, dict):
            found = found[part]
        else:
            raise KeyError(field)
    return found


def _sweep(plan: Plan, document: ReproductionFile, entry: Underspecified) -> Sweep:
    field = entry.design_field
    points = [Point(value=_at(plan.design, field), declared=True, plan=plan)]
    made = {_digests(plan)}
    for value in entry.values:
        other = _plan(plan, document, field, value)
        if _digests(other) not in made:  # 1 and 1.0 are one value, and the declared one is the main plan itself
            made.add(_digests(other))
            points.append(Point(value=value, declared=False, plan=other))
    return Sweep(field=field, what=entry.what, chosen=entry.chosen, points=tuple(points))


def _digests(plan: Plan) -> frozenset[str]:
    return frozenset(run.digest for run in plan.runs)


def _plan(plan: Plan, document: ReproductionFile, field: str, value: Value) -> Plan:
    """The plan with one field replaced: the same claims, arms, seeds and looks."""
    varied = _varied(document, plan.profile, field, value)
    made = planning.make([], varied, plan.profile, first_seed=min(run.seed for run in plan.runs))
    return replace(made, predictions=plan.predictions, profile=f"{plan.profile} with {field} = {told(value)}")


def _varied(document: ReproductionFile, profile: str, field: str, value: Value) -> Reproduction:
    """The reproduction with a field of one profile replaced, held to all that a file is held to."""
    top, *between, last = field.split(".")
    reproduction = document.value
    part = asdict(reproduction.design(profile))[top]
    owner = part
    for name in between:
        owner = owner[name]
    if last == "hub" and owner[last] != value:
        owner["revision"] = None  # a commit of one model is none of another
    owner[last] = value
    given = asdict(replace(reproduction, audits=(), printed=None))  # which are of no concern here
    given["profiles"][profile][top] = part
    made, faults = validated(Parsed(value=given, keys={}, values={}, faults=()), document.path, Reproduction)
    if made is not None:
        held = replace(document, value=made)
        faults = [*misfits_of.of_routes(held), *misfits_of.trainings(held)]
    if made is None or faults:
        first: Fault = faults[0]
        raise UsageFault(f"--sweep {field}: with profile {profile} it cannot be {told(value)}: {first.what}; give it other "
                         f"`values` in {document.path.name}, or choose another profile with --profile")
    return made
