"""What `plan` says of cost: rates from the store or from a trial, bills, and what a budget buys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimcheck.cli.options import DEVICE, RECOMPUTE, TOKENS, options
from claimcheck.cli.shared import counted, echo_json
from claimcheck.execution import Device, Execution
from claimcheck.measurement.cards import CARDS, UTILISATION

if TYPE_CHECKING:
    from claimcheck.appraisal.bill import Bill, Offer, Quote, Tried
    from claimcheck.appraisal.budget import Candidate
    from claimcheck.appraisal.library import Library
    from claimcheck.appraisal.tier_verdict import Unavailable
    from claimcheck.experiment.leg import Leg
    from claimcheck.measurement.rates import EncoderRate, LegRate
    from claimcheck.measurement.work import Work
    from claimcheck.plan import Plan
    from claimcheck.run import Json

CALIBRATE = click.option("--calibrate", is_flag=True, default=False,
                         help="Measure on this device how long training and encoding take, and keep it in the store.")
CARD = click.option("--card", "cards", multiple=True, type=click.Choice([*CARDS]),
                    help="Price it on this card too, from its published peak; can be given several times.")
SLOTS = click.option("--slots", type=click.IntRange(min=1, max=10_000), default=1, show_default=True, metavar="N",
                     help="Devices that work at the same time, of each kind.")
USED = click.option("--utilisation", type=click.FloatRange(min=0, max=1, min_open=True), default=UTILISATION, show_default=True,
                    metavar="SHARE", help="Share of a card's peak that is assumed to be reached.")
BUDGET = click.option("--budget", default=None, metavar="TIME",
                      help="Find the largest declared design that this device, or the --card, makes in 90min, 4h or 2d.")


def priced(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of cost, given to the verb as an `offer` and two words more."""
    @wraps(function)
    def given(*, device: Device, tokens_at_once: int, recompute: bool, cards: tuple[str, ...], slots: int, utilisation: float,
              **others: Any) -> Any:
        from claimcheck.appraisal.bill import Offer

        execution = Execution(device=device, tokens_at_once=tokens_at_once, recompute=recompute)
        return function(offer=Offer(slots=slots, execution=execution, cards={name: CARDS[name] for name in cards},
                                    utilisation=utilisation), **others)

    return options(CALIBRATE, CARD, SLOTS, USED, DEVICE, TOKENS, RECOMPUTE, BUDGET)(given)


def bill_of(plan: Plan, asked: tuple[Work, ...] | Unavailable, store: Path, places: Sequence[Path], offer: Offer, *,
            calibrate: bool) -> Bill:
    """What a plan would cost, with what trials on this device say of it: those made now, else those kept in the store."""
    from claimcheck.appraisal.bill import bill
    from claimcheck.measurement.store import Store

    return bill(plan, asked, Store(path=store), places, offer, _tried(plan, asked, store, places, offer, calibrate=calibrate))


def _tried(plan: Plan, asked: tuple[Work, ...] | Unavailable, store: Path, places: Sequence[Path], offer: Offer, *,
           calibrate: bool) -> Tried:
    from claimcheck.appraisal.bill import Tried
    from claimcheck.appraisal.wanted import NGRAMS
    from claimcheck.measurement import rates

    if not calibrate and not rates.any_kept(store):
        return Tried(device=_of_ngrams(plan))
    from claimcheck.corpora.shapes import shape_of
    from claimcheck.experiment import rates as trial
    from claimcheck.experiment.devices import settled

    execution = settled(offer.execution)
    encoders, legs = {}, {}
    for name, backbone in plan.design.backbones.items():
        own = execution if backbone.encoder != NGRAMS else Execution(device="cpu")
        shape = shape_of(backbone, places)
        if shape is not None:
            of = trial.of_encoder(shape, backbone.pooling, plan.design.training, own)
            if calibrate:
                _attempt(f"{name} on {trial.device_of(own)}", store, of,
                         partial(trial.try_encoder, shape, backbone, plan.design.training, own))
            if (rate := rates.encoder_rate(store, of)) is not None:
                encoders[name] = rate
        for leg in _legs(name, asked):
            of = trial.of_leg(leg, own)
            if calibrate:
                _attempt(f"{name}, {leg.route.name}" + (f", fold {leg.fold}" if leg.route.split else ""), store, of,
                         partial(trial.try_leg, leg, own))
            if (found := rates.leg_rate(store, of)) is not None:
                legs[name, leg.number] = found
    only_ngrams = all(each.encoder == NGRAMS for each in plan.design.backbones.values())
    device = _of_ngrams(plan) if only_ngrams else trial.device_of(execution)
    on_card = execution.device == "cuda" and not only_ngrams
    return Tried(device=device, on_card=on_card, room=trial.room_of() if on_card else None, encoders=encoders, legs=legs)


