"""The one door for YAML: text -> plain values with their places -> frozen dataclasses; every fault at once.

YAML 1.2 by ruamel.yaml's event stream, so that every key and value knows its line and column and `no` is Norwegian.
Duplicate keys, aliases, tags and tabs are refused with the place where they stand. pydantic then checks the values
against the dataclass, strictly: nothing is coerced.
"""

import dataclasses
import difflib
import functools
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from claimcheck.errors import Fault

T = TypeVar("T")
Path_ = tuple[str | int, ...]
Place = tuple[int, int]

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,4})?")
_VALUE_WITH_COLON = re.compile(r"^(\s*(?:- +)?[\w-]+: +)(?![\"'|>\[{&*!])(\S.*)$")
_MOST_REPAIRS = 50
_DEEPEST = 40
_TAB_WIDTHS = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A YAML text as plain values. `keys` and `values` give the place (line, column, from 1) of each path."""

    value: Any
    keys: Mapping[Path_, Place]
    values: Mapping[Path_, Place]
    faults: tuple[Fault, ...]
    mended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Document(Generic[T]):
    """A file that is what it should be: its value, its places, and the SHA-256 of its bytes."""

    path: Path
    value: T
    digest: str
    keys: Mapping[Path_, Place] = field(repr=False)
    values: Mapping[Path_, Place] = field(repr=False)

    def fault(self, where: Path_, what: str, next_move: str) -> Fault:
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
    value, wrong = _validated(parsed, path, kind)
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


# ---------------------------------------------------------------- text -> plain values


def parse(text: str, path: Path) -> Parsed:
    """Plain values of a YAML text. Goes on behind what can be mended, so that later faults are found as well."""
    lines, faults = _without_tabs(text.split("\n"), path)
    for _ in range(_MOST_REPAIRS):
        builder = _Builder(path)
        try:
            builder.build("\n".join(lines))
        except MarkedYAMLError as error:
            fault, mendable = _syntax_fault(error, path, lines)
            faults.append(fault)
            if not mendable:
                return Parsed(value=None, keys={}, values={}, faults=tuple(faults))
            match = _VALUE_WITH_COLON.match(lines[fault.line - 1])
            assert match is not None
            lines[fault.line - 1] = match[1] + json.dumps(match[2], ensure_ascii=False)
        except YAMLError as error:
            place = text[: getattr(error, "position", 0)]
            faults.append(Fault(path=path, line=place.count("\n") + 1, column=len(place) - (place.rfind("\n") + 1) + 1,
                                what="a character that YAML does not allow", next_move="remove it"))
            return Parsed(value=None, keys={}, values={}, faults=tuple(faults))
        else:
            break
    mended = bool(faults)
    faults += builder.faults
    if not isinstance(builder.root, dict):
        if not faults:
            faults.append(Fault(path=path, what="not a mapping of keys to values" if text.strip() else "the file is empty",
                                next_move="start with `spec_version: 1`"))
        return Parsed(value=None, keys={}, values={}, faults=tuple(faults))
    return Parsed(value=builder.root, keys=builder.keys, values=builder.values, faults=tuple(faults), mended=mended)


def _without_tabs(lines: list[str], path: Path) -> tuple[list[str], list[Fault]]:
    """The lines with tabs in their indentation replaced, by as many spaces as make it YAML, and a fault for each line."""
    margins = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines]
    faults = [Fault(path=path, line=number, column=margin.index("\t") + 1, what="a tab in the indentation",
                    next_move="indent with spaces") for number, margin in enumerate(margins, start=1) if "\t" in margin]
    if not faults:
        return lines, []
    tried = [[margin.replace("\t", " " * width) + line[len(margin):] for margin, line in zip(margins, lines, strict=True)]
             for width in _TAB_WIDTHS]
    return next((each for each in tried if _is_yaml("\n".join(each))), tried[0]), faults


def _is_yaml(text: str) -> bool:
    try:
        for _ in YAML(typ="safe", pure=True).parse(text):
            pass
    except YAMLError:
        return False
    return True


def _syntax_fault(error: MarkedYAMLError, path: Path, lines: list[str]) -> tuple[Fault, bool]:
    """A YAML syntax error as a fault, and whether quoting the line's value mends it."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    line = min(line, len(lines))
    colon = "mapping values are not allowed" in str(error.problem) and _VALUE_WITH_COLON.match(lines[line - 1])
    if colon:
        return Fault(path=path, line=line, column=len(colon[1]) + 1, what="a text with a colon in it",
                     next_move="put the text in quotes"), True
    what = str(error.problem or "not valid YAML").strip()
    if error.context_mark and error.context_mark.line + 1 != line:
        what += f" ({error.context}, which began in line {error.context_mark.line + 1})"
    return Fault(path=path, line=line, column=column, what=f"not valid YAML: {what}",
                 next_move="check quotes, brackets and indentation here; the rest of this file was not read"), False


