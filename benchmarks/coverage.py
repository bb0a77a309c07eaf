"""How often the bounds of claimcheck.stats hold, in simulated worlds whose true effect is known; prints Markdown tables.

A world has articles of 8 to 74 questions, two cells, and effects of runs, articles, both together, and questions. Coverage
is of two-sided 95 % intervals. The first table compares rules for the degrees of freedom, the others run what is shipped:
on the articles that a profile evaluates, for several hypotheses at once, for ratios, and with a second look at more runs.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/coverage.py [--worlds 20000]

The worlds are those of `claimcheck selftest`, which says whether what is shipped holds.
"""

import argparse
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from scipy.special import stdtr, stdtrit

from claimcheck.calibration.worlds import QUICK, QUICK_CELLS, Scene, Values, draw, skewed
from claimcheck.stats import variance
from claimcheck.stats.families import holm_levels
from claimcheck.stats.two_way import Estimand, log_ratio, lower, upper

SEED = 11_007
AT_ONCE = 4_000
ARTICLES = (12, 48)
RUNS = (3, 4, 5, 8, 10)
RATIOS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0)
DESIGNS = ("even", "uneven", "ragged")
SIZE = 0.05
QUICK_RUNS = (3, 5, 8)
LEVELS = (0.05, 0.025, 0.0042)
"""One-sided: of one claim, of a bound of a 95 % interval, and of the smallest p of twelve claims."""
RULE_LEVELS = (0.025, 0.0125, 0.0042)
"""One-sided: of a 95 % interval, and of the smallest p of four claims and of twelve."""
LOOKS = (3, 7)
"""Runs at the first look and at the second."""


def scenes(runs: int, articles: int, designs: Sequence[str] = DESIGNS) -> Iterator[Scene]:
    """Every kind of world with so many runs and articles."""
    for ratio, design, heavy, noisy in itertools.product(RATIOS, designs, (False, True), (False, True)):
        yield Scene(runs=runs, articles=articles, ratio=ratio, design=design, heavy=heavy, noisy=noisy)


def half_widths(scene: Scene, per_run: Values, influence: Values, level: float) -> dict[str, Values]:
    """How far the one-sided bound at a level stands from the estimate in each world (W,), by each rule."""
    runs = scene.runs
    parts = variance.components(per_run, influence)
    v_runs, v_clusters, v_interaction = parts
    v_total, error = variance.total(*parts), np.sqrt(variance.total(*parts))
    found: dict[str, Values] = {}
    for name, articles_df in (("G", scene.articles - 1.0), ("G'", variance.articles_df(scene.shares))):
        pooled = v_total**2 / (v_runs**2 / (runs - 1) + v_clusters**2 / articles_df)
        ends = sorted((runs - 1.0, articles_df))
        careful = np.where(v_runs > v_clusters, runs - 1, np.clip(pooled, *ends))
        found[f"pooled, {name}"] = -stdtrit(pooled, level) * error
        found[f"(a), {name}"] = -stdtrit(careful, level) * error
        found[f"(b), {name}"] = np.sqrt(stdtrit(runs - 1, level) ** 2 * np.maximum(v_runs - v_interaction, 0)
                                        + stdtrit(articles_df, level) ** 2 * v_clusters)
    return {**found, "shipped": spread(scene, per_run, influence).reach(level)}


def spread(scene: Scene, per_run: Values, influence: Values) -> variance.Spread:
    """What the shipped rule reads bounds from, in each world."""
    v_runs, v_clusters, v_interaction = variance.components(per_run, influence)
    return variance.Spread(v_runs=v_runs, v_clusters=v_clusters, v_interaction=v_interaction, df_runs=scene.runs - 1.0,
                           df_clusters=variance.articles_df(scene.shares))


