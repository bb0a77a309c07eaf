"""What the folder of a checkpoint must hold: checked without a library that could run anything from it.

Weights are read from safetensors alone: a pickle from outside can run code when it is opened, so none is opened, and a
checkpoint that brings code of its own is refused. The format of safetensors: eight bytes with the length of the header,
the header in JSON, the tensors without gaps; https://github.com/huggingface/safetensors, section "Format".
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from claimcheck.errors import Fault

CONFIG, MODULES, WEIGHTS, INDEX = "config.json", "modules.json", "model.safetensors", "model.safetensors.index.json"
PART = "model-*-of-*.safetensors"
TOKENIZERS = ("tokenizer.json", "*.model", "vocab.txt", "vocab.json")
"""Any of these makes a tokenizer: the fast one's own file, SentencePiece, WordPiece, byte-level BPE."""
DECIDING = ("config*.json", "tokenizer*.json", "*.model", "vocab*.txt", "vocab*.json", "merges*.txt", "special_tokens_map.json",
            "added_tokens.json", MODULES, "sentence_*_config.json", WEIGHTS, PART, INDEX)
"""Files that decide what an encoder computes, of the checkpoint and of each module's own folder."""
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle")
MODULE = re.compile(r"[0-9]+_[A-Za-z0-9]+")
"""The name of a module's folder in the layout of sentence-transformers, for example `1_Pooling`."""
KINDS = {"Transformer": False, "Pooling": False, "Normalize": False, "Dropout": False, "Dense": True, "LayerNorm": True,
         "WeightedLayerPooling": True}
