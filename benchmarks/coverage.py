"""How often the bounds of claimcheck.stats hold, in simulated worlds whose true effect is known; prints Markdown tables.

A world has articles of 8 to 74 questions, two cells, and effects of runs, articles, both together, and questions. Coverage
is of two-sided 95 % intervals. The first table compares rules for the degrees of freedom, the others run what is shipped:
on the articles that a profile evaluates, for several hypotheses at once, for ratios, and with a second look at more runs.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/coverage.py [--worlds 20000]
"""

import argparse
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr, stdtrit

from claimcheck.stats import variance
from claimcheck.stats.cells import Cell
from claimcheck.stats.families import holm_levels
from claimcheck.stats.two_way import Estimand, log_ratio, lower, upper

Values = NDArray[np.float64]

SEED = 11_007
AT_ONCE = 4_000
ARTICLES = (12, 48)
RUNS = (3, 4, 5, 8, 10)
RATIOS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0)
DESIGNS = ("even", "uneven", "ragged")
SIZE = 0.05
QUICK = (74, 36, 26, 25, 25, 25, 25, 24, 23, 22, 18, 16)
"""Questions, in every language, of the twelve articles of XQuAD-R that profile `quick` evaluates: counted in the files of the
data, after `corpora.splits.parts` with a split of 12 articles and seed 2; 339 in all."""
QUICK_CELLS = 5
QUICK_RUNS = (3, 5, 8)
LEVELS = (0.05, 0.025, 0.0042)
"""One-sided: of one claim, of a bound of a 95 % interval, and of the smallest p of twelve claims."""
LOOKS = (3, 7)
"""Runs at the first look and at the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One kind of world. `ratio`: variance of the mean over runs by that over articles."""

    runs: int
    articles: int
    ratio: float
    design: str
    heavy: bool
    noisy: bool

    @property
    def counts(self) -> Values:
        """Questions by cell and article, (P, G).

        All articles alike; as long as XQuAD's; the second of two cells with gaps as well; the very ones of profile `quick`.
        """
        if self.design == "quick":
            return np.tile(np.array(QUICK, dtype=np.float64), (QUICK_CELLS, 1))
        quantiles = ndtri((np.arange(self.articles) + 0.5) / self.articles)
        long = np.clip(np.round(24 * np.exp(0.55 * quantiles)), 8, 74)
        if self.design == "even":
            return np.full((2, self.articles), 24.0)
        few = np.round(long / 3)
        few[::4] = 0
        return np.stack([long, few if self.design == "ragged" else long])

    @property
    def shares(self) -> Values:
        """Part of the macro mean that rests on each article, (G,)."""
        return np.asarray((self.counts / self.counts.sum(axis=1, keepdims=True)).mean(axis=0))


def scenes(runs: int, articles: int, designs: Sequence[str] = DESIGNS) -> Iterator[Scene]:
    """Every kind of world with so many runs and articles."""
    for ratio, design, heavy, noisy in itertools.product(RATIOS, designs, (False, True), (False, True)):
        yield Scene(runs=runs, articles=articles, ratio=ratio, design=design, heavy=heavy, noisy=noisy)


def draw(scene: Scene, worlds: int, random: np.random.Generator) -> tuple[Values, Values]:
    """Effects of the runs (W, S) and influences of the articles (W, S, G) in worlds whose true effect is 0."""
    def spread(*shape: int) -> Values:
        return random.standard_t(3, shape) / np.sqrt(3) if scene.heavy else random.standard_normal(shape)

    runs, articles, counts = scene.runs, scene.articles, scene.counts
    cells_of, parts = len(counts), counts / counts.sum(axis=1, keepdims=True)
    means = spread(worlds, 1, 1, articles) + spread(worlds, runs, 1, 1) * np.sqrt(
        scene.ratio * runs * (scene.shares**2).sum())
    if scene.noisy:
        per_question = 2 / np.sqrt(np.maximum(counts, 1))
        means = means + random.standard_normal((worlds, runs, 1, articles)) * np.sqrt(0.3 * runs)
        means = means + random.standard_normal((worlds, 1, cells_of, articles)) * per_question
        means = means + random.standard_normal((worlds, runs, cells_of, articles)) * per_question * np.sqrt(0.3)
    means = np.broadcast_to(means, (worlds, runs, cells_of, articles))
    cells = (means * parts).sum(axis=-1)
    return cells.mean(axis=-1), ((means - cells[..., None]) * parts).mean(axis=2)


