"""Files of queries: UTF-8 without a header, a line a query, its id, language and text between tabs."""

import codecs
import re
from collections.abc import Mapping
from pathlib import Path

from claimcheck.corpora.corpus import Question
from claimcheck.errors import CorruptInput, Fault
from claimcheck.measurement.trec_lines import refused
from claimcheck.perturbation.text import LANGUAGES

FIELDS = ("id", "language", "text")
_CODE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_FORBIDDEN = (("\0", "a NUL character is in the text", "remove it"),
              ("\r", "a carriage return comes before the end of the line", "remove it, or end lines with line feeds"))
_WRITE = "write " + ", ".join(FIELDS[:-1]) + f" and {FIELDS[-1]} with a tab between them"


def queries(content: bytes, path: Path) -> tuple[Question, ...]:
    """The queries of a file in their order; `path` is what the file is called. A byte order mark is passed over.

    Any well-formed code of a language will do; families exist in some.
    Raises CorruptInput: there is none, or every faulty line: not UTF-8, other than three fields, an empty id or text, no code
    of a language, a NUL or a carriage return inside, an id that stands twice in a language.
    """
    lines = [each.removesuffix(b"\r") for each in content.removeprefix(codecs.BOM_UTF8).removesuffix(b"\n").split(b"\n")]
    if lines == [b""]:
        raise CorruptInput([Fault(path=path, what="holds no query", next_move=_WRITE)])
    made, wrong, first, twice = [], [], dict[tuple[str, str], int](), dict[int, int]()
    for number, line in enumerate(lines, 1):
        text = line.decode(errors="replace")
        fields = text.split("\t")
        if len(fields) == len(FIELDS):
            stood = first.setdefault((fields[1], fields[0]), number)
            if stood != number:
                twice[number] = stood
            made.append(Question(id=fields[0], language=fields[1], text=fields[2]))
        if number in twice or _faults(path, number, line, twice):
            wrong.append(number)
    if wrong:
        raise refused(path, wrong, lambda number: _faults(path, number, lines[number - 1], twice))
    return tuple(made)


def _faults(path: Path, number: int, line: bytes, twice: Mapping[int, int]) -> list[Fault]:
    """Every fault of a line."""
    text = line.decode(errors="replace")
    made: list[Fault] = []

    def add(column: int, what: str, move: str) -> None:
        made.append(Fault(path=path, line=number, column=column + 1, what=what, next_move=move))

    try:
        line.decode()
    except UnicodeDecodeError as error:
        before = len(line[:error.start].decode())
        add(before, f"the byte 0x{line[error.start]:02x} is not UTF-8", "save the file as UTF-8")
    for sign, what, move in _FORBIDDEN:
        if sign in text:
            add(text.index(sign), what, move)
    fields = text.split("\t")
    if len(fields) != len(FIELDS):
        add(0, f"{len(fields)} field{'s' * (len(fields) > 1)}, where a query has {len(FIELDS)}", _WRITE)
        return made
    id, language, query = fields  # noqa: A001 - as the field is called
    if not id.strip():
        add(0, "the id is empty", "give each query an id")
    if not _CODE.fullmatch(language):
        add(len(id) + 1, f"the language `{language}` is no code of a language", f"write one of {' '.join(LANGUAGES)}, or "
            "another code in small letters, whose queries stay as they are")
    if not query.strip():
        add(len(id) + len(language) + 2, "the text is empty", "give the query, or remove the line")
    if number in twice:
        add(0, f"the id `{id}` stands twice in `{language}`, first on line {twice[number]}", "keep one of the two lines")
    return made
