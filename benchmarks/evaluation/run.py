"""The evaluation core against its peers and against the bare matrix product: one process, one thread, in turns.

On XQuAD-R's judgments as they are (13,090 questions, 13,014 candidates, 11 relevant each) and vectors that are made, since only
their structure matters here. Peers are given 220 of the questions, all candidates: some of them would need 50 GB for all.

    python3 -m venv peers
    peers/bin/pip install -c constraints.txt torch==2.13.0 && peers/bin/pip install -c constraints.txt -e .
    peers/bin/pip install -r benchmarks/evaluation/requirements.txt
    CLAIMCHECK_DATA=DIR peers/bin/python benchmarks/evaluation/run.py --write docs/evaluation-benchmark.md

A peer that is not installed is named as missing. It takes a quarter of an hour and 8 GB.
"""

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"))

import argparse
import gc
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch
from competitors import MEASURES, PEERS, Competitor, ours, product
from curves import memory_curve, passage_curve
from world import World, few, like_trained, made, tied, xquad_r

from claimcheck.measurement.provenance import machine
from claimcheck.retrieval.counting import made_by

GOOD = 0.55
"""Multilingual AP of the made vectors: that of XLM-R on XQuAD-R as arXiv:2408.10536 prints it (.5479 to .5934)."""
TARGETS = {"pytrec_eval-terrier": 50, "ir-measures": 50, "ranx": 70, "sentence-transformers": 150}
LIBRARIES = ("numpy", "torch", "numba", "pytrec-eval-terrier", "ir-measures", "ranx", "sentence-transformers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """CPU seconds of pieces of work, round by round."""

    taken: dict[str, list[float]]

    def median(self, name: str) -> float:
        return statistics.median(self.taken[name])

    def against(self, name: str, other: str) -> tuple[float, str]:
        """The median over rounds of the ratio to another, and the smallest and largest as text."""
        ratios = [one / two for one, two in zip(self.taken[name], self.taken[other], strict=True)]
        return statistics.median(ratios), f"{min(ratios):.3g} to {max(ratios):.3g}"


def in_turns(works: dict[str, Callable[[], object]], rounds: int) -> Turns:
    """Every round does each piece of work once; the first round is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            gc.collect()
            begun = time.process_time()
            work()
            if number:
                taken[name].append(time.process_time() - begun)
    return Turns(taken=taken)


def competitors(world: World) -> tuple[list[Competitor], list[str]]:
    """All that are installed, and the names of those that are not."""
    found, missing = [ours(world), product(world)], []
    for make in PEERS:
        try:
            found.append(make(world))
        except ImportError as error:
            missing.append(f"{make.__name__} ({error})")
    return found, missing


def multilingual(world: World) -> float:
    return float(ours(world).whole()["AP"].mean())


def same_work(problem: object, dimensions: int, rounds: int) -> list[str]:
    """Everybody on 220 queries x 13,014 candidates; what they differ by from pytrec_eval; and the same with ties."""
    lines, least = [f"### {dimensions} dimensions", ""], {}
    world = few(like_trained(problem, dimensions, GOOD, multilingual))
    everybody, missing = competitors(world)
    works = {each.name: each.whole for each in everybody}
    works |= {f"{each.name}, the call alone": each.alone for each in everybody if each.alone is not None}
    turns = in_turns(works, rounds)
    lines += [f"Vectors whose multilingual AP is {multilingual(world):.3f}.", "",
              "| 220 queries x 13,014 candidates | CPU seconds | times ours | in single rounds | target | |",
              "| --- | ---: | ---: | ---: | ---: | --- |"]
    for name in works:
        ratio, spread = turns.against(name, "claimcheck")
        target = TARGETS.get(name) if dimensions == 384 else None
        met = "" if target is None else ("met" if ratio >= target else "not met")
        lines.append(f"| {name} | {turns.median(name):.4f} | {ratio:.2f} | {spread} | {f'at least {target}' if target else ''} "
                     f"| {met} |")
    lines += [f"\nMissing: {', '.join(missing)}.\n" if missing else ""]
    for kind, given in (("vectors as above", world), ("tie stress: vectors of few values", few(tied(problem)))):
        if dimensions != 384:
            continue
        all_of_them = everybody if given is world else competitors(given)[0]
        values = {each.name: found for each in all_of_them if (found := each.whole())}
        if "pytrec_eval-terrier" not in values:
            lines += ["", "Values were not compared: pytrec_eval is missing."]
            continue
        oracle = values["pytrec_eval-terrier"]
        lines += ["", "Largest difference from pytrec_eval in any of the 220 queries (of sentence-transformers in the mean), "
                  f"{kind}:", "",
                  f"| | {' | '.join(MEASURES)} |", f"| --- | {' | '.join('---:' for _ in MEASURES)} |"]
        for name, found in values.items():
            means = len(found["AP"]) == 1  # who gives means only is held against the mean
            right = {each: oracle[each].mean() if means else oracle[each] for each in MEASURES}
            least[name] = [float(np.abs(found[each] - right[each]).max()) for each in MEASURES]
            lines.append(f"| {name} | {' | '.join(f'{each:.1e}' for each in least[name])} |")
        lines.append(f"\nOurs within 1e-12: {'met' if max(least['claimcheck']) <= 1e-12 else 'not met'}.")
    return lines


def whole_size(problem: object, dimensions: int, rounds: int) -> list[str]:
    """Ours, with all settings, ties and the first ten, against the product alone, on all queries."""
    worlds = {"vectors like a trained encoder's": like_trained(problem, dimensions, GOOD, multilingual),
              "vectors without any topic": made(problem, dimensions, 0.0)}
    first = next(iter(worlds.values()))
    queries, candidates = first.query_vectors(), first.candidate_vectors()
    q, c = queries.numpy(), candidates.numpy()
    into = np.zeros((len(q), len(c)), np.float32)
    as_torch = torch.from_numpy(into)
    block = np.zeros((1456, 1456), np.float32)
    works: dict[str, Callable[[], object]] = {
        "product, numpy into memory at hand": lambda: np.matmul(q, c.T, out=into),
        "product, numpy into new memory": lambda: q @ c.T,
        "product, torch into memory at hand": lambda: torch.mm(queries, candidates.T, out=as_torch),
        "product in the blocks of ours": lambda: in_blocks(q, c, block)}
    works |= {f"claimcheck, {name}": ours(world).whole for name, world in worlds.items()}
    turns = in_turns(works, rounds)
    fastest = min((name for name in works if name.startswith("product")), key=turns.median)
    target = {384: 1.15, 768: 1.10}[dimensions]
    lines = [f"### {dimensions} dimensions", "",
             f"| 13,090 queries x 13,014 candidates | CPU seconds | of the fastest ({fastest}) | in single rounds "
             "| of that in blocks | target | |", "| --- | ---: | ---: | ---: | ---: | ---: | --- |"]
    for name in works:
        (ratio, spread), (in_block, _) = turns.against(name, fastest), turns.against(name, "product in the blocks of ours")
        mine = name.startswith("claimcheck")
        met = ("met" if ratio <= target else "not met") if mine else ""
        lines.append(f"| {name} | {turns.median(name):.3f} | {ratio:.3f} | {spread} | {in_block:.3f} | "
                     f"{f'at most {target:.2f}' if mine else ''} | {met} |")
    scores = {name: multilingual(few(world)) for name, world in worlds.items()}
    told = ", ".join(f"{name} {value:.3f}" for name, value in scores.items())
    return [*lines, "", f"Multilingual AP of the vectors: {told}."]


def in_blocks(queries: np.ndarray, candidates: np.ndarray, out: np.ndarray) -> None:
    """The products that ours makes, and nothing else."""
    for start in range(0, len(candidates), out.shape[1]):
        tile = candidates[start : start + out.shape[1]].T
        for row in range(0, len(queries), out.shape[0]):
            some = queries[row : row + out.shape[0]]
            np.matmul(some, tile, out=out.ravel()[: len(some) * tile.shape[1]].reshape(len(some), tile.shape[1]))


def header(rounds: int) -> list[str]:
    versions = []
    for name in LIBRARIES:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            versions.append(f"{name} is not installed")
    told = machine()
    return ["# Benchmark of the evaluation core", "",
            "Written by `benchmarks/evaluation/run.py`, which says how to run it again. One process, one thread, all of",
            f"them in turns; medians of {rounds} rounds after one that is not counted, ratios taken round by round. Ours",
            "multiplies the 13,000 distinct texts, the others all 13,014 candidates.", "",
            f"{told['processor']}, {told['cores']} cores, {told['architecture']}; Python {platform.python_version()}; "
            f"{', '.join(versions)}; products of ours by {made_by()['library']}.", ""]


def load() -> str:
    return " ".join(f"{each:.2f}" for each in os.getloadavg())


def peers_part(problem: object, rounds: int) -> list[str]:
    lines = ["## The same work", "",
             "From vectors to AP, RR, R@10 and nDCG@10 of each query in the pool of all languages, 11 relevant each.",
             "sentence-transformers gives means only. *The call alone* is given a run of dictionaries that is there",
             "already; the way to it from vectors is part of the other figure. The bare product bounds what any can",
             "reach.", ""]
    return lines + [line for dimensions in (384, 768) for line in (*same_work(problem, dimensions, rounds), "")]


def product_part(problem: object, rounds: int) -> list[str]:
    lines = ["## Against the bare product", "",
             "Ours gives more than the product: each relevant candidate's place in the pool of all languages and",
             "in that of its own, ties, so all 121 settings and rank distance, and the languages of the first ten.", ""]
    return lines + [line for dimensions in (384, 768) for line in (*whole_size(problem, dimensions, rounds), "")]


def main(folder: Path, rounds: int, parts: Sequence[str], before: str) -> str:
    """The document: parts that are asked for as they are measured now, others as they stand in the one before."""
    torch.set_num_threads(1)
    problem = xquad_r(folder)
    measure: dict[str, Callable[[], list[str]]] = {
        "peers": lambda: peers_part(problem, rounds), "product": lambda: product_part(problem, rounds),
        "memory": memory_curve, "passages": passage_curve}
    made = ["\n".join(header(rounds))]
    for name, lines in measure.items():
        mark = f"<!-- part: {name} -->\n"
        if name in parts:
            loaded = load()
            text = "\n".join(lines())
            made.append(f"{mark}{text.rstrip()}\n\nLoad of the machine (1, 5, 15 minutes) before this part: {loaded}; after: "
                        f"{load()}; this process makes up about 1 of it.\n")
        elif mark in before:
            made.append(mark + before.split(mark)[1].split("<!-- part: ")[0].rstrip() + "\n")
    return "\n".join(made)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("CLAIMCHECK_DATA"), help="folder that holds xquad-r/")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--parts", default="peers,product,memory,passages",
                        help="which tables, by commas; others stay in the file as they are")
    parser.add_argument("--write", type=Path, help="file for the tables; else they are printed")
    arguments = parser.parse_args()
    if arguments.data_dir is None:
        parser.error("give --data-dir or set CLAIMCHECK_DATA to a folder that holds xquad-r/")
    standing = arguments.write.read_text(encoding="utf-8") if arguments.write is not None and arguments.write.exists() else ""
    text = main(Path(arguments.data_dir), arguments.rounds, arguments.parts.split(","), standing)
    if arguments.write is None:
        print(text, end="")
    else:
        arguments.write.write_text(text, encoding="utf-8")
