"""The one door for YAML: text -> plain values with their places -> frozen dataclasses; every fault at once.

Every key and value knows its line and column, and `no` is Norwegian.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from claimcheck.documents.validation import json_schema, suggestion, validated
from claimcheck.documents.yaml_text import Keys, Parsed, Place, parse
from claimcheck.errors import Fault

__all__ = ["Document", "Keys", "Parsed", "Place", "json_schema", "parse", "read", "read_head", "suggestion"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document(Generic[T]):
    """A file that is what it should be: its value, its places, and the SHA-256 of its bytes."""

    path: Path
    value: T
    digest: str
    keys: Mapping[Keys, Place] = field(repr=False)
    values: Mapping[Keys, Place] = field(repr=False)

    def fault(self, where: Keys, what: str, next_move: str) -> Fault:
        """A fault at the value of a path, or at the nearest place above it."""
        while where not in self.values and where:
            where = where[:-1]
        line, column = self.values.get(where, (1, 1))
        return Fault(path=self.path, line=line, column=column, what=what, next_move=next_move)


def read(path: Path, kind: type[T]) -> tuple[Document[T] | None, list[Fault]]:
    """Read one YAML file as a dataclass; the document is None where there are faults, and all of them are given."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        return None, [Fault(path=path, what=f"cannot be read: {error.strerror}", next_move="check the path and its rights")]
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        return None, [Fault(path=path, line=before.count(b"\n") + 1, column=error.start - (before.rfind(b"\n") + 1) + 1,
                            what="not UTF-8 text", next_move="save the file as UTF-8")]
    parsed = parse(text, path)
    faults = list(parsed.faults)
    if parsed.value is None and faults:
        return None, faults
    value, wrong = validated(parsed, path, kind)
    faults += wrong
    if faults or value is None:
        return None, faults
    return Document(path=path, value=value, digest=hashlib.sha256(raw).hexdigest(), keys=parsed.keys,
                    values=parsed.values), []


def read_head(path: Path, keys: Sequence[str]) -> dict[str, str] | None:
    """The texts at some top-level keys, read without checking the rest; None where the file does not give them all."""
    try:
        parsed = parse(path.read_text(encoding="utf-8-sig"), path)
    except (OSError, UnicodeDecodeError):
        return None
    given = {key: parsed.value.get(key) for key in keys} if parsed.value and not parsed.faults else {}
    texts = {key: text for key, text in given.items() if isinstance(text, str)}
    return texts if len(texts) == len(keys) else None
