"""Places: where the relevant candidates of each query came to stand. Every measure is derived from them.

A table in an order that follows from its rows: routes as they first appear; within a route by fold, language of the query,
question, language of the candidate and place. Equal places are equal bytes (of one version of pyarrow).

Queries that were perturbed have routes of their own, each a route of clean queries with a family and a draw (`variant`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from claimcheck.errors import CorruptInput, Fault

Numbers: TypeAlias = NDArray[Any]

TOP = 10
"""How far down the multilingual ranking the language of each candidate is kept."""
LABELS = ("route", "question", "cluster", "query_language", "candidate_language")
NUMBERS: Mapping[str, Any] = {
    "fold": np.int8, "place_in_language": np.int32, "tied_in_language": np.int32, "place": np.int32, "tied": np.int32,
    "pool_in_language": np.int32, "pool": np.int32, "own_language_top": np.int16,
}
ALIKE = (4 ** TOP - 1) // 3
"""`agreement` of a ranking with itself: one candidate more in common at each of the first places."""
COMPARED: Mapping[str, tuple[Any, int]] = {"applied": (np.int8, 0), "agreement": (np.int32, ALIKE)}
"""What is told of a perturbed query beside its clean one -> type, and its value of a clean query: not written where all are."""
_FORMAT, _VERSION = b"claimcheck.places", b"1"
_PERTURBED = " ~ "


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labels:
    """A column of strings: `codes` (n,) int32 into `names`, which are distinct. Raises ValueError: a code has no name."""

    names: tuple[str, ...]
    codes: NDArray[np.int32]

    def __post_init__(self) -> None:
        if self.codes.size and not 0 <= self.codes.min() <= self.codes.max() < len(self.names):
            raise ValueError("a row of a column of strings names none of them")

    def __len__(self) -> int:
        return len(self.codes)

    def at(self, rows: Numbers) -> "Labels":
        """Some of the rows; names stay as they are."""
        return Labels(names=self.names, codes=self.codes[rows])

    def strings(self) -> NDArray[np.str_]:
        """The strings, row by row."""
        return np.array(self.names, np.str_)[self.codes]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """One row for each query and relevant candidate; a query is a question in one language, in one fold of a route.

    `route`: what was trained and evaluated on, as `xquad-r` or `mlqa-r > xquad-r`. `fold`: from 0. `question`: its id,
    shared by translations. `cluster`: the article or connected component, the unit of resampling. Places count from 1:
    `place_in_language` within the candidates of the candidate's own language, `place` within those of all languages at once;
    `tied...` is how many other candidates of that pool have the same score, `pool...` the size of that pool.
    `own_language_top`: bit k - 1 is set if the k-th of all languages' ranking, k = 1 to 10, is in the query's language.
    `applied`: 1 if a perturbation changed the query's text, else 0. `agreement`: in base 4, lowest digit first, how many more
    candidates the first k of its ranking and of the clean query's have in common than the first k - 1, k = 1 to 10.

    Made by `arrange`, `concatenate` and `from_parquet` only, which check it and put it in order.
    """

    route: Labels
    fold: NDArray[np.int8]
    question: Labels
    cluster: Labels
    query_language: Labels
    candidate_language: Labels
    place_in_language: NDArray[np.int32]
    tied_in_language: NDArray[np.int32]
    place: NDArray[np.int32]
    tied: NDArray[np.int32]
    pool_in_language: NDArray[np.int32]
    pool: NDArray[np.int32]
    own_language_top: NDArray[np.int16]
    applied: NDArray[np.int8]
    agreement: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.place)


def variant(route: str, family: str, draw: int) -> str:
    """What the rows of perturbed queries call their route: that of the clean ones, with the family and the draw, from 0.

    >>> variant("mlqa-r > xquad-r", "P1", 2)
    'mlqa-r > xquad-r ~ P1 2'
    """
    return f"{route}{_PERTURBED}{family} {draw}"


def attacked(route: str, attack: str, made_on: str, put_to: str, edits: int) -> str:
    """What the rows of attacked queries call their route: whom the attack was made on, whom it is put to, edits at most.

    >>> attacked("xquad-r", "A1", "hybrid", "monolingual", 2)
    'xquad-r ~ A1 hybrid > monolingual 2'
    """
    return variant(route, f"{attack} {made_on} > {put_to}", edits)


def clean_route(route: str) -> str:
    """The route of the clean queries that a route belongs to; of clean queries, itself.

    >>> clean_route("mlqa-r > xquad-r ~ P1 2")
    'mlqa-r > xquad-r'
    """
    return route.partition(_PERTURBED)[0]


def arrange(columns: Mapping[str, Labels | Sequence[str] | Sequence[int] | Numbers]) -> Places:
    """Places of columns in any order of rows: names without unused ones, rows in their order.

    Raises ValueError: a column is missing or differs in length, a number cannot be, or a query contradicts itself.
    """
    if missing := [name for name in (*LABELS, *NUMBERS) if name not in columns]:
        raise ValueError(f"no column {', '.join(missing)}")
    numbers = {name: _numbers(name, kind, columns[name]) for name, kind in NUMBERS.items()}
    rows_given = len(numbers["place"])
    numbers |= {name: _numbers(name, kind, columns[name]) if name in columns else np.full(rows_given, clean, kind)
                for name, (kind, clean) in COMPARED.items()}
    labels = {name: _labels(columns[name], in_order_of_rows=name == "route") for name in LABELS}
    if len(lengths := {*map(len, numbers.values()), *map(len, labels.values())}) > 1:
        raise ValueError(f"columns of different lengths: {', '.join(map(str, sorted(lengths)))}")
    rows = np.lexsort((numbers["place"], labels["candidate_language"].codes, labels["question"].codes,
                       labels["query_language"].codes, numbers["fold"], labels["route"].codes))
    made: dict[str, Any] = {name: column[rows] for name, column in numbers.items()}
    made |= {name: column.at(rows) for name, column in labels.items()}
    _check(places := Places(**made))
    return places


def concatenate(parts: Sequence[Places]) -> Places:
    """One table of several. Routes stand in the order of the parts.

    Raises ValueError: two parts hold the same fold of a route, so that its queries would count twice.
    """
    folds = [(part.route.names[route], fold) for part in parts
             for route, fold in set(zip(part.route.codes.tolist(), part.fold.tolist(), strict=True))]
    if twice := {fold for fold in folds if folds.count(fold) > 1}:
        raise ValueError("fold {1} of the route `{0}` stands in two parts".format(*min(twice)))
    return _joined(parts)


def of_languages(parts: Sequence[Places]) -> Places:
    """One table of parts of the same fold of a route, each of other languages of the queries.

    Raises ValueError: a language of the queries stands in two parts.
    """
    spoken = [language for part in parts for language in part.query_language.names]
    if twice := {language for language in spoken if spoken.count(language) > 1}:
        raise ValueError(f"queries in {min(twice)} stand in two parts")
    return _joined(parts)


def _joined(parts: Sequence[Places]) -> Places:
    kinds = {**NUMBERS, **{name: kind for name, (kind, _) in COMPARED.items()}}
    columns: dict[str, Any] = {name: np.concatenate([np.empty(0, kind), *(getattr(part, name) for part in parts)])
                               for name, kind in kinds.items()}
    return arrange({**columns, **{name: _together([getattr(part, name) for part in parts]) for name in LABELS}})


def _together(parts: Sequence[Labels]) -> Labels:
    """One column of several, one below the other."""
    names = {name: code for code, name in enumerate(dict.fromkeys(name for part in parts for name in part.names))}
    codes = [np.array([names[name] for name in part.names], np.int32)[part.codes] for part in parts]
    return Labels(names=tuple(names), codes=np.concatenate([np.empty(0, np.int32), *codes]))


def parted(places: Places) -> tuple[Places, Places]:
    """The rows of clean queries, and those of perturbed ones."""
    perturbed = np.array([clean_route(name) != name for name in places.route.names], bool)[places.route.codes]
    return (places, _rows(places, perturbed)) if not perturbed.any() else (_rows(places, ~perturbed), _rows(places, perturbed))


def _rows(places: Places, chosen: NDArray[np.bool_]) -> Places:
    """Some of the rows, in their order, which is that of a table, with the names that they use."""
    rows = np.flatnonzero(chosen)
    made: dict[str, Any] = {name: getattr(places, name)[rows] for name in (*NUMBERS, *COMPARED)}
    for name in LABELS:
        column: Labels = getattr(places, name)
        used = np.unique(column.codes[rows])
        moved = np.zeros(len(column.names), np.int32)
        moved[used] = np.arange(len(used), dtype=np.int32)
        made[name] = Labels(names=tuple(column.names[code] for code in used), codes=moved[column.codes[rows]])
    return Places(**made)


def to_parquet_bytes(places: Places) -> bytes:
    """The table as Parquet."""
    import pyarrow  # type: ignore[import-untyped]
    import pyarrow.parquet  # type: ignore[import-untyped]

    def column(name: str) -> Any:
        values = getattr(places, name)
        if isinstance(values, Labels):
            return pyarrow.DictionaryArray.from_arrays(values.codes, pyarrow.array(values.names, pyarrow.string()))
        return pyarrow.array(values)

    told = [name for name in Places.__slots__ if name not in COMPARED or (getattr(places, name) != COMPARED[name][1]).any()]
    table = pyarrow.table({name: column(name) for name in told}, metadata={_FORMAT: _VERSION})
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(table, sink, compression="zstd", write_page_checksum=True)
    return bytes(sink.getvalue())


def from_parquet(source: Path | bytes) -> Places:
    """The table of a Parquet file, or of its bytes. Raises CorruptInput: it is cut off, of another version, or no places."""
    import pyarrow
    import pyarrow.parquet

    path, opened = (Path("places.parquet"), pyarrow.BufferReader(source)) if isinstance(source, bytes) else (source, source)
    try:
        with pyarrow.parquet.ParquetFile(opened, page_checksum_verification=True) as file:
            if (found := (file.metadata.metadata or {}).get(_FORMAT, b"unknown")) != _VERSION:
                raise ValueError(f"of format {found.decode(errors='replace')}, not {_VERSION.decode()}")
            table = file.read(use_threads=False).unify_dictionaries()
        return arrange({name: _read(name, table.column(name)) for name in table.column_names})
    except (pyarrow.ArrowException, OSError, ValueError, TypeError, OverflowError) as error:
        raise CorruptInput([Fault(path=path, what=f"cannot be read as places: {error}",
                                  next_move="remove the file and run again")]) from None


def _read(name: str, column: Any) -> Labels | Numbers:
    import pyarrow

    if column.null_count:
        raise ValueError(f"the column {name} has {column.null_count} empty values")
    whole = column.combine_chunks()
    if name not in LABELS:
        return np.asarray(whole.to_numpy(zero_copy_only=False))
    whole = whole if isinstance(whole.type, pyarrow.DictionaryType) else whole.dictionary_encode()
    if whole.type.value_type != pyarrow.string():
        raise ValueError(f"the column {name} holds no strings")
    return Labels(names=tuple(whole.dictionary.to_pylist()), codes=whole.indices.to_numpy(zero_copy_only=False))


def _numbers(name: str, kind: Any, values: Any) -> Numbers:
    """The values in the type of their column, refused where they do not fit it."""
    given = np.asarray(values)
    most = np.iinfo(kind).max
    if given.size and (given.dtype.kind not in "iu" or given.min() < 0 or given.max() > most):
        raise ValueError(f"the column {name} holds what is no whole number from 0 to {most}")
    return given.astype(kind)


def _labels(values: Any, *, in_order_of_rows: bool) -> Labels:
    """The strings with sorted names, or with names in the order of their first rows; no name is unused or stands twice."""
    names, codes = (values.names, values.codes) if isinstance(values, Labels) else (tuple(values), np.arange(len(values)))
    used, first = np.unique(codes, return_index=True)
    ordered = [names[code] for code in used[np.argsort(first)]]
    code = {name: place for place, name in enumerate(dict.fromkeys(ordered) if in_order_of_rows else sorted(set(ordered)))}
    moved = np.array([code.get(name, -1) for name in names], np.int32)
    return Labels(names=tuple(code), codes=moved[codes])


def _check(places: Places) -> None:
    """Raise ValueError for the first thing that cannot be, with its row in canonical order."""
    query = (places.route.codes, places.fold, places.query_language.codes, places.question.codes)
    same = np.append(False, np.logical_and.reduce([column[1:] == column[:-1] for column in query]))[: len(places)]
    ranked = places.place[np.lexsort((places.place, *reversed(query)))]
    columns: tuple[Numbers, ...] = (places.cluster.codes, places.pool, places.own_language_top, ranked, places.applied,
                                    places.agreement)
    cluster, pool, top, place, applied, agreement = (np.diff(column, prepend=column[:1]) != 0 for column in columns)
    wrong = {
        "a place outside its pool": (places.place_in_language < 1) | (places.place_in_language > places.pool_in_language)
        | (places.place < 1) | (places.place > places.pool),
        "more ties than other candidates": (places.tied_in_language >= places.pool_in_language) | (places.tied >= places.pool),
        "less in the pool of all languages than in that of one": (places.pool_in_language > places.pool)
        | (places.place_in_language > places.place) | (places.tied_in_language > places.tied),
        f"languages beyond the first {TOP}": places.own_language_top >= 1 << TOP,
        "a perturbation that is neither applied nor not": places.applied > 1,
        f"an agreement beyond the first {TOP}": places.agreement >= 4 ** TOP,
        "a query with two clusters, pools or rankings": same & (cluster | pool | top | applied | agreement),
        "a place that its query fills twice": same & ~place,
    }
    for what, where in wrong.items():
        if where.any():
            raise ValueError(f"row {int(np.argmax(where)) + 1} has {what}")
