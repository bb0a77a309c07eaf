"""Resampling against its peers: one process, one thread, in turns; ends of intervals and p held against theirs, same draws.

Contrasts are made: skewed, and dependent on each other through what they share. Each has a value for each of 48 articles,
as XQuAD-R has, or of 1,190 questions.

    python3 -m venv peers
    peers/bin/pip install -c constraints.txt -e . && peers/bin/pip install -r benchmarks/statistics/requirements.txt
    peers/bin/python benchmarks/statistics/run.py --write docs/statistics-benchmark.md

It takes ten minutes and 2 GB, and ends without a table where a peer's results are not ours. `--quick` is for trying it out:
one round, which is no measurement.
"""

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import argparse
import datetime
import gc
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from peers import (
    RESAMPLES,
    Interval,
    arch_interval,
    arch_one_by_one,
    generator,
    scipy_flips,
    scipy_flips_one_by_one,
    scipy_interval,
    scipy_one_by_one,
    signs_of_scipy,
)

from claimcheck.measurement.provenance import machine
from claimcheck.stats.resampling import (
    bca_interval,
    bootstrap_means,
    cluster_counts,
    percentile_interval,
    resampled_means,
    sign_flip_max_t,
    sign_flips,
)

SIZES = {48: "48 articles", 1190: "1,190 questions"}
CONTRASTS = (1, 20, 200)
TIMED = {"scipy": 20, "arch": 3, "permutation": 3}
"""Of contrasts that a peer is asked for one by one: how many are timed, and the time scaled up to all."""
BATCH = 100
"""Resamples that scipy holds at once when it is given all contrasts: of 100, 1,000 and all none was faster by a tenth."""
FLIP_BATCH = {48: 1000, 1190: 200}
"""The same for its sign flips, by the number of clusters."""
AGREE = 1e-12
TARGETS = {"scipy": 50, "arch": 200, "permutation": 500}

Work = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A piece of work: what it is, how often its time counts, and whose target it is held to."""

    name: str
    work: Work
    times: float = 1.0
    target: str = ""


def made(contrasts: int, size: int) -> np.ndarray:
    """Values (K, G): skewed, a third of their variance shared by all contrasts."""
    random = np.random.default_rng(contrasts * size)
    own, shared = random.normal(size=(contrasts, size)), random.normal(size=size)
    return np.exp(own + shared / np.sqrt(2)) - np.exp(0.75) + random.uniform(-0.2, 0.6, (contrasts, 1))


def in_turns(rows: list[Row], rounds: int) -> dict[str, list[float]]:
    """CPU seconds of each, round by round; every round does each once, and the first round is not counted."""
    taken: dict[str, list[float]] = {row.name: [] for row in rows}
    for number in range(rounds + 1):
        for row in rows:
            gc.collect()
            begun = time.process_time()
            row.work()
            if number:
                taken[row.name].append((time.process_time() - begun) * row.times)
    return taken


def table(title: str, rows: list[Row], rounds: int) -> list[str]:
    """The first row is ours, which the others are told in."""
    taken = in_turns(rows, rounds)
    lines = [f"| {title} | CPU ms | times ours | in single rounds | target | |", "| --- | ---: | ---: | ---: | ---: | --- |"]
    for row in rows:
        ratios = [one / two for one, two in zip(taken[row.name], taken[rows[0].name], strict=True)]
        ratio, target = statistics.median(ratios), TARGETS.get(row.target)
        met = "" if target is None else ("met" if ratio >= target else "not met")
        lines.append(f"| {row.name} | {1e3 * statistics.median(taken[row.name]):,.1f} | {ratio:,.1f} | {min(ratios):,.1f} to "
                     f"{max(ratios):,.1f} | {'' if target is None else f'at least {target}'} | {met} |")
    return [*lines, ""]


def apart(ours: Interval, theirs: Interval, scale: np.ndarray) -> float:
    """The largest difference of ends, in standard deviations of the contrast's values."""
    return max(float((np.abs(one - other) / scale).max()) for one, other in zip(ours, theirs, strict=True))


