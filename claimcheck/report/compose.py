"""Appraisals -> the one view: what is said of each claim, tier and file."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from claimcheck import __version__
from claimcheck.appraisal.appraise import Appraisal
from claimcheck.appraisal.data import Opened
from claimcheck.appraisal.departures import departures
from claimcheck.appraisal.library import Library, table_path
from claimcheck.appraisal.planted import Planted
from claimcheck.appraisal.summary import Experiment
from claimcheck.appraisal.swept import Swept
from claimcheck.corpora.corpus import ParallelCorpus
from claimcheck.corpora.manifest import manifest
from claimcheck.evidence.audits import PRINTED_ELSEWHERE, AuditFinding
from claimcheck.evidence.data_facts import statistics
from claimcheck.evidence.reported_table import ReportedTable
from claimcheck.finding import Count, Outcome, Statistics
from claimcheck.report.calibrated import calibrated
from claimcheck.report.claims import claim_view, shared_says
from claimcheck.report.findings import counted
from claimcheck.report.runs import experiment
from claimcheck.report.self_test import self_test
from claimcheck.report.sweeps import SAYS, sweep_view
from claimcheck.report.view import AuditView, ClaimView, DataSetView, FileView, ReportView, StatisticsView
from claimcheck.report.wording import file_digest, sentence, short_path
from claimcheck.reproduction_files import ReproductionFile
from claimcheck.tier import Tier
from claimcheck.verdict import Stand

SHOWN_TIERS = (Tier.REPORTED, Tier.DATA, Tier.REDUCED, Tier.FULL)


def view(appraisals: Sequence[Appraisal], library: Library, opened: Opened, *, experiments: Sequence[Experiment] = (),
         planted: Sequence[Planted] = (), unseen: Sequence[str] = (), swept: Sequence[Swept] = ()) -> ReportView:
    """Everything that a report says of the appraised claims.

    `experiments`: what was run for them; those of tier `synthetic` go with the `planted` truths and are no evidence. `unseen`:
    sentences on what could not be looked at, which a reader must see before anything else. `swept`: the claims at other values
    of what the paper leaves open, which stands beside the verdicts and enters none.
    """
    numbers = {document.path: number for number, document in enumerate(library.claims, start=1)}
    shared = shared_says(appraisals)
    claims = tuple(claim_view(numbers[each.document.path], each, shared, [
        own for one in experiments if one.tier is not Tier.SYNTHETIC and one.reproduction == each.claim.reproduction
        for own in one.robustness]) for each in appraisals)
    paths = list(dict.fromkeys(table_path(each.document) for each in appraisals))
    names = dict.fromkeys(each.claim.reproduction or "" for each in appraisals)
    named = [library.reproductions[name] for name in names if name in library.reproductions]
    papers = {each.value.paper.id: (each.value.paper.id, each.value.paper.title, each.value.paper.url) for each in named}
    papers |= {claim.paper: (claim.paper, "", "") for claim in claims if claim.paper not in papers}
    tables = [library.tables[path] for path in paths if path in library.tables]
    sentences = [claim for claim in claims if not claim.question]
    return ReportView(
        title="Claims of " + ", ".join(papers), unseen=tuple(unseen), departures=_departures(library, experiments),
        papers=tuple(papers.values()), version=__version__,
        tiers=tuple(tier.value for tier in SHOWN_TIERS), claims=claims,
        sentences=len(sentences), questions=len(claims) - len(sentences),
        tally=_tally(claim.verdict for claim in sentences),
        tables=_tables_in_words(sentences),
        tier_says=tuple((tier.value, says) for tier, says in shared.items() if says),
        experiments=tuple(experiment(each) for each in experiments if each.tier is not Tier.SYNTHETIC),
        calibration=sentence(calibrated(__version__)) if experiments else "",
        self_test=self_test(planted, [each for each in experiments if each.tier is Tier.SYNTHETIC]),
        audits=tuple(_audit(table.path, each) for table in tables for each in library.audits.get(table.path, ())),
        data_sets=tuple(_data_set(name, corpus) for name, corpus in opened.corpora.items()
                        if isinstance(corpus, ParallelCorpus)),
        hygiene=tuple(_statistics(each) for each in opened.hygiene),
        files=_files(tables, named, claims, opened, planted),
        underspecified=tuple((each.what, each.chosen, each.because) for document in named
                             for each in document.value.underspecified),
        notes=tuple(f"{short_path(note.path)}: {note.text}" if note.path else note.text for note in library.notes),
        sweep_says=SAYS if swept else (), swept=tuple(
            sweep_view(each, [(numbers[appraisal.document.path], appraisal.claim) for appraisal in appraisals])
            for each in swept))


def _departures(library: Library, experiments: Sequence[Experiment]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What was run that is not the paper's own design, and in what it departs from it."""
    return tuple((f"What was run here is not the paper's own design (profile {each.profile}, tier {each.tier.value}):", found)
                 for each in experiments if each.tier is Tier.REDUCED and each.reproduction in library.reproductions
                 for found in [departures(library.reproductions[each.reproduction].value, each.profile)] if found)


def _files(tables: Sequence[ReportedTable], named: Sequence[ReproductionFile], claims: Sequence[ClaimView], opened: Opened,
           planted: Sequence[Planted]) -> tuple[FileView, ...]:
    """Every file that the report was made from."""
    elsewhere = [path for path in (table.path.parent / PRINTED_ELSEWHERE for table in tables) if path.is_file()]
    return (
        *(FileView(name=short_path(table.path), digest=table.digest, holds=f"{len(table.rows)} printed cells")
          for table in tables),
        *(FileView(name=short_path(path), digest=file_digest(path), holds="numbers printed elsewhere") for path in elsewhere),
        *(FileView(name=short_path(each.path), digest=each.digest, holds="reproduction") for each in named),
        *(FileView(name=claim.file, digest=claim.digest, holds=claim.id) for claim in claims),
        *(FileView(name=file.path, digest=file.sha256, holds="data, as published") for file in opened.files),
        *(FileView(name=short_path(each.document.path), digest=each.document.digest, holds="planted truth of the self-test")
          for each in planted))


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


def _audit(path: Path, audit: AuditFinding) -> AuditView:
    count = audit.count
    misfits = Count(asks=count.asks, left_out=count.left_out,
                    cells=tuple(cell for cell in count.cells if cell.outcome is not Outcome.HOLDS))
    total, fits = count.total, count.number(Outcome.HOLDS)
    return AuditView(table=short_path(path), says=audit.says, reads=audit.reads if fits < total else "",
                     printed=f"{fits} of {total}", text=_fits_in_words(fits, total),
                     finding=counted(misfits, says=audit.says, stand=Stand.OPEN, margin="difference"))
