"""The price of runs before they are made: hours of a device, memory, disk, downloads, each from a rate or a stated assumption.

Operations of a transformer: 6 N a token that is trained on, 2 N a token that is encoded, N the weights of the layers, and
12 L h n more (4 L h n) a token of a text of n tokens for attention, with L layers of width h. Sources: Kaplan et al. 2020,
arXiv:2001.08361, section 2.1; Chowdhery et al. 2022, arXiv:2204.02311, appendix B. Where a batch is taken in pieces or
activations are computed again, each adds one way forwards.

Memory of training: weights, gradients and the two moments of Adam in float32, 16 bytes a parameter, and the activations of the
tokens at once: Korthikanti et al. 2022, arXiv:2205.05198, equation 1, without the term of the attention scores, which are
never written down.
"""

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from claimcheck.appraisal.load import Load
from claimcheck.corpora.shapes import Shape
from claimcheck.execution import Execution
from claimcheck.measurement.cards import Card
from claimcheck.measurement.rates import EncoderRate, LegRate, Texts

TRAINED, LOOKED, ENCODED, BESIDE = "training", "looks at the loss that chooses", "encoding", "reading, ranking and the rest"
"""Parts of a price, as they are called."""
WHOLE_STATE = 16
"""Bytes a parameter while training: weight, gradient, two moments, float32."""
SPARED = 0.1
"""Share of a card's memory that is left to gaps and libraries. An assumption."""


def forwards(shape: Shape, texts: Texts) -> float:
    """Operations of one way forwards through the layers for some texts."""
    return 2.0 * shape.layer_weights * texts.tokens + 4.0 * shape.layers * shape.width * texts.squares


def ways(*, pieces: bool, recompute: bool) -> int:
    """Ways forwards that a training step costs; the way backwards counts two.

    >>> ways(pieces=False, recompute=False), ways(pieces=True, recompute=True)
    (3, 5)
    """
    return 3 + int(pieces) + int(recompute)


def in_pieces(load: Load, execution: Execution) -> bool:
    """Whether a batch is more than is taken at once."""
    return load.batch_tokens > execution.tokens_at_once


def on_card(load: Load, shape: Shape, card: Card, utilisation: float, execution: Execution) -> dict[str, float]:
    """Seconds of a load on a card that is not at hand, part by part."""
    rate = card.peak * utilisation
    many = ways(pieces=in_pieces(load, execution), recompute=execution.recompute)
    return {TRAINED: many * forwards(shape, load.trained) / rate, LOOKED: forwards(shape, load.looked) / rate,
            **{f"{ENCODED} {name}": forwards(shape, texts) / rate for name, texts in load.encoded.items()}}


def measured(load: Load, rate: EncoderRate, tried: Mapping[int, LegRate], execution: Execution) -> dict[str, float]:
    """Seconds of a load at the rate of a device, part by part; what trials of the legs give beside the encoder, added."""
    passes = max(1, math.ceil(load.batch_tokens / execution.tokens_at_once))
    training = rate.train.seconds(load.trained) + load.steps * (rate.step_seconds + passes * rate.pass_seconds)
    if in_pieces(load, execution):
        training += rate.encode.seconds(load.trained)
    own = [tried[number] for number in load.legs if number in tried]
    beside = (own[0].begin_seconds if own else 0.0) + sum(each.evaluate_seconds for each in own)
    return {TRAINED: training, LOOKED: rate.encode.seconds(load.looked),
            **{f"{ENCODED} {name}": rate.encode.seconds(texts) for name, texts in load.encoded.items()},
            **({BESIDE: beside} if own else {})}


def of_ngrams(load: Load, tried: Mapping[int, LegRate]) -> dict[str, float] | None:
    """Seconds of a load of hashed n-grams, from trials of its legs; None where one was not tried."""
    own = [tried[number] for number in load.legs if number in tried]
    if len(own) < len(load.legs) or not own or any(each.step_seconds is None for each in own):
        return None
    return {TRAINED: load.steps * (own[0].step_seconds or 0.0),
            BESIDE: own[0].begin_seconds + sum(each.evaluate_seconds for each in own)}