"""Module of sentence-transformers -> whether weights of its own stand in its folder; the transformer's are checked apart."""
BITS = {"BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32,
        "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64}
"""Type of a tensor in safetensors -> bits a number."""
_MOST_HEADER = 100_000_000  # what the library itself reads at most
_AGAIN = "put the whole file there, or fetch the checkpoint again; nothing counts from it until then"
_WHOLE = "put the whole checkpoint there, as its authors published it"
_NO_CODE = "take a checkpoint of an architecture that transformers knows itself"
_SAFE = "convert it to safetensors yourself, from a source that you trust, or take a revision that has them"


def deciding(name: str) -> bool:
    """Whether a file, named below the checkpoint's folder, decides what the encoder computes.

    >>> deciding("2_Dense/model.safetensors"), deciding("pytorch_model.bin"), deciding("onnx/config.json")
    (True, False, False)
    """
    folder, _, own = name.rpartition("/")
    return (not folder or MODULE.fullmatch(folder) is not None) and any(fnmatchcase(own, each) for each in DECIDING)


def files(folder: Path) -> dict[str, Path]:
    """The files that decide, by name below the folder, in order of names."""
    paths = [*folder.iterdir(), *(path for each in folder.iterdir() if MODULE.fullmatch(each.name) and each.is_dir()
                                  for path in each.iterdir())]
    named = {path.relative_to(folder).as_posix(): path for path in paths if path.is_file()}
    return {name: named[name] for name in sorted(named) if deciding(name)}


def transformer_folder(folder: Path) -> Path:
    """Where config.json, tokenizer and weights stand: the folder itself, or that of the first module where none stand there."""
    if (folder / CONFIG).is_file() or not (folder / MODULES).is_file():
        return folder
    listed = _parsed(folder / MODULES)
    first = listed[0] if isinstance(listed, list) and listed else None
    path = first.get("path") if isinstance(first, dict) else None
    return folder / path if isinstance(path, str) and MODULE.fullmatch(path) else folder


def faults(folder: Path, *, modules: bool) -> list[Fault]:
    """Everything that is wrong with a checkpoint, weights by their headers; what is missing is a fault where no file is.

    `modules`: it is to be a finished model of sentence-transformers, so what modules.json names is checked too.
    """
    root = transformer_folder(folder)
    return [*_config(root), *_tokenizer(root), *_weights(root), *(_modules(folder) if modules else ())]


def _config(root: Path) -> Iterator[Fault]:
    path = root / CONFIG
    if not path.is_file():
        yield Fault(path=path, what="is missing", next_move=_WHOLE)
    else:
        config = _parsed(path)
        if isinstance(config, Fault):
            yield config
        elif not isinstance(config, dict) or not isinstance(config.get("model_type"), str):
            yield Fault(path=path, what="names no `model_type`", next_move=_WHOLE)
        else:
            yield from _own_code(path, config)
    if (adapter := root / "adapter_config.json").is_file():
        yield Fault(path=adapter, what="belongs to an adapter, which changes another model's weights",
                    next_move="merge the adapter into its model, and take what that gives")


def _own_code(path: Path, config: Mapping[str, Any]) -> Iterator[Fault]:
    if config.get("auto_map"):
        yield Fault(path=path, what="has an `auto_map`: it needs code of its own, which is never run", next_move=_NO_CODE)


def _tokenizer(root: Path) -> Iterator[Fault]:
    if not _has_tokenizer(root):
        yield Fault(path=root / "tokenizer.json", next_move=_WHOLE,
                    what="is missing, and so are sentencepiece.bpe.model and vocab.txt: no tokenizer stands there")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        if (path := root / name).is_file():
            value = _parsed(path)
            if isinstance(value, Fault):
                yield value
            elif not isinstance(value, dict):
                yield Fault(path=path, what="is no JSON object", next_move=_AGAIN)
            else:
                yield from _own_code(path, value)


def _has_tokenizer(root: Path) -> bool:
    return root.is_dir() and any(path.is_file() and any(fnmatchcase(path.name, each) for each in TOKENIZERS)
                                 for path in root.iterdir())


def _weights(root: Path) -> Iterator[Fault]:
    """What is wrong with the weights in one folder: in one file, or in parts that an index names."""
    whole, index = root / WEIGHTS, root / INDEX
    if not whole.is_file() and not index.is_file():
        pickles = sorted(path.name for path in root.iterdir() if any(fnmatchcase(path.name, each) for each in PICKLES)
                         ) if root.is_dir() else []
        yield Fault(path=whole, next_move=_SAFE if pickles else _WHOLE, what="is missing" + (
            f", and only {', '.join(pickles)} is there: pickles from outside are never opened" if pickles else ""))
    if whole.is_file() and isinstance(found := tensors(whole), Fault):
        yield found
    if index.is_file():
        yield from _parts(root, index)


def _parts(root: Path, index: Path) -> Iterator[Fault]:
    listed = _parsed(index)
    if isinstance(listed, Fault):
        yield listed
        return
    places = listed.get("weight_map") if isinstance(listed, dict) else None
    if not isinstance(places, dict) or not places or not all(isinstance(name, str) for name in places.values()):
        yield Fault(path=index, what="holds no `weight_map` from tensors to files", next_move=_AGAIN)
        return
    for name in sorted(set(places.values())):
        if "/" in name or not fnmatchcase(name, PART):
            yield Fault(path=index, what=f"names the file {name}, which is no part of a checkpoint", next_move=_AGAIN)
        elif not (path := root / name).is_file():
            yield Fault(path=path, what=f"is missing, and {INDEX} names it", next_move=_WHOLE)
        elif isinstance(found := tensors(path), Fault):
            yield found
        elif lost := sorted(tensor for tensor, place in places.items() if place == name and tensor not in found):
            yield Fault(path=path, what=f"lacks {lost[0]}, which {INDEX} places there"
                        + (f", and {len(lost) - 1} more" if len(lost) > 1 else ""), next_move=_AGAIN)


def _modules(folder: Path) -> Iterator[Fault]:
    """What is wrong with the modules that a finished model names."""
    path = folder / MODULES
    if not path.is_file():
        yield Fault(path=path, what="is missing, so this is no finished model of sentence-transformers",
                    next_move="take `encoder: transformers` with a pooling, or the folder that sentence-transformers saved")
        return
    listed = _parsed(path)
    if isinstance(listed, Fault):
        yield listed
        return
    if not isinstance(listed, list) or not listed or not all(
            isinstance(each, dict) and all(isinstance(each.get(key), str) for key in ("path", "type")) for each in listed):
        yield Fault(path=path, what="is no list of modules, each with `path` and `type`", next_move=_AGAIN)
        return
    for each in listed:
        kind = each["type"].rpartition(".")[2]
        if not each["type"].startswith("sentence_transformers.") or kind not in KINDS:
            yield Fault(path=path, what=f"names a module of type {each['type']}: not one of {', '.join(KINDS)} of "
                        "sentence-transformers, and code from elsewhere is never run",
                        next_move="take a model that is made of these")
        elif each["path"] and not MODULE.fullmatch(each["path"]):
            yield Fault(path=path, what=f"places a module at {each['path']}", next_move="name its folder like 1_Pooling")
        elif kind not in ("Transformer", "Normalize"):
            yield from _module(folder / each["path"], weighted=KINDS[kind])


def _module(folder: Path, *, weighted: bool) -> Iterator[Fault]:
    config = folder / CONFIG
    if not config.is_file():
        yield Fault(path=config, what=f"is missing, and {MODULES} names its folder", next_move=_WHOLE)
    elif isinstance(value := _parsed(config), Fault):
        yield value
    if weighted:
        yield from _weights(folder)


def tensors(path: Path) -> frozenset[str] | Fault:
    """The names of the tensors in a safetensors file by its header; or what is wrong with it. No tensor is read."""
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if size < 8 or length > min(_MOST_HEADER, size - 8):
                return _faulty(path, f"cut off or no safetensors: {size:,} bytes, fewer than its header alone would take")
            header = json.loads(stream.read(length), object_pairs_hook=_once)
    except OSError as error:
        return Fault(path=path, what=f"cannot be read: {error.strerror}", next_move="check its rights")
    except (ValueError, RecursionError):
        return _faulty(path, "has a header that is no JSON, so it is damaged")
    entries = {name: entry for name, entry in header.items() if name != "__metadata__"} if isinstance(header, dict) else {}
    if not entries:
        return _faulty(path, "holds no tensor")
    spans = []
    for name, entry in entries.items():
        span = _span(entry)
        if span is None:
            return _faulty(path, f"has a damaged header: the type, shape and place of {name} do not fit each other")
        spans.append(span)
    end = 0
    for begin, stop in sorted(spans):
        if begin != end:
            return _faulty(path, f"has a damaged header: its tensors leave a gap or overlap at byte {end:,}")
        end = stop
    if size != 8 + length + end:
        how = "cut off" if size < 8 + length + end else "too long"
        return _faulty(path, f"{how}: {size:,} bytes where its header tells of {8 + length + end:,}")
    return frozenset(entries)


def _span(entry: Any) -> tuple[int, int] | None:
    """Where a tensor begins and ends, or None where that does not fit its type and shape."""
    try:
        bits, (begin, end) = BITS[entry["dtype"]], entry["data_offsets"]
        shape = [*entry["shape"]]
        if not all(isinstance(each, int) and each >= 0 for each in (begin, end, *shape)):
            return None
    except (KeyError, TypeError, ValueError):
        return None
    return (begin, end) if (end - begin) * 8 == bits * math.prod(shape) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are all different. Raises ValueError: one stands there twice."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands there twice")
    return made


def _parsed(path: Path) -> Any:
    """The value that a JSON file holds, or the Fault that it holds none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return Fault(path=path, what=f"cannot be read: {error.strerror}", next_move="check its rights")
    except json.JSONDecodeError as error:
        return Fault(path=path, line=error.lineno, column=error.colno, what=f"not JSON: {error.msg}", next_move=_AGAIN)
    except (ValueError, RecursionError) as error:
        return Fault(path=path, what=f"not JSON of this kind: {error}", next_move=_AGAIN)


def _faulty(path: Path, what: str) -> Fault:
    return Fault(path=path, what=what, next_move=_AGAIN)
