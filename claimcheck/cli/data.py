"""The verb `data`: what data there are, whether those here are right, fetching, preparing and packing, and what two share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimcheck.cli.options import DATA_DIR, FORMAT, FolderOrFile
from claimcheck.cli.shared import counted, echo_json, progress

if TYPE_CHECKING:
    from claimcheck.corpora.corpus import JudgedQueries, ParallelCorpus
    from claimcheck.corpora.manifest import DataSet
    from claimcheck.corpora.overlap import Texts
    from claimcheck.corpora.training_data import TrainingPart
    from claimcheck.errors import Fault


@click.group()
def data() -> None:
    """List, verify and fetch data sets; prepare or pack pairs to train on; compare two data sets; export one."""


@data.command("list")
@DATA_DIR
@FORMAT
def list_data(data_dir: Path | None, form: str) -> None:
    """List the data sets, their licence, and whether they are here; what the paper trained on; the packed pairs here."""
    from claimcheck.corpora.door import Missing, folders, locate, megabytes
    from claimcheck.corpora.manifest import manifest
    from claimcheck.corpora.training_data import training_parts
    from claimcheck.errors import printable

    rows = []
    for each in manifest().values():
        found = locate(each, folders(data_dir))
        here = len(each.files) - (len(found.files) if isinstance(found, Missing) else 0)
        rows.append((each, here, found.remedy if isinstance(found, Missing) else ""))
    if form == "json":
        echo_json([{"name": each.name, "title": each.title, "licence": each.licence, "non_commercial": each.non_commercial,
                    "bytes": each.bytes, "files": len(each.files), "files_here": here, "source": each.source,
                    "citation": each.citation, "remedy": remedy} for each, here, remedy in rows]
                  + [_training_json(part, data_dir) for part in training_parts().values()]
                  + [_packed_json(name, folder) for name, folder in _packed(data_dir).items()])
        return
    for each, here, remedy in rows:
        state = f"{here} of {len(each.files)} files here, {megabytes(each.bytes)}"
        state = state if each.files else "fetched by language, or read from a folder of your own"
        click.echo(f"{each.name}  {each.title}: {state}; {each.terms}\n    {each.source}\n    {each.citation}")
        for line in filter(None, (each.note, remedy)):
            click.echo(f"    {line}")
    for part in training_parts().values():
        for line in _training_told(part, _training_json(part, data_dir)):
            click.echo(line)
    for name, folder in _packed(data_dir).items():
        own = _packed_json(name, folder)
        state = f"{own['count']:,} items in {', '.join(own['items'])}, {megabytes(own['bytes'])}"
        click.echo(f"{name}  {own['title']}: {'cannot be opened' if own['remedy'] else state}; "
                   f"{printable(own['licence']) or 'no licence stated'}")
        for line in filter(None, (own["source"], own["citation"], str(folder), *own["remedy"].splitlines())):
            click.echo(f"    {printable(line)}")


@data.command()
@click.argument("names", nargs=-1)
@DATA_DIR
def verify(names: tuple[str, ...], data_dir: Path | None) -> None:
    """Check the files of data sets against the manifest, of packed pairs against their digests; without NAMES, of all here."""
    from claimcheck.corpora.door import Missing, folders, verified
    from claimcheck.corpora.manifest import manifest
    from claimcheck.errors import CorruptInput

    faults: list[Fault] = []
    absent = False
    packed = {name: folder for name, folder in _packed(data_dir).items() if not names or name in names}
    wanted = tuple(name for name in dict.fromkeys(names) if name in manifest() or name not in packed)
    for each in _named(wanted, others=_packed(data_dir)) if names else tuple(manifest().values()):
        if not each.files:
            own, lines = _large_faults(each.name, data_dir)
            faults += own
            absent = absent or (bool(names) and not lines)
            if lines or names:
                click.echo("\n".join(lines) or f"{each.name}: nothing is here to check; {each.note}")
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
    for name, folder in packed.items():
        own = _packed_faults(folder)
        faults += own
        wrong = f"{counted(len(own), 'file')} {'is' if len(own) == 1 else 'are'} not as packed"
        click.echo(f"{name}: {wrong if own else 'every file as packed'}")
    if faults:
        raise CorruptInput(faults)
    if absent:
        raise click.exceptions.Exit(1)


@data.command()
@click.argument("name")
@click.option("--language", "languages", multiple=True, metavar="LANGUAGE",
              help="Of passages that are fetched by language: which; can be given several times.")
@click.option("--data-dir", type=FolderOrFile(path_type=Path), default=None, metavar="DIR",
              help="Folder to download into, made if it is not there; else the user's cache.")
def fetch(name: str, languages: tuple[str, ...], data_dir: Path | None) -> None:
    """Download a data set, or a part of the training data, into --data-dir, else the user's cache, each file checked."""
    from claimcheck.corpora import large_door, training_files
    from claimcheck.corpora.door import cache, folders
    from claimcheck.corpora.door import fetch as download
    from claimcheck.corpora.large import LARGE
    from claimcheck.corpora.training_data import training_parts
    from claimcheck.errors import UsageFault

    folder, part = data_dir or cache(), training_parts().get(name)
    if part is None:
        _named((name,), others=training_parts())
    if languages and name not in LARGE:
        raise UsageFault(f"{name}: --language goes with {' and '.join(LARGE)} alone, this one is fetched whole; leave it out")
    try:
        folder.mkdir(parents=True, exist_ok=True)  # CLAIMCHECK_DATA may name it before there is anything in it
    except OSError as error:
        raise UsageFault(f"{folder}: cannot be made ({error.strerror}); name another folder") from None
    if part is not None:
        elsewhere, _ = training_files.here(part, folders(data_dir))
        if elsewhere is not None and elsewhere != folder / training_files.inside(part):
            click.echo(f"{name}: {counted(len(part.files), 'file')} in {elsewhere} already")
            return
        place = training_files.fetch(part, folder, lambda line: click.echo(line, err=True))
        click.echo(f"{name}: {counted(len(part.files), 'file')} in {place}; `claimcheck data prepare {name}` makes pairs of it")
        return
    if name in LARGE:
        if not languages:
            raise UsageFault(f"{name} is fetched by language, since some are gigabytes: name them with --language, for example "
                             f"`claimcheck data fetch {name} --language yo --language sw`")
        place = large_door.fetch(name, languages, folder, lambda line: click.echo(line, err=True))
        click.echo(f"{name}: {', '.join(languages)} in {place}")
        return
    each, = _named((name,))
    download(each, folder, lambda line: click.echo(line, err=True))
    click.echo(f"{each.name}: {len(each.files)} files as published in {folder}")