def makespan(seconds: Iterable[float], slots: int) -> float:
    """When the last of some works is done on so many slots, the longest handed out first.

    Source: Graham 1969, bounds on multiprocessing timing anomalies: at most 4/3 - 1/(3 slots) of the best there is.

    >>> makespan([5, 4, 3, 3, 3], 2)
    10
    """
    busy: list[float] = [0] * slots
    for each in sorted(seconds, reverse=True):
        heapq.heapreplace(busy, busy[0] + each)
    return max(busy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes of one slot while it trains. `state`: what it takes whatever is trained on; `a_token`: activations.

    `tokens`: at once. `best`: the weights of the lowest loss, kept in the memory of the host.
    """

    state: float
    a_token: float
    tokens: int
    best: float

    @property
    def peak(self) -> float:
        """On the device."""
        return self.state + self.a_token * self.tokens

    def fits(self, memory: float) -> bool:
        """Whether a device has as much, a share spared."""
        return self.peak <= memory * (1 - SPARED)

    def most_tokens(self, memory: float) -> int:
        """Tokens at once that would fit, below 0 never."""
        return max(0, int((memory * (1 - SPARED) - self.state) / self.a_token))


def activations(shape: Shape, *, half: bool, recompute: bool) -> float:
    """Bytes of activations that a token leaves behind until the way backwards has used them.

    16 numbers of the width a layer (with a feed-forward of four widths) and two masks of dropout: 34 h bytes in 16 bits, 66 h
    in 32. Computed again, a layer leaves its input alone, and one layer at a time the rest.

    >>> published = Shape(model_type="bert", layers=2, width=100, heads=4, feed_forward=400, vocabulary=9, positions=9, types=1)
    >>> activations(published, half=True, recompute=False), activations(published, half=False, recompute=True)
    (6800.0, 7400.0)
    """
    size = 2 if half else 4
    layer = size * (8 * shape.width + 2 * shape.feed_forward) + 2 * shape.width
    return float(shape.layers * size * shape.width + layer if recompute else shape.layers * layer)


def memory(shape: Shape, load: Load, execution: Execution, *, pooler: bool, half: bool) -> Memory:
    """What training takes, estimated. `half`: products are made in bfloat16, for which autocast keeps copies of the weights.

    Queries and passages are two passes, each with a dense gradient of all embeddings; one of the two is beside the sum.
    """
    parameters = shape.parameters(pooler=pooler)
    chosen = load.run.condition.training.select_every is not None
    second = 4.0 * shape.vocabulary * shape.width
    return Memory(state=WHOLE_STATE * parameters + second + (2.0 * shape.layer_weights if half else 0.0),
                  a_token=activations(shape, half=half, recompute=execution.recompute),
                  tokens=int(min(load.batch_tokens, execution.tokens_at_once)), best=4.0 * parameters if chosen else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Seconds of some works on one kind of device. `parts`: what they go to; `most` and `fewest`: of the device in all.

    `wall`: until the last is done on the slots, from `most`; `wall_fewest` likewise. `left`: of those that do not stand yet,
    `wall_left`: on the slots.
    """

    parts: Mapping[str, float]
    most: float
    fewest: float
    wall: float
    wall_fewest: float
    left: float
    wall_left: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One work with its seconds part by part, and whether its run stands in the store already."""

    load: Load
    parts: Mapping[str, float]
    stands: bool = False

    @property
    def most(self) -> float:
        """In all."""
        return sum(self.parts.values())

    @property
    def fewest(self) -> float:
        """Where training ends as early as it can."""
        share = self.load.fewest / self.load.steps if self.load.steps else 1.0
        return sum(value * share if name in (TRAINED, LOOKED) else value for name, value in self.parts.items())


def hours(works: Sequence[Timed], slots: int) -> Hours:
    """All of them together, on so many slots."""
    parts: dict[str, float] = {}
    for work in works:
        for name, value in work.parts.items():
            parts[name] = parts.get(name, 0.0) + value
    left = [work.most for work in works if not work.stands]
    most, fewest = [work.most for work in works], [work.fewest for work in works]
    return Hours(parts=parts, most=sum(most), fewest=sum(fewest), wall=makespan(most, slots), left=sum(left),
                 wall_fewest=makespan(fewest, slots), wall_left=makespan(left, slots))
