"""How often the rule for interactions is right: worlds of two arms whose losses are known, judged as a claim would be.

    python benchmarks/interaction_rule.py [WORLDS]

Prints the tables of docs/statistics.md, "Interactions". Scores are drawn for runs, articles and questions in three languages and
two families; the articles have the sizes of XQuAD's in turn. A run, an article and a question each move the clean scores of both
arms (by .004, .012 and .10 for one standard deviation), and what one arm loses more than the other (by .0012, .003 and .03). Levels
are one-sided 5 %. What is judged is what would be printed.
"""

import sys
from collections import Counter
from math import log

import numpy as np
from scipy.optimize import brentq

from claimcheck.appraisal.bounds import bounds
from claimcheck.appraisal.interactions import Side, effects
from claimcheck.finding import Asked, Comparison, Goal, OnLogs
from claimcheck.stats.cells import Cell
from claimcheck.stats.effect import Effect, Estimand, lower, upper
from claimcheck.appraisal.units import rounded
from claimcheck.verdict import LOG_DECIMALS, Stand, of_comparison
from decimal import Decimal

ALPHA, MARGIN = 0.05, 0.005
SIZES = (24, 8, 74, 19, 30, 25, 16, 22, 35, 12, 28, 20)
GOALS = {"no more": Goal.NO_WORSE, "less": Goal.AHEAD, "as much": Goal.EQUAL}


def on_logs(arm: tuple[float, float], rival: tuple[float, float]) -> float:
    return log(1 - arm[1] / arm[0]) - log(1 - rival[1] / rival[0])


POINT = brentq(lambda loss: on_logs((0.10, loss), (0.25, loss)) + 0.0202, 0, 0.05)
WORLDS = {  # clean mean and loss of the arm, then of the rival
    "as much on both scales": ((0.25, 0.02), (0.25, 0.02)),
    "more by the margin in points": ((0.25, 0.025), (0.25, 0.02)),
    "as much in points, more by the margin in logs": ((0.10, POINT), (0.25, POINT)),
    "as much in points, less in logs": ((0.25, 0.02), (0.15, 0.02)),
    "more in points, less in logs": ((0.30, 0.030), (0.12, 0.020)),
    "less on both scales": ((0.25, 0.015), (0.25, 0.02)),
}


def world(truth: tuple[tuple[float, float], tuple[float, float]], runs: int, articles: int, random: np.random.Generator,
          ) -> tuple[Side, Side]:
    """Both arms: the rival's losses are shared noise, the arm's carry what tells the two apart."""
    sizes = [SIZES[number % len(SIZES)] for number in range(articles)]
    clusters = np.repeat(np.arange(articles), sizes)
    questions = len(clusters)
    run, article = random.normal(0, 0.004, (runs, 1)), random.normal(0, 0.012, articles)[clusters]
    apart = random.normal(0, 0.0012, (runs, 1)) + random.normal(0, 0.003, articles)[clusters]
    sides: list[list[tuple[Cell, Cell]]] = [[], []]
    for _language in range(3):
        question = random.normal(0, 0.10, questions)
        noise = [random.normal(0, 0.02, (runs, questions)) for _ in range(2)]
        for _family in range(2):
            shared = random.normal(0, 0.05, questions)
            for number, (level, loss) in enumerate(truth):
                clean = level + run + article + question + noise[number]
                more = apart + random.normal(0, 0.03, questions) if number == 0 else 0.0
                after = clean - loss - shared - more + random.normal(0, 0.02, (runs, questions))
                sides[number].append((Cell(values=clean, clusters=clusters), Cell(values=after, clusters=clusters)))
    weights = (1 / 6,) * 6
    made = [Side(about=(("", ""),) * 6, clean=tuple(each for each, _ in own), after=tuple(each for _, each in own),
                 weights=weights) for own in sides]
    return made[0], made[1]


def judged(absolute: Effect, logs: Effect, level: float, runs: int) -> dict[str, Stand]:
    def around(effect: Effect) -> object:
        return bounds(effect, Estimand.BEYOND, (ALPHA, ALPHA), is_log=False, decimals=LOG_DECIMALS)

    one, other = around(absolute), around(logs)
    made = {}
    for name, goal in GOALS.items():
        equal = goal is Goal.EQUAL
        there = OnLogs(estimate=Decimal(0), deciding=other, contrary=other if equal else None, benchmark=other, beyond=other,
                       level=rounded(level, LOG_DECIMALS))
        comparison = Comparison(about=(), values=(), estimate=Decimal(0), deciding=one, contrary=one if equal else None,
                                benchmark=one, beyond=one, on_logs=there, decimals=LOG_DECIMALS, percent=False, runs=runs,
                                questions=1, clusters=1)
        made[name] = of_comparison(comparison, Asked(margin=Decimal(str(MARGIN)), goal=goal))
    return made


def main(worlds: int) -> None:
    words: dict[tuple[str, str], Counter[str]] = {}
    coverage: Counter[tuple[str, int, int]] = Counter()
    signs: Counter[str] = Counter()
    for name, truth in WORLDS.items():
        true = on_logs(*truth)
        for runs, articles in ((3, 12), (3, 48), (5, 12), (5, 48)):
            random = np.random.default_rng([20_241_201, list(WORLDS).index(name), runs, articles])
            for _ in range(worlds):
                arm, rival = world(truth, runs, articles, random)
                absolute, logs = effects(arm, rival, pair=True)
                assert logs is not None
                for goal, stand in judged(absolute, logs, max(arm.mean, rival.mean), runs).items():
                    words.setdefault((name, goal), Counter())[str(stand)] += 1
                    if goal == "no more" and stand is Stand.FOR and absolute.estimate * logs.estimate < 0:
                        signs[name] += 1
                for estimand in Estimand:
                    coverage[estimand, runs, articles] += (
                        lower(logs, estimand, 0.025) <= true <= upper(logs, estimand, 0.025)
                        if estimand is Estimand.BEYOND else 0)
    each = 4 * worlds
    print(f"{worlds:,} worlds a cell, 4 cells a row (3 and 5 runs, 12 and 48 articles), one-sided 5 %, margin {MARGIN}\n")
    print("| truth | asked | for | against | negligible | scale-dependent | open |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for (name, goal), counts in words.items():
        shown = [f"{counts[word] / each:.3f}" for word in ("for", "against", "negligible", "scale-dependent", "open")]
        print(f"| {name} | {goal} | {' | '.join(shown)} |")
    print("\n| runs, articles | coverage of 95 % on logs, other articles and runs |\n| --- | ---: |")
    for (estimand, runs, articles), hits in coverage.items():
        if estimand == Estimand.BEYOND:
            print(f"| {runs}, {articles} | {hits / (worlds * len(WORLDS)):.4f} |")
    print("\nright words of `no more` that a rule of equal signs would have withheld: "
          + ", ".join(f"{name} {signs[name] / max(words[name, 'no more']['for'], 1):.1%}" for name in WORLDS))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
