"""Encode the passages of a large corpus into a folder of shards as they stream by, and go on where it was interrupted.

What a shard is, and which files there are, stands in `shards`.
"""

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from claimcheck.corpora.miracl import Passage, encoded_text
from claimcheck.errors import ClaimcheckError, CorruptInput, MeasurementFailed, UsageFault, printable
from claimcheck.files import beside, held
from claimcheck.retrieval.encoder import Role
from claimcheck.retrieval.ranks import ALONE, Ranks
from claimcheck.retrieval.shards import AGAIN, BEGUN, LONGEST, WHOLE, Shards, fault, open_shards, path_of, unseal, whole_shard
from claimcheck.run import Json, digest_of

Embed: TypeAlias = Callable[[list[str], Role], Tensor]
_TYPES = {"float32": torch.float32, "float16": torch.float16}


def write(passages: Iterable[Passage], embed: Embed, folder: Path, *, name: str, made_from: Mapping[str, Json],
          size: int = 65_536, store_as: Literal["float32", "float16"] = "float32", ranks: Ranks = ALONE) -> Shards:
    """Encode passages, in the order in which they come, into the shards of a folder, `size` passages each but in the last.

    `embed`: texts and their role -> vectors (n, d); it gets a whole shard at once, so that shards do not depend on each other.
    `made_from` identifies encoder and corpus. A shard that is whole is not encoded again, only its ids are compared with those
    that come: after an interruption the same call goes on, and the files are the same bytes if `embed` gives the same vectors.
    `ranks`: processes that encode together, each with the same passages (to be gone through twice) and an `embed` of its own;
    they share the shards out among them, and the first looks through all at the end. Otherwise one process writes a folder at
    a time. Memory: passages and texts of one shard, and about three times its vectors.
    Checked is that no id stands twice in a shard; in two shards it would take memory, and `rows_of` checks the ids it is asked.

    Raises UsageFault: the folder is made from something else, written by another process, or cannot be made; CorruptInput: no
    passages, an id that is empty, too long, no UTF-8, holds a NUL or stands twice, a shard of before that is damaged;
    MeasurementFailed: a vector is not finite, vectors of another shape than asked, or a file cannot be written. Whole shards
    are kept then.
    """
    if size < 1:
        raise ValueError("a shard holds at least one passage")
    begun = json.loads(json.dumps({"name": name, "made_from": dict(made_from), "size": size, "type": store_as}))
    with ExitStack() as stack:
        _at_once(ranks, lambda: _take(folder, begun, stack), first=True)
        if ranks.size > 1:
            if isinstance(passages, Iterator):
                raise ValueError("several processes go through the passages twice: give something that can be, no iterator")
            _at_once(ranks, lambda: _own_shards(passages, embed, folder, begun, ranks))
        _at_once(ranks, lambda: _written(passages, embed, folder, begun), first=True)
        return open_shards(folder)


def _at_once(ranks: Ranks, do: Callable[[], object], *, first: bool = False) -> None:
    """Do something in all processes, or in the first alone, and wait for all. Raises in all of them what any one raised."""
    error = None
    if ranks.rank == 0 or not first:
        try:
            do()
        except ClaimcheckError as raised:
            if ranks.size == 1:
                raise
            error = raised
    ranks.meet(error)


def _take(folder: Path, begun: Mapping[str, Any], stack: ExitStack) -> None:
    """Make the folder this call's own, and say in it what its shards are made from."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = stack.enter_context(held(folder / ".lock"))
    except OSError as error:
        raise UsageFault(f"{folder}: the folder cannot be made or written ({error.strerror}); name another") from None
    if not free:
        raise UsageFault(f"{folder}: another process is writing this folder; wait for it, or name another")
    for left in folder.glob(".[0-9]*.npy.*"):  # what a process that was killed had begun
        left.unlink()
    _begin(folder, begun)


def _own_shards(passages: Iterable[Passage], embed: Embed, folder: Path, begun: Mapping[str, Any], ranks: Ranks) -> None:
    """Encode those of the shards that are this process's to encode and do not stand."""
    stream, number = iter(passages), 0
    while some := list(islice(stream, begun["size"])):
        path = path_of(folder, number)
        if number % ranks.size == ranks.rank and not path.exists():
            _encoded(some, embed, path, begun, None)
        number += 1