def same(what: str, ours: Interval, theirs: Interval, scale: np.ndarray) -> float:
    """`apart`; ends the program where that is more than noise."""
    found = apart(ours, theirs, scale)
    if not found <= AGREE:
        raise SystemExit(f"{what}: results differ by {found:.1e}")
    return found


# ---------------------------------------------------------------- intervals


def our_interval(values: np.ndarray, method: str, drawn: np.ndarray | None = None) -> Interval:
    ones = np.ones(values.shape[1])
    means = resampled_means(generator(), RESAMPLES, values, ones) if drawn is None else bootstrap_means(values, ones, drawn)
    return percentile_interval(means) if method == "percentile" else bca_interval(means, values, ones)


def against_scipy(rounds: int) -> list[str]:
    lines, most = [], 0.0
    for size, words in SIZES.items():
        drawn = cluster_counts(generator(), RESAMPLES, size)
        for method in ("percentile", "BCa"):
            for contrasts in CONTRASTS:
                values = made(contrasts, size)
                timed = min(contrasts, TIMED["scipy"])
                most = max(most, same(f"scipy, {method}, {words}", our_interval(values, method),
                                      scipy_interval(values, method, BATCH), values.std(axis=1)))
                rows = [Row(name="claimcheck", work=lambda v=values, m=method: our_interval(v, m)),
                        Row(name="claimcheck, draws at hand", work=lambda v=values, m=method, d=drawn: our_interval(v, m, d)),
                        Row(name="scipy, a call for each contrast", times=contrasts / timed, target="scipy",
                            work=lambda v=values[:timed], m=method: scipy_one_by_one(v, m))]
                if contrasts > 1:
                    rows.append(Row(name=f"scipy, one call for all, batch={BATCH}", target="scipy",
                                    work=lambda v=values, m=method: scipy_interval(v, m, BATCH)))
                lines += table(f"{method}, {words}, {contrasts} contrast{'s' if contrasts > 1 else ''}", rows, rounds)
    return [*lines, f"Ends of intervals differ from scipy's by {most:.1e} standard deviations of the values at most.", ""]


def against_arch(rounds: int) -> list[str]:
    lines, most, off, contrasts, timed = [], 0.0, 0.0, CONTRASTS[-1], TIMED["arch"]
    for size, words in SIZES.items():
        for method in ("percentile", "BCa"):
            values = made(contrasts, size)
            ours, spread = our_interval(values, method), values.std(axis=1)
            theirs = [np.array(ends).ravel() for ends in zip(*arch_one_by_one(values[:timed], method), strict=True)]
            most = max(most, same(f"arch, {method}, {words}", (ours[0][:timed], ours[1][:timed]), (theirs[0], theirs[1]),
                                  spread[:timed]))
            together = arch_interval(values, method)
            if method == "percentile":
                most = max(most, same(f"arch at once, {method}, {words}", ours, together, spread))
            else:
                off = max(off, apart(ours, together, spread))
            lines += table(f"{method}, {words}, {contrasts} contrasts", [
                Row(name="claimcheck", work=lambda v=values, m=method: our_interval(v, m)),
                Row(name="arch, a call for each contrast", times=contrasts / timed, target="arch",
                    work=lambda v=values[:timed], m=method: arch_one_by_one(v, m)),
                Row(name="arch, one statistic of all contrasts", target="arch",
                    work=lambda v=values, m=method: arch_interval(v, m))], rounds)
    return [*lines, f"Ends of intervals differ from arch's by {most:.1e} standard deviations of the values at most, BCa of one",
            "statistic of all contrasts apart: there arch centres every contrast's jackknife on the mean of all contrasts,",
            f"so its ends are off, here by up to {off:.2f} standard deviations.", ""]


# ---------------------------------------------------------------- sign flips


