"""A leg of a run of attacks: all arms trained, each attacked by itself, and what was made on one put to every other.

A pure function of the conditions of the arms, the attacks and the seed. An arm is trained exactly as in its own run. The
questions are a part of those evaluated, the same for all arms, languages and seeds; the pool is the whole one.
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from claimcheck.corpora.corpus import ParallelCorpus, Question, composed
from claimcheck.corpora.large import LARGE
from claimcheck.design import Attacks
from claimcheck.errors import UsageFault
from claimcheck.experiment.leg import Leg, Prepared, peak_memory, prepared
from claimcheck.experiment.leg_data import whole_corpus
from claimcheck.experiment.perturbed import lexicon_of
from claimcheck.measurement.places import Places, attacked, concatenate, to_parquet_bytes, variant
from claimcheck.measurement.store import Stored, stored
from claimcheck.perturbation.attacks import Attacked, attack
from claimcheck.perturbation.family import Lexicon, Perturbed
from claimcheck.perturbation.frozen import write
from claimcheck.retrieval import counting
from claimcheck.retrieval.hinge import scorer
from claimcheck.retrieval.ranking import Variant, Where, evaluate, pose
from claimcheck.retrieval.ranks import ALONE, Ranks
from claimcheck.run import Json, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """What was made on one arm: attack -> for each question its results under each budget."""

    arm: str
    results: Mapping[str, list[tuple[Attacked, ...]]] = field(repr=False)


def execute_attacks(leg: Leg, ranks: Ranks = ALONE) -> Stored:
    """Train, attack and evaluate. Raises as `leg.execute` does; UsageFault: the route evaluates passages by language."""
    condition, route = leg.run.condition, leg.route
    assert condition.attacks is not None
    if route.evaluate in LARGE:
        raise UsageFault(f"{route.name}: queries of {route.evaluate} are not attacked by this version; leave the route "
                         "out of a profile with `attacks`")
    started, cpu_started = time.perf_counter(), time.process_time()
    arms = {arm: _trained(leg, arm, ranks) for arm in condition.attacked}
    between = time.perf_counter()
    first = next(iter(arms.values()))
    corpus = part_of(composed(first.part.evaluate), condition.attacks.per_article)
    questions = [question for part in corpus.parts.values() for question in part.questions]
    lexicon = lexicon_of(composed(whole_corpus(leg.files, route.evaluate)))
    made = [_attacked(arm, own, corpus, questions, (condition.attacks, lexicon)) for arm, own in arms.items()]
    places = concatenate([_evaluated(leg, put_to, own, corpus, made) for put_to, own in arms.items()])
    device = first.execution.device
    return stored(to_parquet_bytes(places), {
        "route": route.name, "fold": leg.fold, "attacks": {
            "questions": {language: len(part.questions) for language, part in corpus.parts.items()},
            "sets": {each.arm: _frozen(leg, each) for each in made},
            "arms": {each.arm: _told(each) for each in made},
            "examples": {each.arm: _examples(questions, each) for each in made},
            "batch_plans": {arm: own.plan.digest for arm, own in arms.items()}},
        "train_seconds": round(between - started, 3), "evaluate_seconds": round(time.perf_counter() - between, 3),
        "cpu_seconds": round(time.process_time() - cpu_started, 3),
        "peak_memory_bytes": peak_memory(), "threads": torch.get_num_threads(),
        "device": device, "products": counting.made_by(device), "instructions": torch.backends.cpu.get_cpu_capability()})


def _trained(leg: Leg, arm: str, ranks: Ranks) -> Prepared:
    """An arm as its own run has it; an unfinished training of its own is kept under its name."""
    run = Run(condition=leg.run.condition.of_arm(arm), seed=leg.run.seed)
    kept = None if leg.kept is None else leg.kept.with_name(f"{leg.kept.name}.{arm}")
    return prepared(replace(leg, run=run, kept=kept), ranks)


def part_of(corpus: ParallelCorpus, per_article: int) -> ParallelCorpus:
    """The corpus with so many questions of each article, chosen by the digest of article and id alone, and all candidates."""
    articles: dict[str, set[str]] = {}
    for part in corpus.parts.values():
        for question in part.questions:
            articles.setdefault(question.article, set()).add(question.id)
    chosen = {name for article, ids in articles.items() for name in sorted(
        ids, key=lambda name: hashlib.sha256(f"{article}|{name}".encode()).hexdigest())[:per_article]}
    return replace(corpus, parts={language: replace(part, questions=tuple(each for each in part.questions if each.id in chosen))
                                  for language, part in corpus.parts.items()})


def _attacked(arm: str, own: Prepared, corpus: ParallelCorpus, questions: Sequence[Question],
              how: tuple[Attacks, Lexicon]) -> _Made:
    asked, lexicon = how
    places, score = scorer(pose(corpus, own.embed), own.embed)
    at = [places[each.language, each.id] for each in questions]

    def put(lists: Sequence[tuple[int, Sequence[str]]]) -> list[NDArray[np.float32]]:
        return score([(at[number], texts) for number, texts in lists])

    return _Made(arm=arm, results={kind: attack(kind, questions, asked.edits, put, lexicon) for kind in asked.kinds})


def _evaluated(leg: Leg, put_to: str, own: Prepared, corpus: ParallelCorpus, made: Sequence[_Made]) -> Places:
    """The places of an arm: of clean questions, of its own attacks under each budget, of others' under the largest alone."""
    route = leg.route.name
    beside = []
    for each in made:
        for kind, results in each.results.items():
            most = len(results[0])
            for edits in range(1 if each.arm == put_to else most, most + 1):
                found = [result[edits - 1] for result in results]
                beside.append(Variant(route=attacked(route, kind, each.arm, put_to, edits),
                                      questions=tuple(Question(id=one.id, language=one.language, text=one.text)
                                                      for one in found),
                                      applied=tuple(one.applied for one in found)))
    where = Where(route=variant(route, f"clean {put_to}", 0), fold=leg.fold, clusters=own.part.clusters.of_question)
    return evaluate(corpus, own.embed, where, own.execution.device, beside)


