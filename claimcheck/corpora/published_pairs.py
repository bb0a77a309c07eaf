"""Pairs of a question and a passage as data sets publish them, read item by item: every fault with its place.

A text that is empty, white space or not to be written as UTF-8 is no fault of the download: its item does not stand. A line
that is not of the published layout is one.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from claimcheck.corpora.pair_sources import Item, Row, Source, decode, lines, place_of

Reader: TypeAlias = Callable[[Source, Sequence[Path]], Iterator[Item]]
"""Reads the items of some files in order; `Source` keeps faults and how much was read."""


def source(language: str, files: Sequence[Path], reader: Reader) -> Source:
    """A source of the items of some files, to pack."""
    made = Source(language=language, path=files[0])
    made.items = reader(made, files)
    return made


def mr_tydi(source: Source, files: Sequence[Path]) -> Iterator[Item]:
    """Mr. TyDi's training questions: of each the first passage that answers it, and the first that does not, if there is one.

    A line is an object with `query`, `positive_passages` and `negative_passages`, lists of objects with `title` and `text`; a
    passage is title, a space, text. Layout: castorini/mr-tydi, mr-tydi.py.
    """
    for number, text in _each_line(source, files):
        if (found := _object(source, number, text, ("query", "positive_passages", "negative_passages"))) is None:
            yield None
            continue
        sides: list[str | None] = []
        for key in ("positive_passages", "negative_passages"):
            passages, column = found[key], place_of(key, text or "")
            first = passages[0] if isinstance(passages, list) and passages else {"title": "", "text": ""}
            title, body = (first.get(name) if isinstance(first, Mapping) else None for name in ("title", "text"))
            if not isinstance(passages, list) or not isinstance(title, str) or not isinstance(body, str):
                source.fault(number, f"`{key}` is no list of passages with title and text", column)
                title = body = ""
            passage = f"{title} {body}"
            sides.append(passage if _holds(body) and _holds(passage) else None)
        yield _row(source, number, found["query"], sides[0], sides[1])


def mfaq(source: Source, files: Sequence[Path]) -> Iterator[Item]:
    """MFAQ's questions and answers in the order of pages and on them.

    A line is a page, an object whose `qa_pairs` is a list of objects with `question` and `answer`. Layout: clips/mfaq, mfaq.py.
    """
    for number, text in _each_line(source, files):
        if (found := _object(source, number, text, ("qa_pairs",))) is None:
            yield None
            continue
        pairs = found["qa_pairs"]
        for pair in pairs if isinstance(pairs, list) else [None]:
            if not isinstance(pair, Mapping) or "question" not in pair or "answer" not in pair:
                source.fault(number, "`qa_pairs` is no list of objects with question and answer",
                             place_of("qa_pairs", text or ""))
                yield None
            else:
                yield _row(source, number, pair["question"], pair["answer"], None)


def squad(source: Source, files: Sequence[Path]) -> Iterator[Item]:
    """Each question of SQuAD's JSON (version 1.1) with the paragraph that holds its answer, file by file."""
    before = 0
    for path in files:
        source.path = path
        yield from _squad_file(source, path)
        before += path.stat().st_size if path.is_file() else 0
        source.read = before


def _squad_file(source: Source, path: Path) -> Iterator[Item]:
    try:
        articles = json.loads(path.read_bytes().decode("utf-8-sig"))["data"]
    except UnicodeDecodeError as error:
        return source.fault(1, f"not UTF-8 text: {error.reason} at byte {error.start}")
    except json.JSONDecodeError as error:
        return source.fault(error.lineno, f"not JSON, or cut off: {error.msg}", error.colno)
    except (KeyError, TypeError, RecursionError):
        return source.fault(1, "is no SQuAD JSON: an object with `data`")
    except OSError as error:
        return source.fault(1, f"cannot be read: {error.strerror}")
    for paragraph, where in _within(source, articles, "data", "paragraphs"):
        for number, question in enumerate(paragraph["qas"]):
            asked = question.get("question") if isinstance(question, Mapping) else None
            if isinstance(asked, str) and isinstance(paragraph["context"], str):
                yield _row(source, 1, asked, paragraph["context"], None)
            else:
                source.fault(1, f"{where}.qas[{number}]: no question with a paragraph")
                yield None
    return None


def _within(source: Source, articles: object, name: str, inner: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The paragraphs of all articles, and where each stands."""
    for place, article in enumerate(articles if isinstance(articles, list) else [None]):
        paragraphs = article.get(inner) if isinstance(article, Mapping) else None
        for number, paragraph in enumerate(paragraphs if isinstance(paragraphs, list) else [None]):
            where = f"{name}[{place}].{inner}[{number}]"
            if isinstance(paragraph, Mapping) and isinstance(paragraph.get("qas"), list) and "context" in paragraph:
                yield paragraph, where
            else:
                source.fault(1, f"{where}: no paragraph with `context` and `qas`")


def _each_line(source: Source, files: Sequence[Path]) -> Iterator[tuple[int, str | None]]:
    for path in files:
        source.path = path
        yield from lines(source)


def _object(source: Source, number: int, text: str | None, keys: Sequence[str]) -> Mapping[str, Any] | None:
    """The object of a line; None where it is none or lacks a key, which is told."""
    if text is None:
        return None
    found, column, what = decode(text)
    if not what and not isinstance(found, dict):
        what = "no object"
    if not what and (missing := [key for key in keys if key not in found]):
        what = f"has no `{'` and no `'.join(missing)}`"
    if what:
        source.fault(number, what, column)
        return None
    return dict(found)


def _row(source: Source, number: int, query: object, passage: object, negative: str | None) -> Item:
    """An item, None where it does not stand."""
    for text in (query, passage):
        if text is not None and not isinstance(text, str):
            source.fault(number, f"{type(text).__name__} instead of a text")
            return None
    if not _holds(query) or not _holds(passage):
        return None
    return Row(str(query), str(passage), negative, None, 1)


def _holds(text: object) -> bool:
    """Whether it is a text that can be kept."""
    if not isinstance(text, str) or not text or text.isspace():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


READERS: Mapping[str, Reader] = MappingProxyType({"mr-tydi": mr_tydi, "mfaq": mfaq, "squad": squad})
"""The parser that the registry names -> what reads the files."""
