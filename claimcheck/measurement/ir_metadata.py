"""The ir_metadata header of a run: what it was made for, with and from, as YAML in comments before its lines.

Source: Breuer, Keller and Schaer 2022, doi:10.1145/3477495.3531738; its keys are at https://www.ir-metadata.org.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from claimcheck.errors import UsageFault, printable

Value: TypeAlias = "str | int | float | bool | Sequence[Value] | Mapping[str, Value]"

KEYS = ("schema-version", "platform", "research goal", "implementation", "method", "actor", "data", "tag")
"""The keys of the outermost mapping: those of the PRIMAD model, and two."""
_START, _END = "ir_metadata.start", "ir_metadata.end"
_PLAIN_KEY = re.compile(r"(?!(true|false|null|yes|no|on|off|y|n)$)[a-z](?:[a-z0-9 _-]*[a-z0-9_])?", re.IGNORECASE)


def header(metadata: Mapping[str, Value]) -> tuple[str, ...]:
    """The lines of a header, from its first to its last, without their ends.

    Texts are quoted as in JSON, so that no reader of YAML takes one for a number or a truth value.
    Raises UsageFault: a key that is not one of KEYS, or a value that is no text, finite number, truth value, list or mapping.

    >>> header({"actor": {"team": "one"}})
    ('# ir_metadata.start', '# actor:', '#   team: "one"', '# ir_metadata.end')
    """
    if unknown := [key for key in metadata if key not in KEYS]:
        raise UsageFault(f"metadata cannot hold {', '.join(f'`{key}`' for key in unknown)}; use {', '.join(KEYS)}")
    return tuple(f"# {line}" for line in (_START, *_block(metadata), _END))


def within(comments: Iterable[str]) -> tuple[str, ...]:
    """The YAML lines between start and end, without their `# `; none where nothing starts."""
    lines = [line.removeprefix("#").removeprefix(" ") for line in comments]
    if _START not in lines:
        return ()
    after = lines[lines.index(_START) + 1 :]
    return tuple(after[: after.index(_END)] if _END in after else after)


def _block(value: Mapping[str, Value] | Sequence[Value]) -> Iterator[str]:
    """The lines of a mapping or list that is not empty, at no indentation."""
    heads = ([(f"{_key(key)}:", each) for key, each in value.items()] if isinstance(value, Mapping)
             else [("-", each) for each in value])
    for head, each in heads:
        if isinstance(each, Mapping | list | tuple) and each:
            yield head
            yield from (f"  {line}" for line in _block(each))
        else:
            yield f"{head} {_scalar(each)}"


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise UsageFault(f"metadata cannot hold the key {key!r}; use texts")
    return key if _PLAIN_KEY.fullmatch(key) else _scalar(key)


def _scalar(value: object) -> str:
    """A text, number or truth value on one line, or an empty list or mapping, in what YAML and JSON share."""
    if isinstance(value, Mapping | list | tuple):
        return "{}" if isinstance(value, Mapping) else "[]"
    if not isinstance(value, str | int | float) or (isinstance(value, float) and not math.isfinite(value)):
        raise UsageFault(f"metadata cannot hold {value!r}; use texts, finite numbers, truth values, lists and mappings")
    text = printable(json.dumps(value, ensure_ascii=False))
    # YAML 1.1, which many still read, takes 1e-05 for a text
    return text.replace("e", ".0e") if isinstance(value, float) and "." not in text else text
