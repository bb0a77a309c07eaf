"""One appraised claim -> its view: what is said of it at each tier."""

from collections.abc import Mapping, Sequence

from claimcheck.appraisal import fragility
from claimcheck.appraisal.answers import answer
from claimcheck.appraisal.appraise import Appraisal, settled_by
from claimcheck.appraisal.robustness import Robustness
from claimcheck.appraisal.tier_verdict import CheckFinding, TierVerdict
from claimcheck.claim import Claim, Scope
from claimcheck.plan import prediction_digest
from claimcheck.report.findings import counted
from claimcheck.report.reruns import first_table, rerun
from claimcheck.report.view import ClaimView, FindingView, FragilityView, PartView, TierView
from claimcheck.report.wording import minus, sentence, short_path
from claimcheck.tier import Tier
from claimcheck.verdict import HeadlineWord, Stand, TierWord

_UNSETTLED = (HeadlineWord.UNVERIFIED, HeadlineWord.NOT_TESTABLE)


def shared_says(appraisals: Sequence[Appraisal]) -> dict[Tier, tuple[str, ...]]:
    """What must be known of every verdict of a tier that rests on runs, so that it is said once."""
    says: dict[Tier, list[tuple[str, ...]]] = {}
    for appraisal in appraisals:
        for tier in appraisal.tiers:
            if tier.reruns:
                says.setdefault(tier.tier, []).append(tier.says)
    return {tier: tuple(text for text in each[0] if all(text in other for other in each)) for tier, each in says.items()}


def claim_view(number: int, appraisal: Appraisal, shared: Mapping[Tier, tuple[str, ...]],
               robustness: Sequence[Robustness] = ()) -> ClaimView:
    """The view of one claim; what `shared` says of a tier's verdicts is not said again in the first table.

    `robustness`: what perturbed queries cost in the same runs, for answers about it.
    """
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
        tiers=tuple(_tier(each, claim.scope, shared.get(each.tier, ()), robustness) for each in appraisal.tiers),
        file=short_path(appraisal.document.path),
        digest=appraisal.document.digest, prediction_digest=prediction_digest(claim))


EXPLORATORY = "exploratory"


def _source_says(claim: Claim) -> str:
    source = claim.source_report
    word = {True: "verified", False: "not verified", None: "no verdict"}[source.verified]
    return word if source.confidence is None else f"{word}, {source.confidence:.2f}"


def _tier(verdict: TierVerdict, scope: Scope, shared: Sequence[str], robustness: Sequence[Robustness]) -> TierView:
    findings = tuple(_finding(each) for each in verdict.findings)
    apart = verdict.word is TierWord.NOT_A_TEST
    reruns = tuple(rerun(each, scope, apart=apart, answer="" if apart else minus(answer(each, robustness, verdict.tier)))
                   for each in verdict.reruns)
    lines = [*_parts(verdict), *(f"{name}: {each.printed}" if (name := each.label or each.reading) else each.printed
                                 for each in findings)]
    if verdict.word is TierWord.NEGLIGIBLE:
        lines += [each.word for each in reruns if each.stand == Stand.NEGLIGIBLE]  # of what, and at which margin
    lines += [verdict.why] if apart else [first_table(each) for each in reruns]
    if any(text.startswith(EXPLORATORY) for text in verdict.says):
        lines.insert(0, EXPLORATORY)
    fragile = _fragility(verdict)
    if fragile is not None:
        lines.append(fragile.text)
    says = tuple(dict.fromkeys((*verdict.says, *(text for each in reruns for text in each.not_covered))))
    lines += [text for text in says if text not in shared]
    return TierView(tier=verdict.tier.value, verdict=verdict.word.value, why=sentence(verdict.why),
                    remedy=sentence(verdict.remedy), missing_here=verdict.missing_here,
                    says=says, findings=findings, reruns=reruns,
                    short=tuple(dict.fromkeys(lines)), fragility=fragile)


def _fragility(verdict: TierVerdict) -> FragilityView | None:
    found = verdict.fragility
    if found is None:
        return None
    return FragilityView(
        text=fragility.sentence(found, verdict.tier), same=found.same, ways=found.variants,
        flips=tuple((each.choice, each.stand.value) for each in found.flips),
        stands=tuple((stand.value, count) for stand, count in found.stands),
        varied=tuple((each.name, each.choices) for each in found.dimensions), left_out=found.left_out)


def _parts(verdict: TierVerdict) -> list[str]:
    """How many parts of the claim were tested, where that is not all of them."""
    if not verdict.untested:
        return []
    against = sum(stand is Stand.AGAINST for _, stand in verdict.parts)
    parts = f"{len(verdict.parts)} of {len(verdict.parts) + verdict.untested} parts tested"
    return [f"{parts}, {against} contradicted" if against else parts]


def _finding(finding: CheckFinding) -> FindingView:
    prediction = finding.prediction
    return counted(finding.count, part=finding.atom.says, stand=finding.stand,
                    says=prediction.says or finding.count.asks,
                    reading=prediction.reading.value if prediction.reading else "", label=prediction.label)
