"""How a bill is put into words: each figure with its unit, and whether it is measured, at most, or estimated."""

from collections.abc import Sequence
from typing import Any

from claimcheck.appraisal.bill import Bill, Offer, Quote, SlotMemory
from claimcheck.appraisal.budget import Candidate, fits
from claimcheck.appraisal.load import Basis
from claimcheck.appraisal.price import SPARED
from claimcheck.appraisal.wanted import NGRAMS, Amount

NOT_CALIBRATED = "not calibrated on this device: add --calibrate (about a minute a backbone)"
_STEPS = ((120.0, 1.0, "s"), (7200.0, 60.0, "min"), (float("inf"), 3600.0, "h"))


def span(seconds: float) -> str:
    """A span of time at three digits, in a unit that suits it.

    >>> span(0), span(95), span(5400), span(9000), span(4_000_000)
    ('0 s', '95 s', '90 min', '2.5 h', '1,110 h')
    """
    size, unit = next((size, unit) for end, size, unit in _STEPS if seconds < end)
    return f"{digits(seconds / size)} {unit}"


def digits(value: float) -> str:
    """Three digits that count, and no exponent.

    >>> digits(0.123456), digits(12.345), digits(123456.0), digits(0.0)
    ('0.123', '12.3', '123,000', '0')
    """
    if not value:
        return "0"
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:.3g}"


def size(count: float) -> str:
    """Bytes, of 10^9 a GB.

    >>> size(1_112_174_592.0), size(2.5e6)
    ('1.11 GB', '2.5 MB')
    """
    return f"{digits(count / 1e9)} GB" if count >= 1e9 else f"{digits(count / 1e6)} MB"


def lines(bill: Bill, offer: Offer) -> list[str]:
    """What a plan would cost, in lines."""
    made = [_head(bill)]
    if not bill.routed:
        made.append("  the design does not say yet what is evaluated after which training: priced as one training on all of "
                    "its data, and each data set evaluated after it")
    for quote in bill.quotes:
        made += [f"  {line}" if not number else f"    {line}" for number, line in enumerate(_quote(quote, bill, offer))]
    most = "" if any(each.bytes is None for each in bill.disk) else ", at most"
    made.append(f"  disk{most}: {_amounts(bill.disk)}")
    made.append(f"  downloads: {_amounts(bill.downloads)}")
    made += [f"  cannot be had: {name}: {why}" for name, why in bill.unavailable]
    made += [f"  not counted: {each}" for each in bill.unknown]
    return made


def _head(bill: Bill) -> str:
    runs = len(bill.plan.runs)
    told = f"what {'it' if runs == 1 else f'all {runs} runs'} would cost"
    if bill.standing:
        told += f" ({bill.standing} stand and cost no more)"
    most = "at most " if bill.fewest < bill.steps else ""
    told += f": {bill.trainings:,} trainings of {most}{bill.steps:,} steps in all"
    if bill.fewest < bill.steps:
        told += f" (at the earliest {bill.fewest:,}, since a loss may end them)"
    if bill.tokens:
        told += (f"; {bill.basis} {digits(bill.tokens / 1e6)} million tokens trained on, {bill.basis} "
                 f"{digits(bill.encoded / 1e6)} million encoded for evaluation")
        if bill.basis is Basis.AT_MOST:
            told += ", each text as long as it may be"
    return told


def _quote(quote: Quote, bill: Bill, offer: Offer) -> list[str]:
    if quote.card is None:
        if quote.hours is None:
            return [f"on this device: {_not_known(quote, bill)}", *_memory(quote)]
        how = "by the seconds of runs that stand, made here" if quote.from_records else "measured here"
        where = f"on this device ({quote.device}, {how})"
    else:
        card = offer.cards[quote.card]
        where = (f"on {card.title} (estimated from its published peak, {digits(card.peak / 1e12)} TFLOP/s, at a utilisation of "
                 f"{digits(100 * offer.utilisation)} %, which is assumed)")
        if quote.hours is None:
            why = (f"the shape of {quote.lacking} is not known here" if quote.lacking
                   else "hashed n-grams are computed on a processor")
            return [f"{where}: {why}", *_memory(quote)]
    hours = quote.hours
    slots = "slot" if offer.slots == 1 else "slots"
    told = f"{where}: {_bound(quote, bill)} {span(hours.most)} of a device, {span(hours.wall)} on {offer.slots} {slots}"
    if hours.fewest < hours.most:
        told += f"; {span(hours.fewest)} and {span(hours.wall_fewest)} where each training ends at its earliest"
    if bill.standing:
        told += f"; left to make: {span(hours.left)}, {span(hours.wall_left)} on {offer.slots} {slots}"
    parts = ", ".join(f"{name} {span(value)}" for name, value in hours.parts.items() if value)
    return [told, parts, *(f"not in these hours: {each}" for each in quote.left_out), *_memory(quote)]


