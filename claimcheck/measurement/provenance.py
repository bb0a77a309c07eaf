"""What a result was made from and with: sources, library versions, the state of the checkout, the machine.

The digest of the sources, the versions and the digests of the data are part of a result's key in the store; the rest is told
beside it, since it says how long something took and not what came out.
"""

import hashlib
import os
import platform
import subprocess
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from claimcheck.run import Json, Run, digest_of

_RETRIEVAL = ("batches", "compiled", "counting", "encoder", "in_memory", "kernel", "ngram_encoder", "ngrams",
              "on_torch", "pool", "ranking", "sort_keys", "training")
MEASURING = ("corpora/corpus.py", "corpora/lareqa.py", "corpora/overlap.py", "corpora/pairs.py", "corpora/shingles.py",
             "corpora/splits.py", "corpora/synthetic.py", "experiment/leg.py", "measurement/places.py",
             *(f"retrieval/{name}.py" for name in _RETRIEVAL))
"""Files whose code decides what a run gives; a test holds this equal to what `experiment.leg` can reach.

The design is not among them: its values stand in the condition, and a new optional key must invalidate nothing. So a default
of a design may never change its meaning; a test holds them.
"""
DECIDING = ("numba", "numpy", "pyarrow", "torch")
"""Libraries whose version can move a bit of a result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredients:
    """What a run's result depends on beside its condition and seed; `data`: name of a data set -> digest of its files."""

    sources: str
    libraries: Mapping[str, str]
    data: Mapping[str, str]

    def key(self, run: Run) -> str:
        """The name of the run's result in the store: SHA-256 (hex) over the run and all that it depends on."""
        return digest_of({"run": run.digest, **self.as_json()})

    def as_json(self) -> dict[str, Json]:
        """As JSON."""
        return {"sources": self.sources, "libraries": dict(self.libraries), "data": dict(self.data)}


@cache
def sources() -> str:
    """SHA-256 over the measuring modules: their names and bytes, in order of names."""
    root = Path(str(files("claimcheck")))
    made = hashlib.sha256()
    for path in sorted(root / name for name in MEASURING):
        text = path.read_bytes()
        made.update(f"{path.relative_to(root).as_posix()} {len(text)}\n".encode() + text)
    return made.hexdigest()


@cache
def libraries() -> dict[str, str]:
    """Versions of what decides a result, the tables of Unicode among them."""
    return {"python": platform.python_version(), "unicode": unicodedata.unidata_version,
            **{name: version(name) for name in DECIDING}}


def digest_of_files(digests: Sequence[str]) -> str:
    """One digest for a data set, from those of its files in order."""
    return digest_of(list(digests))


@cache
def checkout() -> dict[str, Json]:
    """The commit of the code, and whether code or reproductions differ from it; empty outside a git checkout."""
    root = Path(str(files("claimcheck"))).parent
    if not (root / ".git").exists():
        return {}
    try:
        commit, changes = (
            subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True,  # noqa: S603, S607
                           timeout=20).stdout.strip()
            for arguments in (("rev-parse", "HEAD"), ("status", "--porcelain", "--", "claimcheck", "reproductions")))
    except (OSError, subprocess.SubprocessError):
        return {}
    return {"commit": commit, "dirty": bool(changes)}


@cache
def machine() -> dict[str, Json]:
    """The machine, without its name: processor, cores that may be used, system."""
    return {"processor": _processor(), "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity")
            else os.cpu_count(), "system": platform.system(), "architecture": platform.machine()}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor()
