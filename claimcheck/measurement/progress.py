"""How far a training is that takes long: put down every few seconds by the one who trains, read by the one who waits."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from claimcheck.files import beside


def told_at(kept: Path) -> Path:
    """The file beside the folder in which a training is kept."""
    return kept.with_name(f"{kept.name}.progress.json")


def tell(kept: Path, step: int, steps: int, loss: float) -> None:
    """Put down that so many steps of so many are done."""
    path = told_at(kept)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside(path, json.dumps({"step": step, "steps": steps, "loss": loss}).encode()).replace(path)


def tell_encoded(kept: Path, what: str, passages: int) -> None:
    """Put down that so many passages of a large data set are being encoded, or were."""
    path = kept.with_name(f"{kept.name}.encoding.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside(path, json.dumps({"what": what, "passages": passages}).encode()).replace(path)


def said_of(kept: Path) -> str | None:
    """What was put down last, in words; None if nothing was."""
    with suppress(OSError, ValueError):
        found = json.loads(kept.with_name(f"{kept.name}.encoding.json").read_bytes())
        return f"{found['what']}, {found['passages']:,} passages encoded"
    at = progress_of(kept)
    return None if at is None else f"step {at['step']} of {at['steps']}, loss {at['loss']:.3f}"


def progress_of(kept: Path) -> dict[str, Any] | None:
    """What was put down last, None if nothing was."""
    try:
        return dict(json.loads(told_at(kept).read_bytes()))
    except (OSError, ValueError):
        return None
