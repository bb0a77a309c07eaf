"""What of evaluation data stands in a packed corpus that is trained on: a small side is indexed, a large one streams by.

As `overlap`, of whose words and thresholds this makes use, but for data of which only one side fits in memory; and counted by
item: of each evaluated text the strongest way in which any training text holds it.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from claimcheck.corpora import miracl
from claimcheck.corpora.manifest import DataSet, manifest
from claimcheck.corpora.overlap import DEFAULT, Kind, Texts, Thresholds
from claimcheck.corpora.pairs import Pairs
from claimcheck.corpora.shingles import bands, is_short, jaccard, near_shingles, normalise, shingles
from claimcheck.corpora.triples import TriplePairs
from claimcheck.errors import CorruptInput, Fault
from claimcheck.files import beside
from claimcheck.measurement.provenance import digest_of_files
from claimcheck.run import Json, digest_of

FOLDER = "overlap"
"""Folder of what scans found, in that of the packed corpus."""
SHOWN = 20
"""Matches of a language that are kept with their texts, the first that were met of the strongest kinds."""
_ROWS = 4096
_FORM = 2  # of what is kept: what an earlier version kept does not say all that is told now, and is scanned again


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An evaluated item and the first training text that holds it in the strongest way."""

    id: str
    kind: Kind
    score: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One language of one comparison. `what`: for example questions in queries; `items`: evaluated; `texts`: streamed by.

    `exact`, `contained`, `near`: evaluated items by the strongest way in which a training text holds them. `near_sought`:
    whether near-duplicates were looked for. `short`: evaluated items of fewer words (or characters) than a shingle has: that
    one is contained was not looked for.
    """

    what: str
    language: str
    items: int
    texts: int
    exact: int
    contained: int
    near: int
    near_sought: bool
    short: int
    matches: tuple[Match, ...] = field(default=(), repr=False)


def texts_of(pairs: Pairs, language: str, kind: str) -> Iterator[Sequence[str]]:
    """The texts of a packed corpus in a language, `queries` or `passages`, some thousands at a time.

    Of triples each text comes once, and those too that no triple names.
    """
    if isinstance(pairs, TriplePairs):
        import pyarrow  # type: ignore[import-untyped]

        table = getattr(pairs.parts[language], kind)
        with pyarrow.memory_map(str(table.path)) as source:
            reader = pyarrow.ipc.open_file(source)
            for number in range(reader.num_record_batches):
                yield [text for text in reader.get_batch(number).column(0).to_pylist() if text is not None]
        return
    items = np.flatnonzero(pairs.stands(language))
    for start in range(0, len(items), _ROWS):
        yield getattr(pairs.texts(language, items[start:start + _ROWS]), kind)


def scan(asked: Texts, language: str, given: Iterator[Sequence[str]], what: str, *, near: bool,
         thresholds: Thresholds = DEFAULT, told: Callable[[int], None] = lambda _: None) -> Scan:
    """Hold the items of one language against texts that stream by.

    An evaluated item is contained if that share of its shingles stands in one text. Memory: the items and their shingles.
    `told` hears after every some thousand texts how many there were.
    """
    items = asked.by_language[language]
    groups: dict[str, list[str]] = {}
    for name, text in items:
        if normal := normalise(text):
            groups.setdefault(normal, []).append(name)
    pieces = {text: shingles(text, language) for text in groups}
    holds: dict[str, list[str]] = {}
    for text, own in pieces.items():
        for piece in own:
            holds.setdefault(piece, []).append(text)
    buckets: dict[tuple[int, bytes], list[str]] = {}
    for text in groups if near else ():
        for band in bands(text):
            buckets.setdefault(band, []).append(text)
    best: dict[str, tuple[Kind, float, str]] = {}
    seen = 0
    for some in given:
        for raw in some:
            seen += 1
            other = normalise(raw)
            if other:
                _held(other, raw, language, (pieces, holds, buckets), best, thresholds)
        told(seen)
    kinds = Counter({kind: sum(len(groups[text]) for text, found in best.items() if found[0] is kind) for kind in Kind})
    ordered = sorted(best.items(), key=lambda item: (tuple(Kind).index(item[1][0]), -item[1][1], groups[item[0]][0]))
    matches = tuple(Match(id=groups[text][0], kind=kind, score=score, text=raw) for text, (kind, score, raw) in ordered[:SHOWN])
    return Scan(what=what, language=language, items=len(items), texts=seen, exact=kinds[Kind.EXACT],
                contained=kinds[Kind.CONTAINED], near=kinds[Kind.NEAR], near_sought=near, matches=matches,
                short=sum(len(names) for text, names in groups.items() if is_short(text, language)))


def _held(other: str, raw: str, language: str, index: tuple[Mapping[str, frozenset[str]], Mapping[str, list[str]],
                                                            Mapping[tuple[int, bytes], list[str]]],
          best: dict[str, tuple[Kind, float, str]], thresholds: Thresholds) -> None:
    """Take note of the evaluated texts that one training text holds."""
    pieces, holds, buckets = index
    if other in pieces:
        _better(best, other, (Kind.EXACT, 1.0, raw))
    shared: Counter[str] = Counter()
    for piece in shingles(other, language):
        shared.update(holds.get(piece, ()))
    for text, number in shared.items():
        if text != other and (share := number / len(pieces[text])) >= thresholds.containment:
            _better(best, text, (Kind.CONTAINED, share, raw))
    if buckets:
        own = near_shingles(other)
        for text in {each for band in bands(other) for each in buckets.get(band, ())}:
            if text != other and (coefficient := jaccard(own, near_shingles(text))) >= thresholds.jaccard:
                _better(best, text, (Kind.NEAR, coefficient, raw))


def _better(best: dict[str, tuple[Kind, float, str]], text: str, found: tuple[Kind, float, str]) -> None:
    order = tuple(Kind)
    before = best.get(text)
    if before is None or (order.index(found[0]), -found[1]) < (order.index(before[0]), -before[1]):
        best[text] = found


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A comparison in one language that a worker makes by itself."""

    folder: Path
    asked: Texts = field(repr=False)
    language: str
    what: str
    kind: str
    near: bool