@data.command("prepare")
@click.argument("name")
@click.option("--out", type=FolderOrFile(path_type=Path), metavar="DATA_DIR",
              help="Data folder to write to; without it --data-dir, else the user's cache.")
@click.option("--any-count", is_flag=True, help="Pack another number of items than was published, and note it.")
@DATA_DIR
def prepare_pairs(name: str, out: Path | None, any_count: bool, data_dir: Path | None) -> None:
    """Make packed pairs of a part of the training data, from its published files in the data folders."""
    from claimcheck.corpora import training_files
    from claimcheck.corpora.door import cache, folders, megabytes
    from claimcheck.corpora.preparing import prepare
    from claimcheck.corpora.training_data import training_parts
    from claimcheck.documents import suggestion
    from claimcheck.errors import UsageFault

    if (part := training_parts().get(name)) is None:
        raise UsageFault(f"{name}: no such part of the training data; {suggestion(name, training_parts())}")
    places = folders(data_dir)
    found, _ = training_files.here(part, places)
    sizes = [(found / each).stat().st_size for each in part.files] if found is not None else []
    with _megabytes(f"preparing {name}", sum(sizes), f"from {name}") as told:
        pairs = prepare(part, places, out or data_dir or cache(), any_count=any_count, told=told)
    for language in pairs.languages:
        click.echo(f"{language}: {pairs.items[language]:,} of {pairs.count:,} items, {pairs.negatives[language]:,} with a "
                   "negative")
    if pairs.source != part.origin:
        click.echo(f"{name}: NOT AS PUBLISHED, {pairs.source}", err=True)
    click.echo(f"{name}: {megabytes(pairs.bytes)} in {pairs.folder}")


@data.command("pack")
@click.argument("source", type=FolderOrFile(path_type=Path))
@click.option("--name", required=True, help="What the corpus is called from now on.")
@click.option("--out", type=FolderOrFile(path_type=Path), required=True, metavar="DATA_DIR",
              help="Data folder to write to; the corpus is put into DATA_DIR/parallel/NAME.")
