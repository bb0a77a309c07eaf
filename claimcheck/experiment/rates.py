"""Measuring rates: a short trial on the device at hand, through the very code that trains, encodes, reads and ranks.

A transformer is tried in its real shape with random weights on random tokens, since neither decides how long it takes; so no
checkpoint has to be here. Few tokens are taken where they take long, and a rate is of a token. Legs whose data are here are
tried as they are: n-grams with a few steps, transformers without encoding.
"""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from claimcheck.corpora import large
from claimcheck.corpora.pairs import Pairs
from claimcheck.corpora.shapes import Shape
from claimcheck.design import Arm, Backbone, Training
from claimcheck.execution import Execution
from claimcheck.experiment import leg_data, rates_of_large
from claimcheck.experiment.leg import Leg, execute, perturbed_queries, prepared
from claimcheck.experiment.rates_of_large import random_vectors, texts_of
from claimcheck.measurement.provenance import libraries, machine
from claimcheck.measurement.rates import EncoderRate, LegRate, Pace, Texts, level
from claimcheck.retrieval.encoder import Encoder, Role, encode_all
from claimcheck.retrieval.feeding import Fed, Rows, feed
from claimcheck.retrieval.ranking import Where, evaluate
from claimcheck.retrieval.training import How, backward, noise_of
from claimcheck.retrieval.transformer_encoder import Tokens, TransformerEncoder
from claimcheck.run import Json, canonical

SAMPLED = 2_000
"""Pairs whose tokens are counted at most."""
_LENGTHS_ON_PROCESSOR = (32, 128)  # tokens of a text: a step of longer ones takes minutes there
_LEAST_SECONDS, _MOST_SECONDS, _TIMES = 0.5, 8.0, 5
_MOST_TOKENS = {"card": 1 << 20, "processor": 4096}
_FEW_STEPS, _MORE_STEPS = 2, 22
_TEMPERATURE = 0.05  # any: it changes no time


def device_of(execution: Execution) -> str:
    """The name of the device that a settled execution computes on."""
    return torch.cuda.get_device_name() if execution.device == "cuda" else str(machine()["processor"])


def room_of() -> float:
    """Bytes of the card at hand."""
    return float(torch.cuda.get_device_properties(0).total_memory)


def of_encoder(shape: Shape, pooling: str | None, training: Training, execution: Execution) -> dict[str, Json]:
    """What a rate of an encoder depends on: device, versions, shape, and how products are made."""
    return {"kind": "encoder", **_where(execution, "transformers"), "shape": shape.as_json(), "pooler": pooling == "pooler",
            "bfloat16": training.precision == "bfloat16" and execution.device == "cuda", "recompute": execution.recompute,
            "compiled": execution.compiled, "strict": execution.strict}


def of_leg(leg: Leg, execution: Execution) -> dict[str, Json]:
    """What a trial of a leg depends on: device, versions, and all of its condition but the arm."""
    condition = leg.run.condition
    asked = {"data": condition.data, "training": condition.training, "backbone": condition.model,
             "perturbations": condition.perturbations}
    made: dict[str, Json] = {"kind": "leg", **_where(execution, condition.model.encoder), "number": leg.number,
                             "condition": canonical(asked)}
    # rates that were kept before ranking was tried hold none of it
    return {**made, "passages": "read and ranked"} if leg.route.evaluate in large.LARGE else made


def _where(execution: Execution, encoder: str) -> dict[str, Json]:
    made: dict[str, Json] = {"device": device_of(execution), **{f"version {name}": each
                                                               for name, each in libraries(encoder).items()}}
    return made if execution.device == "cpu" else {**made, "cuda": torch.version.cuda}


