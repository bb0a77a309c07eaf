"""One leg of one run: a condition with a seed, on one route and fold -> places, and a record of how they came about."""

import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch

from claimcheck.corpora.corpus import composed
from claimcheck.corpora.large import LARGE
from claimcheck.corpora.pairs import Mixture, Pairs
from claimcheck.corpora.splits import Parts
from claimcheck.design import Route
from claimcheck.errors import UsageFault
from claimcheck.execution import Execution
from claimcheck.experiment.large import Embed, evaluate_large, judged_sizes
from claimcheck.experiment.leg_data import selection, training_data, whole_corpus
from claimcheck.measurement.places import Places, to_parquet_bytes
from claimcheck.measurement.store import Stored, stored
from claimcheck.retrieval import batches, counting
from claimcheck.retrieval.building import build
from claimcheck.retrieval.encoder import Encoder, Role, encode_all
from claimcheck.retrieval.ranking import Variant, Where, evaluate
from claimcheck.retrieval.ranks import ALONE, Ranks
from claimcheck.retrieval.training import How, Trained, train
from claimcheck.retrieval.training_state import Kept
from claimcheck.run import Json, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """What one worker does at a time. `files`: data set -> language -> file; the synthetic corpus needs none.

    `checkpoint`: the folder of the backbone's weights, where it has any. `execution`: its device is settled, not `auto`.
    `kept`: the folder in which an unfinished training is kept; None where it is not. `frozen`: the folder in which frozen sets
    of perturbed queries stand and are put; None for nowhere.
    """

    key: str
    number: int
    run: Run
    route: Route
    fold: int
    files: Mapping[str, Mapping[str, Path]]
    checkpoint: Path | None = None
    execution: Execution = field(default_factory=lambda: Execution(device="cpu"))
    kept: Path | None = None
    frozen: Path | None = None

    @property
    def on_processor(self) -> Execution:
        """How n-grams are computed: the processor is quick at them, and a graphics card is not."""
        return Execution(device="cpu", checkpoint_seconds=self.execution.checkpoint_seconds)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """A leg as it is ready to be evaluated: its data, what was trained on what, and the encoder that came of it."""

    part: Parts
    pairs: Pairs
    plan: batches.BatchPlan
    trained: Trained
    encoder: Encoder
    embed: Callable[[list[str], Role], torch.Tensor]
    execution: Execution
    ranks: Ranks = ALONE


def execute(leg: Leg, ranks: Ranks = ALONE) -> Stored:
    """Train and evaluate one leg by itself, as `execute_each` does."""
    return next(execute_each((leg,), ranks))


def execute_each(legs: Sequence[Leg], ranks: Ranks = ALONE) -> Iterator[Stored]:
    """Train once and evaluate each leg; they are of one of the `trainings` of a run. Their results in order, as they come.

    A result is a pure function of its leg, the sources, the libraries and the files, but for how it is computed: which other
    legs are with it changes nothing but the seconds of its record. On a processor it takes one thread. Several processes train
    and encode together, and each comes to the same result.
    Raises CorruptInput: a file differs in kind from what was verified, or a kept training is damaged; UsageFault or ValueError:
    the design cannot be carried out; MemoryError: memory is out.
    """
    made: Prepared | None = None
    for leg in legs:
        if leg.run.condition.attacks is not None:
            from claimcheck.experiment.attacked import execute_attacks

            yield execute_attacks(leg, ranks)
            continue
        started, cpu_started = time.perf_counter(), time.process_time()
        made = prepared(leg, ranks) if made is None else again(leg, made)
        between = time.perf_counter()
        beside, said = perturbed_queries(leg, made)
        places = evaluated(leg, made, beside)
        ended = time.perf_counter()
        device = made.execution.device
        yield stored(to_parquet_bytes(places), {
            "route": leg.route.name, "fold": leg.fold, **_sizes(made, places), "batch_plan": made.plan.digest,
            **_realised(made), **_encoder(made), **said, "train_seconds": round(between - started, 3),
            "evaluate_seconds": round(ended - between, 3), "cpu_seconds": round(time.process_time() - cpu_started, 3),
            "peak_memory_bytes": peak_memory(), **_device_memory(device), "threads": torch.get_num_threads(), "device": device,
            "products": counting.made_by(device), "instructions": torch.backends.cpu.get_cpu_capability()})


def again(leg: Leg, made: Prepared) -> Prepared:
    """Another leg of the same training, with what it evaluates."""
    part, _ = training_data(leg.run.condition.data, leg.files, leg.route, leg.fold, leg.run.seed)
    return replace(made, part=_composed(part, leg))


def _composed(part: Parts, leg: Leg) -> Parts:
    """What is evaluated, in NFC where queries are perturbed too: these are in NFC, and an encoder may see the difference."""
    return part if leg.run.condition.perturbations is None else replace(part, evaluate=composed(part.evaluate))


def prepared(leg: Leg, ranks: Ranks = ALONE) -> Prepared:
    """Train what a leg trains. Raises as `execute` does."""
    condition, seed = leg.run.condition, leg.run.seed
    execution = leg.on_processor if condition.model.encoder == "hashed n-grams" else leg.execution
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=execution.device == "cpu" or execution.strict)
    part, pairs = training_data(condition.data, leg.files, leg.route, leg.fold, seed)
    passages = [each.text for language in part.train.parts.values() for each in language.candidates]
    model = build(condition.model, passages, condition.training, seed, leg.checkpoint, execution)
    plan = batches.make(pairs, condition.filling, condition.training, seed)
    kept = Kept(folder=leg.kept, seconds=execution.checkpoint_seconds) if leg.kept is not None and plan.batches else None
    trained = Trained.nothing()
    if plan.batches:
        trained = train(model, pairs, plan, condition.training, seed,
                        How(execution=execution, ranks=ranks, kept=kept,
                            selection=selection(condition.data, condition.training, leg.files, leg.route, part)))

    return Prepared(part=_composed(part, leg), pairs=pairs, plan=plan, trained=trained, encoder=model,
                    embed=_embed(model, ranks), execution=execution, ranks=ranks)