class _Builder:
    """Builds plain values from YAML events and notes where each key and value stands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root: Any = None
        self.keys: dict[Path_, Place] = {}
        self.values: dict[Path_, Place] = {}
        self.faults: list[Fault] = []
        self._stack: list[tuple[Any, Path_]] = []
        self._key: str | None = None
        self._awaits_key: list[bool] = []
        self._documents = 0

    def build(self, text: str) -> None:
        for event in YAML(typ="safe", pure=True).parse(text):
            match event:
                case DocumentStartEvent():
                    self._documents += 1
                    if self._documents > 1:
                        self._fault(event, "a second document", "keep one document a file: remove the line `---`")
                        return
                case ScalarEvent():
                    self._tag(event)
                    self._scalar(event)
                case AliasEvent():
                    self._fault(event, f"an alias, `*{event.anchor}`", "write the value out")
                    self._put(None, event)
                case MappingStartEvent() | SequenceStartEvent() if len(self._stack) >= _DEEPEST:
                    self._fault(event, f"nested deeper than {_DEEPEST} levels", "flatten it; the rest was not read")
                    return
                case MappingStartEvent():
                    self._tag(event)
                    self._open({}, event)
                case SequenceStartEvent():
                    self._tag(event)
                    self._open([], event)
                case MappingEndEvent() | SequenceEndEvent():
                    self._stack.pop()
                    self._awaits_key.pop()
                    if self._awaits_key and isinstance(self._stack[-1][0], dict):
                        self._awaits_key[-1] = True

    def _fault(self, event: Any, what: str, next_move: str) -> None:
        line, column = self._place(event)
        self.faults.append(Fault(path=self.path, line=line, column=column, what=what, next_move=next_move))

    def _tag(self, event: Any) -> None:
        tag = str(getattr(event, "tag", None) or "")
        if tag:
            self._fault(event, f"a tag, `{tag}`", "remove it: a value is only a text, a number, a list or a mapping")

    @staticmethod
    def _place(event: Any) -> Place:
        return event.start_mark.line + 1, event.start_mark.column + 1

    def _scalar(self, event: Any) -> None:
        if self._stack and isinstance(self._stack[-1][0], dict) and self._awaits_key[-1]:
            mapping, where = self._stack[-1]
            key = str(event.value)
            if key in mapping:
                line = self.keys[(*where, key)][0]
                self._fault(event, f"the key `{key}` stands twice (first in line {line})", "keep one of the two")
                key = f"{key} (again, line {event.start_mark.line + 1})"
                mapping = {}
            self._key = key
            self._awaits_key[-1] = False
            self.keys.setdefault((*where, key), self._place(event))
            return
        plain = event.style is None or event.style == ""
        self._put(_resolved(event.value) if plain else event.value, event)

    def _open(self, container: Any, event: Any) -> None:
        if self._stack and isinstance(self._stack[-1][0], dict) and self._awaits_key[-1]:
            self._fault(event, "a list or mapping as a key", "give a text as key")
            self._key, self._awaits_key[-1] = "(a list or mapping)", False
        where = self._put(container, event)
        self._stack.append((container, where))
        self._awaits_key.append(isinstance(container, dict))

    def _put(self, value: Any, event: Any) -> Path_:
        place = self._place(event)
        if not self._stack:
            self.root = value
            self.values[()] = place
            return ()
        container, where = self._stack[-1]
        if isinstance(container, dict):
            assert self._key is not None
            here: Path_ = (*where, self._key)
            if " (again, line " not in self._key:
                container[self._key] = value
            self._awaits_key[-1] = True
        else:
            here = (*where, len(container))
            container.append(value)
        self.values.setdefault(here, place)
        return here


def _resolved(text: str) -> bool | int | float | str | None:
    """A plain scalar by YAML 1.2's core schema, without its octal, hexadecimal, infinite and not-a-number forms.

    >>> [_resolved(text) for text in ("no", "true", "12", ".5", "1e5", "", "2020-01-01")]
    ['no', True, 12, 0.5, 100000.0, None, '2020-01-01']
    """
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if abs(number) < float("inf") else text
    return text


# ---------------------------------------------------------------- plain values -> dataclasses


def _validated(parsed: Parsed, path: Path, kind: type[T]) -> tuple[T | None, list[Fault]]:
    from pydantic import ValidationError

    try:
        chosen: Any = kind
        return adapter(chosen).validate_json(json.dumps(parsed.value, allow_nan=False)), []
    except ValidationError as error:
        faults: dict[tuple[Path_, str], Fault] = {}
        errors = error.errors(include_url=False)
        misspelt = _misspelt(errors, parsed.value, kind)
        for item in errors:
            where, rest = _located(item["loc"], parsed.value)
            if item["type"] == "missing" and (parsed.mended or (rest and rest[0] in misspelt.get(where, ()))):
                continue
            if item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"]:
                continue  # its items are faulty, and each is told of by itself
            what, next_move, at_key = _worded(item, where, rest, kind)
            place = (parsed.keys if at_key else parsed.values).get((*where, *rest[:1]) if at_key else where)
            line, column = place or parsed.values.get(where) or (1, 1)
            faults.setdefault((where, str(rest[:1]) if at_key else ""),
                              Fault(path=path, line=line, column=column, what=what, next_move=next_move))
        return None, list(faults.values())


def _misspelt(errors: list[Any], value: Any, kind: Any) -> dict[Path_, set[str]]:
    """Path of a mapping -> known keys that an unknown key there was probably meant to be."""
    meant: dict[Path_, set[str]] = {}
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


def _located(loc: tuple[Any, ...], value: Any) -> tuple[Path_, Path_]:
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


def _worded(item: Any, where: Path_, rest: Path_, kind: Any) -> tuple[str, str, bool]:
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
    if name in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        return f"{label} is {_shown(given)}, out of its range", item["msg"].replace("Input should", "it should"), False
    if name == "string_pattern_mismatch":
        return f"{label} cannot be {_shown(given)}", _pattern_move(str(context["pattern"])), False
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


def _pattern_move(pattern: str) -> str:
    return {
        r"^[a-z0-9][a-z0-9-]*$": "use small letters, digits and hyphens",
        r"^[0-9a-f]{40}$": "give the 40 hexadecimal digits of a commit",
        r"^https://\S+$": "give an address that starts with https://",
        r"^[^/\\]+\.csv$": "name a .csv file that stands beside this one",
    }.get(pattern, "write it on one line that is not empty, without control characters")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else f"`{value}`"
    return text if len(text) <= 60 else text[:57] + "..."


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


def _fields_at(kind: Any, where: Path_) -> tuple["dataclasses.Field[Any]", ...]:
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
