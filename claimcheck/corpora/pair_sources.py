"""Files of parallel pairs as people have them, read item by item: every fault with its place, and nothing read twice.

A line (or a row of parquet) is an item, the same one in every file. JSON lines: an object with `query`, `passage` and perhaps
`negative` and `id`, or `null` where the item does not stand in this language. Tab-separated values: query, passage and perhaps
a negative, without quoting or head; an empty line where the item does not stand. Parquet: columns of those names, null in all
of them where the item does not stand.
"""

import codecs
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from claimcheck.corpora.parallel import COLUMNS
from claimcheck.errors import Fault, UsageFault

KINDS = (".jsonl", ".jsonl.gz", ".tsv", ".tsv.gz", ".parquet")
"""How the name of a file that can be packed goes on after its language."""
MOST = 20
"""So many faults of a file are told of by themselves; of the others only how many they are."""

_KEYS, _NEEDED = (*COLUMNS, "id"), ("query", "passage")
_LANGUAGE = re.compile(r"[A-Za-z0-9_-]+")
_BATCH, _BUFFER = 1024, 1 << 20  # rows, and bytes of a column, that are read from parquet at once
_MEND = "mend the file and pack again; nothing was kept"


@dataclass(slots=True)  # not frozen: to make one would take three times as long, and millions are made
class Row:
    """An item in one language. `column`: where its id stands in its line."""

    query: str
    passage: str
    negative: str | None
    id: str | None
    column: int


Item: TypeAlias = Row | None
"""None: it does not stand, or is faulty, and then nothing is packed."""


def sources(folder: Path) -> dict[str, Path]:
    """Language -> file, of the files in a folder that can be packed; others are passed over.

    Raises UsageFault: the folder cannot be read, holds none, or two of one language.
    """
    try:
        names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise UsageFault(f"{folder}: cannot be read ({error.strerror}); name a folder with a file for each language") from None
    found: dict[str, Path] = {}
    for name in names:
        if (kind := next((each for each in KINDS if name.endswith(each)), None)) is None:
            continue
        language = name.removesuffix(kind)
        if not _LANGUAGE.fullmatch(language):
            raise UsageFault(f"{folder / name}: `{language}` is no language; call it <language>{kind}")
        if language in found:
            raise UsageFault(f"{folder / name}: {found[language].name} holds {language} already; keep one of them")
        found[language] = folder / name
    if not found:
        raise UsageFault(f"{folder}: holds nothing to pack; name a folder with <language>.jsonl, .tsv or .parquet "
                         "(the first two perhaps with .gz)")
    return found


@dataclass(slots=True, kw_only=True)
class Faulty:
    """A file, and what is wrong with it so far."""

    path: Path
    faulty: int = 0
    faults: list[Fault] = field(default_factory=list)

    def fault(self, line: int, what: str, column: int = 1) -> None:
        """Keep a fault, or count it and where the first of those is that are not told."""
        self.faulty += 1
        if self.faulty <= MOST + 1:
            self.faults.append(Fault(path=self.path, line=line, column=column, what=what, next_move=_MEND))

    def told(self) -> list[Fault]:
        """The faults in the order in which they were found, the last of them perhaps how many more there are."""
        if (more := self.faulty - MOST) <= 0:
            return self.faults
        first = self.faults[MOST]
        return [*self.faults[:MOST], Fault(path=self.path, line=first.line, column=first.column, next_move=_MEND,
                                           what=f"{more} more fault{'s' * (more > 1)} from here on")]


@dataclass(slots=True, kw_only=True)
class Source(Faulty):
    """A file that is read. `read`: bytes of it so far; `broken`: it ends too early, which is told."""

    language: str
    count: int = 0
    read: int = 0
    broken: bool = False
    items: Iterator[Item] = field(init=False)

    def __post_init__(self) -> None:
        parse = _json_item if ".jsonl" in self.path.suffixes else _tab_separated
        self.items = _parquet_items(self) if self.path.suffix == ".parquet" else _line_items(self, parse)


_Parse: TypeAlias = Callable[[Source, int, str], Item]


def _line_items(source: Source, parse: _Parse) -> Iterator[Item]:
    for number, text in lines(source):
        yield None if text is None else parse(source, number, text)


def lines(source: Source) -> Iterator[tuple[int, str | None]]:
    """The lines of a file from 1, gzip or not; None for one that is no UTF-8. What breaks is told as a fault."""
    number = 0
    try:
        with source.path.open("rb") as file:
            for line in gzip.GzipFile(fileobj=file) if source.path.suffix == ".gz" else file:
                number += 1
                yield number, _decoded(source, number, line)
                source.read = file.tell() if number % _BATCH == 0 else source.read
            source.read = file.tell()
            return
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        what = f"the gzip file is cut off or broken: {error}"
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
    source.broken = True
    source.fault(number + 1, what)


def _decoded(source: Source, number: int, line: bytes) -> str | None:
    raw = line.removesuffix(b"\n").removesuffix(b"\r")
    if number == 1:
        raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        source.fault(number, f"not UTF-8 text: {error.reason}", len(raw[:error.start].decode()) + 1)
        return None


