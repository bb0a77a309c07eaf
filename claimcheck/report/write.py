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
    paths = tuple(folder / name for name in texts)
    waiting: dict[Path, str] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if taken := [path for path in paths if path.is_dir()]:
            raise UsageFault(f"{taken[0]}: is a folder; name another folder with --out")
        for path in paths:
            waiting[path] = _beside(path, texts[path.name])
        for path, name in waiting.items():
            os.replace(name, path)
    except OSError as error:
        raise UsageFault(f"{folder}: cannot be written ({error.strerror}); name another folder with --out") from None
    finally:
        for name in waiting.values():
            Path(name).unlink(missing_ok=True)
    return paths


def _beside(path: Path, text: str) -> str:
    """Write the text into a file beside the path, from where one step puts it in its place."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(0o666 & ~_umask())
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    return name


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
