"""Claim files: every `*.yaml` under a folder is one claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from claimcheck.documents import Document, read, read_head
from claimcheck.errors import Fault, FileFaults, UsageFault

if TYPE_CHECKING:
    from claimcheck.claim import Claim

ClaimFile: TypeAlias = "Document[Claim]"
REPRODUCTIONS = "reproductions"


def find(claims: Path) -> tuple[Path, ...]:
    """The claim files of a folder (recursively) or the one file, in order of their paths.

    Files in folders called `reproductions` are no claims. Raises UsageFault: no such path, or no claim in it.
    """
    found = yaml_files(claims)
    files = tuple(path for path in found if path.parent.name != REPRODUCTIONS)
    if not files:
        raise UsageFault(f"{claims}: holds no claim file (*.yaml); name a folder of claim files")
    return files


def yaml_files(folder: Path) -> tuple[Path, ...]:
    """Every `*.yaml` of a folder (recursively, hidden ones passed over) or the one file. Raises UsageFault: no such path."""
    if folder.is_file():
        return (folder,)
    if not folder.is_dir():
        raise UsageFault(f"{folder}: no such file or folder; name a claim file or a folder of claim files")
    return tuple(path for path in sorted(folder.rglob("*.yaml"))
                 if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts))


def misnamed(folder: Path) -> tuple[Path, ...]:
    """Files of a folder (recursively) that end in .yml and so are no claim files."""
    return tuple(sorted(folder.rglob("*.yml"))) if folder.is_dir() else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a list of claims shows of one."""

    path: Path
    id: str
    kind: str
    statement: str


def heads(claims: Path) -> tuple[Head, ...]:
    """Id, kind and statement of each claim, without checking the rest.

    Raises FileFaults: a file is not YAML or has no such head, then with every fault of every file; UsageFault as `find`.
    """
    heads = [(path, read_head(path, ("id", "kind", "statement"))) for path in find(claims)]
    if all(head is not None and "".join(head.values()).isprintable() for _, head in heads):
        return tuple(Head(path=path, **head) for path, head in heads if head is not None)
    documents, faults = load(claims)
    if faults:
        raise FileFaults(faults)
    return tuple(Head(path=each.path, id=each.value.id, kind=each.value.kind, statement=each.value.statement)
                 for each in documents)


def load(claims: Path) -> tuple[tuple[ClaimFile, ...], list[Fault]]:
    """Read all claim files: those that are right, and every fault of the others. Raises UsageFault as `find` does."""
    from claimcheck.claim import Claim

    documents: list[ClaimFile] = []
    faults: list[Fault] = []
    for path in find(claims):
        document, wrong = read(path, Claim)
        faults += wrong
        if document is not None:
            documents.append(document)
    faults += _same_id(documents)
    return tuple(documents), faults


def _same_id(documents: Sequence[ClaimFile]) -> list[Fault]:
    first: dict[str, Path] = {}
    faults: list[Fault] = []
    for document in documents:
        name = document.value.id
        if name in first:
            faults.append(document.fault(("id",), f"the id `{name}` is taken by {first[name]}", "give each claim its own id"))
        first.setdefault(name, document.path)
    return faults