def _written(passages: Iterable[Passage], embed: Embed, folder: Path, begun: Mapping[str, Any]) -> Shards:
    stream, records = iter(passages), list[dict[str, Any]]()
    while record := _next_shard(stream, embed, folder, begun, records):
        records.append(record)
    if not records:
        raise CorruptInput([fault(folder, f"there are no passages of `{begun['name']}` to encode", "check the corpus")])
    if len(standing := sorted(folder.glob("[0-9]*.json"))) > len(records):
        raise UsageFault(f"{standing[-1]}: the passages end before this shard, so it is of a larger corpus; "
                         + _elsewhere(folder))
    _put_json(folder / WHOLE, {**begun, "count": sum(each["count"] for each in records),
                               "dimensions": records[0]["dimensions"], "shards": [each["sha256"] for each in records]})
    return open_shards(folder)


def _begin(folder: Path, begun: Mapping[str, Any]) -> None:
    """Say in the folder what its shards are made from, or compare with what is said there."""
    if not (folder / BEGUN).exists():
        _put_json(folder / BEGUN, begun)
        return
    there, here = _settings(unseal(folder / BEGUN, _elsewhere(folder))), _settings(begun)
    differing = [f"{key} is {there.get(key, 'nothing')} there and {here.get(key, 'nothing')} here"
                 for key in sorted(there.keys() | here.keys()) if there.get(key) != here.get(key)]
    if differing:
        raise UsageFault(f"{folder}: the shards in it are made from something else: {', '.join(differing)}; "
                         + _elsewhere(folder))


def _settings(begun: Mapping[str, Any]) -> dict[str, str]:
    """What shards are made from as JSON, each setting by its name."""
    plain = {key: value for key, value in begun.items() if key not in ("made_from", "sha256")}
    plain |= {f"made_from.{key}": value for key, value in begun["made_from"].items()}
    return {key: json.dumps(value, sort_keys=True) for key, value in plain.items()}


