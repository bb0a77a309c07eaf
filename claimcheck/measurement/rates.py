"""Rates: how long computing takes on a device, as measured there in a short trial, and kept in the store for later plans.

Nothing here measures; that is `experiment.rates`. A rate is named by all that it depends on: device, versions, shape of the
encoder, precision. It is no part of a result.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from claimcheck.errors import CorruptInput, Fault
from claimcheck.files import beside
from claimcheck.run import Json, digest_of

FOLDER = "rates"
"""The folder of rates in a store."""
_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Some texts by what they cost: their number, the sum of their tokens, and the sum of the squares of these.

    A transformer works token by token but for attention, which grows with the square of a text's length.
    """

    number: float = 0.0
    tokens: float = 0.0
    squares: float = 0.0

    @classmethod
    def alike(cls, number: float, length: float) -> "Texts":
        """So many texts of one length each."""
        return cls(number=number, tokens=number * length, squares=number * length**2)

    def __add__(self, other: "Texts") -> "Texts":
        return Texts(number=self.number + other.number, tokens=self.tokens + other.tokens, squares=self.squares + other.squares)

    def times(self, factor: float) -> "Texts":
        """As many texts times the factor."""
        return Texts(number=self.number * factor, tokens=self.tokens * factor, squares=self.squares * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds of a text of n tokens: `per_token` n + `per_square` n^2."""

    per_token: float
    per_square: float

    @classmethod
    def between(cls, short: tuple[float, float], long: tuple[float, float]) -> "Pace":
        """From two lengths of text, each with its seconds a token.

        Where the longer is no slower a token, which small encoders show, attention costs nothing that could be seen: then the
        slower of the two holds for all lengths.

        >>> Pace.between((10, 2.0), (30, 3.0))
        Pace(per_token=1.5, per_square=0.05)
        """
        slope = (long[1] - short[1]) / (long[0] - short[0])
        if slope <= 0:
            return cls(per_token=max(short[1], long[1]), per_square=0.0)
        level = short[1] - slope * short[0]
        return cls(per_token=level, per_square=slope) if level > 0 else cls(per_token=0.0, per_square=long[1] / long[0])

    def seconds(self, texts: Texts) -> float:
        """Of some texts."""
        return self.per_token * texts.tokens + self.per_square * texts.squares


def level(few: tuple[float, float], more: tuple[float, float]) -> float:
    """What something takes whatever its size, from two sizes and their seconds; never below 0.

    >>> level((1, 5.0), (3, 7.0))
    4.0
    """
    if more[0] <= few[0]:
        return 0.0
    return max(0.0, few[1] - few[0] * (more[1] - few[1]) / (more[0] - few[0])) if more[1] > few[1] else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderRate:
    """A transformer of one shape on one device. `train`: forwards and backwards; `encode`: forwards, without a gradient.

    `pass_seconds`: what each way forwards and backwards takes beside its tokens; `step_seconds`: the optimizer's step.
    `peak_bytes`: memory at its highest while `tokens` were trained on at once, beside what the process held before; None where
    it cannot be told. `lengths`: of the texts that were tried.
    """

    train: Pace
    encode: Pace
    pass_seconds: float
    step_seconds: float
    tokens: int
    lengths: tuple[int, int]
    peak_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRate:
    """One leg of a run as it was tried. `begin_seconds`: reading data, loading weights, cutting texts into tokens.

    `step_seconds`: of a training step, of n-grams alone. `evaluate_seconds`: of n-grams all of evaluation, of transformers what
    there is beside encoding. `pair`: the texts of one pair that is trained on, a given negative among them; `looked`: those of
    one look at the loss that chooses; `evaluated`: all that are encoded. `sampled`: pairs from which `pair` is a mean.
    """

    begin_seconds: float
    evaluate_seconds: float
    step_seconds: float | None = None
    peak_bytes: int | None = None
    pair: Texts = field(default_factory=Texts)
    looked: Texts = field(default_factory=Texts)
    evaluated: Texts = field(default_factory=Texts)
    sampled: int = 0


def put(store: Path, of: Mapping[str, Json], rate: EncoderRate | LegRate) -> Path:
    """Keep a rate under what it is of, in place of an older one; the file holds a digest of itself."""
    told: dict[str, Json] = {"format": _FORMAT, "of": dict(of), "measured": json.loads(json.dumps(asdict(rate)))}
    path = _path(store, of)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**told, "sha256": digest_of(told)}, indent=1, ensure_ascii=True) + "\n"
    beside(path, text.encode()).replace(path)
    return path


def encoder_rate(store: Path, of: Mapping[str, Json]) -> EncoderRate | None:
    """What is kept of an encoder, if anything is. Raises CorruptInput: it is damaged."""
    found = _get(store, of)
    if found is None:
        return None
    return EncoderRate(**{**found, "train": Pace(**found["train"]), "encode": Pace(**found["encode"]),
                          "lengths": tuple(found["lengths"])})


def leg_rate(store: Path, of: Mapping[str, Json]) -> LegRate | None:
    """What is kept of a leg, if anything is. Raises CorruptInput: it is damaged."""
    found = _get(store, of)
    if found is None:
        return None
    return LegRate(**{**found, **{name: Texts(**found[name]) for name in ("pair", "looked", "evaluated")}})


def any_kept(store: Path) -> bool:
    """Whether a store holds any rate."""
    return any((store / FOLDER).glob("*.json"))


def _path(store: Path, of: Mapping[str, Json]) -> Path:
    return store / FOLDER / f"{digest_of(dict(of))}.json"


def _get(store: Path, of: Mapping[str, Json]) -> dict[str, Any] | None:
    path = _path(store, of)
    if not path.is_file():
        return None
    what = "differs from the digest of itself that it holds"
    try:
        found = json.loads(path.read_bytes())
        if found["sha256"] == digest_of({name: value for name, value in found.items() if name != "sha256"}):
            return dict(found["measured"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        what = f"cannot be read as a rate: {error}"
    raise CorruptInput([Fault(path=path, what=what, next_move="remove it and calibrate again, with --calibrate")])
