"""Writes a report's files: all of them rendered before the first is written, each replaced in one step."""

import os
import tempfile
from pathlib import Path

from claimcheck.errors import UsageFault
from claimcheck.report import html, json_export, latex
from claimcheck.report.view import ReportView

RENDERERS = {"index.html": html.render, "report.tex": latex.render, "report.json": json_export.render}


def write(report: ReportView, folder: Path) -> tuple[Path, ...]:
    """Write index.html, report.tex and report.json into `folder` and return their paths.

    Other files of the folder are left alone. Raises UsageFault: the folder cannot be made or written.
    """
    texts = {name: render(report) for name, render in RENDERERS.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            _replace(folder / name, text)
    except OSError as error:
        raise UsageFault(f"{folder}: cannot be written ({error.strerror}); name another folder with --out") from None
    return tuple(folder / name for name in texts)


def _replace(path: Path, text: str) -> None:
    """Put the text where the path is in one step, so that no reader ever sees half of it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
