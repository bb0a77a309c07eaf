"""What perturbed queries cost each arm: losses by family and language, and over the families of the headline.

Apart from any claim. A loss is clean less perturbed, question by question within a run, averaged over draws. Where an encoder
sees next to nothing of a family in a language, the cell is no-op, and left out of the averages of all arms.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from claimcheck.appraisal.losses import MEASURE, Loss, Piece, loss
from claimcheck.appraisal.measured import LanguageCell, Measured
from claimcheck.design import Perturbations, Route
from claimcheck.errors import MeasurementFailed
from claimcheck.measurement.measures import Setting
from claimcheck.measurement.places import variant
from claimcheck.perturbation.families import FAMILIES, PANEL

LEAST_VISIBLE = 0.05
"""Share of a family's questions in a language that have to differ to the encoder, else the cell says nothing about it."""
PANEL_NAME = "headline"
PANEL_BUDGET = "light"
"""At another budget there is no headline."""


class State(StrEnum):
    """Whether a family counts in a language: it does, the encoder does not see it, or there is no such thing."""

    COUNTS = "counts"
    NO_OP = "no-op"
    ABSENT = "not applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyCell:
    """A family in a language, of a backbone: shares of its questions, over draws and runs, from 0 to 1."""

    language: str
    state: State
    applied: float = 0.0
    visible: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRow:
    """A family, or all of the headline together; `losses`: one an arm, none where no cell counts."""

    family: str
    title: str
    draws: int
    cells: tuple[FamilyCell, ...]
    losses: tuple[Loss, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """All families on one route of a backbone. `sets`: family -> digest of its frozen set."""

    backbone: str
    route: str
    budget: str
    languages: tuple[str, ...]
    rows: tuple[FamilyRow, ...]
    sets: tuple[tuple[str, str], ...]


def robustness(measured: Measured) -> tuple[Robustness, ...]:
    """Of each backbone and route; nothing where the design perturbs no query."""
    asked = measured.plan.design.perturbations
    if asked is None:
        return ()
    return tuple(_robustness(measured, asked, backbone, route) for backbone in measured.plan.design.backbones
                 for route in measured.plan.design.data.routes)


def _robustness(measured: Measured, asked: Perturbations, backbone: str, route: Route) -> Robustness:
    languages = measured.plan.design.data.evaluated_in(route)
    told = _told(measured, backbone, route.name)
    cells = {name: tuple(_cell(told, name, language) for language in languages) for name in asked.families}
    pieces = {arm: [piece for name in asked.families
                    for piece in _pieces(measured, asked, (backbone, arm), route.name, name, cells[name])]
              for arm in measured.arms_of(backbone)}
    rows = [FamilyRow(family=name, title=FAMILIES[name].title, draws=_draws(asked, name), cells=cells[name],
                      losses=_losses(measured, pieces, lambda piece, name=name: piece.family == name, languages))  # type: ignore[misc]
            for name in asked.families]
    if set(PANEL) <= set(asked.families) and asked.budget == PANEL_BUDGET:
        counting = [row.family for row in rows if row.family in PANEL and row.losses]
        rows.insert(0, FamilyRow(family=PANEL_NAME, title=", ".join(counting), draws=0, cells=(),
                                 losses=_losses(measured, pieces, lambda piece: piece.family in PANEL, languages)))
    return Robustness(backbone=backbone, route=route.name, budget=asked.budget, languages=languages, rows=tuple(rows),
                      sets=tuple((name, told[name]["set"]) for name in asked.families if name in told))


def _draws(asked: Perturbations, family: str) -> int:
    return asked.draws if FAMILIES[family].drawn else 1


def _told(measured: Measured, backbone: str, route: str) -> dict[str, dict[str, Any]]:
    """Family -> what records say of it, questions of all runs and folds added up: they differ where splits are drawn anew."""
    made: dict[str, dict[str, Any]] = {}
    for arm in measured.arms_of(backbone):
        for result in measured.results[backbone, arm]:
            for leg in result.record["legs"]:
                if leg["route"] == route:
                    _add(made, leg["perturbed"]["families"])
    return made


def _add(made: dict[str, dict[str, Any]], families: dict[str, Any]) -> None:
    for name, found in families.items():
        own = made.setdefault(name, {"set": found["set"], "cells": {}})
        if own["set"] != found["set"]:
            raise MeasurementFailed(f"runs of this profile were put to different perturbed queries of {name}, the sets "
                                    f"{own['set'][:12]} and {found['set'][:12]}: remove the results of one, and run again")
        for language, counts in found["cells"].items():
            before = own["cells"].get(language, {})
            own["cells"][language] = {key: before.get(key, 0) + number for key, number in counts.items()}


def _cell(told: dict[str, dict[str, Any]], family: str, language: str) -> FamilyCell:
    counts = told.get(family, {"cells": {}})["cells"].get(language)
    if counts is None or not counts["applied"]:
        return FamilyCell(language=language, state=State.ABSENT)
    applied, visible = (counts[name] / counts["questions"] for name in ("applied", "visible"))
    return FamilyCell(language=language, applied=applied, visible=visible,
                      state=State.COUNTS if visible >= LEAST_VISIBLE else State.NO_OP)


def _pieces(measured: Measured, asked: Perturbations, who: tuple[str, str], route: str, family: str,
            cells: Sequence[FamilyCell]) -> list[Piece]:
    """The cells of one family that count, of `who`: a backbone and an arm."""
    counting = {cell.language for cell in cells if cell.state is State.COUNTS}
    if not counting:
        return []
    routes = [variant(route, family, draw) for draw in range(_draws(asked, family))]

    def drawn(measure: str, setting: Setting = Setting.MULTILINGUAL) -> list[dict[str, LanguageCell]]:
        return [{cell.query_language: cell for cell in measured.of(*who, (measure, setting.value, name))}
                for name in (route, *routes)]

    scores, changed, overlaps, alone = drawn(MEASURE), drawn("Applied"), drawn("RBO"), drawn(MEASURE, Setting.MONOLINGUAL)
    distances = drawn("RankDistance")
    made = []
    for language in sorted(counting & scores[0].keys()):
        clean, *draws = (each[language].cell for each in scores)
        made.append(Piece(
            language=language, family=family, clean=clean.values, clusters=clean.clusters,
            draws=np.stack([each.values for each in draws]),
            applied=np.stack([each[language].cell.values for each in changed[1:]]),
            overlap=float(np.mean([each[language].cell.values.mean() for each in overlaps[1:]])),
            distance=_change(distances, language), monolingual=_change(alone, language)))
    return made


def _change(found: Sequence[dict[str, LanguageCell]], language: str) -> float | None:
    """By how much a mean grows from the clean queries to the draws; None where no query of the language has a value."""
    if any(language not in each for each in found):
        return None
    clean, *draws = (float(each[language].cell.values.mean()) for each in found)
    return float(np.mean(draws)) - clean


def _losses(measured: Measured, pieces: dict[str, list[Piece]], chosen: Callable[[Piece], bool],
            languages: Sequence[str]) -> tuple[Loss, ...]:
    own = {arm: [piece for piece in each if chosen(piece)] for arm, each in pieces.items()}
    return tuple(loss(arm, each, languages, measured.resamples) for arm, each in own.items() if each)