def _not_known(quote: Quote, bill: Bill) -> str:
    """Why there is no price on the device at hand, and the next move."""
    backbones, lacking = bill.plan.design.backbones, quote.lacking.split(", ")
    if unshaped := [name for name in lacking if name in backbones and backbones[name].encoder != NGRAMS
                    and name not in bill.shapes]:
        names, absent = " and ".join(unshaped), {each.what for each in bill.downloads}
        if not {f"backbone {name}" for name in unshaped} & absent:
            return f"nothing can be tried: {names} is of an architecture whose weights are not counted by this version"
        return (f"nothing can be tried: the shape of {names} is not known while the checkpoint is not here; fetch it "
                "(`claimcheck backbones fetch`) or put it into backbones/ of a data folder, then add --calibrate")
    if not bill.runnable and all(backbones[name].encoder == NGRAMS for name in lacking if name in backbones):
        return "hashed n-grams are tried on the data themselves, which are not here; fetch them, then add --calibrate"
    return NOT_CALIBRATED


def _bound(quote: Quote, bill: Bill) -> str:
    """What is reckoned from a peak bounds nothing. Steps that a loss may cut short make a measured figure one at most."""
    if quote.card is not None:
        return "estimated"
    return "at most" if bill.basis is Basis.AT_MOST or bill.fewest < bill.steps else "about"


def _memory(quote: Quote) -> list[str]:
    return [f"memory of a slot, {each.backbone}: {_slot(each)}" for each in quote.memory]


def _slot(memory: SlotMemory) -> str:
    told = []
    if (estimated := memory.estimated) is not None:
        told.append(f"{size(estimated.peak)} with {estimated.tokens:,} tokens at once (estimated)")
        if memory.room is not None:
            most = estimated.most_tokens(memory.room)
            most -= most % 256 if most > 256 else 0
            fit = "fits into" if memory.fits else "does not fit into"
            told.append(f"{fit} {size(memory.room)} with {100 * SPARED:.0f} % spared, which is assumed")
            told.append(f"--tokens-at-once {most} would fit at most" if most else "no number of tokens at once would fit")
        if estimated.best:
            told.append(f"{size(estimated.best)} more of the host's for the best weights")
    if memory.tried is not None:
        peak, tokens = memory.tried
        told.append(f"{size(peak)} measured here" + (f" with {tokens:,} tokens at once" if tokens else ""))
    return "; ".join(told)


def _amounts(amounts: Sequence[Amount]) -> str:
    if not amounts:
        return "none"
    known = sum(each.bytes for each in amounts if each.bytes is not None)
    told = ", ".join(f"{each.what} {'(size not known)' if each.bytes is None else size(each.bytes)}" for each in amounts)
    if len(amounts) == 1:
        return told
    without = sum(each.bytes is None for each in amounts)
    return f"{size(known)} in all" + (f" beside {without} of unknown size" if without else "") + f": {told}"


def as_json(bill: Bill, offer: Offer) -> dict[str, Any]:
    """The same for programs: seconds and bytes."""
    return {"trainings": bill.trainings, "steps_at_most": bill.steps, "steps_at_the_earliest": bill.fewest,
            "tokens": {"basis": bill.basis.value, "trained": bill.tokens, "encoded": bill.encoded},
            "routes_known": bill.routed, "standing": bill.standing, "slots": offer.slots,
            "devices": [_quote_json(quote, bill, offer) for quote in bill.quotes],
            "disk": _amounts_json(bill.disk), "downloads": _amounts_json(bill.downloads),
            "cannot_be_had": [{"what": name, "why": why} for name, why in bill.unavailable], "not_counted": list(bill.unknown),
            "shapes": {name: {**shape.as_json(), "source": shape.source} for name, shape in bill.shapes.items()}}


