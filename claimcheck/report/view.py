"""The one view that every form of the report renders: each sign, digit and sentence is decided here, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from claimcheck import __version__
from claimcheck.appraisal.appraise import Appraisal, CheckFinding, TierVerdict, settled_by
from claimcheck.appraisal.library import Library, table_path
from claimcheck.claim import Claim, Tier
from claimcheck.evidence.audits import AuditFinding
from claimcheck.finding import Cell, Count, Outcome, Source
from claimcheck.plan import prediction_digest
from claimcheck.verdict import Stand

MINUS = "\N{MINUS SIGN}"
MOST_LEFT_OUT = 5
MOST_SIZES = 8
MOST_NAMED = 3
SHOWN_TIERS = (Tier.REPORTED, Tier.DATA, Tier.REDUCED, Tier.FULL)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """One row of a finding's table. `margin_value` and `slack_value` place it in the figure, None where it has none."""

    about: tuple[str, ...]
    values: tuple[str, ...]
    margin: str
    outcome: str
    note: str
    source: str
    margin_value: float | None
    slack_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """One check: what was asked, the printed count, a sentence, and its cells."""

    part: str
    says: str
    reading: str
    stand: str
    printed: str
    text: str
    columns: tuple[str, ...]
    value_columns: tuple[str, ...]
    margin_column: str
    cells: tuple[CellView, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TierView:
    """The verdict of one tier; `short` is what the table on the first screen has room for."""

    tier: str
    verdict: str
    short: str
    why: str
    remedy: str
    findings: tuple[FindingView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """One part of a claim, in words."""

    id: str
    says: str
    vague: str
    chosen: str
    needs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimView:
    """One claim with all that is said of it."""

    number: int
    id: str
    statement: str
    kind: str
    scope: str
    paper: str
    where: str
    literal: str
    fair: str
    verdict: str
    settling_tier: str
    why: str
    settled_by: str
    source_verified: bool | None
    source_confidence: float | None
    source_says: str
    completed: str
    parts: tuple[PartView, ...]
    tiers: tuple[TierView, ...]
    file: str
    digest: str
    prediction_digest: str

    def at(self, tier: str) -> TierView | None:
        """The view of a tier, or None where the tier does not apply."""
        return next((each for each in self.tiers if each.tier == tier), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """An input file and the SHA-256 of its bytes."""

    name: str
    digest: str
    holds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditView:
    """One check of the tables that stands apart from the verdicts; its cells are those that do not fit."""

    table: str
    says: str
    reads: str
    printed: str
    text: str
    finding: FindingView


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """The whole report."""

    title: str
    papers: tuple[tuple[str, str, str], ...]
    version: str
    tiers: tuple[str, ...]
    tally: tuple[tuple[str, int], ...]
    claims: tuple[ClaimView, ...]
    audits: tuple[AuditView, ...]
    files: tuple[FileView, ...]
    underspecified: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...]


def view(appraisals: Sequence[Appraisal], library: Library) -> ReportView:
    """Everything that a report says of the appraised claims."""
    claims = tuple(_claim(number, each) for number, each in enumerate(appraisals, start=1))
    paths = list(dict.fromkeys(table_path(each.document) for each in appraisals))
    names = dict.fromkeys(each.claim.reproduction or "" for each in appraisals)
    named = [library.reproductions[name] for name in names if name in library.reproductions]
    papers = {each.value.paper.id: (each.value.paper.id, each.value.paper.title, each.value.paper.url) for each in named}
    papers |= {claim.paper: (claim.paper, "", "") for claim in claims if claim.paper not in papers}
    tables = [library.tables[path] for path in paths if path in library.tables]
    words = [claim.verdict for claim in claims]
    return ReportView(
        title="Claims of " + ", ".join(papers), papers=tuple(papers.values()), version=__version__,
        tiers=tuple(tier.value for tier in SHOWN_TIERS), claims=claims,
        tally=tuple((word, words.count(word)) for word in dict.fromkeys(words)),
        audits=tuple(_audit(table.path, each) for table in tables for each in library.audits.get(table.path, ())),
        files=(*(FileView(name=short_path(table.path), digest=table.digest, holds=f"{len(table.rows)} printed cells")
                 for table in tables),
               *(FileView(name=short_path(each.path), digest=each.digest, holds="reproduction") for each in named),
               *(FileView(name=claim.file, digest=claim.digest, holds=claim.id) for claim in claims)),
        underspecified=tuple((each.what, each.chosen, each.because) for document in named
                             for each in document.value.underspecified),
        notes=library.notes)


def short_path(path: Path) -> str:
    """The file and the folder that it stands in, so that a report does not depend on where a checkout lies."""
    return "/".join(path.resolve().parts[-2:])


def _claim(number: int, appraisal: Appraisal) -> ClaimView:
    claim = appraisal.claim
    source = claim.source_report
    return ClaimView(
        number=number, id=claim.id, statement=claim.statement, kind=claim.kind.value, scope=claim.scope.value,
        paper=claim.paper, where=claim.where, literal=claim.literal, fair=claim.fair,
        verdict=appraisal.headline.word.value, settling_tier=appraisal.headline.tier.value,
        why=sentence(appraisal.headline.why),
        settled_by=settled_by(claim), source_verified=source.verified, source_confidence=source.confidence,
        source_says=_source_says(claim), completed=source.completed,
        parts=tuple(PartView(id=atom.id, says=atom.says, vague=atom.vague, chosen=atom.chosen, needs=atom.needs)
                    for atom in claim.atoms),
        tiers=tuple(_tier(each) for each in appraisal.tiers), file=short_path(appraisal.document.path),
        digest=appraisal.document.digest, prediction_digest=prediction_digest(claim))


def _source_says(claim: Claim) -> str:
    source = claim.source_report
    word = {True: "verified", False: "not verified", None: "no verdict"}[source.verified]
    return word if source.confidence is None else f"{word}, {source.confidence:.2f}"


def _tier(verdict: TierVerdict) -> TierView:
    findings = tuple(_finding(each) for each in verdict.findings)
    return TierView(tier=verdict.tier.value, verdict=verdict.word.value, why=sentence(verdict.why),
                    remedy=sentence(verdict.remedy), findings=findings,
                    short="; ".join(dict.fromkeys(f"{each.reading} {each.printed}".strip() for each in findings)))


def _finding(finding: CheckFinding) -> FindingView:
    prediction = finding.prediction
    return _counted(finding.count, part=finding.atom.says, stand=finding.stand,
                    says=prediction.says or finding.count.asks,
                    reading=prediction.reading.value if prediction.reading else "")


def _counted(count: Count, *, part: str, says: str, reading: str, stand: Stand, margin: str = "margin") -> FindingView:
    columns = _telling(count.cells)
    names = tuple(dict.fromkeys(value.name for cell in count.cells for value in cell.values))
    percent = any(cell.percent for cell in count.cells)
    has_margin = any(cell.margin is not None for cell in count.cells)
    return FindingView(
        part=part, says=says, reading=reading, stand=stand.value, printed=_printed(count), text=_sentence(count),
        columns=columns, value_columns=names, margin_column=("reduction, %" if percent else margin) if has_margin else "",
        cells=tuple(_cell(cell, columns, names) for cell in count.cells), left_out=_few(count.left_out))


def _telling(cells: Sequence[Cell]) -> tuple[str, ...]:
    """The columns in which the cells of a finding differ, or all of a single cell."""
    names = tuple(dict.fromkeys(name for cell in cells for name, _ in cell.about))
    different = {name: {dict(cell.about).get(name) for cell in cells} for name in names}
    return tuple(name for name in names if len(different[name]) > 1 or len(cells) == 1)


def _cell(cell: Cell, columns: Sequence[str], names: Sequence[str]) -> CellView:
    about, values = dict(cell.about), {value.name: number(value.value, value.decimals) for value in cell.values}
    margin = ""
    if cell.margin is not None:
        margin = reduction(cell.margin) if cell.percent else signed(cell.margin, cell.decimals)
    return CellView(about=tuple(about.get(name, "") for name in columns), values=tuple(values.get(name, "") for name in names),
                    margin=margin, outcome=cell.outcome.value, note=cell.note, source=sources(cell.sources),
                    margin_value=None if cell.margin is None else float(cell.margin), slack_value=float(cell.slack))


def _printed(count: Count) -> str:
    """The count in few words; of a single cell its numbers, of a few reductions their sizes."""
    if not count.cells:
        return "no cell"
    first, total = count.cells[0], len(count.cells)
    if total == 1 and first.margin is None:
        found, claimed = (number(value.value, value.decimals) for value in (first.values[0], first.values[-1]))
        return f"{found} as claimed" if first.outcome is Outcome.HOLDS else f"{found}, claimed {claimed}"
    text = f"{count.number(Outcome.HOLDS)} of {total}"
    if ties := count.number(Outcome.WITHIN_ROUNDING):
        text += f", {ties} tied"
    if total <= MOST_SIZES and first.percent:
        text += " (" + ", ".join(reduction(cell.margin) for cell in count.cells) + " %)"
    return text


def _sentence(count: Count) -> str:
    total = len(count.cells)
    if not total:
        return f"{count.asks}: nothing could be compared"
    holds, fails, ties = (count.number(outcome) for outcome in Outcome)
    text = f"{count.asks}: holds in {holds} of {total}"
    if fails:
        text += f", fails in {fails} of {total}"
    if ties:
        text += f", tied within rounding in {ties} of {total}"
    if total <= MOST_SIZES and count.cells[0].percent:
        text += "; reductions of " + ", ".join(
            f"{reduction(cell.margin)} ({number(cell.margin, 2)})" for cell in count.cells if cell.margin is not None) + " %"
    odd = [cell for cell in count.cells if cell.outcome is not Outcome.HOLDS]
    if total == 1:
        text += "; " + _against(count.cells[0])
    elif 0 < len(odd) <= MOST_NAMED:
        text += "; " + "; ".join(f"{_named(cell, count.cells)}: {_against(cell)}" for cell in odd)
    return text


def _named(cell: Cell, cells: Sequence[Cell]) -> str:
    about = dict(cell.about)
    words = {"table": "Table ", "against": "against "}
    return ", ".join(words.get(name, "") + about[name] for name in _telling(cells) if name in about)


def _against(cell: Cell) -> str:
    text = ", ".join(f"{value.name} {number(value.value, value.decimals)}" for value in cell.values)
    return f"{text} ({cell.note})" if cell.note else text


def _audit(path: Path, audit: AuditFinding) -> AuditView:
    count = audit.count
    misfits = Count(asks=count.asks, left_out=count.left_out,
                    cells=tuple(cell for cell in count.cells if cell.outcome is not Outcome.HOLDS))
    total, fits = len(count.cells), count.number(Outcome.HOLDS)
    return AuditView(table=short_path(path), says=audit.says, reads=audit.reads if fits < total else "",
                     printed=f"{fits} of {total}", text=f"{fits} of {total} fit" if fits < total else f"all {total} fit",
                     finding=_counted(misfits, part="", says=audit.says, reading="", stand=Stand.OPEN, margin="difference"))


def _few(texts: Sequence[str]) -> tuple[str, ...]:
    if len(texts) <= MOST_LEFT_OUT:
        return tuple(texts)
    return (*texts[:MOST_LEFT_OUT], f"and {len(texts) - MOST_LEFT_OUT} more")


def sentence(text: str) -> str:
    """The text with a capital at its start and a full stop at its end; empty stays empty."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?', '!')) else '.'}" if text else ""


def number(value: Decimal, decimals: int) -> str:
    """A number with so many decimals, rounded half up as print is, with a true minus.

    >>> number(Decimal("0.59125"), 4), number(Decimal("-3"), 0)
    ('0.5913', '−3')
    """
    rounded = value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return f"{rounded:f}".replace("-", MINUS)


def signed(value: Decimal, decimals: int) -> str:
    """A difference, its sign always shown but for zero."""
    text = number(value, decimals)
    return text if text.startswith(MINUS) or not text.strip("0.") else f"+{text}"


def reduction(percent: Decimal | None) -> str:
    """A reduction in percent with one decimal."""
    return "" if percent is None else number(percent, 1)


def sources(places: Sequence[Source]) -> str:
    """Where printed cells stand, for example reported.csv:109, 107."""
    files = dict.fromkeys(place.file for place in places)
    return "; ".join(f"{file}:" + ", ".join(str(place.line) for place in places if place.file == file) for file in files)
