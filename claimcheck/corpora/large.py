"""Data sets whose passages are too many for memory, language by language: which there are, and their judged queries.

A pool of these is of one language: each query is put to the passages of its own. `miracl` is evaluated whole, on the
published development topics; `miracl-hard-negatives` is another data set, of other queries and smaller pools. Where they stand
is the business of `large_door`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from claimcheck.corpora import miracl
from claimcheck.corpora.corpus import JudgedQueries, Question
from claimcheck.errors import CorruptInput, Fault

LARGE = (miracl.NAME, miracl.HARD_NEGATIVES)
"""The data sets that are evaluated so."""
TOPICS, JUDGMENTS, PASSAGES = "topics", "judgments", "passages"


def languages(name: str) -> tuple[str, ...]:
    """The languages of a large data set; of another name none."""
    return miracl.LANGUAGES if name in LARGE else ()


def read_judged(name: str, language: str, files: Mapping[str, Path]) -> JudgedQueries:
    """The queries of a language and their judgments. Raises CorruptInput: every fault of the files."""
    topics, judgments = files[f"{language}/{TOPICS}"], files[f"{language}/{JUDGMENTS}"]
    if name == miracl.NAME:
        return miracl.read_dev(topics, judgments, language)
    queries = tuple(Question(id=row["_id"], language=language, text=row["text"])
                    for row in _rows(topics, ("_id", "text")))
    known = {each.id: dict[str, int]() for each in queries}
    strange: list[str] = []
    for row in _rows(judgments, ("query-id", "corpus-id", "score")):
        if row["query-id"] in known:
            known[row["query-id"]][row["corpus-id"]] = int(row["score"])
        else:
            strange.append(row["query-id"])
    without = [query for query, judged in known.items() if not judged]
    faults = [Fault(path=judgments, what=f"judges the query `{strange[0]}`, which is not among {topics.name}, the first of "
                    f"{len(strange)}", next_move="use queries and judgments of one release")] if strange else []
    faults += [Fault(path=topics, what=f"the query `{without[0]}` has no judgment, the first of {len(without)}",
                     next_move="use queries and judgments of one release")] if without else []
    if faults or not queries:
        raise CorruptInput(faults or [Fault(path=topics, what="holds no query", next_move="fetch it again")])
    return JudgedQueries(name=f"{name}/{language}", language=language, queries=queries, judgments=known)


def _rows(folder: Path, columns: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of the parquet files of a folder, in order of their names. Raises CorruptInput: one cannot be read so."""
    import pyarrow  # type: ignore[import-untyped]
    import pyarrow.parquet  # type: ignore[import-untyped]

    made: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.parquet")):
        try:
            table = pyarrow.parquet.read_table(path, columns=list(columns), use_threads=False)
            if table.num_columns != len(columns) or any(table.column(name).null_count for name in columns):
                raise ValueError(f"lacks one of the columns {', '.join(columns)}, or a value in them")
            made += table.to_pylist()
        except (pyarrow.ArrowException, OSError, ValueError, KeyError) as error:
            raise CorruptInput([Fault(path=path, what=f"cannot be read: {error}", next_move="fetch it again")]) from None
    return made
