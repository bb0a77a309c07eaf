"""One leg of one run: a condition with a seed, on one route and fold -> places, and a record of how they came about."""

import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch

from claimcheck.corpora import lareqa, synthetic
from claimcheck.corpora.corpus import ParallelCorpus
from claimcheck.corpora.pairs import training_pairs
from claimcheck.corpora.splits import Parts, parts
from claimcheck.design import SYNTHETIC, Route
from claimcheck.measurement.places import Places, to_parquet_bytes
from claimcheck.measurement.store import Stored, stored
from claimcheck.retrieval import batches, counting, encoder
from claimcheck.retrieval.ranking import evaluate
from claimcheck.retrieval.training import Trained, train
from claimcheck.run import Json, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """What one worker does at a time. `files`: data set -> language -> file; the synthetic corpus needs none."""

    key: str
    number: int
    run: Run
    route: Route
    fold: int
    files: Mapping[str, Mapping[str, Path]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """A leg as it is ready to be evaluated: its data, what was trained on what, and the encoder that came of it."""

    part: Parts
    plan: batches.BatchPlan
    trained: Trained
    embed: Callable[[list[str], encoder.Role], torch.Tensor]


def execute(leg: Leg) -> Stored:
    """Train and evaluate on one thread: a pure function of the leg, the sources, the libraries and the files.

    Raises CorruptInput: a file differs in kind from what was verified; ValueError: the design cannot be carried out.
    """
    started, cpu_started = time.perf_counter(), time.process_time()
    made = prepared(leg)
    between = time.perf_counter()
    places = evaluated(leg, made)
    ended = time.perf_counter()
    return stored(to_parquet_bytes(places), {
        "route": leg.route.name, "fold": leg.fold, **_sizes(made.part), "batch_plan": made.plan.digest,
        **_realised(made.trained), "train_seconds": round(between - started, 3), "evaluate_seconds": round(ended - between, 3),
        "cpu_seconds": round(time.process_time() - cpu_started, 3), "peak_memory_bytes": _peak_memory(),
        "threads": torch.get_num_threads(), "device": "cpu", "products": counting.made_by(),
        "instructions": torch.backends.cpu.get_cpu_capability()})


def prepared(leg: Leg) -> Prepared:
    """Train what a leg trains. Raises as `execute` does."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    condition, seed = leg.run.condition, leg.run.seed
    corpora = {name: _corpus(name, tuple(sorted(leg.files.get(name, {}).items())))
               for name in (leg.route.train, leg.route.evaluate)}
    part = parts(corpora, leg.route, condition.data.languages, leg.fold, seed)
    pairs = training_pairs(part.train)
    passages = [each.text for language in part.train.parts.values() for each in language.candidates]
    model = encoder.build(condition.model, passages, condition.training, seed)
    plan = batches.make(pairs, condition.filling, condition.training, seed)
    trained = train(model, pairs, plan, condition.training, seed)

    def embed(texts: list[str], role: encoder.Role) -> torch.Tensor:
        return encoder.encode_all(model, model.prepare(texts, role))

    return Prepared(part=part, plan=plan, trained=trained, embed=embed)


def evaluated(leg: Leg, made: Prepared) -> Places:
    """The places of a leg that is prepared."""
    return evaluate(made.part.evaluate, made.embed, leg.route.name, leg.fold, made.part.clusters.of_question)


@lru_cache(maxsize=4)
def _corpus(name: str, files: tuple[tuple[str, Path], ...]) -> ParallelCorpus:
    return synthetic.make() if name == SYNTHETIC else lareqa.read(name, dict(files))


def _sizes(part: Parts) -> dict[str, Json]:
    """Questions and candidates trained on and evaluated, by language, and articles that were left out."""
    sides = {"trained_on": part.train, "evaluated": part.evaluate}
    made: dict[str, Json] = {
        name: {language: {"questions": len(each.questions), "candidates": len(each.candidates)}
               for language, each in corpus.parts.items()} for name, corpus in sides.items()}
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


def _peak_memory() -> int:
    """Peak resident memory of this process in bytes; of all that it did so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


MOST_NAMED = 60
"""Up to so many articles a record names; of more it gives the number."""