def _frozen(leg: Leg, made: _Made) -> str | None:
    """The digest of the set of attacked queries; None where no set is kept."""
    if leg.frozen is None:
        return None
    return write((Perturbed(id=each.id, language=each.language, family=kind, draw=each.edits - 1, text=each.text,
                            applied=each.applied)
                  for kind, results in made.results.items() for result in results for each in result), leg.frozen)


def _told(made: _Made) -> dict[str, Json]:
    """Sums over the questions of each language, by attack and budget; margins of clean questions by language."""
    attacks: dict[str, Json] = {}
    for kind, results in made.results.items():
        budgets: dict[str, Json] = {}
        for edits in range(1, len(results[0]) + 1):
            budgets[str(edits)] = _by_language([result[edits - 1] for result in results])
        attacks[kind] = budgets
    clean: dict[str, list[float]] = {}
    for result in next(iter(made.results.values())):
        clean.setdefault(result[0].language, []).append(-result[0].clean)
    margins: dict[str, Json] = {language: {
        "mean": float(np.mean(values)), "quartiles": [float(each) for each in np.quantile(values, (.25, .5, .75))],
        "lost": sum(value < 0 for value in values), "questions": len(values)} for language, values in clean.items()}
    return {"attacks": attacks, "margins": margins}


def _by_language(found: Sequence[Attacked]) -> dict[str, Json]:
    made: dict[str, Json] = {}
    for language in dict.fromkeys(each.language for each in found):
        own = [each for each in found if each.language == language]
        made[language] = {"questions": len(own), "applied": sum(each.applied for each in own),
                          "asked": sum(each.asked for each in own), "made": sum(each.made for each in own),
                          "clean": float(sum(each.clean for each in own)), "after": float(sum(each.hinge for each in own)),
                          "lost_before": sum(each.clean > 0 for each in own), "lost": sum(each.hinge > 0 for each in own)}
    return made


def _examples(questions: Sequence[Question], made: _Made) -> list[Json]:
    """Of each attack and language the first question that lost its first place, if any, else the first that was changed."""
    shown: list[Json] = []
    for kind, results in made.results.items():
        best: dict[str, tuple[Question, Attacked]] = {}
        for question, result in zip(questions, results, strict=True):
            last = result[-1]
            if last.applied and (question.language not in best or (
                    last.hinge > 0 and best[question.language][1].hinge <= 0)):
                best[question.language] = question, last
        shown += [{"attack": kind, "language": language, "question": each.id, "clean": question.text, "after": each.text,
                   "margins": [-each.clean, -each.hinge]} for language, (question, each) in sorted(best.items())]
    return shown
