"""Reproduction files: found by name in `--reproductions`, else near the claims, else in the working directory."""

from pathlib import Path

from claimcheck.documents import Document, read
from claimcheck.errors import Fault
from claimcheck.reproduction import Reproduction

ReproductionFile = Document[Reproduction]


def folders(claims: Path, given: Path | None) -> tuple[Path, ...]:
    """Where reproductions are looked for, first to last."""
    near = next((parent / "reproductions" for parent in (claims.resolve(), *claims.resolve().parents)
                 if (parent / "reproductions").is_dir()), None)
    here = Path("reproductions")
    return tuple(folder for folder in (given, near, here) if folder is not None and folder.is_dir())


def find(name: str, claims: Path, given: Path | None = None) -> Path | None:
    """The file of the reproduction called `name`, or None where there is none."""
    return next((path for folder in folders(claims, given) if (path := folder / f"{name}.yaml").is_file()), None)


def load(path: Path) -> tuple[ReproductionFile | None, list[Fault]]:
    """Read one reproduction file; its id must be the name of the file, since claims find it by that."""
    document, faults = read(path, Reproduction)
    if document is not None and document.value.id != path.stem:
        return None, [document.fault(("id",), f"`id: {document.value.id}` is not the name of the file",
                                     f"write `id: {path.stem}` or rename the file")]
    return document, faults
