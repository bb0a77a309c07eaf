"""Curves: memory beyond the embeddings, and the cost of a passage as a corpus grows. Each point is a process of its own."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

POINTS = tuple((queries, candidates) for candidates in (13_014, 52_056, 208_224) for queries in (1_309, 6_545, 13_090))
"""Queries and candidates of the memory curve, 384 dimensions."""
PASSAGES = (65_536, 262_144, 1_048_576, 4_194_304)
QUERIES, DIMENSIONS, RELEVANT = 800, 384, 3
"""Of the passage curve: as many queries as MIRACL's English development set has, about as many relevant passages each."""
ALL_OF_MIRACL = 106_332_152
"""Passages in all 18 languages of MIRACL. Source: the corpora as mteb/MIRACLRetrieval publishes them."""


def memory_curve() -> list[str]:
    lines = ["## Memory", "",
             f"Most memory of one `rank` beyond what stood before it, {DIMENSIONS} dimensions, the kernel compiled and the",
             "library's own buffers in place; random vectors. The arrays of results grow with queries and stand apart.", "",
             "| queries | candidates | vectors MB | results MB | beyond both MB | target | |",
             "| ---: | ---: | ---: | ---: | ---: | ---: | --- |"]
    for queries, candidates in POINTS:
        found = _apart("memory", "--queries", queries, "--candidates", candidates)
        beyond = found["beyond_mb"] - found["results_mb"]
        lines.append(f"| {queries:,} | {candidates:,} | {found['vectors_mb']:.0f} | {found['results_mb']:.1f} | {beyond:.1f} | "
                     f"at most 32 | {'met' if beyond <= 32 else 'not met'} |")
    return lines


def passage_curve() -> list[str]:
    lines = ["## Passages", "",
             f"`evaluate_judged` on {QUERIES} queries with {RELEVANT} relevant passages each, {DIMENSIONS} dimensions, float16",
             "shards that were read once before, so that the disk is not measured; random vectors, one thread.", "",
             "| passages | seconds | microseconds a passage | memory beyond the queries MB |", "| ---: | ---: | ---: | ---: |"]
    last = {}
    for passages in PASSAGES:
        last = _apart("passages", "--candidates", passages)
        each = 1e6 * last["seconds"] / passages
        lines.append(f"| {passages:,} | {last['seconds']:.1f} | {each:.2f} | {last['beyond_mb']:.0f} |")
    minutes = last["seconds"] / PASSAGES[-1] * ALL_OF_MIRACL / 60
    lines += ["", f"At the last row's cost the {ALL_OF_MIRACL:,} passages of MIRACL take {minutes:.0f} minutes of one core for",
              f"{QUERIES} queries: an extrapolation, and its languages have 119 to 2,896 queries. They are",
              f"{ALL_OF_MIRACL * DIMENSIONS * 2 / 1e9:.0f} GB to read; a disk slower than "
              f"{DIMENSIONS * 2 * PASSAGES[-1] / last['seconds'] / 1e6:.0f} MB/s is the limit then.",
              "Encoding them costs far more and is not measured here."]
    return lines


def _apart(what: str, *arguments: object) -> dict[str, float]:
    done = subprocess.run([sys.executable, __file__, what, *map(str, arguments)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _measure_memory(queries: int, candidates: int) -> dict[str, float]:
    import torch

    from claimcheck.retrieval.ranking import Pool, rank

    languages, draw = 11, np.random.default_rng(0)
    bounds = np.linspace(0, candidates, languages + 1).astype(int)
    pool = Pool(text=torch.arange(candidates), languages=tuple("abcdefghijk"), bounds=tuple(bounds.tolist()))
    relevant = torch.from_numpy(np.stack([draw.integers(bounds[each], bounds[each + 1], queries // languages)
                                          for each in range(languages)], axis=1).repeat(languages, axis=0))
    language = torch.arange(languages).repeat(queries // languages)
    vectors = [torch.from_numpy(draw.standard_normal((size, DIMENSIONS), np.float32)) for size in (queries, candidates)]
    some = 22  # compiles the kernel, and lets the library take its buffers
    few = Pool(text=torch.arange(1000), languages=pool.languages, bounds=tuple(np.linspace(0, 1000, 12).astype(int).tolist()))
    rank(vectors[0][:some], vectors[1][:1000], few, relevant[:some] % 80 + torch.arange(11) * 90, language[:some])
    np.matmul(np.ones((1456, DIMENSIONS), np.float32), np.ones((DIMENSIONS, 1456), np.float32))
    with Peak() as peak:
        ranked = rank(vectors[0], vectors[1], pool, relevant, language)
    results = sum(getattr(ranked, name).nbytes for name in ranked.__slots__)
    return {"beyond_mb": peak.beyond, "vectors_mb": sum(each.nbytes for each in vectors) / 1e6, "results_mb": results / 1e6}


def _measure_passages(passages: int) -> dict[str, float]:
    import torch

    from claimcheck.corpora.corpus import JudgedQueries, Question
    from claimcheck.corpora.miracl import Passage
    from claimcheck.retrieval.judged import evaluate_judged
    from claimcheck.retrieval.shard_writing import write
    from claimcheck.retrieval.shards import open_shards

    draw = np.random.default_rng(0)
    judged = {f"q{each}": {f"{one}#0": 1 for one in draw.integers(0, passages, RELEVANT)} for each in range(QUERIES)}
    questions = tuple(Question(id=each, language="en", text=each) for each in judged)
    asked = JudgedQueries(name="made", language="en", queries=questions, judgments=judged)

    def embed(texts: list[str], role: str) -> torch.Tensor:
        return torch.nn.functional.normalize(torch.from_numpy(draw.standard_normal((len(texts), DIMENSIONS), np.float32)))

    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        stream = (Passage(id=f"{each}#0", title="", text="") for each in range(passages))
        write(stream, embed, Path(folder), name="made", made_from={}, store_as="float16")
        shards = open_shards(Path(folder))
        few = JudgedQueries(name="made", language="en", queries=asked.queries[:1], judgments={"q0": judged["q0"]})
        evaluate_judged(few, shards, embed, "made")  # compiles the kernel, and reads the files once
        with Peak() as peak:
            evaluate_judged(asked, shards, embed, "made")
        begun = time.perf_counter()
        evaluate_judged(asked, shards, embed, "made")
        return {"seconds": time.perf_counter() - begun, "beyond_mb": peak.beyond}


class Peak:
    """The most memory of this process's own over a while, MB, looked at every few milliseconds. Linux only.

    Pages of mapped files are not in it: they are the system's cache, and go when others need them.
    """

    def __enter__(self) -> "Peak":
        self.before = self.most = _own_mb()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.003):
            self.most = max(self.most, _own_mb())

    @property
    def beyond(self) -> float:
        return self.most - self.before


def _own_mb() -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("memory", "passages"))
    parser.add_argument("--queries", type=int, default=QUERIES)
    parser.add_argument("--candidates", type=int, required=True)
    given = parser.parse_args()
    memory = given.what == "memory"
    print(json.dumps(_measure_memory(given.queries, given.candidates) if memory else _measure_passages(given.candidates)))
