"""What a training step of the n-gram encoder costs, as a ratio to torch.nn.EmbeddingBag with Adam over the whole table.

Both take the same batches of XQuAD-R (five languages, batch 64, 128 dimensions, feature dropout 0.5) and the same loss, on one
thread, in turns of a few steps; the medians of the CPU seconds a step are compared. The peer's Adam is another algorithm:
it also moves the rows that a batch does not touch, by their old moments. Target: at most half of the peer.

    .venv/bin/python benchmarks/training_step.py [--data-dir DIR] [--rounds N]
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from claimcheck.corpora import lareqa
from claimcheck.corpora.pairs import TrainingPairs, training_pairs
from claimcheck.design import Arm, Backbone, Training
from claimcheck.retrieval.batches import Batch, BatchPlan, make
from claimcheck.retrieval.building import build
from claimcheck.retrieval.loss import info_nce
from claimcheck.retrieval.ngrams import BUCKETS, inverse_document_frequencies, weighted
from claimcheck.retrieval.training import train

LANGUAGES = ("de", "en", "es", "hi", "ru")
STEPS = 10
TRAINING = Training(optimizer="Adam", betas=(0.9, 0.99), learning_rate=0.01, batch_size=64, temperature=0.05, steps=STEPS,
                    schedule="constant after warm-up", feature_dropout=0.5, loss="InfoNCE", negatives="in-batch")
ARM = Arm(sampling="hybrid", alpha=0.5)


def ours(pairs: TrainingPairs, plan: BatchPlan, seconds: list[float]) -> Iterator[None]:
    """Train by `train`; it prepares its texts again each time, which is measured with no batches and subtracted."""
    encoder = build(Backbone(encoder="hashed n-grams", dimensions=128), _passages(pairs), TRAINING, 0)
    while True:
        taken = []
        for batches in (BatchPlan(batches=()), plan):
            start = time.process_time()
            train(encoder, pairs, batches, TRAINING, 0)
            taken.append(time.process_time() - start)
        seconds.append((taken[1] - taken[0]) / STEPS)
        yield


def peer(pairs: TrainingPairs, plan: BatchPlan, seconds: list[float]) -> Iterator[None]:
    """The same features through torch.nn.EmbeddingBag(mode="sum") with dense gradients and torch.optim.Adam."""
    idf = inverse_document_frequencies(_passages(pairs))
    bag = torch.nn.EmbeddingBag(BUCKETS, 128, mode="sum")
    torch.nn.init.normal_(bag.weight, std=128 ** -0.5)
    optimizer = torch.optim.Adam(bag.parameters(), lr=0.01, betas=(0.9, 0.99))
    noise = np.random.default_rng(0)

    def embed(texts: list[str]) -> torch.Tensor:
        rows = weighted(texts, idf)
        kept = torch.from_numpy((noise.random(len(rows.buckets)) >= 0.5).astype(np.float32))
        return torch.nn.functional.normalize(bag(torch.from_numpy(rows.buckets), torch.from_numpy(rows.starts[:-1]).int(),
                                                 torch.from_numpy(rows.weights) * kept))

    prepared = [_texts(pairs, batch) for batch in plan.batches]
    for queries, passages in prepared:  # fills the cache of counted texts, as training does when it prepares its texts
        weighted(queries + passages, idf)
    while True:
        start = time.process_time()
        for queries, passages in prepared:
            loss = info_nce(embed(queries), embed(passages), torch.arange(len(queries)), 0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        seconds.append((time.process_time() - start) / STEPS)
        yield


def _passages(pairs: TrainingPairs) -> list[str]:
    return sorted({text for texts in pairs.passages.values() for text in texts if text is not None})


def _texts(pairs: TrainingPairs, batch: Batch) -> tuple[list[str], list[str]]:
    queries, passages = pairs.queries[batch.query_language], pairs.passages[batch.passage_language]
    return [str(queries[each]) for each in batch.questions], [str(passages[each]) for each in batch.questions]


def main(folder: Path, rounds: int) -> None:
    """Print a Markdown table: median CPU milliseconds a step, and the ratio to the peer."""
    torch.set_num_threads(1)
    corpus = lareqa.read("xquad-r", {language: folder / "xquad-r" / f"{language}.json" for language in LANGUAGES})
    pairs = training_pairs(corpus)
    plan = make(pairs, ARM, TRAINING, 0)
    taken: dict[str, list[float]] = {"claimcheck": [], "EmbeddingBag, dense Adam": []}
    turns = [ours(pairs, plan, taken["claimcheck"]), peer(pairs, plan, taken["EmbeddingBag, dense Adam"])]
    for number in range(rounds + 1):
        for turn in turns:
            next(turn)
        if not number:  # the first round warms the caches
            for seconds in taken.values():
                seconds.clear()
    middle = {name: statistics.median(seconds) for name, seconds in taken.items()}
    print("| a training step | CPU ms | ratio |\n| --- | ---: | ---: |")
    for name, seconds in middle.items():
        print(f"| {name} | {1000 * seconds:.1f} | {seconds / middle['EmbeddingBag, dense Adam']:.3f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("CLAIMCHECK_DATA"), help="folder that holds xquad-r/")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    if arguments.data_dir is None:
        parser.error("give --data-dir or set CLAIMCHECK_DATA to a folder that holds xquad-r/")
    main(Path(arguments.data_dir), arguments.rounds)
