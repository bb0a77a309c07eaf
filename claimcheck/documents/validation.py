"""Plain values -> frozen dataclasses, strictly, every fault in an author's words. pydantic checks; nothing is coerced."""

import dataclasses
import difflib
import functools
import json
import re
from collections.abc import Iterable
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from claimcheck.documents.yaml_text import Keys, Parsed
from claimcheck.errors import Fault
from claimcheck.fields import next_move

T = TypeVar("T")
_LONGEST_SHOWN = 60

def validated(parsed: Parsed, path: Path, kind: type[T]) -> tuple[T | None, list[Fault]]:
    """The parsed values as a dataclass, or None and every fault, each at the place of its key or value."""
    from pydantic import ValidationError

    try:
        chosen: Any = kind
        return adapter(chosen).validate_json(json.dumps(parsed.value, allow_nan=False)), []
    except ValidationError as error:
        faults: dict[tuple[Keys, str], Fault] = {}
        errors = error.errors(include_url=False)
        misspelt = _misspelt(errors, parsed.value, kind)
        for item in errors:
            where, rest = _located(item["loc"], parsed.value)
            if item["type"] == "missing" and rest and rest[0] in misspelt.get(where, ()):
                continue
            if item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"]:
                continue  # its items are faulty, and each is told of by itself
            what, next_move, at_key = _worded(item, where, rest, kind)
            place = (parsed.keys if at_key else parsed.values).get((*where, *rest[:1]) if at_key else where)
            line, column = place or parsed.values.get(where) or (1, 1)
            faults.setdefault((where, str(rest[:1]) if at_key else ""),
                              Fault(path=path, line=line, column=column, what=what, next_move=next_move))
        return None, list(faults.values())


def _misspelt(errors: list[Any], value: Any, kind: Any) -> dict[Keys, set[str]]:
    """Path of a mapping -> known keys that an unknown key there was probably meant to be."""
    meant: dict[Keys, set[str]] = {}
    for item in errors:
        if item["type"] == "unexpected_keyword_argument":
            where, _ = _located(item["loc"], value)
            known = [each.name for each in _fields_at(kind, where[:-1])]
            meant.setdefault(where[:-1], set()).update(difflib.get_close_matches(str(where[-1]), known, n=1, cutoff=0.6))
    return meant


@functools.cache
def adapter(kind: Any) -> Any:
    """pydantic's validator of a dataclass: strict, unknown keys refused. Also gives the JSON Schema."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def json_schema(kind: type) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the files that hold this dataclass."""
    made: dict[str, Any] = adapter(kind).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def _located(loc: tuple[Any, ...], value: Any) -> tuple[Keys, Keys]:
    """Split pydantic's location in the path that exists in the value and what is left (a key, or names of types)."""
    where: list[Any] = []
    for number, part in enumerate(loc):
        inside = isinstance(part, int) and part < len(value) if isinstance(value, list) else (
            isinstance(value, dict) and part in value)
        if inside:
            value = value[part]
            where.append(part)
        elif number == len(loc) - 1:
            return tuple(where), (part,)
    return tuple(where), ()


def _worded(item: Any, where: Keys, rest: Keys, kind: Any) -> tuple[str, str, bool]:
    """What is wrong and the next move, in an author's words; and whether it stands at the key rather than the value."""
    name, given, context = item["type"], item["input"], item.get("ctx", {})
    if name == "unexpected_keyword_argument":
        key = str(where[-1])
        known = [each.name for each in _fields_at(kind, where[:-1])]
        return f"unknown key `{key}`", suggestion(key, known), True
    if name == "missing":
        key = str(rest[0]) if rest else "?"
        described = next((each.metadata.get("description", "") for each in _fields_at(kind, where) if each.name == key), "")
        return f"the key `{key}` is missing", f"add it: {described}" if described else "add it", False
    label = f"`{where[-1]}`" if where else "the file"
    if where and isinstance(where[-1], int):
        label = f"item {where[-1] + 1} of " + (f"`{where[-2]}`" if len(where) > 1 else "the file")
    if name in ("enum", "literal_error"):
        options = [option.strip(" '") for option in re.split(r", | or ", str(context["expected"]))]
        return f"{label} cannot be {_shown(given)}", suggestion(str(given), options), False
    if name == "value_error":
        what, _, move = str(context["error"]).partition("; ")
        return what, move or "change it", False
    if name in ("less_than", "less_than_equal") and context.get("lt", context.get("le")) == 1 and 1 < given <= 100:
        move = f"it should be less than or equal to 1, a share or points: {given / 100:g} for {given:g} %"
        return f"{label} is {_shown(given)}, out of its range", move, False
    if name in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        return f"{label} is {_shown(given)}, out of its range", item["msg"].replace("Input should", "it should"), False
    if name == "string_pattern_mismatch":
        return f"{label} cannot be {_shown(given)}", next_move(str(context["pattern"]), given), False
    if name in ("too_short", "missing_positional_only_argument"):
        return f"{label} is empty", "give at least one", False
    if name == "string_too_long":
        return f"{label} is longer than {context['max_length']} characters", "shorten it", False
    expected = {"string_type": "a text", "int_type": "a whole number", "float_type": "a number", "bool_type": "true or false",
                "tuple_type": "a list, with `- ` or in brackets", "dict_type": "a mapping of keys to values",
                "mapping_type": "a mapping of keys to values", "dataclass_type": "a mapping of keys to values",
                "int_from_float": "a whole number"}.get(name)
    if expected:
        move = "put it in quotes" if name == "string_type" and isinstance(given, bool | int | float) else f"give {expected}"
        return f"{label} should be {expected}, got {_shown(given)}", move, False
    return f"{label}: {item['msg']}", "change it", False


def _shown(value: Any) -> str:
    """A value as an author is shown it, shortened."""
    text = f"`{value}`" if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


def suggestion(word: str, known: Iterable[str]) -> str:
    """The next move for a word that is not known: the nearest one that is, or all of them.

    >>> suggestion("superlativ", ["superlative", "vague"])
    'did you mean `superlative`?'
    """
    known = list(known)
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{near[0]}`?"
    return "use one of " + ", ".join(f"`{each}`" for each in known) if known else "remove it"


def _fields_at(kind: Any, where: Keys) -> tuple["dataclasses.Field[Any]", ...]:
    """The fields of the dataclass that stands at a path, or none."""
    for part in where:
        kind = _inner(kind, part)
    kind = _bare(kind)
    return dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()


def _bare(kind: Any) -> Any:
    if get_origin(kind) in (Union, UnionType):
        options = [option for option in get_args(kind) if option is not type(None)]
        return next((option for option in options if dataclasses.is_dataclass(option)), options[0])
    return kind


def _inner(kind: Any, part: str | int) -> Any:
    kind = _bare(kind)
    if dataclasses.is_dataclass(kind):
        return get_type_hints(kind).get(str(part), Any)
    arguments = get_args(kind)
    if not arguments:
        return Any
    return arguments[0] if isinstance(part, int) else arguments[-1]
