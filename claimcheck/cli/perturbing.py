"""The verb `perturb`: queries of a file after the draws of families of perturbations."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

import click

from claimcheck.cli.options import FolderOrFile
from claimcheck.cli.shared import progress

if TYPE_CHECKING:
    from claimcheck.corpora.corpus import Question
    from claimcheck.perturbation.family import Family, Lexicon, Perturbed

PIVOT = "en"
"""The language whose words code-switching takes."""


@click.command()
@click.argument("queries", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--family", "names", multiple=True, required=True, metavar="NAME",
              help="P1 to P14 or a variant, as docs/perturbation.md lists them; can be given several times.")
@click.option("--budget", type=click.Choice(["light", "medium", "stress"]), default="light", show_default=True,
              help="How much of a query is edited: 5, 10 or 20 % of its letters.")
@click.option("--draws", type=click.IntRange(min=1, max=1000), default=3, show_default=True, metavar="N",
              help="Draws of each family that draws at random.")
@click.option("--format", "form", type=click.Choice(["jsonl", "tsv", "html"]), default="jsonl", show_default=True,
              help="Lines of JSON, the same between tabs, or a page that shows before and after.")
@click.option("--out", type=FolderOrFile(dir_okay=False, path_type=Path), default=None, metavar="FILE",
              help="File to write to, in one step; else standard output.")
def perturb(queries: Path, names: tuple[str, ...], budget: Literal["light", "medium", "stress"], draws: int, form: str,
            out: Path | None) -> None:
    """Perturb the queries of QUERIES: lines of id, language and text, tabs between them, no header; - is standard input.

    The same query, family and draw give the same text whatever stands around them; but the words of P13 and P13t are learned
    of the whole file. A query in which a family finds nothing to change stays as it is, with applied false.
    """
    families = _families(names)
    from claimcheck.cli.perturbed_queries import perturbed
    from claimcheck.cli.query_files import queries as read

    questions = read(sys.stdin.buffer.read() if str(queries) == "-" else queries.read_bytes(), queries)
    lexicon = _lexicon(questions) if any(family.lexical for family in families) else None
    counts = _Counts()
    with _opened(out) as file:
        with _progress(len(questions), out) as step:
            made = counts.counted(perturbed(_told(questions, step), families, budget, draws, lexicon))
            if form == "html":
                from claimcheck.report.perturbed import render

                file.write(render(questions, families, made, budget).encode())
            else:
                file.writelines(f"{each}\n".encode() for each in _lines(made, form))
        file.flush()
    for note in _notes(questions, families, counts, lexicon):
        click.echo(note, err=True)


@dataclass(frozen=True, slots=True)
class _Counts:
    """(Family, language) -> how many queries there were after every draw, and how many of these were changed."""

    every: Counter[tuple[str, str]] = field(default_factory=Counter)
    changed: Counter[tuple[str, str]] = field(default_factory=Counter)

    def counted(self, made: Iterable[Perturbed]) -> Iterator[Perturbed]:
        """The same queries, counted as they go by."""
        for each in made:
            self.every[each.family, each.language] += 1
            self.changed[each.family, each.language] += each.applied
            yield each


def _told(questions: Iterable[Question], step: Callable[[str], None]) -> Iterator[Question]:
    """The same queries; a step is done where the next is asked for."""
    for question in questions:
        yield question
        step(question.language)


def _progress(total: int, out: Path | None) -> AbstractContextManager[Callable[[str], None]]:
    """Progress as everywhere, but not amid the lines themselves, where they go to a terminal."""
    if out is None and sys.stdout.isatty():
        return nullcontext(lambda _: None)
    return progress("perturbing", total, "query")


def _families(names: Sequence[str]) -> tuple[Family, ...]:
    """The families of these names, each once. Raises UsageFault: there is none of a name."""
    from claimcheck.errors import UsageFault
    from claimcheck.perturbation.families import FAMILIES

    for name in names:
        if name not in FAMILIES:
            raise UsageFault(f"--family {name}: there is no such family; use one of {', '.join(FAMILIES)}")
    return tuple(FAMILIES[name] for name in dict.fromkeys(names))


def _lexicon(questions: Sequence[Question]) -> Lexicon:
    """What code-switching learns of the questions that stand in English too, under the same id."""
    from claimcheck.perturbation.code_switch import learn

    english = {question.id: question.text for question in questions if question.language == PIVOT}
    pairs: dict[str, list[tuple[str, str]]] = {}
    for question in questions:
        if question.language != PIVOT and question.id in english:
            pairs.setdefault(question.language, []).append((question.text, english[question.id]))
    return learn(pairs)


def _lines(made: Iterable[Perturbed], form: str) -> Iterator[str]:
    from claimcheck.perturbation.frozen import line

    for each in made:
        tabbed = (each.id, each.language, each.family, str(each.draw), each.text, str(each.applied).lower())
        yield "\t".join(tabbed) if form == "tsv" else line(each)


@contextmanager
def _opened(out: Path | None) -> Iterator[BinaryIO]:
    """Where bytes go: a file that is put in its place in one step at the end, or standard output as they come.

    Raises UsageFault: the file cannot be written.
    """
    from claimcheck.errors import UsageFault
    from claimcheck.files import placed

    if out is None:
        yield sys.stdout.buffer  # taken before a bar is drawn, which takes `sys.stdout` over
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with placed(out) as file:
            yield file
    except OSError as error:
        raise UsageFault(f"{out}: cannot be written ({error.strerror}); name another file with --out") from None


def _notes(questions: Sequence[Question], families: Sequence[Family], counts: _Counts, lexicon: Lexicon | None) -> list[str]:
    """What was changed of each family where it exists, and why nothing was elsewhere."""
    from claimcheck.perturbation.text import LANGUAGES

    own = sorted({question.language for question in questions})
    notes = []
    for family in families:
        every, changed = (sum(of[family.id, language] for language in own if language in family.languages)
                          for of in (counts.every, counts.changed))
        notes.append(f"{family.id} {family.title}: {changed:,} of {every:,} changed")
    for family in families:
        if lacking := [language for language in own if language in LANGUAGES and language not in family.languages]:
            notes.append(f"note: {family.id} does not exist in {', '.join(lacking)}: those queries stay as they are")
        if family.lexical and lexicon is not None and (
                lacking := [each for each in own if each in family.languages and not lexicon.get(each)]):
            notes.append(f"note: {family.id} has no words in {', '.join(lacking)}: they are learned of queries that stand in "
                         f"{PIVOT} too, under the same id, and seldom of few")
    if others := [language for language in own if language not in LANGUAGES]:
        notes.append(f"note: no family exists in {', '.join(others)}: those queries stay as they are; families are for "
                     f"{' '.join(LANGUAGES)}")
    return notes
