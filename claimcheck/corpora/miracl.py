"""MIRACL: the published dev topics and judgments, and the passages of a language's corpus, streamed from where they lie.

Nothing is unpacked, copied or executed: shards are read in order and passages handed on one by one.
Source: Zhang et al. 2023, TACL 11, arXiv:2210.09984, and the files that it publishes (version 1.0).
"""

import codecs
import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from claimcheck.corpora.corpus import JudgedQueries, Question
from claimcheck.errors import CorruptInput, Fault, UsageFault

NAME = "miracl"  # the full corpus of each language: what papers mean by MIRACL

HARD_NEGATIVES = "miracl-hard-negatives"
"""Another data set: MTEB's pools, of each query only the top 250 passages of three systems (BM25, multilingual-e5-large,
e5-mistral-instruct), with ar, fi and ru cut to 1,000 queries. Fewer passages compete and fewer queries count, so its numbers
must never stand beside numbers of the full corpus, which is `miracl`."""

DEV_QUERIES: Mapping[str, int] = MappingProxyType({
    "ar": 2896, "bn": 411, "de": 305, "en": 799, "es": 648, "fa": 632, "fi": 1271, "fr": 343, "hi": 350,
    "id": 960, "ja": 860, "ko": 213, "ru": 1252, "sw": 482, "te": 828, "th": 733, "yo": 119, "zh": 393})
"""Language -> how many dev queries are published. Source: Zhang et al. 2023, and the published files."""

LANGUAGES = tuple(DEV_QUERIES)
_AGAIN = "fetch the file again, or correct it"
_FETCH = "fetch the shard again"
_SHARD = re.compile(r"docs-([0-9]+)\.jsonl(?:\.gz)?")
_BATCH = 1024  # passages in memory at once where a shard has columns
_BUFFER = 1 << 20  # bytes: a column is read in pieces of this size, not a row group at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A passage of the corpus. `id` is MIRACL's docid `X#Y`: passage Y of article X, unique in its language only."""

    id: str
    title: str
    text: str


