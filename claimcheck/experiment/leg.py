"""One leg of one run: a condition with a seed, on one route and fold -> places, and a record of how they came about."""

import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path

import torch

from claimcheck.corpora import lareqa, synthetic
from claimcheck.corpora.corpus import ParallelCorpus
from claimcheck.corpora.pairs import InLanguages, Pairs, in_memory, training_pairs
from claimcheck.corpora.parallel import PACKED, open_pairs
from claimcheck.corpora.splits import Parts, apart_from, parts, without_training
from claimcheck.design import SYNTHETIC, Route
from claimcheck.errors import UsageFault
from claimcheck.execution import Execution
from claimcheck.measurement.places import Places, to_parquet_bytes
from claimcheck.measurement.store import Stored, stored
from claimcheck.retrieval import batches, counting
from claimcheck.retrieval.building import build
from claimcheck.retrieval.encoder import Encoder, Role, encode_all
from claimcheck.retrieval.ranking import evaluate
from claimcheck.retrieval.ranks import ALONE, Ranks
from claimcheck.retrieval.selection import Selection
from claimcheck.retrieval.training import How, Trained, train
from claimcheck.retrieval.training_state import Kept
from claimcheck.run import Json, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """What one worker does at a time. `files`: data set -> language -> file; the synthetic corpus needs none.

    `checkpoint`: the folder of the backbone's weights, where it has any. `execution`: its device is settled, not `auto`.
    `kept`: the folder in which an unfinished training is kept; None where it is not.
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


def execute(leg: Leg, ranks: Ranks = ALONE) -> Stored:
    """Train and evaluate: a pure function of the leg, the sources, the libraries and the files, but for how it is computed.

    On a processor it takes one thread. Several processes train and encode together, and each comes to the same result.
    Raises CorruptInput: a file differs in kind from what was verified, or a kept training is damaged; UsageFault or ValueError:
    the design cannot be carried out; MemoryError: memory is out.
    """
    started, cpu_started = time.perf_counter(), time.process_time()
    made = prepared(leg, ranks)
    between = time.perf_counter()
    places = evaluated(leg, made)
    ended = time.perf_counter()
    device = made.execution.device
    return stored(to_parquet_bytes(places), {
        "route": leg.route.name, "fold": leg.fold, **_sizes(made), "batch_plan": made.plan.digest,
        **_realised(made.trained), **_encoder(made), "train_seconds": round(between - started, 3),
        "evaluate_seconds": round(ended - between, 3), "cpu_seconds": round(time.process_time() - cpu_started, 3),
        "peak_memory_bytes": _peak_memory(), **_device_memory(device), "threads": torch.get_num_threads(), "device": device,
        "products": counting.made_by(device), "instructions": torch.backends.cpu.get_cpu_capability()})


def prepared(leg: Leg, ranks: Ranks = ALONE) -> Prepared:
    """Train what a leg trains. Raises as `execute` does."""
    condition, seed = leg.run.condition, leg.run.seed
    execution = leg.on_processor if condition.model.encoder == "hashed n-grams" else leg.execution
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=execution.device == "cpu" or execution.strict)
    part, pairs = _data(leg)
    passages = [each.text for language in part.train.parts.values() for each in language.candidates]
    model = build(condition.model, passages, condition.training, seed, leg.checkpoint, execution)
    plan = batches.make(pairs, condition.filling, condition.training, seed)
    kept = Kept(folder=leg.kept, seconds=execution.checkpoint_seconds) if leg.kept is not None and plan.batches else None
    trained = Trained.nothing()
    if plan.batches:
        trained = train(model, pairs, plan, condition.training, seed,
                        How(execution=execution, ranks=ranks, selection=_selection(leg, part), kept=kept))

    def embed(texts: list[str], role: Role) -> torch.Tensor:
        return encode_all(model, model.prepare(texts, role), ranks)

    return Prepared(part=part, pairs=pairs, plan=plan, trained=trained, encoder=model, embed=embed, execution=execution)


def evaluated(leg: Leg, made: Prepared) -> Places:
    """The places of a leg that is prepared."""
    return evaluate(made.part.evaluate, made.embed, leg.route.name, leg.fold, made.part.clusters.of_question,
                    made.execution.device)


def _data(leg: Leg) -> tuple[Parts, Pairs]:
    """What a leg evaluates, and the pairs that it trains on, in its languages."""
    languages = leg.run.condition.data.languages
    if PACKED in leg.files.get(leg.route.train, {}):
        pairs = open_pairs(leg.files[leg.route.train][PACKED])
        part = without_training(_corpus(leg, leg.route.evaluate), leg.route, languages)
        return part, InLanguages(pairs=pairs, languages=tuple(sorted(leg.route.languages or languages)))
    corpora = {name: _corpus(leg, name) for name in (leg.route.train, leg.route.evaluate)}
    part = parts(corpora, leg.route, languages, leg.fold, leg.run.seed)
    return part, training_pairs(part.train)


def _selection(leg: Leg, part: Parts) -> Selection | None:
    """The pairs that choose the checkpoint: articles held back from training, else those of a data set of its own."""
    condition, training = leg.run.condition, leg.run.condition.training
    if training.select_every is None:
        return None
    languages = tuple(sorted(leg.route.languages or condition.data.languages))
    name = condition.data.select
    if part.select is not None:
        pairs = training_pairs(part.select)
    elif name is None:
        raise UsageFault("`select_every` looks at a loss, and neither `select` in the data nor one in the split says on what; "
                         "add one of them")
    elif PACKED in leg.files.get(name, {}):
        packed = open_pairs(leg.files[name][PACKED])
        if packed.count > MOST_SELECTING:
            raise UsageFault(f"{name} holds {packed.count} items, and a checkpoint is chosen on {MOST_SELECTING} at most; "
                             "pack fewer")
        spoken = tuple(language for language in languages if language in packed.languages)
        pairs = in_memory(InLanguages(pairs=packed, languages=spoken))
    else:
        pairs = training_pairs(apart_from(_corpus(leg, name), part.evaluate, languages))
    return Selection(pairs=pairs, every=training.select_every, batch_size=batches.stated(training.batch_size, "batch_size"))


def _corpus(leg: Leg, name: str) -> ParallelCorpus:
    return _read(name, tuple(sorted(leg.files.get(name, {}).items())))


@lru_cache(maxsize=4)
def _read(name: str, files: tuple[tuple[str, Path], ...]) -> ParallelCorpus:
    return synthetic.make() if name == SYNTHETIC else lareqa.read(name, dict(files))


def _sizes(prepared: Prepared) -> dict[str, Json]:
    """Questions and candidates trained on and evaluated, by language, and articles that were left out."""
    part = prepared.part
    sides = {"trained_on": part.train, "evaluated": part.evaluate}
    made: dict[str, Json] = {
        name: {language: {"questions": len(each.questions), "candidates": len(each.candidates)}
               for language, each in corpus.parts.items()} for name, corpus in sides.items()}
    if not part.train.parts:
        made["trained_on"] = {language: {"pairs": int(prepared.pairs.stands(language).sum())}
                              for language in prepared.pairs.languages}
    if part.select is not None:
        made["chosen_on"] = {language: len(each.questions) for language, each in part.select.parts.items()}
    of = part.clusters.of_question
    evaluated: list[Json] = [*sorted({of[question.id] for each in part.evaluate.parts.values() for question in each.questions})]
    return {**made, "evaluated_articles": evaluated if len(evaluated) <= MOST_NAMED else len(evaluated),
            "left_out": [*part.left_out]}


def _realised(trained: Trained) -> dict[str, Json]:
    """What was really fed, as counted in the loop, and how the loss went."""
    fed, losses = trained.fed, trained.losses
    tenth = max(1, len(losses) // 10)
    pairs: dict[str, Json] = {f"{query} > {passage}": number for (query, passage), number in sorted(fed.language_pairs.items())}
    return {"batches": {"monolingual": fed.monolingual, "cross-lingual": fed.cross_lingual, "languages": pairs,
                        "pairs": fed.pairs, "questions": fed.questions},
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


def _peak_memory() -> int:
    """Peak resident memory of this process in bytes; of all that it did so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _device_memory(device: str) -> dict[str, Json]:
    """Peak memory of the card in bytes, where there is one."""
    return {"peak_device_memory_bytes": torch.cuda.max_memory_allocated()} if device == "cuda" else {}


MOST_SELECTING = 1 << 16
"""Items of a packed corpus that choose a checkpoint, at most: they are held in memory."""
MOST_NAMED = 60
"""Up to so many articles a record names; of more it gives the number."""
