"""`data overlap` of a packed corpus with what is evaluated: carried out by several processes, told, and kept beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimcheck.cli.shared import counted, echo_json, progress

if TYPE_CHECKING:
    from claimcheck.corpora.overlap import Texts
    from claimcheck.corpora.scan import Scan


def show_scan(folder: Path, evaluated: str, asked: Mapping[str, Texts], jobs: int | None, most: int, form: str) -> None:
    """Hold evaluated questions and sentences against a packed corpus, unless it was done; `folder`: of the corpus.

    Raises CorruptInput: the corpus, or what was kept, is damaged; UsageFault: the two share no language.
    """
    from claimcheck.corpora.manifest import manifest
    from claimcheck.corpora.parallel import open_pairs
    from claimcheck.corpora.scan import digest_of_data, keep, kept, tasks
    from claimcheck.errors import UsageFault

    pairs, digest = open_pairs(folder), digest_of_data(manifest()[evaluated])
    wanted = tasks(pairs, folder, asked)
    if not wanted:
        spoken = sorted({language for texts in asked.values() for language in texts.by_language})
        raise UsageFault(f"{pairs.name} is in {', '.join(pairs.languages)} and {evaluated} in {', '.join(spoken)}: "
                         "there is nothing to compare")
    scans = kept(folder, evaluated, pairs.digest, digest)
    if scans is None:
        scans = _made(wanted, jobs)
        keep(folder, evaluated, pairs.digest, digest, scans)
    if form == "json":
        echo_json({"pairs": pairs.name, "evaluated": evaluated, "scans": [
            {"what": each.what, "language": each.language, "items": each.items, "texts": each.texts, "exact": each.exact,
             "contained": each.contained, "near": each.near if each.near_sought else None, "short": each.short,
             "matches": [{"id": match.id, "kind": match.kind, "score": match.score, "text": match.text}
                         for match in each.matches[:most]]} for each in scans]})
        return
    for what in dict.fromkeys(each.what for each in scans):
        click.echo("\n".join(_lines(evaluated, pairs.name, [each for each in scans if each.what == what], most)))


def _made(wanted: Sequence[object], jobs: int | None) -> tuple[Scan, ...]:
    from claimcheck.corpora.scan import carried_out
    from claimcheck.engine.workers import cores, workers

    with progress("comparing", len(wanted), "comparison") as step, workers(min(jobs or cores(), len(wanted))) as pool:
        made = []
        for scanned in pool.map(carried_out, wanted):
            step(f"{scanned.what}, {scanned.language}")
            made.append(scanned)
    return tuple(made)


def _lines(evaluated: str, name: str, scans: Sequence[Scan], most: int) -> list[str]:
    items, texts = sum(each.items for each in scans), sum(each.texts for each in scans)
    exact, contained, near = (sum(getattr(each, kind) for each in scans) for kind in ("exact", "contained", "near"))
    nearly = f", {near} nearly the same" if scans[0].near_sought else "; near-duplicates were not looked for"
    if short := sum(each.short for each in scans):
        nearly += f"; {short:,} are too short to be found contained"
    own, _, other = scans[0].what.partition(" in ")
    head = (f"{own} of {evaluated} in {other} of {name}: {items:,} against {texts:,} in {counted(len(scans), 'language')}: "
            f"{exact} the same, {contained} contained{nearly}")
    lines = [head]
    lines += [f"  {each.language}: {each.items:,} against {each.texts:,}: {each.exact} / {each.contained} / "
              f"{each.near if each.near_sought else '-'}" for each in scans]
    shown = [(each.language, match) for each in scans for match in each.matches]
    return lines + [f"  {language} {match.kind} {match.score:.2f}  {match.id}  {match.text[:100]}"
                    for language, match in shown[:most]]