def half_widths(scene: Scene, per_run: Values, influence: Values) -> dict[str, Values]:
    """Half the 95 % interval in each world (W,), by each rule for the degrees of freedom."""
    runs, level = scene.runs, 1 - SIZE / 2
    parts = variance.components(per_run, influence)
    v_runs, v_clusters, v_interaction = parts
    v_total = variance.total(*parts)
    found: dict[str, Values] = {}
    for name, articles_df in (("G", scene.articles - 1.0), ("G'", variance.articles_df(scene.shares))):
        pooled = v_total**2 / (v_runs**2 / (runs - 1) + v_clusters**2 / articles_df)
        ends = sorted((runs - 1.0, articles_df))
        careful = np.where(v_runs > v_clusters, runs - 1, np.clip(pooled, *ends))
        found[f"raw, {name}"] = stdtrit(pooled, level) * np.sqrt(v_total)
        found[f"(a), {name}"] = stdtrit(careful, level) * np.sqrt(v_total)
        found[f"(b), {name}"] = found[f"raw, {name}"] if runs >= 5 else np.sqrt(
            stdtrit(runs - 1, level) ** 2 * np.maximum(v_runs - v_interaction, 0)
            + stdtrit(articles_df, level) ** 2 * v_clusters)
    df = variance.degrees(*parts, runs - 1.0, variance.articles_df(scene.shares))
    return {**found, "shipped": stdtrit(df, level) * np.sqrt(v_total)}


def rules(worlds: int, random: np.random.Generator) -> None:
    """Worst coverage over the kinds of worlds, and mean width as a ratio to that of `raw, G`."""
    names: list[str] = []
    for articles, runs in itertools.product(ARTICLES, RUNS):
        covered: dict[str, list[float]] = {}
        wide: dict[str, list[float]] = {}
        for scene in scenes(runs, articles):
            hits: dict[str, float] = {}
            reach: dict[str, float] = {}
            for _ in range(worlds // AT_ONCE):
                per_run, influence = draw(scene, AT_ONCE, random)
                for name, half in half_widths(scene, per_run, influence).items():
                    hits[name] = hits.get(name, 0) + float((np.abs(per_run.mean(axis=-1)) <= half).sum())
                    reach[name] = reach.get(name, 0) + float(half.sum())
            for name in hits:
                covered.setdefault(name, []).append(hits[name] / worlds)
                wide.setdefault(name, []).append(reach[name] / reach["raw, G"])
        if not names:
            names = list(covered)
            print(f"| G | S | {' | '.join(names)} |\n| --- | --- {'| --- ' * len(names)}|")
        line = " | ".join(f"{min(covered[name]):.4f} ({np.mean(wide[name]):.3f})" for name in names)
        print(f"| {articles} | {runs} | {line} |", flush=True)


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
    per_run, influence = draw(scene, worlds, random)
    parts = variance.components(per_run, influence)
    df = variance.degrees(*parts, scene.runs - 1.0, variance.articles_df(scene.shares))
    estimate = per_run.mean(axis=-1) + true * np.sqrt((scene.shares**2).sum())
    return np.asarray(stdtr(df, -estimate / np.sqrt(variance.total(*parts))))


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


def skewed(runs: int, run_sd: float, both_sd: float, random: np.random.Generator) -> tuple[list[Cell], list[Cell]]:
    """Two arms alike but for a factor of .9 in all scores of the first; SDs are of logarithms. 48 articles, two cells."""
    scene = Scene(runs=runs, articles=48, ratio=0.0, design="ragged", heavy=False, noisy=False)
    hard = random.standard_normal(48) * 0.4
    arms: list[list[Cell]] = [[], []]
    shifts = [(random.standard_normal(48) * 0.15, random.standard_normal((runs, 1)) * run_sd / np.sqrt(2),
               random.standard_normal((runs, 48)) * both_sd / np.sqrt(2)) for _ in arms]
    for counts in scene.counts.astype(int):
        clusters = np.repeat(np.arange(48), counts)
        question = random.standard_normal(len(clusters)) * 0.8
        for arm, (article, run, both), factor in zip(arms, shifts, (0.9, 1.0), strict=True):
            noise = random.standard_normal((runs, len(clusters))) * 0.4
            logs = (hard + article + run + both)[:, clusters] + question + noise
            arm.append(Cell(values=factor * 200 * np.exp(logs), clusters=clusters))
    return arms[0], arms[1]


def main() -> None:
    """Print all tables; the same seed gives the same numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=20_000, help=f"for each kind of world, a multiple of {AT_ONCE}")
    worlds = max(1, parser.parse_args().worlds // AT_ONCE) * AT_ONCE
    random = np.random.default_rng(SEED)
    print(f"Worst coverage (mean half width by that of `raw, G`), {worlds} worlds of each kind\n")
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