def try_encoder(shape: Shape, backbone: Backbone, training: Training, execution: Execution) -> EncoderRate:
    """Train and encode with an encoder of this shape for some seconds; seconds a token at two lengths of text.

    Raises MemoryError or RuntimeError: memory is out.
    """
    on_card = execution.device == "cuda"
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=not on_card or execution.strict)
    before = _begin_peak(on_card=on_card)
    encoder = random_encoder(shape, backbone, training, execution)
    optimizer = encoder.optimizer(replace(training, optimizer=training.optimizer or "AdamW",
                                          learning_rate=training.learning_rate or 1e-5))
    lengths = _lengths(shape, training, on_card=on_card)
    step = _Trial(encoder=encoder, vocabulary=shape.vocabulary, execution=execution)
    few = _pairs(lengths[0], 4 * lengths[0])
    step.train(*few)
    optimizer.step()  # the first step makes room for the moments
    few_seconds = _timed(lambda: step.train(*few), on_card=on_card)
    a_token = _timed(lambda: step.encode(*few), on_card=on_card) / _tokens(few)
    most = min(execution.tokens_at_once, _MOST_TOKENS["card" if on_card else "processor"])
    tokens = max(4 * lengths[1], min(most, int(_MOST_SECONDS / (3 * a_token))))
    tried = [_pairs(length, tokens) for length in lengths]
    trained = [_timed(partial(step.train, *each), on_card=on_card) for each in tried]
    encoded = [_timed(partial(step.encode, *each), on_card=on_card) for each in tried]
    # what a pass takes however few the tokens: the gradient of all embeddings is dense, and is written whole
    once = level((_tokens(few), few_seconds), (_tokens(tried[0]), trained[0]))
    train = _pace(tried, [seconds - once for seconds in trained])
    encode = _pace(tried, encoded)
    return EncoderRate(train=train, encode=encode, pass_seconds=once, step_seconds=_timed(optimizer.step, on_card=on_card),
                       tokens=_tokens(tried[1]), lengths=lengths, peak_bytes=_peak(before, on_card=on_card))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """An encoder with random weights, put to random tokens."""

    encoder: TransformerEncoder
    vocabulary: int
    execution: Execution

    def train(self, number: int, length: int) -> None:
        """One batch of so many pairs of texts of one length, forwards and backwards; the optimizer apart."""
        self.encoder.zero_grad(set_to_none=True)
        rows = np.arange(number)
        fed = Fed(queries=Rows(prepared=self._tokens(number, length, 1), rows=rows),
                  passages=Rows(prepared=self._tokens(number, length, 2), rows=rows), same=rows)
        whole = replace(self.execution, tokens_at_once=2 * number * length)
        backward(self.encoder, fed, _TEMPERATURE, noise_of(0, 0), How(execution=whole))

    def encode(self, number: int, length: int) -> None:
        """As many texts of the length, without a gradient."""
        encode_all(self.encoder, self._tokens(2 * number, length, 3))

    def _tokens(self, number: int, length: int, seed: int) -> Tokens:
        ids = np.random.default_rng(seed).integers(5, self.vocabulary, number * length, dtype=np.int32)
        return Tokens(starts=np.arange(number + 1, dtype=np.int64) * length, ids=ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class _NoTokenizer:
    """What an encoder asks of a tokenizer beside tokens."""

    model_max_length: int
    pad_token_id: int = 0


def random_encoder(shape: Shape, backbone: Backbone, training: Training, execution: Execution) -> TransformerEncoder:
    """An encoder of a shape as `transformer_loading` gives it, but for its weights, which are random; it has no tokenizer."""
    import transformers

    config = transformers.AutoConfig.for_model(
        shape.model_type, vocab_size=shape.vocabulary, hidden_size=shape.width, num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads, intermediate_size=shape.feed_forward, max_position_embeddings=shape.positions,
        type_vocab_size=shape.types, pad_token_id=0 if shape.model_type == "bert" else 1)
    torch.manual_seed(0)
    model = transformers.AutoModel.from_config(config, dtype=torch.float32)  # type: ignore[no-untyped-call]
    tokenizer = _NoTokenizer(model_max_length=shape.longest)
    return TransformerEncoder(model, tokenizer, backbone.pooling or "mean", training, execution)


def try_leg(leg: Leg, execution: Execution) -> LegRate:
    """Try a leg whose data (and checkpoint) are here. Raises as `leg.execute`: its data are damaged, or cannot serve so."""
    own = replace(leg, execution=execution, kept=None)
    return _try_ngrams(own) if leg.run.condition.model.encoder == "hashed n-grams" else _try_around(own)


def _try_ngrams(leg: Leg) -> LegRate:
    """A few steps twice over: what grows with their number is theirs. The first of all is not counted: it compiles."""
    execute(_with(leg, steps=1))
    few, more = (execute(_with(leg, steps=steps)).record for steps in (_FEW_STEPS, _MORE_STEPS))
    seconds = [float(str(each["train_seconds"])) for each in (few, more)]
    a_step = max(0.0, (seconds[1] - seconds[0]) / (_MORE_STEPS - _FEW_STEPS))
    return LegRate(begin_seconds=max(0.0, seconds[0] - _FEW_STEPS * a_step), step_seconds=a_step,
                   evaluate_seconds=float(str(more["evaluate_seconds"])), peak_bytes=int(str(more["peak_memory_bytes"])))


def _with(leg: Leg, *, steps: int) -> Leg:
    condition = leg.run.condition
    filling = condition.filling if condition.filling.sampling != "none" else Arm(sampling="monolingual")
    training = replace(condition.training, steps=steps)
    return replace(leg, run=replace(leg.run, condition=replace(condition, training=training,
                                                               filling=replace(filling, steps_share=None))))


def _try_around(leg: Leg) -> LegRate:
    """Everything of a transformer's leg but training and encoding: vectors are random, so that ranking has what it ranks."""
    condition, training = leg.run.condition, leg.run.condition.training
    untrained = replace(leg, run=replace(leg.run, condition=replace(condition, filling=Arm(sampling="none"))))
    started = time.perf_counter()
    made = prepared(untrained)
    encoder = made.encoder
    given = training.negatives == "in-batch and one given"
    feed(encoder, made.pairs, (), given_negatives=given)
    begun = time.perf_counter() - started
    pair, sampled = _pair(encoder, made.pairs, given=given)
    chosen = leg_data.selection(condition.data, training, leg.files, leg.route, made.part)
    looked = Texts() if chosen is None else _looked(encoder, chosen.pairs)
    if leg.route.evaluate in large.LARGE:
        evaluated, seconds = rates_of_large.around(encoder, leg, made.execution.device)
        return LegRate(begin_seconds=begun, evaluate_seconds=seconds, pair=pair, looked=looked, sampled=sampled,
                       evaluated=evaluated)
    perturbed_queries(leg, made)  # frozen sets are made once a store, by whoever comes first
    counted = [Texts()]

    def embed(texts: list[str], role: Role) -> torch.Tensor:
        counted.append(texts_of(encoder.prepare(texts, role).tokens))
        return random_vectors(len(texts), encoder.dimensions)

    started = time.perf_counter()
    beside, _ = perturbed_queries(leg, made)
    where = Where(route=leg.route.name, fold=leg.fold, clusters=made.part.clusters.of_question)
    evaluate(made.part.evaluate, embed, where, made.execution.device, beside)
    return LegRate(begin_seconds=begun, evaluate_seconds=time.perf_counter() - started, pair=pair, looked=looked,
                   evaluated=sum(counted, Texts()), sampled=sampled)


def _pair(encoder: Encoder, pairs: Pairs, *, given: bool) -> tuple[Texts, int]:
    """The mean texts of one pair, and of how many pairs: of a sample, evenly from each language."""
    summed, pairs_seen = Texts(), 0
    for language in pairs.languages:
        items = np.flatnonzero(pairs.stands(language))
        wanted = max(1, SAMPLED // len(pairs.languages))
        some = items[np.linspace(0, len(items) - 1, min(wanted, len(items))).astype(np.int64)] if len(items) else items
        texts = pairs.texts(language, some)
        negatives = [each for each in texts.negatives if each is not None] if given else []
        summed += texts_of(encoder.prepare(list(texts.queries), "query").tokens)
        summed += texts_of(encoder.prepare([*texts.passages, *negatives], "passage").tokens)
        pairs_seen += len(some)
    return (summed.times(1 / pairs_seen) if pairs_seen else summed), pairs_seen


def _looked(encoder: Encoder, pairs: Pairs) -> Texts:
    """The texts of one look at the loss that chooses, all of them."""
    summed = Texts()
    for language in pairs.languages:
        texts = pairs.texts(language, np.flatnonzero(pairs.stands(language)))
        for role, own in (("query", texts.queries), ("passage", texts.passages)):
            summed += texts_of(encoder.prepare(list(own), "query" if role == "query" else "passage").tokens)
    return summed


def _lengths(shape: Shape, training: Training, *, on_card: bool) -> tuple[int, int]:
    """Two lengths of text to try: those of the design on a card, short ones on a processor."""
    most = min(training.max_passage_tokens or shape.longest, shape.longest)
    short = min(training.max_query_tokens or shape.longest, shape.longest)
    if not on_card:
        short, most = min(short, _LENGTHS_ON_PROCESSOR[0]), min(most, _LENGTHS_ON_PROCESSOR[1])
    return (short, most) if short < most else (max(1, most // 2), most)


def _pairs(length: int, tokens: int) -> tuple[int, int]:
    """So many pairs of texts of the length as come near to so many tokens, at least two; with the length."""
    return max(2, tokens // (2 * length)), length


def _pace(tried: Sequence[tuple[int, int]], seconds: Sequence[float]) -> Pace:
    short, long = ((pairs[1], taken / _tokens(pairs)) for pairs, taken in zip(tried, seconds, strict=True))
    return Pace.between(short, long)


def _tokens(pairs: tuple[int, int]) -> int:
    return 2 * pairs[0] * pairs[1]


def _timed(do: Callable[[], Any], *, on_card: bool, least: float = _LEAST_SECONDS) -> float:
    """Median seconds of doing it, until all times together take long enough; on a card what was asked of it is waited for."""
    taken: list[float] = []
    while not taken or (sum(taken) < least and len(taken) < _TIMES):
        if on_card:
            torch.cuda.synchronize()
        started = time.perf_counter()
        do()
        if on_card:
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - started)
    return median(taken)


def _begin_peak(*, on_card: bool) -> int | None:
    """Begin to watch memory anew; what is held at the moment, None where no peak can be told."""
    if on_card:
        torch.cuda.reset_peak_memory_stats()
        return int(torch.cuda.memory_allocated())
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return None
    return _status("VmRSS")


def _peak(before: int | None, *, on_card: bool) -> int | None:
    """Bytes at the peak since then, beside what was held before."""
    if before is None:
        return None
    if on_card:
        return int(torch.cuda.max_memory_allocated()) - before
    highest = _status("VmHWM")
    return None if highest is None else highest - before


def _status(name: str) -> int | None:
    try:
        found = re.search(rf"^{name}:\s+([0-9]+) kB", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None
