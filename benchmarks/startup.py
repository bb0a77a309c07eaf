"""What a word of the command line costs before it does anything, as a ratio to `import click`.

Each round runs all commands in turn, whole processes on the same Python; the medians of the CPU seconds over the rounds are
compared. Targets: --help at most 3 times the import of click, list at most 6 times.

    .venv/bin/python benchmarks/startup.py [ROUNDS]
"""

import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

CLAIMS = Path(__file__).resolve().parent.parent / "claims"
COMMANDS = {
    "python alone": ["-c", "pass"],
    "import click": ["-c", "import click"],
    "claimcheck --help": ["-m", "claimcheck", "--help"],
    "claimcheck list": ["-m", "claimcheck", "list", str(CLAIMS)],
    "claimcheck run --tier reported": ["-m", "claimcheck", "run", str(CLAIMS), "--tier", "reported", "--out", os.devnull + "-"],
}
TARGETS = {"claimcheck --help": 3, "claimcheck list": 6}


def cpu_seconds(arguments: list[str]) -> float:
    """CPU seconds (user and system) of one process with these arguments to Python."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(rounds: int) -> None:
    """Print a line for each command: median CPU milliseconds and the ratio to `import click`."""
    import tempfile

    with tempfile.TemporaryDirectory() as out:
        commands = {name: [out if word == os.devnull + "-" else word for word in words] for name, words in COMMANDS.items()}
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(rounds + 1):
            for name, words in commands.items():
                seconds = cpu_seconds(words)
                if number:  # the first round warms the caches
                    taken[name].append(seconds)
    click = statistics.median(taken["import click"])
    for name, seconds_taken in taken.items():
        middle = statistics.median(seconds_taken)
        target = f"  (target: at most {TARGETS[name]})" if name in TARGETS else ""
        print(f"{name:32} {1000 * middle:7.1f} ms  {middle / click:5.2f} x{target}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 11)
