"""The journal: what was predicted, and what was looked at, when. It is only ever added to.

One JSON object a line, in the store: when, for which reproduction and profile, claim -> digest of what decides it, the
design and the seeds of the runs, and how many of these stood at that moment. It is kept by whoever runs: it keeps an honest
user from fooling himself, and proves nothing to others.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from claimcheck import __version__
from claimcheck.errors import CorruptInput, Fault
from claimcheck.plan import Plan
from claimcheck.run import Json, digest_of

NAME = "journal.jsonl"
_KEYS = ("reproduction", "profile", "predictions", "standing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """What was seen before the runs of a plan were.

    `changed`: claims whose predictions are not those that were on record before the first result of the profile stood.
    `other`: of the same profile, runs with another design or with some of the same seeds; `earlier`: runs with other seeds.
    `gone`: claims that shared the level of error when results stood and are no longer there.
    """

    changed: frozenset[str] = frozenset()
    gone: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()


def record(path: Path, plan: Plan, standing: int) -> None:
    """Add what is predicted and run now, with the number of results that stand, unless it is on record as it is."""
    entry = _entry(plan, standing)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = _text(path, file)
        lines = text.splitlines()
        if _is_last(path, lines, entry):
            return
        written = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "version": __version__, **entry}
        file.write("\n" * bool(lines and not text.endswith("\n")) + json.dumps(written, ensure_ascii=True) + "\n")
        file.flush()
        os.fsync(file.fileno())


def looks(path: Path, plan: Plan) -> Looks:
    """What was seen before. Raises CorruptInput: the journal holds a line that is none of its own."""
    try:
        with path.open(encoding="utf-8") as file:
            lines = _text(path, file).splitlines()
    except FileNotFoundError:
        lines = []
    entries = [entry for number, line in enumerate(lines, start=1) for entry in [_parsed(path, number, line)]
               if (entry["reproduction"], entry["profile"]) == (plan.reproduction, plan.profile)]
    frozen: Mapping[str, str] = {}
    for entry in entries:
        if entry["standing"]:
            break
        frozen = entry["predictions"]
    before = [entry for entry in _until_own(entries, plan) if entry["standing"]]
    seeds = set(_seeds(plan))
    fresh = [entry for entry in before if entry["design"] == _design(plan) and not seeds & set(entry["seeds"])]
    gone = {name for entry in entries if entry["standing"] for name in entry["predictions"]} - set(plan.predictions)
    return Looks(changed=frozenset(name for name, digest in plan.predictions.items() if frozen.get(name) != digest),
                 gone=tuple(sorted(gone)),
                 other=_told(entry for entry in before if entry not in fresh), earlier=_told(fresh))


def on_record(path: Path, plan: Plan, standing: int) -> bool:
    """Whether the last look at the profile that was put down is this one, so that nothing is to be added."""
    if not path.is_file():
        return False
    with path.open(encoding="utf-8") as file:
        lines = _text(path, file).splitlines()
    return _is_last(path, lines, _entry(plan, standing))


def _is_last(path: Path, lines: list[str], entry: dict[str, Any]) -> bool:
    """Whether nothing else was put down for the same profile since; lines of other profiles are no look at this one."""
    for number in range(len(lines), 0, -1):
        last = _parsed(path, number, lines[number - 1])
        if all(last[name] == entry[name] for name in ("reproduction", "profile")):
            return {name: last.get(name) for name in entry} == entry
    return False


def _entry(plan: Plan, standing: int) -> dict[str, Any]:
    return {"reproduction": plan.reproduction, "profile": plan.profile, "predictions": dict(plan.predictions),
            "design": _design(plan), "seeds": _seeds(plan), "standing": standing, "planned": len(plan.runs)}


def _text(path: Path, file: IO[str]) -> str:
    try:
        return file.read()
    except UnicodeDecodeError:
        raise CorruptInput([Fault(path=path, what="is not UTF-8 text", next_move="put back what was there, or remove "
                                  "it: claims then count as put down after the results that stand")]) from None


def _until_own(entries: list[dict[str, Any]], plan: Plan) -> Iterable[dict[str, Any]]:
    """The entries before the first that saw results of these very runs."""
    for entry in entries:
        own = entry["design"] == _design(plan) and entry["seeds"] == _seeds(plan)
        if own and entry["standing"]:
            return
        if not own:
            yield entry


def _told(entries: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"seeds {min(entry['seeds'])} to {max(entry['seeds'])}, design {entry['design'][:8]}"
                               if entry["seeds"] else "seeds not on record" for entry in entries))


def _design(plan: Plan) -> str:
    """The digest of all conditions, whatever the seeds, and of when it may be decided."""
    conditions: list[Json] = [*{(run.condition.backbone, run.condition.arm): run.condition.as_json()
                                for run in plan.runs}.values()]
    further: list[Json] = [] if plan.design.paired else [{"paired": False}]
    if len(plan.looks) > 1:
        further.append({"looks": [[look.runs, look.alpha] for look in plan.looks]})
    return digest_of([*conditions, *further])


def _seeds(plan: Plan) -> list[int]:
    return sorted({run.seed for run in plan.runs})


def _parsed(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
        if (isinstance(entry, dict) and all(key in entry for key in _KEYS) and isinstance(entry["predictions"], dict)
                and isinstance(entry["standing"], int) and isinstance(entry.get("design", ""), str)
                and isinstance(entry.get("seeds", []), list) and all(isinstance(seed, int) for seed in entry.get("seeds", []))):
            return {"design": "", "seeds": [], **entry}  # the first lines that were ever written lack these two
    except ValueError:
        pass
    raise CorruptInput([Fault(path=path, line=number, what="is no entry of the journal",
                              next_move="take the line away if it was cut off; what stands before it holds")])
