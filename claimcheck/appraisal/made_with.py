"""What runs were made with, in words: recipe, sources, versions, machine."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from claimcheck.appraisal.measured import Measured
from claimcheck.corpora.large import LARGE
from claimcheck.design import Backbone, Design, Split, Training


def made_with(measured: Measured) -> tuple[tuple[str, str], ...]:
    """Recipe, sources, versions and machine of the runs; where they differ between runs, all that occur."""
    told: dict[str, dict[str, None]] = {name: {text: None} for name, text in _recipe(measured.plan.design)}
    for results in measured.results.values():
        for result in results:
            for name, text in _provenance(result.record):
                told.setdefault(name, {})[text] = None
    return tuple((name, "; ".join(texts)) for name, texts in told.items())


def _recipe(design: Design) -> Iterable[tuple[str, str]]:
    """What was trained on what, and how, as the design says."""
    for name, backbone in design.backbones.items():
        yield f"encoder {name}", _listed(backbone)
    yield "training", _listed(design.training)
    for route in design.data.routes:
        trained, evaluated = (", ".join(each) for each in (design.data.trained_in(route), design.data.evaluated_in(route)))
        languages = trained if trained == evaluated else f"trained on {trained}; evaluated {evaluated}"
        yield f"data {route.name}", f"{languages}{'; ' + _listed(route.split) if route.split is not None else ''}"
    for name, parts in design.data.mixtures.items():
        yield f"mixture {name}", f"{', '.join(parts)}; one of them a batch, in proportion to its size"
    if design.data.note:
        yield "on the data", design.data.note


def _listed(value: Backbone | Training | Split) -> str:
    given = [(item.name, getattr(value, item.name)) for item in fields(value) if item.name != "note"]
    return ", ".join(f"{name.replace('_', ' ')} {', '.join(map(str, each)) if isinstance(each, tuple) else each}"
                     for name, each in given if each is not None)


def _provenance(record: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield "digest of the measuring sources", record["sources"]
    code = record["code"]
    yield "commit", f"{code['commit']}{', with changes' if code['dirty'] else ''}" if code else "not from a checkout"
    yield "libraries", ", ".join(f"{name} {version}" for name, version in record["libraries"].items())
    for name, digest in record["data"].items():
        yield f"digest of {name}", digest
    machine = record["machine"]
    yield "machine", f"{machine['processor']}, {machine['cores']} cores, {machine['system']} {machine['architecture']}"
    if "checkpoint" in record:
        yield "digest of the checkpoint", record["checkpoint"]
    for each in (leg for leg in record["legs"] if leg["route"].rpartition(" > ")[2] in LARGE):
        yield f"pools of {each['route']}", ", ".join(f"{language} {size['candidates']:,} passages"
                                                     for language, size in each["evaluated"].items())
    leg = record["legs"][0]
    if (encoder := leg.get("encoder")) is not None and "architecture" in encoder:
        yield "encoder as computed", (f"{encoder['architecture']}, {encoder['parameters']:,} weights, {encoder['rows']} rows, "
                                      f"{encoder['products']} products, {encoder['tokenizer']}, {encoder['device']}")
    for each in (each for leg in record["legs"] for each in leg.get("executions", ())):
        steps = f", from step {each['from_step']} on" if each["from_step"] else ""
        asked = [name for name in ("strict", "compiled", "recompute") if each[name]]
        yield "trained by", (f"{each['processes']} process{'es' * (each['processes'] > 1)} on {each['device']}, "
                             f"{each['tokens_at_once']:,} tokens at once{''.join(f', {name}' for name in asked)}{steps}")
    for each in (leg for leg in record["legs"] if "looks" in leg):
        yield "checkpoint chosen", f"after {each['chosen_after_steps']} of {each['planned_steps']} steps"
    yield "each run", f"{leg['threads']} thread, {leg['device']}, {leg['instructions']}"
    made = leg["products"]
    yield "scores", f"products of at most {made['rows']} x {made['columns']}, {made['threads']} thread, {made['library']}"
