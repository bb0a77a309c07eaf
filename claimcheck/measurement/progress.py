"""How far a training is that takes long: put down every few seconds by the one who trains, read by the one who waits."""

import json
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


def progress_of(kept: Path) -> dict[str, Any] | None:
    """What was put down last, None if nothing was."""
    try:
        return dict(json.loads(told_at(kept).read_bytes()))
    except (OSError, ValueError):
        return None
