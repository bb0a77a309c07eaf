"""YAML text -> plain values with their places. YAML 1.2 from ruamel.yaml's event stream.

Duplicate keys, aliases, tags, tabs and second documents are refused, each with the place where it stands; what can be mended is
mended and read on, so that later faults are found as well.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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

Keys = tuple[str | int, ...]
Place = tuple[int, int]

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]{1,4})?")
_VALUE_WITH_COLON = re.compile(r"^(\s*(?:- +)?[\w-]+: +)(?![\"'|>\[{&*!])(\S.*)$")
_MOST_REPAIRS = 200
_DEEPEST = 40
_DROPPED = "\0dropped"
_TAB_WIDTHS = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A YAML text as plain values. `keys` and `values` give the place (line, column, from 1) of each path."""

    value: Any
    keys: Mapping[Keys, Place]
    values: Mapping[Keys, Place]
    faults: tuple[Fault, ...]


def parse(text: str, path: Path) -> Parsed:
    """Plain values of a YAML text. Goes on behind what can be mended, so that later faults are found as well."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines, faults = _without_tabs(text.split("\n"), path)
    for _ in range(_MOST_REPAIRS):
        builder = _Builder(path)
        try:
            builder.build("\n".join(lines))
        except MarkedYAMLError as error:
            fault, mendable = _syntax_fault(error, path, lines)
            faults.append(fault)
            if not mendable:
                return _unread(faults)
            match = _VALUE_WITH_COLON.match(lines[fault.line - 1])
            assert match is not None
            lines[fault.line - 1] = match[1] + json.dumps(match[2], ensure_ascii=False)
        except YAMLError as error:
            before = text[: getattr(error, "position", 0)]
            faults.append(Fault(path=path, line=before.count("\n") + 1, column=len(before) - before.rfind("\n"),
                                what="a character that YAML does not allow", next_move="remove it"))
            return _unread(faults)
        else:
            break
    else:
        faults.append(Fault(path=path, line=faults[-1].line, what="too many faults of syntax",
                            next_move="mend those above first; the rest of this file was not read"))
        return _unread(faults)
    faults += builder.faults
    if builder.cut_short:
        return _unread(faults)
    if not isinstance(builder.root, dict):
        if not faults:
            faults.append(Fault(path=path, what="not a mapping of keys to values" if text.strip() else "the file is empty",
                                next_move="start with `spec_version: 1`"))
        return _unread(faults)
    return Parsed(value=builder.root, keys=builder.keys, values=builder.values, faults=tuple(faults))


def _unread(faults: list[Fault]) -> Parsed:
    return Parsed(value=None, keys={}, values={}, faults=tuple(faults))


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
    colon = _VALUE_WITH_COLON.match(lines[line - 1]) if "mapping values are not allowed" in str(error.problem) else None
    if colon and column > len(colon[1]):
        return Fault(path=path, line=line, column=len(colon[1]) + 1, what="a text with a colon in it",
                     next_move="put the text in quotes"), True
    what = str(error.problem or "not valid YAML").strip()
    if "'\\t'" in what:
        return Fault(path=path, line=line, column=column, what="a tab where YAML allows only spaces",
                     next_move="put a space there; the rest of this file was not read"), False
    if "could not find expected ':'" in what and error.context_mark:
        return Fault(path=path, line=error.context_mark.line + 1, column=error.context_mark.column + 1,
                     what="a key without a colon", next_move="write `key: value`; the rest of this file was not read"), False
    if "expected <block end>" in what or "mapping values are not allowed" in what:
        return Fault(path=path, line=line, column=column, what="the structure breaks here",
                     next_move="compare the indentation of this line with its neighbours', and look for quotes that close too "
                     "early; the rest of this file was not read"), False
    if error.context_mark and error.context_mark.line + 1 != line:
        what += f" ({error.context}, which began in line {error.context_mark.line + 1})"
    return Fault(path=path, line=line, column=column, what=f"not valid YAML: {what}",
                 next_move="check quotes, brackets and indentation here; the rest of this file was not read"), False


class _Builder:
    """Builds plain values from YAML events and notes where each key and value stands.

    `_stack` holds the open containers with their paths; `_keys` the key that awaits its value in each, None where a key is
    due. What stands under a key that is refused (a second one of its name, or no text) is read and dropped.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root: Any = None
        self.keys: dict[Keys, Place] = {}
        self.values: dict[Keys, Place] = {}
        self.faults: list[Fault] = []
        self.cut_short = False
        self._stack: list[tuple[Any, Keys]] = []
        self._keys: list[str | None] = []
        self._documents = 0

    def build(self, text: str) -> None:
        """Read all events of a text. Raises YAMLError: it is not YAML."""
        for event in YAML(typ="safe", pure=True).parse(text):
            match event:
                case DocumentStartEvent():
                    self._documents += 1
                    if self._documents > 1:
                        self._fault(event, "a second document", "keep one document a file: remove the line `---`")
                        return
                case ScalarEvent() | AliasEvent():
                    self._leaf(event)
                case MappingStartEvent() | SequenceStartEvent() if len(self._stack) >= _DEEPEST:
                    self._fault(event, f"nested deeper than {_DEEPEST} levels", "flatten it; the rest was not read")
                    self.cut_short = True
                    return
                case MappingStartEvent() | SequenceStartEvent():
                    self._open(event)
                case MappingEndEvent() | SequenceEndEvent():
                    self._stack.pop()
                    self._keys.pop()

    def _fault(self, event: Any, what: str, next_move: str) -> None:
        line, column = _place(event)
        self.faults.append(Fault(path=self.path, line=line, column=column, what=what, next_move=next_move))

    def _key_is_due(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1][0], dict) and self._keys[-1] is None

    def _leaf(self, event: Any) -> None:
        if isinstance(event, AliasEvent):
            self._fault(event, f"an alias, `*{event.anchor}`", "write the value out")
            value: Any = None
        else:
            self._refuse_tag(event)
            value = event.value if event.style else _resolved(event.value)
            if isinstance(value, str) and not value.isascii():
                value = self._whole(value, event)
        if self._key_is_due():
            self._take_key(event, value if isinstance(value, str) else str(getattr(event, "value", "")))
        else:
            self._put(value, event)

    def _whole(self, text: str, event: Any) -> str:
        """The text with pairs of surrogates (as JSON writes them) joined; half of a pair is refused."""
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            self._fault(event, "half a character (a lone surrogate)", "write the character itself")
            return "?"

    def _take_key(self, event: Any, value: str) -> None:
        mapping, where = self._stack[-1]
        key = _DROPPED if isinstance(event, AliasEvent) else value
        if key in mapping or (key != _DROPPED and (*where, key) in self.keys):
            line = self.keys[(*where, key)][0]
            self._fault(event, f"the key `{key}` stands twice (first in line {line})", "keep one of the two")
            key = _DROPPED
        elif key != _DROPPED:
            self.keys[(*where, key)] = _place(event)
        self._keys[-1] = key

    def _open(self, event: Any) -> None:
        self._refuse_tag(event)
        container: Any = {} if isinstance(event, MappingStartEvent) else []
        if self._key_is_due():
            self._fault(event, "a list or mapping as a key", "give a text as key")
            self._keys[-1] = _DROPPED
            where: Keys = (*self._stack[-1][1], _DROPPED)
        else:
            where = self._put(container, event)
        self._stack.append((container, where))
        self._keys.append(None)

    def _put(self, value: Any, event: Any) -> Keys:
        """Put a value where it belongs and return its path."""
        if not self._stack:
            self.root = value
            self.values[()] = _place(event)
            return ()
        container, where = self._stack[-1]
        if isinstance(container, dict):
            key = self._keys[-1] or ""
            here: Keys = (*where, key)
            if key != _DROPPED:
                container[key] = value
            self._keys[-1] = None
        else:
            here = (*where, len(container))
            container.append(value)
        self.values.setdefault(here, _place(event))
        return here

    def _refuse_tag(self, event: Any) -> None:
        if tag := str(getattr(event, "tag", None) or ""):
            self._fault(event, f"a tag, `{tag}`", "remove it: a value is only a text, a number, a list or a mapping")


def _place(event: Any) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _resolved(text: str) -> bool | int | float | str | None:
    """A plain scalar by YAML 1.2's core schema, without its octal, hexadecimal, infinite and not-a-number
    forms; 02 is a text, as its author would have it.

    >>> [_resolved(text) for text in ("no", "true", "12", "02", ".5", "1e5", "", "2020-01-01")]
    ['no', True, 12, '02', 0.5, 100000.0, None, '2020-01-01']
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
