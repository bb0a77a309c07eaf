"""The claims at other values of what a paper leaves open, for programs."""

from typing import Any

from claimcheck.report.json_runs import interval, number
from claimcheck.report.sweep_views import (
    SweptClaimView,
    SweptComparisonView,
    SweptPredictionView,
    SweptView,
    ValueView,
)


def sweep(view: SweptView) -> dict[str, Any]:
    """One field at all its values. Each `at` goes with `values`, null where a value has nothing to say."""
    return {"reproduction": view.reproduction, "profile": view.profile, "field": view.field, "left_open": view.what,
            "chosen": view.chosen, "values": [_value(each) for each in view.values],
            "claims": [_claim(each) for each in view.claims]}


def _value(view: ValueView) -> dict[str, Any]:
    return {"value": view.value, "declared": view.declared, "tier": view.tier, "run": not view.word,
            "why_not": f"{view.word}: {view.why}" if view.word else ""}


def _claim(view: SweptClaimView) -> dict[str, Any]:
    at = [{"word": word, "note": note} if word else None for word, note in zip(view.words, view.notes, strict=True)]
    return {"claim": view.id, "text": view.text, "at": at, "predictions": [_prediction(each) for each in view.predictions]}


def _prediction(view: SweptPredictionView) -> dict[str, Any]:
    return {"part": view.part, "says": view.says, "reading": view.reading or None, "label": view.label,
            "at": [None if each is None else {"stand": each.stand, "word": each.word, "printed": each.printed}
                   for each in view.cells],
            "comparisons": [{"about": dict(row.told), "at": [_comparison(each) for each in row.cells]} for row in view.rows]}


def _comparison(view: SweptComparisonView | None) -> dict[str, Any] | None:
    if view is None:
        return None
    return {"estimate": number(view.estimate), "deciding": interval(view.deciding), "stand": view.stand, "word": view.word,
            "run_keys": list(view.keys)}
