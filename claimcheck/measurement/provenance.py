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

_CORPORA = ("corpus", "lareqa", "large", "mapped", "miracl", "overlap", "pairs", "parallel", "shingles", "splits", "synthetic",
            "triples")
_RETRIEVAL = ("batches", "building", "compiled", "counting", "encoder", "feeding", "in_memory", "judged", "kernel", "loss",
              "memory", "on_torch", "pool", "ranking", "ranks", "selection", "shard_writing", "shards", "sort_keys", "training",
              "training_state")
MEASURING = (*(f"corpora/{name}.py" for name in _CORPORA), "execution.py", "experiment/large.py", "experiment/leg.py",
             "experiment/leg_data.py", "measurement/places.py", *(f"retrieval/{name}.py" for name in _RETRIEVAL))
"""Files whose code decides what a run gives; with those of the encoders a test holds them equal to what a leg can reach.

The design is not among them: its values stand in the condition, and a new optional key must invalidate nothing. So a default
of a design may never change its meaning; a test holds them.
"""
OF_ENCODER = {"hashed n-grams": ("retrieval/ngram_encoder.py", "retrieval/ngrams.py"),
              "transformers": ("retrieval/packing.py", "retrieval/transformer_encoder.py", "retrieval/transformer_loading.py"),
              "sentence-transformers": ("retrieval/sentence_encoder.py",)}
"""The same, of one kind of encoder: a change to one leaves the results of the others standing."""
ATTACKING = ("experiment/attacked.py", "retrieval/hinge.py")
"""The same, of runs of attacks, which perturb too."""
DECIDING = ("numba", "numpy", "pyarrow", "torch")
"""Libraries whose version can move a bit of a result."""
DECIDING_OF_ENCODER = {"hashed n-grams": (), "transformers": ("safetensors", "tokenizers", "transformers"),
                       "sentence-transformers": ("safetensors", "sentence-transformers", "tokenizers", "transformers")}
"""The same, of one kind of encoder."""
DECIDING_PERTURBED = ("anyascii", "regex")
"""The same, of perturbed queries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredients:
    """What a run's result depends on beside its condition and seed.

    `data`: name of a data set -> digest of its files; `checkpoint`: digest of the backbone's files, where it has any.
    """

    sources: str
    libraries: Mapping[str, str]
    data: Mapping[str, str]
    checkpoint: str | None = None

    def key(self, run: Run) -> str:
        """The name of the run's result in the store: SHA-256 (hex) over the run and all that it depends on."""
        return digest_of({"run": run.digest, **self.as_json()})

    def as_json(self) -> dict[str, Json]:
        """As JSON."""
        made: dict[str, Json] = {"sources": self.sources, "libraries": dict(self.libraries), "data": dict(self.data)}
        return made if self.checkpoint is None else {**made, "checkpoint": self.checkpoint}


@cache
def sources(encoder: str, *, perturbed: bool = False, attacked: bool = False) -> str:
    """SHA-256 over the modules that measure with a kind of encoder, with `perturbed` those that perturb, or `attacked` attack.

    Their names and bytes, in order of names.
    """
    root = Path(str(files("claimcheck")))
    names = [root / name for name in (*MEASURING, *OF_ENCODER[encoder])]
    if perturbed or attacked:
        names += [root / "experiment" / "perturbed.py", *_perturbing(root)]
    if attacked:
        names += [root / name for name in ATTACKING]
    return _digest_of_sources(root, names)


@cache
def perturbing() -> str:
    """Digest of all that decides what becomes of a query: the package that perturbs, its tables and its libraries."""
    root = Path(str(files("claimcheck")))
    made: dict[str, Json] = {name: version(name) for name in DECIDING_PERTURBED}
    return digest_of({"sources": _digest_of_sources(root, _perturbing(root)), "libraries": made,
                      "unicode": unicodedata.unidata_version})


def _perturbing(root: Path) -> list[Path]:
    return [path for suffix in ("py", "json") for path in (root / "perturbation").rglob(f"*.{suffix}")]


def _digest_of_sources(root: Path, paths: Sequence[Path]) -> str:
    """SHA-256 (hex) over files under a root: their names and bytes, in order of names."""
    made = hashlib.sha256()
    for path in sorted(paths):
        text = path.read_bytes()
        made.update(f"{path.relative_to(root).as_posix()} {len(text)}\n".encode() + text)
    return made.hexdigest()


@cache
def libraries(encoder: str, *, perturbed: bool = False) -> dict[str, str]:
    """Versions of what decides a result with a kind of encoder, and of perturbed queries; the tables of Unicode among them.

    Raises PackageNotFoundError: one of them is not installed.
    """
    return {"python": platform.python_version(), "unicode": unicodedata.unidata_version,
            **{name: version(name) for name in sorted((*DECIDING, *DECIDING_OF_ENCODER[encoder],
                                                                *(DECIDING_PERTURBED if perturbed else ())))}}


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