def _embed(model: Encoder, ranks: Ranks) -> Embed:
    def embed(texts: list[str], role: Role) -> torch.Tensor:
        return encode_all(model, model.prepare(texts, role), ranks)

    return embed


def perturbed_queries(leg: Leg, made: Prepared) -> tuple[tuple[Variant, ...], dict[str, Json]]:
    """What a leg asks beside the clean queries, and what its record says of that; nothing where the design perturbs nothing.

    Raises UsageFault: the route evaluates passages by language; CorruptInput: a frozen set is damaged.
    """
    condition, route = leg.run.condition, leg.route
    if (asked := condition.perturbations) is None:
        return (), {}
    if route.evaluate in LARGE:
        raise UsageFault(f"{route.name}: queries of {route.evaluate} are not perturbed by this version; leave the route out of "
                         "a profile with `perturbations`")
    from claimcheck.experiment.perturbed import frozen_sets, told, variants

    whole = composed(whole_corpus(leg.files, route.evaluate))
    sets = frozen_sets(asked, whole, condition.data.evaluated_in(route), leg.frozen)
    return variants(sets, made.part.evaluate, route.name), {"perturbed": told(asked, sets, made.part.evaluate, made.encoder)}


def evaluated(leg: Leg, made: Prepared, beside: Sequence[Variant] = ()) -> Places:
    """The places of a leg that is prepared, and of what is asked beside its queries."""
    route, device = leg.route, made.execution.device
    if route.evaluate in LARGE:
        return evaluate_large(leg, _embed(made.encoder, ALONE), made.ranks, device)
    where = Where(route=route.name, fold=leg.fold, clusters=made.part.clusters.of_question)
    return evaluate(made.part.evaluate, made.embed, where, device, beside)


def _sizes(prepared: Prepared, places: Places) -> dict[str, Json]:
    """Questions and candidates trained on and evaluated, by language, and articles that were left out."""
    part = prepared.part
    sides = {"trained_on": part.train, "evaluated": part.evaluate}
    made: dict[str, Json] = {
        name: {language: {"questions": len(each.questions), "candidates": len(each.candidates)}
               for language, each in corpus.parts.items()} for name, corpus in sides.items()}
    if not part.train.parts:
        made["trained_on"] = {language: {"pairs": int(prepared.pairs.stands(language).sum())}
                              for language in prepared.pairs.languages}
    if not part.evaluate.parts:
        return {**made, "evaluated": dict(judged_sizes(places)), "evaluated_articles": [], "left_out": []}
    if part.select is not None:
        made["chosen_on"] = {language: len(each.questions) for language, each in part.select.parts.items()}
    of = part.clusters.of_question
    evaluated: list[Json] = [*sorted({of[question.id] for each in part.evaluate.parts.values() for question in each.questions})]
    return {**made, "evaluated_articles": evaluated if len(evaluated) <= MOST_NAMED else len(evaluated),
            "left_out": [*part.left_out]}


def _realised(made: Prepared) -> dict[str, Json]:
    """What was really fed, as counted in the loop, and how the loss went."""
    fed, losses = made.trained.fed, made.trained.losses
    tenth = max(1, len(losses) // 10)
    pairs: dict[str, Json] = {f"{query} > {passage}": number for (query, passage), number in sorted(fed.language_pairs.items())}
    mixed: dict[str, Json] = {}
    if isinstance(made.pairs, Mixture):
        of = Counter(made.pairs.part_of(batch.questions[0]) for batch in made.plan.batches[: len(losses)])
        mixed["data_sets"] = {name: of[number] for number, name in enumerate(made.pairs.names)}
        mixed["in_one_language"] = [name for name, part in zip(made.pairs.names, made.pairs.parts, strict=True)
                                    if len(part.languages) == 1]
    return {"batches": {"monolingual": fed.monolingual, "cross-lingual": fed.cross_lingual, "languages": pairs,
                        "pairs": fed.pairs, "questions": fed.questions, **mixed},
            "loss_at_first": sum(losses[:tenth]) / tenth if losses else None,
            "loss_at_last": sum(losses[-tenth:]) / tenth if losses else None}


def _encoder(made: Prepared) -> dict[str, Json]:
    """How vectors were computed, and where a training that looked at a loss was ended and what it chose."""
    told: dict[str, Json] = {}
    if how := dict(made.encoder.as_json()):
        told["encoder"] = how
        told["executions"] = [{"from_step": step, **{name: value for name, value in asdict(execution).items()
                                                     if name != "checkpoint_seconds"}}
                              for step, execution in made.trained.executions]
    if made.trained.looks:
        told["looks"] = [[step, loss] for step, loss in made.trained.looks]
        told["chosen_after_steps"] = made.trained.chosen
        told["planned_steps"] = len(made.plan.batches)
    return told


def peak_memory() -> int:
    """Peak resident memory of this process in bytes; of all that it did so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _device_memory(device: str) -> dict[str, Json]:
    """Peak memory of the card in bytes, where there is one."""
    return {"peak_device_memory_bytes": torch.cuda.max_memory_allocated()} if device == "cuda" else {}


MOST_NAMED = 60
"""Up to so many articles a record names; of more it gives the number."""