def _of_ngrams(plan: Plan) -> str:
    """The name of the processor, where it is what computes all of a plan; else nobody has asked yet."""
    from claimcheck.appraisal.wanted import NGRAMS
    from claimcheck.measurement.provenance import machine

    return str(machine()["processor"]) if all(each.encoder == NGRAMS for each in plan.design.backbones.values()) else ""


def _attempt(what: str, store: Path, of: Mapping[str, Json], measure: Callable[[], EncoderRate | LegRate]) -> None:
    """Measure it and keep it; where memory is out, or the device cannot do it, say so and go on without."""
    from claimcheck.measurement import rates

    click.echo(f"calibrating: {what}", err=True)
    try:
        rates.put(store, of, measure())
    except (MemoryError, RuntimeError) as error:
        why = " ".join(str(error).split())[:200] or type(error).__name__
        click.echo(f"note: {what} could not be tried here: {why}", err=True)


def _legs(backbone: str, asked: tuple[Work, ...] | Unavailable) -> tuple[Leg, ...]:
    """The legs of one run with a backbone that trains something, if data and checkpoint are here."""
    from claimcheck.experiment.leg import Leg

    own = [work for work in asked if work.run.condition.backbone == backbone] if isinstance(asked, tuple) else []
    work = next((each for each in own if each.run.condition.filling.sampling != "none"), next(iter(own), None))
    if work is None:
        return ()
    return tuple(Leg(key=work.key, number=number, run=work.run, route=route, fold=fold, files=work.files,
                     checkpoint=work.checkpoint) for number, (route, fold) in enumerate(work.run.condition.legs))


def tell_budget(library: Library, claims: Path, store: Path, places: Sequence[Path], offer: Offer, budget: str, *,
                first_seed: int, calibrate: bool, command: Sequence[str], form: str) -> None:
    """Price the declared designs that test a claim, and say which is the largest that fits."""
    from claimcheck.appraisal import budget as budgeting
    from claimcheck.cli.measuring import family_claims
    from claimcheck.errors import UsageFault
    from claimcheck.report import prices

    seconds = budgeting.seconds(budget)
    if len(offer.cards) > 1:
        raise UsageFault("--budget goes with one --card at most; give one")
    if not library.reproductions:
        raise UsageFault("--budget: no claim here has a reproduction, so nothing is run; leave it out, or see --reproductions")
    made = []
    for name in library.reproductions:
        candidates = _candidates(library, claims, name, store, places, offer, first_seed=first_seed, calibrate=calibrate)
        chosen = budgeting.largest(candidates, seconds)
        run = [] if chosen is None else ["claimcheck", "run", *command, "--profile", chosen.declared.plan.profile,
                                         *_computing(offer, chosen)]
        cheapest = budgeting.cheapest(candidates)
        told: list[str] = []
        if chosen is not None:
            from claimcheck.cli.looking import outlooks_of, told_of

            told = told_of(chosen.declared.plan, outlooks_of(chosen.declared.plan, family_claims(library, claims, name),
                                                             places, store))
        if form == "json":
            made.append({"reproduction": name, "seconds": seconds, "on": _on(offer), "slots": offer.slots,
                         "chosen": None if chosen is None else prices.named(chosen), "command": run or None,
                         "detects": told or None, "designs": [_candidate_json(each, seconds, chosen) for each in candidates]})
            continue
        click.echo(f"{name}: what {prices.span(seconds)} buy on {_on(offer)}, {counted(offer.slots, 'slot')}")
        if not candidates:
            click.echo("no declared design tests a claim")
            continue
        click.echo("\n".join(prices.table(candidates, seconds, chosen)))
        if chosen is not None:
            more = "and so on until `claimcheck plan` finds nothing missing"
            first = [f"first {chosen.remedy}, {more}"] if chosen.lacking else []
            without = [f"not in its time: {each}" for each in chosen.quote.left_out]
            click.echo("\n".join([f"chosen: {prices.named(chosen)}", *told, *without, *first, f"run it: {' '.join(run)}"]))
        elif cheapest is None or cheapest.seconds is None:
            click.echo("nothing fits, and no design that can be run has a price yet")
        else:
            click.echo(f"nothing fits: the cheapest that can be run, {prices.named(cheapest)}, takes {prices.takes(cheapest)}")
        for each in candidates:
            if each.lacking and each is not chosen and (chosen is None or budgeting.fits(each, seconds)):
                click.echo(f"to run {prices.named(each)}: {each.remedy}")
    if form == "json":
        echo_json({"budgets": made})


