"""Planted truths -> the view of the self-test, which is no evidence about any paper."""

from collections.abc import Sequence

from claimcheck.appraisal.planted import Planted
from claimcheck.appraisal.summary import Experiment
from claimcheck.report.reruns import rerun
from claimcheck.report.run_views import PlantedView, SelfTestView
from claimcheck.report.runs import experiment
from claimcheck.report.wording import sentence
from claimcheck.verdict import TierWord


def self_test(planted: Sequence[Planted], experiments: Sequence[Experiment]) -> SelfTestView | None:
    """The view, or None where no self-test was made."""
    if not planted and not experiments:
        return None
    truths = tuple(_planted(each) for each in planted)
    missed = [each.id for each in truths if each.verdict != TierWord.PLANTED_FOUND]
    found = len(truths) - len(missed)
    text = f"{found} of {len(truths)} planted truths found" + (f"; missed: {', '.join(missed)}" if missed else "")
    return SelfTestView(found=found, total=len(truths), text=sentence(text), planted=truths,
                        experiments=tuple(experiment(each) for each in experiments))


def _planted(each: Planted) -> PlantedView:
    claim = each.document.value
    reruns = tuple(rerun(own, claim.scope) for own in each.verdict.reruns)
    says = dict.fromkeys((*each.verdict.says, *(text for own in reruns for text in own.not_covered)))
    return PlantedView(id=claim.id, statement=claim.statement, planted=each.planted, found=each.found,
                       verdict=each.verdict.word.value, why=sentence(each.verdict.why),
                       says=tuple(says), reruns=reruns)
