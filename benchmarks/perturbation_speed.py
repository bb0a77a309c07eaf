"""Queries a second of the slips of the hand, P1 to P4, against multypo on the same questions with the same number of edits.

Questions of XQuAD-R in the six languages that multypo has, and ours in all eleven; one process, one core, in turns; medians of
the CPU seconds of the rounds. Our caches of texts are emptied before each turn, so that every query is read anew. multypo edits
random words, with one move at a time here; it splits at spaces, keeps no distance between edits and draws from a global
generator, so it does less. Targets: 5,000 queries a second a core in eleven languages; in six, as fast as the peer.

    .venv/bin/pip install --no-deps --target peers multypo==0.1.1
    CLAIMCHECK_DATA=DIR PYTHONPATH=peers .venv/bin/python benchmarks/perturbation_speed.py [ROUNDS]
"""

import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from multypo import MultiTypoGenerator

from claimcheck.corpora import lareqa
from claimcheck.corpora.corpus import Question
from claimcheck.perturbation.families import FAMILIES
from claimcheck.perturbation.family import perturb
from claimcheck.perturbation.text import LANGUAGES, edits, read, runs

PEERS = {"ar": "arabic", "de": "german", "el": "greek", "en": "english", "hi": "hindi", "ru": "russian"}
MOVES = {"P1": "replace", "P2": "delete", "P3": "transpose", "P4": "insert"}


def ours(family: str, questions: Sequence[Question]) -> int:
    """Perturb all questions, texts read anew; give how many were changed."""
    read.cache_clear()
    runs.cache_clear()
    return sum(perturb(question, FAMILIES[family]).applied for question in questions)


def peer(family: str, questions: Sequence[Question], rates: Sequence[float]) -> int:
    """The same by multypo; `rates`: of words, so many as make our number of edits."""
    random.seed(0)
    makers = {language: MultiTypoGenerator(name, typo_distribution={MOVES[family]: 1.0, **dict.fromkeys(
        set(MOVES.values()) - {MOVES[family]}, 0.0)}) for language, name in PEERS.items()}
    return sum(makers[question.language].insert_typos(question.text, rate) != question.text
               for question, rate in zip(questions, rates, strict=True))


def measured(turns: dict[str, Callable[[], int]], rounds: int) -> dict[str, tuple[float, int]]:
    """The median CPU seconds of each, in turns, and what it gave; the first round warms up and is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in turns}
    given = {}
    for number in range(rounds + 1):
        for name, turn in turns.items():
            start = time.process_time()
            given[name] = turn()
            if number:
                taken[name].append(time.process_time() - start)
    return {name: (statistics.median(seconds), given[name]) for name, seconds in taken.items()}


def main(folder: Path, rounds: int) -> None:
    """Print a Markdown table: queries a CPU second, and the ratio to the peer."""
    corpus = lareqa.read("xquad-r", {language: folder / "xquad-r" / f"{language}.json" for language in LANGUAGES})
    every = [question for part in corpus.parts.values() for question in part.questions]
    shared = [question for question in every if question.language in PEERS]
    rates = [edits(read(each.text, each.language), "light") / len(each.text.split(" ")) for each in shared]
    print("| family | eleven languages, queries a second | six languages | multypo | ratio | changed | multypo's |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for family in MOVES:
        found = measured({"every": partial(ours, family, every), "shared": partial(ours, family, shared),
                          "peer": partial(peer, family, shared, rates)}, rounds)
        fast = {name: len(every if name == "every" else shared) / seconds for name, (seconds, _) in found.items()}
        print(f"| {family} | {fast['every']:,.0f} | {fast['shared']:,.0f} | {fast['peer']:,.0f} | "
              f"{fast['shared'] / fast['peer']:.2f} | {found['shared'][1] / len(shared):.1%} | "
              f"{found['peer'][1] / len(shared):.1%} |")


if __name__ == "__main__":
    main(Path(os.environ["CLAIMCHECK_DATA"]), int(sys.argv[1]) if len(sys.argv) > 1 else 5)
