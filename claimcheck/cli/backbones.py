"""The verb `backbones`: which encoders the reproductions name, whether they are here, and fetching one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimcheck.cli.options import CLAIMS, CLAIMS_HERE, DATA_DIR, FORMAT, PROFILE, REPRODUCTIONS, options
from claimcheck.cli.shared import counted, echo_json, read_claims

if TYPE_CHECKING:
    from claimcheck.appraisal.library import Library
    from claimcheck.corpora.backbones import Absent, Checkpoint
    from claimcheck.design import Backbone
    from claimcheck.errors import Fault


@click.group()
def backbones() -> None:
    """List the encoders that training starts from; fetch one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One backbone of one profile."""

    reproduction: str
    profile: str
    name: str
    backbone: Backbone


@backbones.command("list")
@CLAIMS_HERE
@options(REPRODUCTIONS, DATA_DIR, FORMAT)
def list_backbones(claims: Path, reproductions: Path | None, data_dir: Path | None, form: str) -> None:
    """List the backbones of every profile of the reproductions that CLAIMS name, and whether they are on this machine."""
    from claimcheck.corpora.backbones import FETCH, Absent, Checkpoint
    from claimcheck.corpora.door import folders
    from claimcheck.errors import CorruptInput

    rows = _rows(read_claims(claims, reproductions))
    found = _found([row.backbone for row in rows], folders(data_dir))
    entries: list[dict[str, object]] = []
    faults: list[Fault] = []
    for row in rows:
        state = found[row.backbone]
        entry: dict[str, object] = {
            "reproduction": row.reproduction, "profile": row.profile, "name": row.name, "encoder": row.backbone.encoder,
            "hub": row.backbone.hub, "revision": row.backbone.revision, "folder": row.backbone.folder,
            "pooling": row.backbone.pooling, "state": _state(row.backbone, state), "path": None, "source": None, "digest": None,
            "why": "", "remedy": ""}
        match state:
            case Checkpoint():
                entry |= {"path": str(state.folder), "source": state.source, "digest": state.digest}
            case Absent():
                command = f"claimcheck backbones fetch {claims} {row.name} --profile {row.profile}"
                entry |= {"why": state.why, "remedy": state.remedy.replace(FETCH, command)}
            case _:
                faults += state
                entry |= {"why": counted(len(state), "fault"), "remedy": "they are told below"}
        entries.append(entry)
    if form == "json":
        echo_json(entries)
    else:
        for entry in entries:
            click.echo(_told(entry))
    if faults:
        raise CorruptInput(faults)


@backbones.command()
@CLAIMS
@click.argument("name")
@options(PROFILE, REPRODUCTIONS, DATA_DIR)
def fetch(claims: Path, name: str, profile: str | None, reproductions: Path | None, data_dir: Path | None) -> None:
    """Download the backbone NAME into --data-dir, else the user's cache: configuration, tokenizer and safetensors only."""
    from claimcheck.corpora.backbones import fetch as download
    from claimcheck.corpora.door import cache

    place = download(_named(read_claims(claims, reproductions), name, profile), data_dir or cache(),
                     lambda line: click.echo(line, err=True))
    click.echo(f"{name}: whole in {place}")


def _rows(library: Library) -> list[_Row]:
    """Every backbone of every profile, in the order of the files."""
    return [_Row(reproduction=reproduction, profile=profile, name=name, backbone=backbone)
            for reproduction, document in library.reproductions.items() for profile in document.value.profiles
            for name, backbone in document.value.design(profile).backbones.items()]


def _found(wanted: Sequence[Backbone], places: Sequence[Path]) -> dict[Backbone, Checkpoint | Absent | tuple[Fault, ...]]:
    """Where each backbone stands, why it is not here, or what is wrong with it."""
    from claimcheck.corpora.backbones import locate
    from claimcheck.errors import CorruptInput

    found: dict[Backbone, Checkpoint | Absent | tuple[Fault, ...]] = {}
    for backbone in dict.fromkeys(wanted):
        try:
            found[backbone] = locate(backbone, places)
        except CorruptInput as error:
            found[backbone] = error.faults
    return found


def _state(backbone: Backbone, found: Checkpoint | Absent | tuple[Fault, ...]) -> str:
    if backbone.encoder == "hashed n-grams":
        return "none needed"
    if isinstance(found, tuple):
        return "faulty"
    return "here" if hasattr(found, "digest") else "absent"


def _told(entry: dict[str, object]) -> str:
    """One backbone in lines."""
    what = [entry["encoder"]]
    if entry["folder"] or entry["hub"]:
        what.append(entry["folder"] or f"{entry['hub']} at {entry['revision'] or 'no commit'}")
    if entry["pooling"]:
        what.append(f"pooling {entry['pooling']}")
    head = f"{entry['reproduction']}  {entry['profile']}  {entry['name']}: {', '.join(map(str, what))}"
    match entry["state"]:
        case "none needed":
            return f"{head}\n    needs no checkpoint"
        case "here":
            return f"{head}\n    here ({entry['source']}): {entry['path']}"
        case state:
            return f"{head}\n    {state}: {entry['why']}; {entry['remedy']}"


def _named(library: Library, name: str, profile: str | None) -> Backbone:
    """The backbone of this name in the profile, else in each reproduction's default. Raises UsageFault: none, or several."""
    from claimcheck.documents import suggestion
    from claimcheck.errors import UsageFault

    rows = [row for row in _rows(library)
            if row.profile == (profile or library.reproductions[row.reproduction].value.default_profile)]
    if not rows:
        profiles = {each: None for document in library.reproductions.values() for each in document.value.profiles}
        raise UsageFault(f"--profile {profile}: no reproduction of these claims has such a profile; "
                         f"{suggestion(profile or '', profiles)}")
    named = dict.fromkeys(row.backbone for row in rows if row.name == name)
    if not named:
        raise UsageFault(f"{name}: no backbone of profile {rows[0].profile}; {suggestion(name, [row.name for row in rows])}")
    if len(named) > 1:
        raise UsageFault(f"{name}: the reproductions of these claims mean different backbones by it; name one claim file")
    return next(iter(named))