def rules(worlds: int, random: np.random.Generator) -> None:
    """Worst coverage at 95 % and worst one-sided error at lower levels over the kinds of worlds, and mean widths.

    A width is a ratio to that of the first rule at the same level; the worlds are symmetric, so both tails tell of errors.
    """
    names: list[str] = []
    lines: dict[float, list[str]] = {level: [] for level in RULE_LEVELS}
    for articles, runs in itertools.product(ARTICLES, RUNS):
        failed: dict[tuple[float, str], list[float]] = {}
        wide: dict[tuple[float, str], list[float]] = {}
        for scene in scenes(runs, articles):
            misses: dict[tuple[float, str], float] = {}
            reach: dict[tuple[float, str], float] = {}
            for _ in range(worlds // AT_ONCE):
                drawn = draw(scene, AT_ONCE, random)
                far = np.abs(drawn.per_run.mean(axis=-1))
                for level in RULE_LEVELS:
                    for name, half in half_widths(scene, drawn.per_run, drawn.influence, level).items():
                        misses[level, name] = misses.get((level, name), 0) + float((far > half).sum())
                        reach[level, name] = reach.get((level, name), 0) + float(half.sum())
            for level, name in misses:
                failed.setdefault((level, name), []).append(misses[level, name] / worlds)
                wide.setdefault((level, name), []).append(reach[level, name] / reach[level, "pooled, G"])
        names = names or list(dict.fromkeys(name for _, name in failed))
        for level in RULE_LEVELS:
            worst = {name: max(failed[level, name]) for name in names}
            told = (f"{1 - worst[name] if level == SIZE / 2 else worst[name] / 2:.4f} ({np.mean(wide[level, name]):.3f})"
                    for name in names)
            lines[level].append(f"| {articles} | {runs} | {' | '.join(told)} |")
    for level in RULE_LEVELS:
        what = "coverage of two-sided 95 % intervals" if level == SIZE / 2 else f"one-sided error at a nominal {level}"
        print(f"{what}\n\n| G | S | {' | '.join(names)} |\n| --- | --- {'| --- ' * len(names)}|")
        print("\n".join(lines[level]), end="\n\n", flush=True)


def real_articles(worlds: int, random: np.random.Generator) -> None:
    """Worst coverage of the shipped rule on the articles of `quick`, and how often one-sided bounds fail there at most."""
    shares = Scene(runs=3, articles=len(QUICK), ratio=0.0, design="quick", heavy=False, noisy=False).shares
    print(f"G' = {variance.articles_df(shares) + 1:.2f}\n\n| S | shipped | in the world | "
          + " | ".join(f"one-sided {level}" for level in LEVELS) + " |\n| --- | --- | --- " + "| --- " * len(LEVELS) + "|")
    for runs in QUICK_RUNS:
        rates: list[Values] = []
        kinds = list(scenes(runs, len(QUICK), ("quick",)))
        for scene in kinds:
            p = np.concatenate([p_of_worlds(scene, AT_ONCE, random, 0.0) for _ in range(worlds // AT_ONCE)])
            # the worlds are symmetric, so both tails tell of one-sided errors
            rates.append(np.array([(np.minimum(p, 1 - p) <= level).mean() / 2 for level in LEVELS]))
        failed = np.array(rates)
        worst = int(failed[:, LEVELS.index(SIZE / 2)].argmax())
        scene = kinds[worst]
        kind = f"V_S/V_C {scene.ratio:g}, {'t(3)' if scene.heavy else 'normal'}, {'noisy' if scene.noisy else 'no noise'}"
        covered = 1 - 2 * failed[worst, LEVELS.index(SIZE / 2)]
        print(f"| {runs} | {covered:.4f} | {kind} | {' | '.join(f'{rate:.4f}' for rate in failed.max(axis=0))} |", flush=True)


def stopping(worlds: int, random: np.random.Generator) -> None:
    """How often an effect of 0 is found to be above 0, where runs are added because the first look decided nothing.

    This benchmark, normal effects of runs. The second look takes the first runs in, or is at so many fresh ones.
    """
    print(f"| nominal, one-sided | {LOOKS[1]} runs, one look | {LOOKS[0]} runs, if open {LOOKS[1]} with them "
          f"| {LOOKS[0]} runs, if open {LOOKS[1]} fresh ones |\n| --- | --- | --- | --- |")
    first, second, fresh = (np.empty(worlds) for _ in range(3))
    for begin in range(0, worlds, AT_ONCE):
        part = slice(begin, begin + AT_ONCE)
        effects = random.standard_normal((AT_ONCE, LOOKS[1]))
        first[part], second[part] = p_of_runs(effects[:, :LOOKS[0]]), p_of_runs(effects)
        fresh[part] = p_of_runs(random.standard_normal((AT_ONCE, LOOKS[1])))
    for level in LEVELS:
        is_open = (first > level) & (1 - first > level)
        rates = [(second <= level).mean(), *(((first <= level) | is_open & (p <= level)).mean() for p in (second, fresh))]
        print(f"| {level} | {' | '.join(f'{rate:.4f}' for rate in rates)} |", flush=True)


def p_of_runs(per_run: Values) -> Values:
    """One-sided p that the effect on this benchmark is above 0, (W,), from the effects of the runs (W, S)."""
    runs = per_run.shape[-1]
    return np.asarray(stdtr(runs - 1, -per_run.mean(axis=-1) / (per_run.std(axis=-1, ddof=1) / np.sqrt(runs))))


def p_of_worlds(scene: Scene, worlds: int, random: np.random.Generator, true: float) -> Values:
    """One-sided p that the effect is above 0, (W,), where it is `true` standard errors of the articles above 0."""
    drawn = draw(scene, worlds, random)
    per_run, influence = drawn.per_run, drawn.influence
    estimate = per_run.mean(axis=-1) + true * np.sqrt((scene.shares**2).sum())
    return spread(scene, per_run, influence).p_ahead(estimate)


def families(worlds: int, random: np.random.Generator) -> None:
    """False decisions of several hypotheses at once, each tested in worlds of its own."""
    print("| S | better than both of two rivals, one no better | better than both, both no better "
          "| Holm, four effects of 0 | Holm, two of 0 and two large |\n| --- | --- | --- | --- | --- |")
    for runs in (3, 5, 10):
        scene = Scene(runs=runs, articles=48, ratio=1.0, design="ragged", heavy=False, noisy=True)
        null = np.stack([p_of_worlds(scene, worlds, random, 0.0) for _ in range(4)])
        large = np.stack([p_of_worlds(scene, worlds, random, 25.0) for _ in range(2)])
        least = (np.maximum(null[0], large[0]) <= SIZE).mean()
        equal = (np.maximum(null[0], null[1]) <= SIZE).mean()
        mixed = np.concatenate([null[:2], large])
        rates = (least, equal, false_by_holm(null, 4), false_by_holm(mixed, 2))
        print(f"| {runs} | {' | '.join(f'{rate:.4f}' for rate in rates)} |", flush=True)


def false_by_holm(p: Values, nulls: int) -> float:
    """In what part of the worlds Holm's procedure rejects one of the first `nulls` hypotheses. `p`: (K, W)."""
    false = 0
    for world in p.T:
        levels = holm_levels({str(place): float(each) for place, each in enumerate(world)}, SIZE)
        false += any(world[place] <= levels[str(place)] for place in range(nulls))
    return false / p.shape[1]


def ratios(worlds: int, random: np.random.Generator) -> None:
    """Coverage and mean half width of `log_ratio` beyond the benchmark, as shipped and with the interaction left in.

    The scores are skewed and above 0, as distances between ranks are; the truth is log(.9).
    """
    print("| S | run SD | run x article SD | shipped | interaction left in |\n" + "| --- " * 5 + "|")
    for runs, (run_sd, both_sd) in itertools.product((3, 5), ((0.0, 0.05), (0.03, 0.05), (0.15, 0.05), (0.03, 0.3))):
        hits, half = np.zeros(2), np.zeros(2)
        for _ in range(worlds):
            shipped = log_ratio(*skewed(runs, run_sd, both_sd, random), resamples=500)
            left_in = replace(shipped, v_total=shipped.v_total + 2 * shipped.v_interaction)
            for place, effect in enumerate((shipped, left_in)):
                low, high = (bound(effect, Estimand.BEYOND, SIZE / 2) for bound in (lower, upper))
                hits[place] += low <= np.log(0.9) <= high
                half[place] += (high - low) / 2
        cells = " | ".join(f"{hit:.3f} ({width:.3f})" for hit, width in zip(hits / worlds, half / worlds, strict=True))
        print(f"| {runs} | {run_sd} | {both_sd} | {cells} |", flush=True)


def main() -> None:
    """Print all tables; the same seed gives the same numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=20_000, help=f"for each kind of world, a multiple of {AT_ONCE}")
    worlds = max(1, parser.parse_args().worlds // AT_ONCE) * AT_ONCE
    random = np.random.default_rng(SEED)
    print(f"The worst of the kinds of worlds (mean distance of the bound by that of `pooled, G`), {worlds} worlds of each kind\n")
    rules(worlds, random)
    print("\nFalse decisions at 5 %, 48 articles\n")
    families(worlds, random)
    print(f"\nCoverage of `log_ratio` beyond the benchmark (mean half width), {worlds // 10} worlds\n")
    ratios(worlds // 10, random)
    print(f"\nThe twelve articles of `quick`, {QUICK_CELLS} cells, {worlds} worlds of each kind\n")
    real_articles(worlds, random)
    print(f"\nFalse `supported` with a second look, {50 * worlds} worlds\n")
    stopping(50 * worlds, random)


if __name__ == "__main__":
    main()
