"""What a claim needs for a run to be a test of it, and what of a plan fulfils that. Known before anything is run."""

from collections.abc import Sequence
from dataclasses import dataclass

from claimcheck.claim import Claim
from claimcheck.corpora import large
from claimcheck.corpora.manifest import manifest
from claimcheck.design import Design, Route
from claimcheck.tier import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """`routes`: those on which the claim is tested, or would be. `lacking`: necessary conditions that the runs do not meet.

    `unchecked`: conditions in words, which no program can check. `says`: what a reader of the result must know.
    """

    routes: tuple[Route, ...]
    lacking: tuple[str, ...]
    unchecked: tuple[str, ...] = ()
    says: tuple[str, ...] = ()


def conditions(claim: Claim, design: Design) -> Conditions:
    """Hold a claim's necessary conditions against a design."""
    needs, lacking = claim.necessary, []
    routes = list(design.data.routes)
    if missing := [name for name in needs.backbones if name not in design.backbones]:
        lacking.append(f"the claim names {_listed(missing)}, and what was run here is {_listed(list(design.backbones))}")
    evaluated = {route.evaluate for route in routes}
    if missing := [name for name in needs.datasets if name not in evaluated]:
        lacking.append(f"the claim names {_listed(missing)}, which is not evaluated here")
    covered = {language for route in routes for language in design.data.evaluated_in(route)}
    if missing := [name for name in needs.languages if name not in covered]:
        lacking.append(f"the claim names the languages {_listed(missing)}, which are not evaluated here")
    if needs.zero_shot:
        apart = [route for route in routes if route.train != route.evaluate]
        if apart:
            routes = apart
        else:
            lacking.append("the claim is about zero-shot retrieval, and what is evaluated here was trained on, in other "
                           "articles of the same data set")
    if any(route.split is not None and route.split.development is not None for route in routes):
        lacking.append("what is evaluated here are development articles, kept for tuning")
    return Conditions(routes=tuple(routes), lacking=tuple(lacking), unchecked=needs.also, says=says(routes, design))


def says(routes: Sequence[Route], design: Design) -> tuple[str, ...]:
    """What holds of every result on these routes."""
    made = []
    for route in routes:
        chosen = design.data.evaluated_in(route)
        known = manifest().get(route.evaluate)
        files = () if known is None else known.files
        every = {*large.languages(route.evaluate), *(file.language for file in files)} or set(chosen)
        if missing := sorted(every - set(chosen)):
            made.append(f"{route.name} in {len(chosen)} of {len(every)} languages ({', '.join(chosen)}; not "
                        f"{', '.join(missing)})")
    if any(route.split is not None and route.split.seed is not None for route in routes):
        made.append("conditional on one split of the articles: all runs train on the same ones and evaluate the same others")
    if any(route.split is not None for route in routes):
        made.append("trained and evaluated on one data set, on disjoint articles of it")
    return tuple(made)


def claim_applies(claim: Claim, tier: Tier) -> bool:
    """Whether a claim is settled by re-runs and predicts one."""
    return claim.kind.settled_at is Tier.FULL and any(atom.predicts_at(tier) for atom in claim.atoms)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)
