"""The verb `data`: what data sets there are, whether those here are right, fetching them, and what two of them share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimcheck.cli.options import DATA_DIR, FORMAT, FolderOrFile
from claimcheck.cli.shared import echo_json

if TYPE_CHECKING:
    from claimcheck.corpora.corpus import JudgedQueries, ParallelCorpus
    from claimcheck.corpora.manifest import DataSet


@click.group()
def data() -> None:
    """List, verify and fetch data sets; compare two of them; export one."""


@data.command("list")
@DATA_DIR
@FORMAT
def list_data(data_dir: Path | None, form: str) -> None:
    """List the data sets of the manifest, their licence, and whether they are on this machine."""
    from claimcheck.corpora.door import Missing, folders, locate, megabytes
    from claimcheck.corpora.manifest import manifest

    rows = []
    for each in manifest().values():
        found = locate(each, folders(data_dir))
        here = len(each.files) - (len(found.files) if isinstance(found, Missing) else 0)
        rows.append((each, here, found.remedy if isinstance(found, Missing) else ""))
    if form == "json":
        echo_json([{"name": each.name, "title": each.title, "licence": each.licence, "non_commercial": each.non_commercial,
                    "bytes": each.bytes, "files": len(each.files), "files_here": here, "source": each.source,
                    "citation": each.citation, "remedy": remedy} for each, here, remedy in rows])
        return
    for each, here, remedy in rows:
        state = f"{here} of {len(each.files)} files here, {megabytes(each.bytes)}"
        state = state if each.files else "read from a folder of your own"
        click.echo(f"{each.name}  {each.title}: {state}; {each.terms}\n    {each.source}\n    {each.citation}")
        for line in filter(None, (each.note, remedy)):
            click.echo(f"    {line}")


@data.command()
@click.argument("names", nargs=-1)
@DATA_DIR
def verify(names: tuple[str, ...], data_dir: Path | None) -> None:
    """Check the files of data sets against the manifest; without NAMES, of all that are here."""
    from claimcheck.corpora.door import Missing, folders, verified
    from claimcheck.errors import CorruptInput, Fault

    faults: list[Fault] = []
    absent = False
    for each in _named(tuple(dict.fromkeys(names))) if names else _listed():
        if not each.files:
            click.echo(f"{each.name}: nothing to check; {each.note}")
            continue
        try:
            found = verified(each, folders(data_dir))
        except CorruptInput as error:
            faults += error.faults
            click.echo(f"{each.name}: {len(error.faults)} of {len(each.files)} files differ")
            continue
        if isinstance(found, Missing):
            absent = absent or bool(names)
            here = len(each.files) - len(found.files)
            click.echo(f"{each.name}: {here} of {len(each.files)} files here{', as published' if here else ''}; {found.remedy}")
        else:
            click.echo(f"{each.name}: {len(found)} files as published")
    if faults:
        raise CorruptInput(faults)
    if absent:
        raise click.exceptions.Exit(1)


@data.command()
@click.argument("name")
@DATA_DIR
def fetch(name: str, data_dir: Path | None) -> None:
    """Download a data set into --data-dir, else into the user's cache, each file checked before it takes its place."""
    from claimcheck.corpora.door import cache
    from claimcheck.corpora.door import fetch as download

    each, = _named((name,))
    folder = data_dir or cache()
    download(each, folder, lambda line: click.echo(line, err=True))
    click.echo(f"{each.name}: {len(each.files)} files as published in {folder}")


