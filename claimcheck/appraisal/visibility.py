"""Which perturbed queries count: whether a family exists in a language, and whether the encoder of a backbone sees it there."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from claimcheck.appraisal.measured import Measured
from claimcheck.design import Perturbations
from claimcheck.errors import MeasurementFailed
from claimcheck.perturbation.families import FAMILIES

LEAST_VISIBLE = 0.05
"""Share of a family's questions in a language that have to differ to the encoder, else the cell says nothing about it."""


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


def draws_of(asked: Perturbations, family: str) -> int:
    """How many draws of a family are asked: one where nothing is drawn."""
    return asked.draws if FAMILIES[family].drawn else 1


def told(measured: Measured, backbone: str, route: str) -> dict[str, dict[str, Any]]:
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


def cell(found: dict[str, dict[str, Any]], family: str, language: str) -> FamilyCell:
    """Whether a family counts in a language, by what `told` gives."""
    counts = found.get(family, {"cells": {}})["cells"].get(language)
    if counts is None or not counts["applied"]:
        return FamilyCell(language=language, state=State.ABSENT)
    applied, visible = (counts[name] / counts["questions"] for name in ("applied", "visible"))
    return FamilyCell(language=language, applied=applied, visible=visible,
                      state=State.COUNTS if visible >= LEAST_VISIBLE else State.NO_OP)