def against_permutation_test(rounds: int) -> list[str]:
    lines, contrasts = [], CONTRASTS[-1]
    for size, words in SIZES.items():
        values = made(contrasts, size)
        scaled = values / np.sqrt((values**2).sum(axis=1, keepdims=True))
        signs, theirs = signs_of_scipy(scaled, FLIP_BATCH[size])
        ours = sign_flip_max_t(values, signs)
        for what, one, other in zip(("p", "adjusted p"), ours, theirs, strict=True):
            if not np.array_equal(one, other):
                raise SystemExit(f"{what} of sign flips, {words}: {int((one != other).sum())} of {contrasts} differ")
        timed = TIMED["permutation"]
        lines += table(f"sign flips, {words}, {contrasts} contrasts", [
            Row(name="claimcheck: p, and p adjusted by max-T",
                work=lambda v=values, n=size: sign_flip_max_t(v, sign_flips(generator(), RESAMPLES, n))),
            Row(name="scipy, a call for each contrast: p alone", times=contrasts / timed, target="permutation",
                work=lambda v=scaled[:timed], n=size: scipy_flips_one_by_one(v, FLIP_BATCH[n])),
            Row(name="scipy, one call for all, max-T from its null distribution", target="permutation",
                work=lambda v=scaled, n=size: scipy_flips(v, FLIP_BATCH[n]))], rounds)
    return [*lines, "On the signs that scipy drew, p and adjusted p are scipy's, all of them, exactly.", ""]


# ---------------------------------------------------------------- the document


def header(rounds: int) -> list[str]:
    told = machine()
    on = [f"{told['processor']}, {told['cores']} cores, {told['architecture']}", f"Python {platform.python_version()}",
          *(f"{name} {version(name)}" for name in ("numpy", "scipy", "arch")), str(datetime.datetime.now(datetime.UTC).date())]
    return ["# Benchmark of resampling", "",
            "Written by `benchmarks/statistics/run.py`, which says how to run it again. One process, one thread, all of",
            f"them in turns; CPU time, medians of {rounds} rounds after one that is not counted, ratios taken round by round.",
            f"{RESAMPLES:,} resamples, 95 % intervals. Where a peer is called for each contrast, {TIMED['scipy']} calls of",
            f"scipy.stats.bootstrap or {TIMED['arch']} of the others are timed and scaled up to all.", "",
            f"{', '.join(on)}.", ""]


def load() -> str:
    return " ".join(f"{each:.2f}" for each in os.getloadavg())


PARTS: dict[str, tuple[Callable[[int], list[str]], list[str]]] = {
    "scipy.stats.bootstrap": (against_scipy, [
        "The generator has the same seed on both sides, so the draws are the same. A peer's single call for all contrasts",
        f"shares its draws among them, as ours does. scipy gets {BATCH} resamples at once there, which was faster than its",
        "default of all; 200 contrasts of 1,190 questions would need 19 GB with that. A single contrast costs little but its",
        "draws, which are numpy's on both sides: so no 50 there. *Draws at hand*: several sets of contrasts on the same",
        "articles are drawn for once."]),
    "arch": (against_arch, [
        "`IIDBootstrap.conf_int`, with the same seed. It calls the statistic from Python for each resample."]),
    "scipy.stats.permutation_test": (against_permutation_test, [
        "scipy has no max-T. Its single call is given all contrasts, scaled beforehand so that its statistic is an absolute",
        "sum, and keeps the null distribution of all; the largest per resample is taken from that. A call for each contrast",
        "draws flips for each, so no adjusted p can be made of them. Signs drawn are counted in all rows."]),
}


def main(rounds: int) -> str:
    before = load()
    lines = header(rounds)
    for title, (measure, words) in PARTS.items():
        lines += [f"## {title}", "", *words, "", *measure(rounds)]
    told = f"Load of the machine (1, 5, 15 minutes) before: {before}; after: {load()}; this process makes up about 1 of it."
    return "\n".join([*lines, told, ""])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one round, to try it out")
    parser.add_argument("--write", type=Path, help="file for the tables; else they are printed")
    arguments = parser.parse_args()
    text = main(1 if arguments.quick else arguments.rounds)
    if arguments.write is None:
        print(text, end="")
    else:
        arguments.write.write_text(text, encoding="utf-8")
