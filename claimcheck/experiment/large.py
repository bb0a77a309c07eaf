"""Evaluating data sets whose passages are too many for memory: language by language, encoded into shards, counted, and let go.

A language whose places stand is not encoded again, and of one that was interrupted whole shards are kept; what is on disk at a
time are the vectors of one language.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from torch import Tensor

from claimcheck.corpora import large, miracl
from claimcheck.errors import CorruptInput
from claimcheck.files import beside
from claimcheck.measurement.places import Places, from_parquet, of_languages, to_parquet_bytes
from claimcheck.measurement.progress import tell_encoded
from claimcheck.retrieval.encoder import Role
from claimcheck.retrieval.judged import evaluate_judged
from claimcheck.retrieval.ranks import Ranks
from claimcheck.retrieval.shard_writing import write
from claimcheck.run import Json

if TYPE_CHECKING:
    from claimcheck.experiment.leg import Leg

Embed: TypeAlias = Callable[[list[str], Role], Tensor]


def evaluate_large(leg: "Leg", embed: Embed, ranks: Ranks, device: str) -> Places:
    """The places of all languages of a leg. `embed` encodes in this process alone: shards are what several processes share out.

    Raises CorruptInput: passages, topics or judgments are damaged or not of one release; MeasurementFailed: a vector is not
    finite, or a file cannot be written.
    """
    with _folder(leg) as folder:
        return of_languages([_language(leg, embed, ranks, device, language, folder)
                             for language in leg.run.condition.data.evaluated_in(leg.route)])


def judged_sizes(places: Places) -> Mapping[str, Json]:
    """Language -> how many queries count, and how many passages they were put to."""
    pools = dict(zip(places.query_language.strings().tolist(), places.pool.tolist(), strict=True))
    asked = set(zip(places.query_language.strings().tolist(), places.question.strings().tolist(), strict=True))
    return {language: {"questions": sum(spoken == language for spoken, _ in asked), "candidates": pool}
            for language, pool in sorted(pools.items())}


def _language(leg: "Leg", embed: Embed, ranks: Ranks, device: str, language: str, folder: Path) -> Places:
    """The places of one language, made or as they stand from before."""
    standing = folder / f"{language}.parquet"
    if standing.exists():
        with suppress(CorruptInput):  # cut off by whatever interrupted: made again
            return from_parquet(standing)
    name, files = leg.route.evaluate, leg.files[leg.route.evaluate]
    queries = large.read_judged(name, language, files)
    shards = write(_Passages(files[f"{language}/{large.PASSAGES}"], leg, language, ranks), embed, folder / language,
                   name=f"{name}/{language}", made_from={"run": leg.key, "leg": leg.number}, ranks=ranks)
    places = evaluate_judged(queries, shards, embed, leg.route.name, device)
    ranks.meet()  # nobody reads the shards any more
    if ranks.rank == 0:
        beside(standing, to_parquet_bytes(places)).replace(standing)
        shutil.rmtree(folder / language, ignore_errors=True)
    return places


class _Passages:
    """The passages of a language, to be gone through as often as needed; says now and then how far the first process is."""

    def __init__(self, folder: Path, leg: "Leg", language: str, ranks: Ranks) -> None:
        self._folder, self._leg, self._language, self._ranks = folder, leg, language, ranks

    def __iter__(self) -> Iterator[miracl.Passage]:
        for number, passage in enumerate(miracl.passages(self._folder)):
            if number % _TOLD == 0 and self._ranks.rank == 0 and self._leg.kept is not None:
                tell_encoded(self._leg.kept, f"{self._leg.route.evaluate}/{self._language}", number)
            yield passage


_TOLD = 4096
"""After so many passages it is told how far encoding is."""


@contextmanager
def _folder(leg: "Leg") -> Iterator[Path]:
    """Where the shards stand while a leg is evaluated: beside the training that is kept, or in a folder that goes with it."""
    if leg.kept is not None:
        folder = leg.kept.with_name(f"{leg.number}.passages")
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="claimcheck-") as made:
        yield Path(made)
