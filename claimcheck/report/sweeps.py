"""The claims at other values of what a paper leaves open -> their view. Nothing of it enters a verdict."""

from collections.abc import Sequence
from typing import TypeAlias

from claimcheck.appraisal import swept
from claimcheck.appraisal.rerun import RerunFinding
from claimcheck.appraisal.swept import Judged, Swept
from claimcheck.claim import Atom, Claim
from claimcheck.prediction import RerunPrediction
from claimcheck.report.claims import EXPLORATORY
from claimcheck.report.rerun_views import ComparisonView, RerunView
from claimcheck.report.reruns import rerun
from claimcheck.report.sweep_views import (
    SweptClaimView,
    SweptComparisonView,
    SweptPredictionView,
    SweptRowView,
    SweptStandView,
    SweptView,
    ValueView,
)
from claimcheck.report.wording import sentence
from claimcheck.verdict import TierWord

SAYS = (
    ("Each value is run and judged as if it alone had been run: the same claims, arms and seeds, everything else as declared. "
     "None of it enters a verdict: verdicts are of the declared value, which was fixed before any run."),
    ("The levels are those of each value by itself: they are shared among the claims (Holm), and not among the values. So a "
     "word that appears only at a value other than the declared one is no evidence for the claim: the value was chosen after "
     "looking."),
)
"""What a reader must know of every table of other values."""

_Column: TypeAlias = tuple[Judged, dict[int, RerunView]]
"""A value, and what it gave for each prediction of one claim, by the identity of the prediction."""


def sweep_view(given: Swept, claims: Sequence[tuple[int, Claim]]) -> SweptView:
    """The view of one field; `claims` with their numbers are those that the report is about."""
    told = [(number, claim, text) for number, claim in claims if claim.reproduction == given.reproduction
            and (text := swept.sentence(claim.id, given.values))]
    declared = next(each.value for each in given.values if each.declared)
    others = [each.value for each in given.values if not each.declared]
    also = f"might as well have {' or '.join(others)}" if others else "could have no other"
    return SweptView(
        reproduction=given.reproduction, profile=given.profile, field=given.field, what=given.what, chosen=given.chosen,
        text=sentence(f"{given.what}: profile {given.profile} declares {declared}, the paper's own design {also}"),
        values=tuple(ValueView(value=each.value, declared=each.declared, tier=each.tier.value,
                               word=each.word.value if each.word else "", why=sentence(each.why)) for each in given.values),
        claims=tuple(_claim(number, claim, given.values, text) for number, claim, text in told))


def _claim(number: int, claim: Claim, values: Sequence[Judged], text: str) -> SweptClaimView:
    verdicts = [each.verdicts.get(claim.id) for each in values]
    columns = [(each, {id(finding.prediction): _rerun(finding, claim, verdict.word) for finding in verdict.reruns}
                if verdict else {}) for each, verdict in zip(values, verdicts, strict=True)]
    return SweptClaimView(
        number=number, id=claim.id, statement=claim.statement, text=text,
        words=tuple(each.word.value if each else "" for each in verdicts),
        notes=tuple(EXPLORATORY if each and any(line.startswith(EXPLORATORY) for line in each.says) else ""
                    for each in verdicts),
        predictions=tuple(_prediction(atom, prediction, columns) for atom in claim.atoms for prediction in atom.rerun
                          if any(id(prediction) in found for _, found in columns)))


def _rerun(finding: RerunFinding, claim: Claim, word: TierWord) -> RerunView:
    return rerun(finding, claim.scope, apart=word is TierWord.NOT_A_TEST)


def _prediction(atom: Atom, prediction: RerunPrediction, columns: Sequence[_Column]) -> SweptPredictionView:
    found = [views.get(id(prediction)) for _, views in columns]
    first = next(each for each in found if each is not None)
    names = {row.told: row.name for each in found if each is not None for row in each.comparisons}
    rows = [{row.told: row for row in each.comparisons} if each is not None else {} for each in found]
    return SweptPredictionView(
        part=atom.says, says=first.says, reading=first.reading, label=first.label,
        cells=tuple(SweptStandView(stand=each.stand, word=each.word, printed=each.printed) if each is not None else None
                    for each in found),
        rows=tuple(SweptRowView(name=name, told=told, cells=tuple(_comparison(each.get(told)) for each in rows))
                   for told, name in names.items()))


def _comparison(row: ComparisonView | None) -> SweptComparisonView | None:
    if row is None:
        return None
    return SweptComparisonView(printed=row.printed, estimate=row.estimate, deciding=row.deciding, stand=row.stand,
                               word=row.word, keys=row.keys)
