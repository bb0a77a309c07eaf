"""Frozen sets: perturbed queries as bytes that stand under their digest, the same for every arm and run.

A set is UTF-8, a line of JSON a query, sorted by family, draw, language and id. It lies in a folder as `<sha256>.jsonl`.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from claimcheck.errors import CorruptInput, Fault
from claimcheck.files import beside
from claimcheck.perturbation.attacks import ATTACKS
from claimcheck.perturbation.families import FAMILIES
from claimcheck.perturbation.family import Perturbed

_TYPES = {"id": str, "language": str, "family": str, "draw": int, "text": str, "applied": bool}


def line(query: Perturbed) -> str:
    """A perturbed query as a line of JSON, its end left out."""
    return json.dumps({name: getattr(query, name) for name in _TYPES}, ensure_ascii=False)


def frozen(queries: Iterable[Perturbed]) -> bytes:
    """The bytes of a set: equal sets have equal bytes, in whatever order they come."""
    order = {name: place for place, name in enumerate((*FAMILIES, *ATTACKS))}
    rows = sorted(queries, key=lambda query: (order[query.family], query.draw, query.language, query.id))
    return "".join(f"{line(query)}\n" for query in rows).encode()


def write(queries: Iterable[Perturbed], folder: Path) -> str:
    """Put a set in a folder in one step and give its digest. A set that stands is left as it is.

    Raises OSError: it cannot be written.
    """
    content = frozen(queries)
    digest = hashlib.sha256(content).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{digest}.jsonl"
    if not path.exists():
        beside(path, content).replace(path)
    return digest


def read(folder: Path, digest: str) -> tuple[Perturbed, ...]:
    """The set of a digest. Raises CorruptInput: it is missing, differs from its digest, or is no such set."""
    path = folder / f"{digest}.jsonl"
    move = f"remove {path} and run again, so that the set is made anew"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CorruptInput([Fault(path=path, what=f"the perturbed queries cannot be read ({error.strerror})",
                                  next_move="run again, so that the set is made anew")]) from None
    if (found := hashlib.sha256(content).hexdigest()) != digest:
        raise CorruptInput([Fault(path=path, next_move=move,
                                  what=f"the perturbed queries differ from the digest that names them: theirs is {found}")])
    made, faults = [], []
    for number, row in enumerate(content.split(b"\n")[:-1], 1):
        try:
            made.append(_query(json.loads(row)))
        except (ValueError, TypeError):
            faults.append(Fault(path=path, line=number, what="is no perturbed query", next_move=move))
    if faults:
        raise CorruptInput(faults)
    return tuple(made)


def _query(value: object) -> Perturbed:
    """Raises TypeError: the value does not have the keys of a perturbed query, each with a value of its type."""
    if not isinstance(value, dict) or {name: type(each) for name, each in value.items()} != _TYPES:
        raise TypeError
    return Perturbed(**value)