def tasks(pairs: Pairs, folder: Path, asked: Mapping[str, Texts]) -> tuple[Task, ...]:
    """What there is to compare. `asked`: `questions` and perhaps `sentences` -> the texts.

    Questions are held against the queries of the corpus in all three ways, sentences against its passages without looking for
    near-duplicates, which would take five times as long.
    """
    return tuple(Task(folder=folder, asked=Texts(name=texts.name, by_language={language: texts.by_language[language]}),
                      language=language, what=f"{what} in {kind}", kind=kind, near=kind == "queries")
                 for what, texts in asked.items() for kind in ["queries" if what == "questions" else "passages"]
                 for language in pairs.languages if language in texts.by_language)


def carried_out(task: Task) -> Scan:
    """Carry out a task. Raises CorruptInput: the packed corpus is damaged."""
    from claimcheck.corpora.parallel import open_pairs

    given = texts_of(open_pairs(task.folder), task.language, task.kind)
    return scan(task.asked, task.language, given, task.what, near=task.near)


# ---------------------------------------------------------------- what was found, kept beside the corpus


def keep(folder: Path, evaluated: str, pairs_digest: str, evaluated_digest: str, scans: Sequence[Scan]) -> Path:
    """Keep what was found in the folder of the packed corpus, with the digests of both sides."""
    said: dict[str, Json] = {"form": _FORM, "evaluated": evaluated, "pairs_sha256": pairs_digest,
                             "evaluated_sha256": evaluated_digest, "containment": DEFAULT.containment,
                             "jaccard": DEFAULT.jaccard, "scans": json.loads(json.dumps([asdict(each) for each in scans]))}
    path = folder / FOLDER / f"{evaluated}.json"
    path.parent.mkdir(exist_ok=True)
    text = json.dumps({**said, "sha256": digest_of(said)}, indent=1, ensure_ascii=True, sort_keys=True) + "\n"
    beside(path, text.encode()).replace(path)
    return path


def kept(folder: Path, evaluated: str, pairs_digest: str, evaluated_digest: str) -> tuple[Scan, ...] | None:
    """What was found before of the same two; None where nothing is kept. Raises CorruptInput: what is kept is damaged."""
    path = folder / FOLDER / f"{evaluated}.json"
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
        if found.pop("sha256") != digest_of(found):
            raise ValueError("it differs from the digest of itself that it holds")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptInput([Fault(path=path, what=f"cannot be read: {error}", next_move="remove it and scan again")]) from None
    if (found.get("form"), found["pairs_sha256"], found["evaluated_sha256"]) != (_FORM, pairs_digest, evaluated_digest):
        return None
    return tuple(Scan(**{**each, "matches": tuple(_match(match) for match in each["matches"])}) for each in found["scans"])


def _match(found: Mapping[str, Any]) -> Match:
    return Match(id=found["id"], kind=Kind(found["kind"]), score=found["score"], text=found["text"])


def scanned_as(evaluate: str) -> str:
    """Whose items are held against training data where a data set is evaluated: of MIRACL's two, the development topics.

    The hard negatives have no other questions, for some languages fewer.
    """
    return "miracl-dev" if evaluate in (miracl.NAME, miracl.HARD_NEGATIVES) else evaluate


def on_record(folder: Path, pairs_digest: str, evaluate: str, languages: Collection[str]) -> Json:
    """What was found of a data set in a packed corpus in some languages, in numbers; None where nothing is kept of the two.

    `near` is null where near-duplicates were not looked for.
    """
    name = scanned_as(evaluate)
    data_set = manifest().get(name)
    if data_set is None or not data_set.files:
        return None
    found = kept(folder, name, pairs_digest, digest_of_data(data_set))
    if found is None:
        return None
    made: dict[str, Json] = {}
    for what in dict.fromkeys(each.what for each in found):
        own = [each for each in found if each.what == what and each.language in languages]
        row: dict[str, Json] = {key: sum(getattr(each, key) for each in own)
                                for key in ("items", "texts", "exact", "contained", "near", "short")}
        sought = all(each.near_sought for each in own)
        made[what] = {**row, "near": row["near"] if sought else None, "languages": [each.language for each in own]}
    return made


def digest_of_data(data_set: DataSet) -> str:
    """The digest of a data set of the manifest, as runs have it."""
    return digest_of_files([f"{file.language} {file.sha256}" for file in data_set.files])
