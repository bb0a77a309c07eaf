"""What a whole `claimcheck run` of profile quick costs: with an empty store, and again when all results stand.

Whole processes in an empty folder, wall and CPU seconds with those of their workers; the second is given as a ratio to the first.
Targets: the first at most 240 s on two idle cores, the second at most 10 s.

    CLAIMCHECK_DATA=DIR .venv/bin/python benchmarks/quick_run.py
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CLAIMS = Path(__file__).resolve().parent.parent / "claims"


def run(folder: str) -> tuple[float, float]:
    """Wall and CPU seconds of one command."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "claimcheck", "run", str(CLAIMS), "--profile", "quick"], cwd=folder, check=True,
                   capture_output=True, env={**os.environ, "CLAIMCHECK_STORE": str(Path(folder) / "store")})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Run twice, and print a table and what a run of each arm took."""
    if "CLAIMCHECK_DATA" not in os.environ:
        sys.exit("CLAIMCHECK_DATA names no folder: without data nothing is trained")
    with tempfile.TemporaryDirectory() as folder:
        first, second = run(folder), run(folder)
        records = [json.loads(path.read_text(encoding="utf-8")) for path in Path(folder).glob("store/*/run.json")]
    legs = [leg for record in records if record["condition"]["arm"] != "untrained" for leg in record["legs"]]
    print("| command | wall | CPU | ratio of wall |\n| --- | --- | --- | --- |")
    for name, (wall, cpu) in (("empty store, 21 runs", first), ("all results stand", second)):
        print(f"| {name} | {wall:.1f} s | {cpu:.1f} s | {wall / first[0]:.2f} |")
    seconds, memory = [leg["cpu_seconds"] for leg in legs], max(leg["peak_memory_bytes"] for leg in legs)
    print(f"\na trained run: {min(seconds):.1f} to {max(seconds):.1f} CPU seconds, median {statistics.median(seconds):.1f}; at most "
          f"{memory / 1e6:.0f} MB in a process; {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
