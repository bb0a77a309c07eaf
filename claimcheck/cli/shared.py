"""What the verbs share: reading claims, making plans, progress, JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from claimcheck.appraisal.library import Library
    from claimcheck.plan import Plan

QUIET_SECONDS = 60
"""So often a log that is no terminal is told how far something is."""


def read_claims(claims: Path, reproductions: Path | None) -> Library:
    """The claims and all that they name. Raises FileFaults, CorruptInput or UsageFault."""
    from claimcheck.appraisal.library import read_library

    library = read_library(claims, reproductions)
    library.raise_faults()
    for doubt in library.doubts:
        click.echo(f"note: {doubt}", err=True)
    for note in library.notes:
        click.echo(f"note: {note.path}: {note.text}" if note.path else f"note: {note.text}", err=True)
    return library


def make_plans(library: Library, profile: str | None, first_seed: int) -> list[Plan]:
    """A plan for each reproduction that the claims name. Raises UsageFault: a profile that one of them does not have."""
    from claimcheck import plan as planning
    from claimcheck.documents import suggestion
    from claimcheck.errors import UsageFault

    plans = []
    if profile is not None and not library.reproductions:
        raise UsageFault(f"--profile {profile}: no claim here has a reproduction; leave it out, or see --reproductions")
    for name, document in library.reproductions.items():
        wanted = profile or document.value.default_profile
        if wanted not in document.value.profiles:
            raise UsageFault(f"--profile {wanted}: reproduction {name} has no such profile; "
                             f"{suggestion(wanted, document.value.profiles)}")
        own = [each.value for each in library.claims if each.value.reproduction == name]
        plans.append(planning.make(own, document.value, wanted, first_seed))
    return plans


@dataclass(frozen=True, slots=True)
class Progress:
    """Called with the name of each thing that is done; `at` tells how far one is that takes long."""

    done: Callable[[str], None]
    at: Callable[[str], None]

    def __call__(self, name: str) -> None:
        """One thing is done."""
        self.done(name)


@contextmanager
def progress(what: str, total: int, noun: str = "claim") -> Iterator[Progress]:
    """A bar on a terminal; elsewhere one line at the end, and one a minute while it takes longer, so that logs stay quiet."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
        with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield Progress(lambda name: bar.update(task, advance=1, description=f"{what} {name}"),
                           lambda text: bar.update(task, description=f"{what} {text}"))
    else:
        done = 0
        began = last = time.monotonic()

        def finished(name: str) -> None:
            nonlocal done
            done += 1
            tell(name)

        def tell(name: str) -> None:
            nonlocal last
            if time.monotonic() - last >= QUIET_SECONDS:
                last = time.monotonic()
                click.echo(f"{what}: {done} of {total} after {last - began:.0f} s ({name})", err=True)

        yield Progress(finished, tell)
        click.echo(f"{what}: {counted(total, noun)}", err=True)


def echo_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=True))


def counted(number: int, noun: str) -> str:
    """A number with its noun: 1 claim, 2 claims, 2 queries."""
    if number == 1:
        return f"{number} {noun}"
    return f"{number} {noun.removesuffix('y')}ies" if noun.endswith("ry") else f"{number} {noun}s"