def _next_shard(stream: Iterator[Passage], embed: Embed, folder: Path, begun: Mapping[str, Any],
                before: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The record of the next shard, encoded unless it stands; None where no passages are left.

    A function of its own, so that the passages of a shard are gone before the next ones come.
    """
    if not (passages := list(islice(stream, begun["size"]))):
        return None
    path, dimensions = path_of(folder, len(before)), before[0]["dimensions"] if before else None
    if path.exists():
        ids = _ids(passages, path.with_suffix(".ids.npy"))
        return _standing(path, ids, digest_of(dict(begun)), begun["type"], dimensions)
    return _encoded(passages, embed, path, begun, dimensions)


def _encoded(passages: list[Passage], embed: Embed, path: Path, begun: Mapping[str, Any],
             dimensions: int | None) -> dict[str, Any]:
    """Encode a shard and put it in its place; returns its record."""
    ids, made = _ids(passages, path.with_suffix(".ids.npy")), digest_of(dict(begun))
    vectors = embed([encoded_text(each) for each in passages], "passage").detach().to("cpu", _TYPES[begun["type"]])
    _check(vectors, passages, path, dimensions)
    digests = {kind: _put_array(path.with_suffix(f".{kind}.npy"), array)
               for kind, array in (("vectors", vectors.numpy()), ("ids", np.array(ids)))}
    return _put_json(path, {"count": len(ids), "dimensions": vectors.shape[1], "first": passages[0].id, "last": passages[-1].id,
                            "vectors_sha256": digests["vectors"], "ids_sha256": digests["ids"], "made_from_sha256": made})


def _ids(passages: list[Passage], path: Path) -> list[bytes]:
    """The ids of a shard's passages as bytes that numpy keeps: it drops NULs at the end. Raises CorruptInput: every bad one."""
    ids = [each.id.encode(errors="surrogatepass") for each in passages]
    first: dict[bytes, int] = {}
    faults = []
    for number, (passage, each) in enumerate(zip(passages, ids, strict=True), 1):
        what = ""
        if not 0 < len(each) <= LONGEST or b"\0" in each or each.decode(errors="replace") != passage.id:
            what = f"is not 1 to {LONGEST} bytes of UTF-8 without NUL"
        elif first.setdefault(each, number) != number:
            what = f"stands twice, at passages {first[each]} and {number} of this shard"
        if what:
            faults.append(fault(path, f"the id `{passage.id[:LONGEST]}` {what}", "mend the corpus"))
    if faults:
        raise CorruptInput(faults)
    return ids


def _check(vectors: Tensor, passages: list[Passage], path: Path, dimensions: int | None) -> None:
    """Raises MeasurementFailed: not a finite vector for each passage, of as many dimensions as in the shards before."""
    if vectors.ndim != 2 or len(vectors) != len(passages) or vectors.shape[1] != (dimensions or vectors.shape[1] or 1):
        raise MeasurementFailed(f"{path}: the encoder gave vectors of shape {tuple(vectors.shape)} for {len(passages)} texts"
                                + (f", {dimensions} dimensions in the shards before" if dimensions else "")
                                + "; encode with the encoder that made_from names")
    if wrong := (~vectors.isfinite().all(dim=1)).nonzero()[:, 0].tolist():
        stored_as = str(vectors.dtype).removeprefix("torch.")
        raise MeasurementFailed(f"{path.with_suffix('.vectors.npy')}: the vector of the passage "
                                f"`{printable(passages[wrong[0]].id)}` is not finite as {stored_as}, the first of {len(wrong)} "
                                f"among {len(passages)}; mend the encoder and run it again, whole shards are kept")


def _standing(path: Path, ids: list[bytes], made: str, stored_as: str, dimensions: int | None) -> dict[str, Any]:
    """The record of a shard that stands, after a look whether it holds these passages and is made from the same."""
    record = unseal(path)
    if record["made_from_sha256"] != made:
        raise UsageFault(f"{path}: the shard is made from something else than {BEGUN} says; {AGAIN}")
    stored = whole_shard(path, record, 0, stored_as, dimensions or record["dimensions"]).ids().tolist()
    if stored != ids:
        place, (old, new) = next((place, pair) for place, pair in enumerate(zip_longest(stored, ids), 1) if pair[0] != pair[1])
        was, now = (f"`{printable(each.decode(errors='replace'))}`" if each else "no passage" for each in (old, new))
        raise UsageFault(f"{path.with_suffix('.ids.npy')}: holds {was} at place {place} where the corpus now has {now}, "
                         f"so it is of another corpus; {_elsewhere(path.parent)}")
    return record


def _put_json(path: Path, value: Mapping[str, Any]) -> dict[str, Any]:
    sealed = {**value, "sha256": digest_of(dict(value))}
    _put(path, (json.dumps(sealed, indent=1, sort_keys=True) + "\n").encode())
    return sealed


def _put_array(path: Path, array: NDArray[Any]) -> str:
    """Put an array in its place; returns the SHA-256 of the file's bytes."""
    made = io.BytesIO()
    np.save(made, array, allow_pickle=False)
    _put(path, content := made.getvalue())
    return hashlib.sha256(content).hexdigest()


def _put(path: Path, content: bytes) -> None:
    try:
        beside(path, content).replace(path)
    except OSError as error:
        raise MeasurementFailed(f"{path}: cannot be written ({error.strerror}); make room and run it again, "
                                "whole shards are kept") from None


def _elsewhere(folder: Path) -> str:
    return f"name another folder, or remove {folder} to encode anew"