def _candidates(library: Library, claims: Path, name: str, store: Path, places: Sequence[Path], offer: Offer, *,
                first_seed: int, calibrate: bool) -> list[Candidate]:
    from claimcheck import plan as planning
    from claimcheck.appraisal import budget as budgeting
    from claimcheck.appraisal.works import works
    from claimcheck.cli.measuring import family_claims

    reproduction = library.reproductions[name].value
    own = family_claims(library, claims, name)
    plans = [planning.make(own, reproduction, profile, first_seed) for profile in reproduction.profiles]
    made, calibrated = [], set[str]()
    for each in budgeting.declared(plans, own):
        asked = works(each.plan, places)
        new = calibrate and each.plan.profile not in calibrated
        found = bill_of(each.plan, asked, store, places, offer, calibrate=new)
        calibrated.add(each.plan.profile)
        lacking, remedy = ("", "") if isinstance(asked, tuple) else (asked.why, asked.remedy)
        nowhere = bool(found.unavailable) or not found.routed
        made.append(budgeting.Candidate(declared=each, bill=found, quote=_quote(found, offer), remedy=remedy,
                                        cannot_run=lacking if nowhere else "", lacking="" if nowhere else lacking))
    return made


def _quote(found: Bill, offer: Offer) -> Quote:
    """Of the card that is named, else of the device here; n-grams are computed here in any case."""
    from claimcheck.appraisal.wanted import NGRAMS

    quotes = {quote.card: quote for quote in found.quotes}
    only_ngrams = all(each.encoder == NGRAMS for each in found.plan.design.backbones.values())
    return quotes[None if only_ngrams else next(iter(offer.cards), None)]


def _computing(offer: Offer, chosen: Candidate) -> list[str]:
    """How the chosen design was priced, as far as a run is told of it: without these it would take other time and memory."""
    from claimcheck.appraisal.wanted import NGRAMS
    from claimcheck.execution import TOKENS_AT_ONCE

    how, backbones = offer.execution, chosen.declared.plan.design.backbones.values()
    made = ["--jobs", str(offer.slots)] if offer.slots > 1 else []
    if all(each.encoder == NGRAMS for each in backbones):
        return made
    if how.device != "auto":
        made += ["--device", how.device]
    if how.tokens_at_once != TOKENS_AT_ONCE:
        made += ["--tokens-at-once", str(how.tokens_at_once)]
    return [*made, "--recompute"] if how.recompute else made


def _on(offer: Offer) -> str:
    return next((card.title for card in offer.cards.values()), "this device")


def _candidate_json(candidate: Candidate, seconds: float, chosen: Candidate | None) -> dict[str, Any]:
    from claimcheck.report import prices

    own = candidate.declared
    return {"design": prices.named(candidate), "profile": own.plan.profile, "look": own.look, "looks": own.looks,
            "tier": own.plan.tier.value, "runs": len(own.plan.runs), "tests": list(own.tests), "seconds": candidate.seconds,
            "why": prices.verdict(candidate, seconds, chosen), "remedy": candidate.remedy or None}