@click.option("--licence", default="", metavar="TEXT", help="Licence of the texts, kept with them.")
@click.option("--source", "note", default="", metavar="TEXT", help="Where the texts are from, kept with them.")
@click.option("--citation", default="", metavar="TEXT", help="What to cite, kept with them.")
def pack_pairs(source: Path, name: str, out: Path, licence: str, note: str, citation: str) -> None:
    """Pack parallel pairs to train on, of any number, from SOURCE, a folder with <language>.jsonl, .tsv or .parquet."""
    from claimcheck.corpora.door import megabytes
    from claimcheck.corpora.pair_sources import sources
    from claimcheck.corpora.parallel_writing import pack

    total = sum(path.stat().st_size for path in sources(source).values())
    with _megabytes(f"packing {name}", total, f"from {source.name}") as told:
        pairs = pack(source, out, name=name, licence=licence, source_note=note, citation=citation, told=told)
    for language, part in pairs.parts.items():
        click.echo(f"{language}: {part.items:,} of {pairs.count:,} items, {part.negatives:,} with a negative")
    click.echo(f"{name}: {megabytes(pairs.bytes)} in {pairs.folder}")


@contextmanager
def _megabytes(what: str, size: int, where: str) -> Iterator[Callable[[int], None]]:
    """A bar over `size` bytes, which is told how many are read."""
    total = size // 1_000_000 + 1
    with progress(what, total, "megabyte") as step:
        done = 0

        def told(read: int) -> None:
            nonlocal done
            while done < min(read // 1_000_000, total):
                done += 1
                step(where)

        yield told


@data.command("overlap")
@click.argument("one")
@click.argument("other")
@click.option("--most", type=click.IntRange(min=0), default=10, show_default=True, help="How many matches to show.")
@click.option("--jobs", type=click.IntRange(min=1), default=None, help="Processes for packed pairs. Default: as many as cores.")
@DATA_DIR
@FORMAT
def show_overlap(one: str, other: str, most: int, jobs: int | None, data_dir: Path | None, form: str) -> None:
    """Say what two data sets share: articles, questions and sentences that are the same, contained or nearly the same.

    ONE can be packed pairs: then it is said what of OTHER's stands in them, by item, and kept beside them.
    """
    from claimcheck.corpora.overlap import DEFAULT, candidates_of, overlap, questions_of, shared_articles

    if (folder := _packed(data_dir).get(one)) is not None:
        from claimcheck.cli.scanning import show_scan
        from claimcheck.corpora.scan import scanned_as

        show_scan(folder, scanned_as(other), _evaluated(scanned_as(other), data_dir), jobs, most, form)
        return
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


def _evaluated(name: str, data_dir: Path | None) -> dict[str, Texts]:
    """What of a data set may not stand in training data: its questions, and its sentences where it has any."""
    from claimcheck.corpora.overlap import Texts, candidates_of, questions_of

    each, = _named((name,))
    if each.parser == "miracl":
        asked = {queries.language: tuple((query.id, query.text) for query in queries.queries)
                 for queries in _judged(each, data_dir)}
        return {"questions": Texts(name=name, by_language=asked)}
    corpus = _opened(name, data_dir)
    return {"questions": questions_of(corpus), "sentences": candidates_of(corpus)}


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


def _packed(data_dir: Path | None) -> dict[str, Path]:
    """Name -> folder of the packed pairs that are here."""
    from claimcheck.corpora.door import folders
    from claimcheck.corpora.parallel import packed

    return packed(folders(data_dir))


def _packed_json(name: str, folder: Path) -> dict[str, Any]:
    """Packed pairs as a data set of the list; `remedy` holds what keeps them from being opened."""
    from claimcheck.corpora.parallel import open_pairs
    from claimcheck.errors import CorruptInput

    empty: dict[str, Any] = {
        "name": name, "title": "packed pairs", "licence": "", "non_commercial": None, "bytes": 0, "files": 0, "files_here": 0,
        "source": "", "citation": "", "remedy": "", "folder": str(folder), "count": 0, "items": {}}
    try:
        pairs = open_pairs(folder)
    except CorruptInput as error:
        return {**empty, "remedy": str(error)}
    return {**empty, "licence": pairs.licence, "bytes": pairs.bytes, "files": len(pairs.files), "files_here": len(pairs.files),
            "source": pairs.source, "citation": pairs.citation, "count": pairs.count, "items": pairs.items}


def _training_json(part: TrainingPart, data_dir: Path | None) -> dict[str, Any]:
    """A part of the training data as a data set of the list."""
    from claimcheck.corpora import training_files
    from claimcheck.corpora.door import folders

    found, absent = training_files.here(part, folders(data_dir))
    packed = _packed(data_dir).get(part.name)
    prepared = "no" if packed is None else "as published" if _as_published(part, packed) else "otherwise"
    remedy = ""
    if part.loadable and prepared == "no":
        remedy = f"run `claimcheck data prepare {part.name}`" if found else training_files.remedy(part)
    return {"name": part.name, "title": part.title, "licence": part.licence, "non_commercial": part.non_commercial,
            "bytes": part.download_bytes, "files": len(part.files), "files_here": len(part.files) - len(absent),
            "source": part.origin or part.address, "citation": part.citation, "remedy": remedy, "training": True,
            "languages": list(part.languages), "items": part.expected, "revision": part.revision,
            "revision_from": part.revision_from, "revision_checked": part.revision_checked, "unavailable": part.unavailable,
            "prepared": prepared, "note": part.note}


def _as_published(part: TrainingPart, folder: Path) -> bool:
    from claimcheck.appraisal.works import otherwise
    from claimcheck.corpora.parallel import open_pairs
    from claimcheck.errors import CorruptInput

    try:
        return part.loadable and not otherwise(part, open_pairs(folder))
    except CorruptInput:
        return False


def _training_told(part: TrainingPart, row: dict[str, Any]) -> list[str]:
    """A part of the training data in lines."""
    from claimcheck.corpora.training_files import size

    items = "" if part.expected is None else f"{part.expected:,} items in "
    head = f"{part.name}  {part.title}, to train on: {items}{', '.join(part.languages)}"
    if not part.loadable:
        return [f"{head}; unavailable", f"    {part.unavailable}; the original: {part.address}, {part.licence}",
                f"    {part.citation}", f"    {part.note}"]
    state = f"{row['files_here']} of {row['files']} files here, {size(part)}; prepared: {row['prepared']}"
    checked = "" if part.revision_checked else f" (not checked here; {part.revision_from})"
    return [f"{head}; {state}; {part.terms}", f"    {part.origin}{checked}", f"    {part.citation}",
            *(f"    {line}" for line in (part.note, row["remedy"]) if line)]


def _large_faults(name: str, data_dir: Path | None) -> tuple[list[Fault], list[str]]:
    """What is wrong with the languages of a large data set that are here, every byte read, and a line on each."""
    from claimcheck.corpora import large_door
    from claimcheck.corpora.door import folders
    from claimcheck.corpora.large import languages
    from claimcheck.errors import CorruptInput

    faults: list[Fault] = []
    lines: list[str] = []
    for language in languages(name):
        try:
            found = large_door.locate(name, language, folders(data_dir), again=True)
        except CorruptInput as error:
            faults += error.faults
            lines.append(f"{name}, {language}: {counted(len(error.faults), 'fault')}")
            continue
        if isinstance(found, large_door.Language):
            how = "every file as fetched" if found.fetched else "as many as published; put there by hand, no digest is known"
            lines.append(f"{name}, {language}: {found.count:,} passages, {how}")
    return faults, lines


def _packed_faults(folder: Path) -> list[Fault]:
    """What is wrong with packed pairs, every byte read."""
    from claimcheck.corpora import parallel
    from claimcheck.errors import CorruptInput

    try:
        parallel.verify(parallel.open_pairs(folder))
    except CorruptInput as error:
        return list(error.faults)
    return []


def _named(names: tuple[str, ...], others: Iterable[str] = ()) -> tuple[DataSet, ...]:
    """The data sets of these names. Raises UsageFault: one that the manifest does not hold; `others` could be meant too."""
    from claimcheck.corpora.manifest import manifest
    from claimcheck.corpora.training_data import training_parts
    from claimcheck.corpora.training_files import refuse
    from claimcheck.documents import suggestion
    from claimcheck.errors import UsageFault

    for name in names:
        if (part := training_parts().get(name)) is not None:
            refuse(part)
            raise UsageFault(f"{name}: no pairs are packed under that name in the data folders; run `claimcheck data fetch "
                             f"{name}`, then `claimcheck data prepare {name}`")
        if name not in manifest():
            raise UsageFault(f"{name}: no such data set; {suggestion(name, [*manifest(), *others])}")
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
