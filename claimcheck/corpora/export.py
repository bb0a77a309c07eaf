"""Any corpus as the field's formats: topics as anserini reads them, judgments as trec_eval does, candidates as JSON lines.

Equal corpora give equal bytes: UTF-8, lines that end in a line feed, everything in the corpus's own order. All files of an
export are written beside their places before the first takes its own, so that one that fails leaves what was there.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from claimcheck.corpora.corpus import JudgedQueries, LanguagePart, ParallelCorpus, Question
from claimcheck.errors import UsageFault
from claimcheck.measurement.trec import column

RELEVANT = 1
"""The grade of the candidate that answers a question, where a corpus has no grades."""

# every character at which some reader ends a line or a column: those of str.splitlines, and the tab
_BREAKS = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")


def write_topics(path: Path, questions: Iterable[Question]) -> None:
    """Write questions as topics, in their order: id TAB text, one a line; tabs and line breaks in a text become one space.

    Raises UsageFault: an id holds white space, or the file cannot be written.
    """
    _write(path.parent, {path.name: _topics(questions)})


def export_judged(queries: JudgedQueries, folder: Path) -> tuple[Path, ...]:
    """Write `topics.{name}.tsv` and `qrels.{name}.tsv`, a slash in the name as a hyphen, and return their paths.

    Judgments are id TAB Q0 TAB passage TAB grade, as MIRACL publishes them and trec_eval reads them as well.
    Raises UsageFault: as `write_topics`.
    """
    name = _in_files(queries.name)
    judgments = (_joined("\t", query, passage, grade)
                 for query, grades in queries.judgments.items() for passage, grade in grades.items())
    return _write(folder, {f"topics.{name}.tsv": _topics(queries.queries), f"qrels.{name}.tsv": judgments})


def export_parallel(corpus: ParallelCorpus, folder: Path) -> tuple[Path, ...]:
    """Write a parallel corpus for retrieval from the pool of all its languages, three files a language; return their paths.

    `topics.{name}.{language}.tsv`: its questions. Translations share a question's id, so topics are called
    `{language}/{question id}`: files of several languages can be put together and no answers get mixed up.
    `qrels.{name}.{language}.multilingual.txt`: topic, Q0, candidate, 1 between single spaces, for every candidate of any
    language that answers the topic. `corpus.{name}.{language}.jsonl`: objects with id, language, article, text; all languages'
    files together are the pool.

    Raises UsageFault: as `write_topics`.
    """
    name = _in_files(corpus.name)
    files: dict[str, Iterable[str]] = {}
    for language, part in corpus.parts.items():
        asked = [replace(question, id=f"{language}/{question.id}") for question in part.questions]
        files[f"topics.{name}.{language}.tsv"] = _topics(asked)
        files[f"qrels.{name}.{language}.multilingual.txt"] = _answers(corpus, part)
        files[f"corpus.{name}.{language}.jsonl"] = _candidates(part)
    return _write(folder, files)


def _topics(questions: Iterable[Question]) -> Iterator[str]:
    return (f"{column(question.id)}\t{_BREAKS.sub(' ', question.text)}" for question in questions)


def _answers(corpus: ParallelCorpus, part: LanguagePart) -> Iterator[str]:
    """The judgments of one language's questions, in order of question and candidate's language."""
    for question in part.questions:
        for other in corpus.parts.values():
            if (index := other.relevant.get(question.id)) is not None:
                yield _joined(" ", f"{part.language}/{question.id}", other.candidates[index].id, RELEVANT)


def _candidates(part: LanguagePart) -> Iterator[str]:
    for each in part.candidates:
        yield json.dumps({"id": column(each.id), "language": each.language, "article": each.article, "text": each.text},
                         ensure_ascii=False)


def _joined(separator: str, topic: str, candidate: str, grade: int) -> str:
    return separator.join((column(topic), "Q0", column(candidate), str(grade)))


def _in_files(name: str) -> str:
    return name.replace("/", "-")


def _write(folder: Path, files: Mapping[str, Iterable[str]]) -> tuple[Path, ...]:
    """Write lines to files: name -> lines without their ends. Raises UsageFault: the folder cannot be made or written."""
    waiting: dict[Path, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if taken := [folder / name for name in files if (folder / name).is_dir()]:
            raise UsageFault(f"{taken[0]}: is a folder; name another folder")
        for name, lines in files.items():
            beside = waiting[folder / name] = folder / f".{name}.{os.getpid()}"
            with beside.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(f"{line}\n" for line in lines)
        for path, beside in waiting.items():
            os.replace(beside, path)
    except OSError as error:
        raise UsageFault(f"{folder}: cannot be written ({error.strerror}); name another folder") from None
    except UnicodeEncodeError as error:  # half a surrogate pair, which JSON can spell and UTF-8 cannot
        raise UsageFault(f"{[*waiting][-1].name}: a text cannot be written as UTF-8 ({error.reason})") from None
    finally:
        for beside in waiting.values():
            beside.unlink(missing_ok=True)
    return tuple(waiting)
