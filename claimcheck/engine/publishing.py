"""Publishing: the parts of a run put together as its result, by the one who holds its lock."""

from claimcheck.corpora.backbones import Checkpoint, files_sha256
from claimcheck.corpora.parallel import PACKED, open_pairs
from claimcheck.corpora.scan import on_record
from claimcheck.measurement.places import concatenate, from_parquet, to_parquet_bytes
from claimcheck.measurement.provenance import checkout, machine
from claimcheck.measurement.store import Store, Stored, stored
from claimcheck.measurement.work import Work, selecting
from claimcheck.run import Json


def publish(work: Work, store: Store) -> bool:
    """Put the result of a run in its place, if all its parts stand; whether they do. Locks of its tasks go with the parts."""
    parts = [part for number in range(len(work.run.condition.legs)) if (part := store.part(work.key, number)) is not None]
    if len(parts) < len(work.run.condition.legs):
        return False
    places = concatenate([from_parquet(part.places) for part in parts])
    store.publish(work.key, stored(to_parquet_bytes(places), _record(work, parts)))
    for left in (store.path / "locks").glob(f"{work.key}.*"):
        left.unlink(missing_ok=True)  # a worker that comes late finds that the run stands, whatever lock it gets
    return True


def _record(work: Work, parts: list[Stored]) -> dict[str, Json]:
    """What the run was made from. `machine` is that of its first leg; a leg that another made names its own."""
    told: dict[str, Json] = {}
    if work.checkpoint is not None:
        told["checkpoint_files"] = dict(files_sha256(Checkpoint(folder=work.checkpoint, digest="", source="folder")))
    if scanned := _scanned(work):
        told["training_overlap"] = scanned
    first = parts[0].record.get("machine", machine())
    legs: list[Json] = [{name: value for name, value in part.record.items()
                         if not name.endswith("_sha256") and (name, value) != ("machine", first)} for part in parts]
    return {"format": "claimcheck-run", "format_version": 1, "key": work.key, "run": work.run.digest, "seed": work.run.seed,
            "condition": work.run.condition.as_json(), **work.ingredients.as_json(), **told, "legs": legs,
            "code": checkout(), "machine": first}


def _scanned(work: Work) -> dict[str, Json]:
    """Of each data set evaluated after training on packed pairs, or on a checkpoint that such chose, what a scan found of it.

    Of the languages that are both trained on and evaluated; null: there was no scan.
    """
    data, made = work.run.condition.data, dict[str, Json]()
    for route in data.routes if work.run.condition.filling.sampling != "none" else ():
        packed = {part: work.files[part][PACKED] for part in (*data.parts(route), *sorted(selecting(work.run.condition)))
                  if PACKED in work.files.get(part, {})}
        spoken = set(data.evaluated_in(route)).intersection(data.trained_in(route))
        if shared := {part: folder for part, folder in packed.items() if spoken.intersection(open_pairs(folder).languages)}:
            made[route.evaluate] = {part: on_record(folder, work.ingredients.data[part], route.evaluate, spoken)
                                    for part, folder in shared.items()}
    return made
