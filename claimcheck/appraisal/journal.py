"""The journal: which predictions were on record before results stood. It is only ever added to.

One JSON object a line, beside the store: when, for which reproduction and profile, claim -> digest of what decides it, and how
many of the profile's runs stood at that moment.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from claimcheck import __version__
from claimcheck.errors import CorruptInput, Fault
from claimcheck.plan import Plan

NAME = "journal.jsonl"


def record(path: Path, plan: Plan, standing: int) -> None:
    """Add what is predicted now, with the number of the plan's runs whose results stand, unless it is on record as it is."""
    entry = {"reproduction": plan.reproduction, "profile": plan.profile, "predictions": dict(plan.predictions),
             "standing": standing, "planned": len(plan.runs)}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        lines = file.read().splitlines()
        last = _parsed(path, len(lines), lines[-1]) if lines else {}
        if {name: last.get(name) for name in entry} == entry:
            return
        written = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "version": __version__, **entry}
        file.write(json.dumps(written, ensure_ascii=True) + "\n")
        file.flush()
        os.fsync(file.fileno())


def changed(path: Path, plan: Plan) -> frozenset[str]:
    """Claims whose predictions are not those that were on record before the first result of the profile stood.

    Raises CorruptInput: the journal holds a line that is none of its own.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    frozen: Mapping[str, str] = {}
    for number, line in enumerate(lines, start=1):
        entry = _parsed(path, number, line)
        if (entry["reproduction"], entry["profile"]) != (plan.reproduction, plan.profile):
            continue
        if entry["standing"]:
            break
        frozen = entry["predictions"]
    return frozenset(name for name, digest in plan.predictions.items() if frozen.get(name) != digest)


def _parsed(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
        if isinstance(entry, dict) and {"reproduction", "profile", "predictions", "standing"} <= entry.keys():
            return entry
    except ValueError:
        pass
    raise CorruptInput([Fault(path=path, line=number, what="is no entry of the journal",
                              next_move="take the line away if it was cut off; what stands before it holds")])