@data.command("overlap")
@click.argument("one")
@click.argument("other")
@click.option("--most", type=click.IntRange(min=0), default=10, show_default=True, help="How many matches to show.")
@DATA_DIR
@FORMAT
def show_overlap(one: str, other: str, most: int, data_dir: Path | None, form: str) -> None:
    """Say what two data sets share: articles, questions and sentences that are the same, contained or nearly the same."""
    from claimcheck.corpora.overlap import DEFAULT, candidates_of, overlap, questions_of, shared_articles

    first, second = _opened(one, data_dir), _opened(other, data_dir)
    articles = shared_articles(first, second)
    found = {"questions": (questions_of(first), questions_of(second)),
             "sentences": (candidates_of(first), candidates_of(second))}
    results = {what: overlap(*texts) for what, texts in found.items()}
    if form == "json":
        echo_json({"a": one, "b": other, "articles": list(articles),
                   "thresholds": {"containment": DEFAULT.containment, "jaccard": DEFAULT.jaccard},
                   **{what: {"compared": {language: list(sizes) for language, sizes in each.compared.items()},
                             "exact": each.exact, "contained": each.contained, "near": each.near, "matched": each.matched_a,
                             "matches": [{"language": match.language, "a": match.id_a, "b": match.id_b, "kind": match.kind,
                                          "score": match.score} for match in each.matches[:most]]}
                      for what, each in results.items()}})
        return
    click.echo(f"articles in both: {', '.join(articles) or 'none'}")
    for what, each in results.items():
        texts = {key: {(language, name): text for language, items in side.by_language.items() for name, text in items}
                 for key, side in zip("ab", found[what], strict=True)}
        sizes = [sum(pair[side] for pair in each.compared.values()) for side in (0, 1)]
        click.echo(f"{what}: {sizes[0]:,} of {one} against {sizes[1]:,} of {other} in {len(each.compared)} languages: "
                   f"{each.exact} the same, {each.contained} contained, {each.near} nearly the same")
        for match in each.matches[:most]:
            pair = [texts["a"][match.language, match.id_a], texts["b"][match.language, match.id_b]]
            click.echo(f"  {match.language} {match.kind} {match.score:.2f}  {'  |  '.join(text[:70] for text in pair)}")


@data.command("export")
@click.argument("name")
@click.option("--out", type=FolderOrFile(path_type=Path), required=True, metavar="DIR", help="Folder to write to.")
@DATA_DIR
def export_data(name: str, out: Path, data_dir: Path | None) -> None:
    """Export a data set as TREC topics and qrels, and its candidates, where it has any, as JSON lines."""
    from claimcheck.corpora.export import export_judged, export_parallel

    each, = _named((name,))
    if each.parser == "miracl":
        written = [path for queries in _judged(each, data_dir) for path in export_judged(queries, out)]
    else:
        written = list(export_parallel(_opened(name, data_dir), out))
    for path in written:
        click.echo(str(path))


def _judged(data_set: DataSet, data_dir: Path | None) -> Iterator[JudgedQueries]:
    """The judged queries of each language of a data set. Raises UsageFault: it is not here; CorruptInput: it differs."""
    from claimcheck.corpora import miracl
    from claimcheck.corpora.door import Missing, folders, verified
    from claimcheck.errors import UsageFault

    found = verified(data_set, folders(data_dir))
    if isinstance(found, Missing):
        raise UsageFault(f"{data_set.title}: not on this machine; {found.remedy}")
    paths = {file.path: path for file, path in found.items()}
    for language in miracl.LANGUAGES:
        topics, qrels = (paths[f"miracl/{kind}.miracl-v1.0-{language}-dev.tsv"] for kind in ("topics", "qrels"))
        yield miracl.read_dev(topics, qrels, language)


def _listed() -> tuple[DataSet, ...]:
    from claimcheck.corpora.manifest import manifest

    return tuple(each for each in manifest().values() if each.files)


def _named(names: tuple[str, ...]) -> tuple[DataSet, ...]:
    """The data sets of these names. Raises UsageFault: one that the manifest does not hold."""
    from claimcheck.corpora.manifest import manifest
    from claimcheck.documents import suggestion
    from claimcheck.errors import UsageFault

    for name in names:
        if name not in manifest():
            raise UsageFault(f"{name}: no such data set; {suggestion(name, manifest())}")
    return tuple(manifest()[name] for name in names)


def _opened(name: str, data_dir: Path | None) -> ParallelCorpus:
    """A parallel corpus by name. Raises UsageFault: it is not here, or not of that kind; CorruptInput: it differs."""
    from claimcheck.appraisal.data import open_all
    from claimcheck.appraisal.tier_verdict import Unavailable
    from claimcheck.corpora.door import folders
    from claimcheck.errors import CorruptInput, UsageFault

    _named((name,))
    opened = open_all([name], folders(data_dir), None)
    if opened.corrupt:
        raise CorruptInput(opened.corrupt)
    corpus = opened.corpora[name]
    if isinstance(corpus, Unavailable):
        raise UsageFault(f"{corpus.why}; {corpus.remedy}")
    return corpus
