"""The store: for each run its places as Parquet, and a record beside them; published in one step or not at all.

`STORE/<key>/places.parquet` and `run.json`; while a run is under way, `STORE/parts/<key>/<leg>.parquet` and `.json`. Only the
process that holds a run's lock writes it, so two at once do not disturb each other, and a process that dies lets go of it.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from claimcheck.errors import CorruptInput, Fault, UsageFault
from claimcheck.files import beside, held, umask
from claimcheck.measurement.places import Places, from_parquet
from claimcheck.run import Json, digest_of

PLACES, RECORD = "places.parquet", "run.json"
FOLDER = Path(".claimcheck") / "store"
"""Where the store is, under the working folder, unless another is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A run's result as it was stored: `places` as bytes of Parquet, and the record beside them."""

    places: bytes
    record: dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A folder of results, each under its key."""

    path: Path

    def folder(self, key: str) -> Path:
        """Where the result of a key stands, or will stand."""
        return self.path / key

    def has(self, key: str) -> bool:
        """Whether a whole result stands under a key."""
        return all((self.folder(key) / name).is_file() for name in (PLACES, RECORD))

    def publish(self, key: str, result: Stored) -> None:
        """Put a result in its place in one step, and remove its parts. A result that stands is left as it is.

        For the one who holds the run's lock.
        """
        target = self.folder(key)
        if not self.has(key):
            self.path.mkdir(parents=True, exist_ok=True)
            for left in self.path.glob(f".{key}.*"):  # by one who died while publishing; the lock says that nobody does now
                shutil.rmtree(left, ignore_errors=True)
            made = Path(tempfile.mkdtemp(dir=self.path, prefix=f".{key}."))
            try:
                for name, content in ((PLACES, result.places), (RECORD, _json(result.record))):
                    beside(made / name, content).replace(made / name)
                if target.exists():  # half a result, which no publishing leaves: somebody took a file away
                    shutil.rmtree(target)
                made.chmod(0o777 & ~umask())
                made.rename(target)
            finally:
                shutil.rmtree(made, ignore_errors=True)
        shutil.rmtree(self.parts(key), ignore_errors=True)

    def put_part(self, key: str, leg: int, result: Stored) -> None:
        """Keep the result of one leg of a run until all of them are there."""
        folder = self.parts(key)
        folder.mkdir(parents=True, exist_ok=True)
        # the record goes last: its standing there says that the part is whole
        for suffix, content in ((".parquet", result.places), (".json", _json(result.record))):
            beside(folder / f"{leg}{suffix}", content).replace(folder / f"{leg}{suffix}")

    def part(self, key: str, leg: int) -> Stored | None:
        """The result of one leg if it was kept whole, else None."""
        places, record = (self.parts(key) / f"{leg}{suffix}" for suffix in (".parquet", ".json"))
        try:
            found = Stored(places=places.read_bytes(), record=json.loads(record.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return None
        return found if _whole(found.places, found.record) else None

    def read(self, key: str) -> tuple[Places, dict[str, Json]]:
        """The places and the record of a key. Raises CorruptInput: a file is missing, differs from its digest, or is none."""
        folder = self.folder(key)
        remove = f"remove the folder {folder} and run again"
        try:
            record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
            content = (folder / PLACES).read_bytes()
        except (OSError, ValueError) as error:
            raise CorruptInput([Fault(path=folder / RECORD, what=f"cannot be read as a result ({error})",
                                      next_move=remove)]) from None
        if not _whole(content, record):
            raise CorruptInput([Fault(path=folder / PLACES, what="differs from the digest that stands beside it, or the record "
                                      f"in {RECORD} from its own", next_move=remove)])
        if record["key"] != key:
            raise CorruptInput([Fault(path=folder / RECORD, what="is not the record of this run", next_move=remove)])
        return from_parquet(content), record

    @contextmanager
    def lock(self, key: str) -> Iterator[bool]:
        """Hold the lock of a run, or say that another process holds it. Whoever dies lets go of it."""
        folder = self.path / "locks"
        with ExitStack() as stack:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                free = stack.enter_context(held(folder / key))
            except OSError as error:
                raise UsageFault(f"{self.path}: the store cannot be written ({error.strerror}); "
                                 "name another with --store") from None
            yield free

    def parts(self, key: str) -> Path:
        """Where the legs of a run that is under way are kept, and their unfinished trainings."""
        return self.path / "parts" / key


def _whole(places: bytes, record: object) -> bool:
    """Whether both are as they were put down: the record names the digest of the places, and one of itself."""
    if not isinstance(record, dict) or record.get("places_sha256") != hashlib.sha256(places).hexdigest():
        return False
    return record.get("record_sha256") == digest_of({name: value for name, value in record.items() if name != "record_sha256"})


def stored(places: bytes, record: dict[str, Json]) -> Stored:
    """A result whose record names the digest of its places, and one of itself."""
    named: dict[str, Json] = {**record, "places_sha256": hashlib.sha256(places).hexdigest()}
    return Stored(places=places, record={**named, "record_sha256": digest_of(named)})


def _json(value: Json) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=True) + "\n").encode()
