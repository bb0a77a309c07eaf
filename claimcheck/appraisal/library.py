"""Claims with all that stands around them: reproductions, reported tables, and every fault of any of them at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from claimcheck import claim_files, reproduction_files
from claimcheck.appraisal import misfits_of
from claimcheck.claim_files import ClaimFile
from claimcheck.documents import suggestion
from claimcheck.errors import CorruptInput, Fault, FileFaults, UsageFault
from claimcheck.evidence.audits import AuditFinding, audit
from claimcheck.evidence.reported_table import ReportedTable, read_table
from claimcheck.evidence.selections import misfits, misfits_of_audits, misfits_of_printed
from claimcheck.reproduction_files import ReproductionFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that is no fault and worth a word; about a file, where `path` is set."""

    path: Path | None = None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """What was read: claims in order of their files, reproductions by name, reported tables by path.

    `faults` are of claim and reproduction files, `corrupt` of data. `doubts` are what checks name and tables do not hold: a
    fault to whoever validates, no obstacle to a run, where what they select stays open. `notes` are no faults.
    """

    claims: tuple[ClaimFile, ...]
    reproductions: Mapping[str, ReproductionFile]
    tables: Mapping[Path, ReportedTable]
    audits: Mapping[Path, tuple[AuditFinding, ...]]
    faults: tuple[Fault, ...]
    doubts: tuple[Fault, ...]
    corrupt: tuple[Fault, ...]
    notes: tuple[Note, ...]

    def table_of(self, document: ClaimFile) -> ReportedTable | None:
        """The reported table beside a claim, or None."""
        return self.tables.get(table_path(document))

    def raise_faults(self) -> None:
        """Raise FileFaults or CorruptInput with every fault, if there is any."""
        if self.faults:
            raise FileFaults(self.faults + self.corrupt)
        if self.corrupt:
            raise CorruptInput(self.corrupt)


def check(claims: Path, reproductions: Path | None = None) -> Library:
    """As `read_library`, for a folder that may also hold reproductions, or nothing else: each of them is checked too."""
    files = claim_files.yaml_files(claims)
    own = [path for path in files if path.parent.name == claim_files.REPRODUCTIONS]
    if own and len(own) == len(files):
        library = Library(claims=(), reproductions={}, tables={}, audits={}, faults=(), doubts=(), corrupt=(), notes=())
    else:
        library = read_library(claims, reproductions)
    found, faults = dict(library.reproductions), list(library.faults)
    for path in own:
        document, wrong = reproduction_files.load(path)
        faults += wrong
        if document is not None:
            found[document.value.id] = document
            faults += misfits_of.of_routes(document) + misfits_of.trainings(document) + misfits_of.printed(document)
    return replace(library, reproductions=found, faults=tuple(dict.fromkeys(faults)))


def table_path(document: ClaimFile) -> Path:
    """Where the reported table of a claim stands."""
    return document.path.parent / document.value.tables


def read_library(claims: Path, reproductions: Path | None = None) -> Library:
    """Read everything that the claims name. Raises UsageFault: there are no claims at that path."""
    documents, faults = claim_files.load(claims)
    found, wrong, notes = _reproductions(documents, claims, reproductions)
    faults += wrong
    tables, corrupt = _tables(documents)
    doubts: list[Fault] = []
    for document in documents:
        faults += misfits_of.data_sets(document)
        table = tables.get(table_path(document))
        if table is not None:
            found_wrong = misfits(document, table)
            faults += found_wrong.faults
            doubts += found_wrong.doubts
        elif any(atom.reported for atom in document.value.atoms) and not table_path(document).is_file():
            text = f"{document.value.tables} does not stand beside it; tier reported cannot run"
            notes.append(Note(path=document.path, text=text))
    notes += [Note(path=path, text="is not read: claim files end in .yaml") for path in claim_files.misnamed(claims)]
    audits: dict[Path, tuple[AuditFinding, ...]] = {}
    for path, table in tables.items():
        named = {document.value.reproduction for document in documents if table_path(document) == path}
        for name in sorted(filter(None, named)):
            if name in found:
                for wrong_of in (misfits_of_audits(found[name], table), misfits_of_printed(found[name], table)):
                    faults += wrong_of.faults
                    doubts += wrong_of.doubts
        sizes = [(each.says, each.granularity) for name in sorted(filter(None, named)) if name in found
                 for each in found[name].value.audits]
        if faults:
            continue  # a selection that does not fit would audit nothing in silence
        try:
            audits[path] = audit(table, sizes)
        except CorruptInput as error:
            corrupt += error.faults
    return Library(claims=documents, reproductions=found, tables=tables, audits=audits, faults=tuple(faults),
                   doubts=tuple(doubts), corrupt=tuple(corrupt), notes=tuple(dict.fromkeys(notes)))


def _reproductions(documents: Sequence[ClaimFile], claims: Path,
                   given: Path | None) -> tuple[dict[str, ReproductionFile], list[Fault], list[Note]]:
    found: dict[str, ReproductionFile] = {}
    faults: list[Fault] = []
    notes: list[Note] = []
    for name in dict.fromkeys(document.value.reproduction for document in documents if document.value.reproduction):
        path = reproduction_files.find(name, claims, given)
        if path is None:
            notes.append(Note(text=f"no reproduction called {name} was found; tiers reduced and full cannot be planned (see "
                              "--reproductions)"))
            continue
        document, wrong = reproduction_files.load(path)
        faults += wrong
        if document is not None:
            found[name] = document
            faults += misfits_of.of_routes(document) + misfits_of.trainings(document) + misfits_of.printed(document)
    for claim in documents:
        known = found.get(claim.value.reproduction or "")
        if known is not None:
            faults += misfits_of.arms(claim, known) + misfits_of.backbones(claim, known)
    return found, faults, notes


def _tables(documents: Sequence[ClaimFile]) -> tuple[dict[Path, ReportedTable], list[Fault]]:
    tables: dict[Path, ReportedTable] = {}
    corrupt: list[Fault] = []
    for path in dict.fromkeys(table_path(document) for document in documents):
        try:
            tables[path] = read_table(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            corrupt.append(Fault(path=path, what=f"cannot be read: {error.strerror}", next_move="check its rights"))
        except CorruptInput as error:
            corrupt += error.faults
    return tables, corrupt


def chosen(library: Library, only: Sequence[str]) -> tuple[ClaimFile, ...]:
    """The claims with the given ids, or all. Raises UsageFault: an id that no claim has."""
    ids = [document.value.id for document in library.claims]
    for name in only:
        if name not in ids:
            raise UsageFault(f"--only {name}: no claim has this id; {suggestion(name, ids)}")
    return tuple(document for document in library.claims if not only or document.value.id in only)