def _quote_json(quote: Quote, bill: Bill, offer: Offer) -> dict[str, Any]:
    made: dict[str, Any] = {"device": quote.device or None, "card": quote.card, "lacking": quote.lacking or None}
    if quote.card is None:
        made["how"] = "measured here" if quote.hours is not None else "not calibrated on this device"
    else:
        card = offer.cards[quote.card]
        made |= {"how": "estimated from published peak", "peak_operations_a_second": card.peak, "source": card.source,
                 "assumed_utilisation": offer.utilisation}
    made["seconds"] = None if quote.hours is None else {
        "bound": _bound(quote, bill), "device": quote.hours.most, "wall": quote.hours.wall,
        "device_at_the_earliest": quote.hours.fewest, "wall_at_the_earliest": quote.hours.wall_fewest,
        "device_left": quote.hours.left, "wall_left": quote.hours.wall_left, "parts": dict(quote.hours.parts),
        "not_in_them": list(quote.left_out)}
    made["memory"] = [_memory_json(each) for each in quote.memory]
    return made


def _memory_json(memory: SlotMemory) -> dict[str, Any]:
    made: dict[str, Any] = {"backbone": memory.backbone}
    if (estimated := memory.estimated) is not None:
        made["estimated"] = {"bytes": estimated.peak, "tokens_at_once": estimated.tokens, "host_bytes": estimated.best}
        if memory.room is not None:
            made |= {"card_bytes": memory.room, "assumed_share_spared": SPARED, "fits": estimated.fits(memory.room),
                     "most_tokens_at_once": estimated.most_tokens(memory.room)}
    if memory.tried is not None:
        made["measured_here"] = {"bytes": memory.tried[0], "tokens_at_once": memory.tried[1] or None}
    return made


def _amounts_json(amounts: Sequence[Amount]) -> list[dict[str, Any]]:
    return [{"what": each.what, "bytes": each.bytes} for each in amounts]


def named(candidate: Candidate) -> str:
    """A declared design in few words."""
    own = candidate.declared
    return own.plan.profile if own.looks == 1 else f"{own.plan.profile}, look {own.look} of {own.looks}"


def takes(candidate: Candidate) -> str:
    """The time of a design whose price is known, with what it is worth."""
    return f"{_bound(candidate.quote, candidate.bill)} {span(candidate.seconds or 0.0)}"


def verdict(candidate: Candidate, budget: float, chosen: Candidate | None) -> str:
    """Why a declared design is taken or out, in words."""
    if candidate.cannot_run:
        return f"cannot be run: {candidate.cannot_run.partition(':')[0]}"
    if candidate.bill.unknown:
        return f"no price: not counted is {candidate.bill.unknown[0]}"
    if candidate.seconds is None:
        if candidate.quote.card is not None:
            return f"no price: the shape of {candidate.quote.lacking} is not known here"
        return _not_known(candidate.quote, candidate.bill)
    if candidate.too_large:
        return "does not fit: " + ", ".join(f"{each.backbone} takes {_slot(each)}" for each in candidate.too_large)
    if not candidate.declared.whole:
        return "part of the design that ends with its last look: where this look leaves something open, that one follows"
    if candidate.seconds > budget:
        return f"does not fit: {takes(candidate)} is more than {span(budget)}"
    assert fits(candidate, budget)
    first = f", once fetched: {candidate.lacking}" if candidate.lacking else ""
    return ("chosen" if candidate is chosen else "fits") + first


def table(candidates: Sequence[Candidate], budget: float, chosen: Candidate | None) -> list[str]:
    """All declared designs with their price, in lines."""
    rows = [("design", "tier", "runs", "tests", "time", "")]
    rows += [(named(each), each.declared.plan.tier.value, str(len(each.declared.plan.runs)),
              f"{len(each.declared.tests)} claims", "–" if each.seconds is None else takes(each),
              verdict(each, budget, chosen)) for each in candidates]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]) - 1)]
    return ["  ".join([*map(str.ljust, row[:-1], widths), row[-1]]).rstrip() for row in rows]