def encoded_text(passage: Passage) -> str:
    """What an encoder is given: title, one space, text; the form in which MIRACL's own dense baselines saw passages.

    MIRACL's lexical baseline indexed title, line break, text. Source: pyserini's AutoDocumentEncoder with the fields title and
    text; anserini's MrTyDiCollection.
    """
    return passage.title + " " + passage.text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A line of a file: its number from 1, the query that it is about, its fields (None where the line is faulty)."""

    number: int
    query: str
    fields: tuple[str, ...] | None


def read_dev(topics: Path, qrels: Path, language: str) -> JudgedQueries:
    """The dev queries of one language and their judgments, both in the file's order, texts as they stand.

    `topics` holds id TAB text, `qrels` id TAB Q0 TAB passage TAB grade; grades as printed (MIRACL's are 0 and 1).
    Raises UsageFault: MIRACL has no such language; CorruptInput: every fault of both files.
    """
    if language not in DEV_QUERIES:
        raise UsageFault(f"MIRACL has no language `{language}`; it has {', '.join(LANGUAGES)}")
    faults: list[Fault] = []
    asked, judged = _rows(topics, 2, faults), _rows(qrels, 4, faults)
    queries, judgments = _queries(topics, asked, language, faults), _judgments(qrels, judged, faults)
    if asked and judged:
        # a line counts as its query's even where it is faulty: one slip must not be told twice
        known, seen = ({row.query: row.number for row in reversed(rows) if row.query} for rows in (asked, judged))
        remedy = "use topics and judgments of one release"
        faults += [_fault(qrels, seen[query], f"judges the query `{query}`, which is not in {topics.name}", remedy)
                   for query in seen.keys() - known.keys()]
        faults += [_fault(topics, known[query], f"the query `{query}` has no judgment in {qrels.name}", remedy)
                   for query in known.keys() - seen.keys()]
    if faults:
        raise CorruptInput(faults)
    return JudgedQueries(name=f"{NAME}/{language}", language=language, queries=queries, judgments=judgments)


def _fault(path: Path, line: int, what: str, next_move: str = _AGAIN, column: int = 1) -> Fault:
    return Fault(path=path, line=line, column=column, what=what, next_move=next_move)


def _rows(path: Path, columns: int, faults: list[Fault]) -> list[_Row]:
    """The lines of a file, empty ones left out, cut at tabs; none where it cannot be read."""
    try:
        raw = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        faults.append(_fault(path, 1, f"cannot be read: {error.strerror}", "check the path"))
        return []
    rows: list[_Row] = []
    for number, line in enumerate(raw.replace(b"\r\n", b"\n").split(b"\n"), 1):
        text = line.decode(errors="replace")
        fields = tuple(text.split("\t"))
        if not line:
            continue
        if text.encode() == line and len(fields) == columns:
            rows.append(_Row(number=number, query=fields[0], fields=fields))
            continue
        what = "not UTF-8 text" if text.encode() != line else f"{len(fields)} fields between tabs instead of {columns}"
        faults.append(_fault(path, number, what))
        rows.append(_Row(number=number, query=(text.split() or [""])[0], fields=None))
    if not rows:
        faults.append(_fault(path, 1, "holds nothing"))
    return rows


def _queries(path: Path, rows: Sequence[_Row], language: str, faults: list[Fault]) -> tuple[Question, ...]:
    first: dict[str, int] = {}
    for row in rows:
        if first.setdefault(row.query, row.number) != row.number:
            faults.append(_fault(path, row.number, f"the query id `{row.query}` stands in line {first[row.query]} already",
                                 "keep one of the two"))
        if row.fields and not row.query.strip():
            faults.append(_fault(path, row.number, "a query without id"))
        if row.fields and not row.fields[1].strip():
            faults.append(_fault(path, row.number, "a query without text", column=len(row.query) + 2))
    return tuple(Question(id=row.query, language=language, text=row.fields[1]) for row in rows if row.fields)


def _judgments(path: Path, rows: Sequence[_Row], faults: list[Fault]) -> dict[str, dict[str, int]]:
    first: dict[tuple[str, str], int] = {}
    found: dict[str, dict[str, int]] = {}
    for number, fields in [(row.number, row.fields) for row in rows if row.fields]:
        query, _, passage, grade = fields
        if not query.strip() or not passage.strip():
            faults.append(_fault(path, number, "a judgment without query or passage"))
        if (line := first.setdefault((query, passage), number)) != number:
            faults.append(_fault(path, number, f"the passage `{passage}` was judged for `{query}` in line {line} already",
                                 "keep one of the two"))
        # nine ASCII digits at most: int() would take `1_0`, digits of other scripts and numbers without end
        if re.fullmatch("[0-9]{1,9}", grade):
            found.setdefault(query, {})[passage] = int(grade)
        else:
            faults.append(_fault(path, number, f"the grade `{grade[:40]}` is no whole number",
                                 column=len("\t".join(fields[:3])) + 2))
    return found


def passages(folder: Path) -> Iterator[Passage]:
    """The passages of the corpus in a folder, streamed in the shards' order: only a few are in memory at any time.

    The folder holds either JSON lines (`docs-{i}.jsonl` or `.jsonl.gz`, keys docid, title, text; in order of i, from 0) or
    parquet (`*.parquet`, columns docid or _id, title, text; in order of their names, numbers in them as numbers).
    Other files are left alone. That no id stands twice is not checked: it would take memory.

    Raises CorruptInput at the call: a folder that holds no corpus, and every parquet shard that is cut off or lacks columns;
    while streaming: the first line or row that cannot be read, at its number from 1.
    """
    lines, parquet = shards(folder)
    faults: list[Fault] = []
    columns = {path: _columns(path, faults) for path in parquet}
    if faults:
        raise CorruptInput(faults)
    return _streamed({path: _json_lines(path) for path in lines}
                     | {path: _parquet_rows(path, names) for path, names in columns.items()})


def _streamed(shards: Mapping[Path, Iterator[Passage]]) -> Iterator[Passage]:
    for path, shard in shards.items():
        found = False
        for passage in shard:
            found = True
            yield passage
        if not found:
            raise CorruptInput([_fault(path, 1, "a shard without passages", _FETCH)])


def shards(folder: Path) -> tuple[list[Path], list[Path]]:
    """The JSON-lines shards or the parquet shards of a folder, in order. Raises CorruptInput: what the folder lacks."""
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise CorruptInput([_fault(folder, 1, f"cannot be read: {error.strerror}", "check the path")]) from None
    numbers = {name: int(found[1]) for name in names if (found := _SHARD.fullmatch(name))}
    lines = sorted(numbers, key=lambda name: numbers[name])
    parquet = sorted((name for name in names if name.endswith(".parquet")), key=_by_numbers)
    what, next_move = "", "name the folder that holds docs-0.jsonl.gz and so on, or *.parquet"
    if not lines and not parquet:
        what = "holds no shards of a corpus"
    elif lines and parquet:
        what, next_move = f"holds the corpus in two forms, {lines[0]} and {parquet[0]}", "keep one, or each passage comes twice"
    elif (counted := [numbers[name] for name in lines]) != [*range(len(lines))]:
        # a download that lost a shard would go unnoticed, and every number measured with it would be wrong
        what, next_move = f"holds the shards {', '.join(map(str, counted))}", "give each from 0 to the last, once"
    if what:
        raise CorruptInput([_fault(folder, 1, what, next_move)])
    return [folder / name for name in lines], [folder / name for name in parquet]


def _by_numbers(name: str) -> list[str | int]:
    """Sorts names by the numbers in them: every second part of a name is one."""
    return [int(part) if place % 2 else part for place, part in enumerate(re.split("([0-9]+)", name))]


def _passage(path: Path, number: int, record: object, names: Sequence[str]) -> Passage:
    """A record's passage. `names`: what it calls id, title and text. Raises CorruptInput: which of them it lacks."""
    values = [record.get(name) if isinstance(record, Mapping) else None for name in names]
    identifier, title, text = values
    if isinstance(identifier, str) and isinstance(title, str) and isinstance(text, str) and identifier:
        return Passage(id=identifier, title=title, text=text)
    lacking = [name for name, value in zip(names, values, strict=True) if not isinstance(value, str)] or [names[0]]
    raise CorruptInput([_fault(path, number, f"a passage without text under {', '.join(lacking)}")])


def _json_lines(path: Path) -> Iterator[Passage]:
    number = 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            for line in stream:
                number += 1
                if line.strip():
                    yield _passage(path, number, json.loads(line.decode()), ("docid", "title", "text"))
        return
    except (ValueError, RecursionError) as error:
        what = f"not JSON in UTF-8: {error}"
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        number, what = number + 1, f"the gzip file is cut off or broken: {error}"
    except OSError as error:
        number, what = number + 1, f"cannot be read: {error.strerror}"
    raise CorruptInput([_fault(path, number, what, _FETCH)])


def _columns(path: Path, faults: list[Fault]) -> tuple[str, ...]:
    """The columns of a parquet shard that hold id, title and text, as the end of the file names them."""
    import pyarrow  # type: ignore[import-untyped]
    import pyarrow.parquet  # type: ignore[import-untyped]

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            columns = file.schema_arrow.names
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        faults.append(_fault(path, 1, f"not parquet, or cut off: {error}", _FETCH))
        return ()
    held = set(columns)
    names = ("docid" if "docid" in held else "_id", "title", "text")
    faults += [_fault(path, 1, f"has the column {name} twice", _FETCH) for name in names if columns.count(name) > 1]
    faults += [_fault(path, 1, f"has no column {name}" + (" or docid" if name == "_id" else ""), _FETCH)
               for name in names if name not in held]
    return names


def _parquet_rows(path: Path, names: Sequence[str]) -> Iterator[Passage]:
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False, page_checksum_verification=True) as file:
            for batch in file.iter_batches(batch_size=_BATCH, columns=list(names), use_threads=False):
                for record in batch.to_pylist():
                    number += 1
                    yield _passage(path, number, record, names)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        what = f"broken at row {number + 1} or soon after: {error}"
        raise CorruptInput([_fault(path, number + 1, what, _FETCH)]) from None
