"""Appraisals -> the one view: what is said of each claim, tier and file."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from claimcheck import __version__
from claimcheck.appraisal.appraise import Appraisal, CheckFinding, TierVerdict, settled_by
from claimcheck.appraisal.data import Opened
from claimcheck.appraisal.library import Library, table_path
from claimcheck.claim import Claim
from claimcheck.corpora.corpus import ParallelCorpus
from claimcheck.corpora.manifest import manifest
from claimcheck.evidence.audits import PRINTED_ELSEWHERE, AuditFinding
from claimcheck.evidence.data_facts import statistics
from claimcheck.finding import Count, Outcome, Statistics
from claimcheck.plan import prediction_digest
from claimcheck.report.findings import counted
from claimcheck.report.view import (
    AuditView,
    ClaimView,
    DataSetView,
    FileView,
    FindingView,
    PartView,
    ReportView,
    StatisticsView,
    TierView,
)
from claimcheck.report.wording import file_digest, sentence, short_path
from claimcheck.tier import Tier
from claimcheck.verdict import HeadlineWord, Stand

_UNSETTLED = (HeadlineWord.UNVERIFIED, HeadlineWord.NOT_TESTABLE)
SHOWN_TIERS = (Tier.REPORTED, Tier.DATA, Tier.REDUCED, Tier.FULL)


def view(appraisals: Sequence[Appraisal], library: Library, opened: Opened) -> ReportView:
    """Everything that a report says of the appraised claims."""
    numbers = {document.path: number for number, document in enumerate(library.claims, start=1)}
    claims = tuple(_claim(numbers[each.document.path], each) for each in appraisals)
    paths = list(dict.fromkeys(table_path(each.document) for each in appraisals))
    names = dict.fromkeys(each.claim.reproduction or "" for each in appraisals)
    named = [library.reproductions[name] for name in names if name in library.reproductions]
    papers = {each.value.paper.id: (each.value.paper.id, each.value.paper.title, each.value.paper.url) for each in named}
    papers |= {claim.paper: (claim.paper, "", "") for claim in claims if claim.paper not in papers}
    tables = [library.tables[path] for path in paths if path in library.tables]
    sentences = [claim for claim in claims if not claim.question]
    return ReportView(
        title="Claims of " + ", ".join(papers), papers=tuple(papers.values()), version=__version__,
        tiers=tuple(tier.value for tier in SHOWN_TIERS), claims=claims,
        sentences=len(sentences), questions=len(claims) - len(sentences),
        tally=_tally(claim.verdict for claim in sentences),
        tables=_tables_in_words(sentences),
        audits=tuple(_audit(table.path, each) for table in tables for each in library.audits.get(table.path, ())),
        data_sets=tuple(_data_set(name, corpus) for name, corpus in opened.corpora.items()
                        if isinstance(corpus, ParallelCorpus)),
        hygiene=tuple(_statistics(each) for each in opened.hygiene),
        files=(*(FileView(name=short_path(table.path), digest=table.digest, holds=f"{len(table.rows)} printed cells")
                 for table in tables),
               *(FileView(name=short_path(path), digest=file_digest(path), holds="numbers printed elsewhere")
                 for path in (table.path.parent / PRINTED_ELSEWHERE for table in tables) if path.is_file()),
               *(FileView(name=short_path(each.path), digest=each.digest, holds="reproduction") for each in named),
               *(FileView(name=claim.file, digest=claim.digest, holds=claim.id) for claim in claims),
               *(FileView(name=file.path, digest=file.sha256, holds="data, as published") for file in opened.files)),
        underspecified=tuple((each.what, each.chosen, each.because) for document in named
                             for each in document.value.underspecified),
        notes=tuple(f"{short_path(note.path)}: {note.text}" if note.path else note.text for note in library.notes))


def _tables_in_words(claims: Sequence[ClaimView]) -> str:
    """What the paper's own tables say of its claims, counted, or nothing where they were not asked."""
    words = Counter(tier.verdict if (tier := claim.at(Tier.REPORTED)) else "" for claim in claims)
    texts = {"tables agree": "agree with {}", "tables agree in part": "agree in part with {}",
             "tables disagree": "disagree with {}", "open": "leave {} open", "could not run": "are not at hand for {}",
             "not run": "were not put to {}", "": "do not concern {}"}
    told = [text.format(words[word]) for word, text in texts.items() if words[word]]
    return f"Of {len(claims)} claims the paper's own tables {', '.join(told)}."


def _data_set(name: str, corpus: ParallelCorpus) -> DataSetView:
    known = manifest()[name]
    return DataSetView(name=name, title=known.title, source=known.source, terms=known.terms, citation=known.citation,
                       statistics=tuple(_statistics(each) for each in statistics(corpus, known.title)))


def _statistics(table: Statistics) -> StatisticsView:
    return StatisticsView(
        title=table.title, says=table.says, columns=table.columns,
        rows=tuple((name, tuple("" if each is None else f"{each:,}" for each in counts)) for name, counts in table.rows))


def _fits_in_words(fits: int, total: int) -> str:
    if not total:
        return "nothing to check"
    return f"{fits} of {total} fit" if fits < total else f"all {total} fit"


def _tally(words: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(Counter(words).most_common())


def _claim(number: int, appraisal: Appraisal) -> ClaimView:
    claim = appraisal.claim
    source = claim.source_report
    return ClaimView(
        number=number, id=claim.id, statement=claim.statement, kind=claim.kind.value, scope=claim.scope.value,
        empirical=claim.kind.settled_at is Tier.FULL, question=claim.question,
        paper=claim.paper, where=claim.where, remark=claim.remark, literal=claim.literal, fair=claim.fair,
        verdict=appraisal.headline.word.value, settling_tier=appraisal.headline.tier.value,
        why=sentence(appraisal.headline.why),
        settled_by=settled_by(claim) if appraisal.headline.word in _UNSETTLED else "",
        source_verified=source.verified, source_confidence=source.confidence,
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
    parts = f"{len(verdict.parts)} of {len(verdict.parts) + verdict.untested} parts tested" if verdict.untested else ""
    against = sum(stand is Stand.AGAINST for _, stand in verdict.parts)
    lines = [f"{parts}, {against} contradicted" if parts and against else parts] if parts else []
    return TierView(tier=verdict.tier.value, verdict=verdict.word.value, why=sentence(verdict.why),
                    remedy=sentence(verdict.remedy),
                    missing_here=verdict.missing_here, findings=findings,
                    short=(*lines, *(f"{name}: {each.printed}" if (name := each.label or each.reading) else each.printed
                                     for each in findings)))


def _finding(finding: CheckFinding) -> FindingView:
    prediction = finding.prediction
    return counted(finding.count, part=finding.atom.says, stand=finding.stand,
                    says=prediction.says or finding.count.asks,
                    reading=prediction.reading.value if prediction.reading else "", label=prediction.label)


def _audit(path: Path, audit: AuditFinding) -> AuditView:
    count = audit.count
    misfits = Count(asks=count.asks, left_out=count.left_out,
                    cells=tuple(cell for cell in count.cells if cell.outcome is not Outcome.HOLDS))
    total, fits = count.total, count.number(Outcome.HOLDS)
    return AuditView(table=short_path(path), says=audit.says, reads=audit.reads if fits < total else "",
                     printed=f"{fits} of {total}", text=_fits_in_words(fits, total),
                     finding=counted(misfits, says=audit.says, stand=Stand.OPEN, margin="difference"))
