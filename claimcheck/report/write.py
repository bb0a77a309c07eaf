"""Writes a report's files: all of them rendered before the first is written, each replaced in one step."""

from pathlib import Path

from claimcheck.errors import UsageFault
from claimcheck.files import beside
from claimcheck.report import html, json_export, latex
from claimcheck.report.view import ReportView

RENDERERS = {"index.html": html.render, "report.tex": latex.render, "report.json": json_export.render}


def write(report: ReportView, folder: Path) -> tuple[Path, ...]:
    """Write index.html, report.tex and report.json into `folder` and return their paths.

    Other files of the folder are left alone. Raises UsageFault: the folder cannot be made or written.
    """
    texts = {name: render(report) for name, render in RENDERERS.items()}
    paths = tuple(folder / name for name in texts)
    waiting: dict[Path, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if taken := [path for path in paths if path.is_dir()]:
            raise UsageFault(f"{taken[0]}: is a folder; name another folder with --out")
        for path in paths:
            waiting[path] = beside(path, texts[path.name].encode())
        for path, made in waiting.items():
            made.replace(path)
    except OSError as error:
        raise UsageFault(f"{folder}: cannot be written ({error.strerror}); name another folder with --out") from None
    finally:
        for made in waiting.values():
            made.unlink(missing_ok=True)
    return paths
