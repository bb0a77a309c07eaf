"""Run: one training and evaluation, named by what it depends on.

A run's name covers its condition and its seed. The store adds the sources of the measuring packages, library versions and data
digests to it, so that no result outlives what made it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeAlias

from claimcheck.design import Arm, Attacks, Backbone, Data, Perturbations, Route, Training

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
"""What JSON can hold."""


def digest_of(value: Json) -> str:
    """SHA-256 (hex) of the canonical JSON of a value: sorted keys, no spaces, UTF-8.

    >>> digest_of({"b": 1, "a": [2.0]}) == digest_of({"a": [2.0], "b": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


PROSE = frozenset({"note", "says", "label", "chosen", "because", "needs"})


def canonical(value: object) -> Json:
    """A value as JSON for a digest: fields of dataclasses that stand at their default, and prose, are left out.

    So a new optional key leaves old digests as they are, and a reworded note changes nothing that is run.

    >>> canonical({"alpha": None, "languages": ("en", "de")})
    {'languages': ['en', 'de']}
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: canonical(given) for item in fields(value)
                if item.name not in PROSE and (given := getattr(value, item.name)) != _default(item)}
    if isinstance(value, Mapping):
        return {str(key): canonical(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} has no place in a digest")


def _default(item: Field[Any]) -> object:
    return item.default_factory() if item.default_factory is not MISSING else item.default


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What is trained and evaluated, but for the seed: one arm on one backbone, with its data and training.

    `attacks`: where all arms of `attacked` are trained, each as in a run of its own, and attacked; the arm is no arm then.
    """

    reproduction: str
    backbone: str
    arm: str
    model: Backbone
    filling: Arm
    data: Data
    training: Training
    perturbations: Perturbations | None = None
    attacks: Attacks | None = None
    attacked: Mapping[str, Arm] = field(default_factory=dict)

    def of_arm(self, arm: str) -> "Condition":
        """The condition of an attacked arm by itself, with no query perturbed. Raises KeyError: it is not attacked."""
        return replace(self, arm=arm, filling=self.attacked[arm], attacks=None, attacked={})

    @property
    def legs(self) -> tuple[tuple[Route, int], ...]:
        """The routes of the run with their folds, each trained and evaluated by itself."""
        return tuple((route, fold) for route in self.data.routes
                     for fold in range((route.split.folds if route.split else None) or 1))

    @property
    def trainings(self) -> tuple[tuple[int, ...], ...]:
        """The numbers of legs that are trained as one: routes without a split, on the same data in the same languages.

        What they evaluate does not enter into their training, so the encoder is trained once and put to each in turn.
        """
        together: dict[object, list[int]] = {}
        for number, (route, _) in enumerate(self.legs):
            alone = route.split is not None or self.attacks is not None
            alike = number if alone else (route.train, self.data.trained_in(route))
            together.setdefault(alike, []).append(number)
        return tuple(tuple(numbers) for numbers in together.values())

    def as_json(self) -> dict[str, Json]:
        """The condition as JSON, keys that are not set and prose left out."""
        return {
            "reproduction": self.reproduction,
            "backbone": self.backbone,
            "arm": self.arm,
            "settings": canonical({"data": self.data, "training": self.training, "backbone": self.model, "arm": self.filling,
                                   "perturbations": self.perturbations, "attacks": self.attacks,
                                   "attacked": self.attacked or None}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One condition with one seed."""

    condition: Condition
    seed: int

    @property
    def digest(self) -> str:
        """SHA-256 over condition and seed."""
        return digest_of({"condition": self.condition.as_json(), "seed": self.seed})