class _TwiceError(ValueError):
    """A key that stands twice in an object: JSON would take the last in silence."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _TwiceError(next(key for key in keys if keys.count(key) > 1))
    return made


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def _json_item(source: Source, number: int, text: str) -> Item:
    found, column, what = decode(text)
    if isinstance(found, dict):
        return _item(source, number, found, lambda key: place_of(key, text))
    if found is not None or what:
        source.fault(number, what or "neither an object nor null", column)
    return None


def decode(text: str) -> tuple[Any, int, str]:
    """What a line of JSON says, None if it is none; then the column, and what is wrong."""
    column = 1
    try:
        return _DECODER.decode(text), 1, ""
    except json.JSONDecodeError as error:
        column, what = error.colno, f"not JSON: {error.msg}"
    except _TwiceError as error:
        column, what = place_of(str(error), text), f"the key `{error}` stands twice"
    except (RecursionError, ValueError) as error:
        what = f"not JSON of this kind: {'nested too deeply' if isinstance(error, RecursionError) else error}"
    return None, column, what


def place_of(key: str, text: str) -> int:
    """The column at which a key stands in a line of JSON, 1 if it stands nowhere as it is."""
    found = _spelt(key).search(text)
    return found.start() + 1 if found else 1


@lru_cache(maxsize=32)
def _spelt(key: str) -> re.Pattern[str]:
    return re.compile(re.escape(json.dumps(key, ensure_ascii=False)) + r"\s*:")


def _tab_separated(source: Source, number: int, text: str) -> Item:
    if not text:
        return None
    fields = text.split("\t")
    if not 2 <= len(fields) <= len(COLUMNS):
        source.fault(number, f"{len(fields)} field{'s' * (len(fields) > 1)} between tabs instead of 2 or 3")
        return None
    starts = {key: 1 + sum(len(each) + 1 for each in fields[:place]) for place, key in enumerate(COLUMNS)}
    texts = [*fields[:2], fields[2] or None] if len(fields) > 2 else fields
    return _item(source, number, dict(zip(COLUMNS, texts, strict=False)), starts.__getitem__)


def _item(source: Source, number: int, values: Mapping[str, Any], place_of: Callable[[str], int]) -> Item:
    """An item from what stands under its keys. `place_of`: the column in which a key stands."""
    if faulty := [(key, what) for key, value in values.items() if (what := _wrong(key, value))]:
        for key, what in faulty:
            source.fault(number, f"`{key}` {what}", place_of(key))
    if missing := [key for key in _NEEDED if key not in values]:
        source.fault(number, f"has no `{'` and no `'.join(missing)}`")
    if faulty or missing:
        return None
    name = values.get("id")
    return Row(values["query"], values["passage"], values.get("negative"), *(
        (None, 1) if name is None else (str(name), place_of("id"))))


def _wrong(key: str, value: object) -> str:
    """What is wrong with what stands under a key; empty if nothing is."""
    if key not in _KEYS:
        return f"is unknown; the keys are {', '.join(_KEYS)}"
    if isinstance(value, str):
        if not value or value.isspace():
            return "holds no text"
        try:
            value.encode()
        except UnicodeEncodeError:
            return "holds half a surrogate pair, which is no UTF-8 text"
        return ""
    if value is None:
        return "is null" if key in _NEEDED else ""
    return "" if key == "id" and type(value) is int else f"is {type(value).__name__} instead of text"


def _parquet_items(source: Source) -> Iterator[Item]:
    import pyarrow  # type: ignore[import-untyped]
    import pyarrow.parquet  # type: ignore[import-untyped]

    number = 0
    try:
        size = source.path.stat().st_size
        with pyarrow.parquet.ParquetFile(source.path, buffer_size=_BUFFER, pre_buffer=False,
                                         page_checksum_verification=True) as file:
            if whats := _wrong_columns(file.schema_arrow):
                source.broken = True
                for what in whats:
                    source.fault(1, what)
                return
            for batch in file.iter_batches(batch_size=_BATCH, use_threads=False):
                for values in batch.to_pylist():
                    number += 1
                    absent = all(value is None for key, value in values.items() if key in COLUMNS)
                    yield None if absent else _item(source, number, values, dict.fromkeys(values, 1).__getitem__)
                source.read = size * number // max(file.metadata.num_rows, 1)
        source.read = size
        return
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        source.broken = True
        source.fault(number + 1, f"not parquet, or broken at this row or soon after: {error}")


def _wrong_columns(columns: Any) -> list[str]:
    import pyarrow

    names = columns.names
    whats = [f"has no column {name}" for name in _NEEDED if name not in names]
    whats += [f"has the column {name} twice" for name in _KEYS if names.count(name) > 1]
    whats += [f"has the column {name}, which is unknown; known are {', '.join(_KEYS)}" for name in names if name not in _KEYS]
    texts = (pyarrow.string(), pyarrow.large_string(), pyarrow.string_view(), pyarrow.null())
    return whats + [f"has the column {each.name} of {each.type} instead of string" for each in columns
                    if each.name in COLUMNS and each.type not in texts]
