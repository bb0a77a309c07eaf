"""The claims at each value of a field that the paper leaves open: judged by the same rules as if that value alone had been run.

None of it enters a verdict. A level of error holds at one value by itself, so a word that is found only at another value than
the declared one was chosen after looking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from claimcheck.appraisal.conditions import claim_applies
from claimcheck.appraisal.runs import Runs, rerun_verdict
from claimcheck.appraisal.sweep import Point, told
from claimcheck.appraisal.tier_verdict import TierVerdict, Unavailable
from claimcheck.claim import Claim
from claimcheck.tier import Tier
from claimcheck.verdict import TierWord


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The claims at one value: claim id -> verdict of the tier that its runs are of, where these measure what it predicts.

    `word`: not run or could not run, where that is so, and `why`.
    """

    value: str
    declared: bool
    tier: Tier
    verdicts: Mapping[str, TierVerdict] = field(default_factory=dict)
    word: TierWord | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """A field that the paper leaves open and the claims at each of its values, the declared one first."""

    reproduction: str
    profile: str
    field: str
    what: str
    chosen: str
    values: tuple[Judged, ...]


def judged(point: Point, claims: Sequence[Claim], runs: Runs | Unavailable | None) -> Judged:
    """Put the runs of one value to the claims that re-runs settle."""
    value, tier = told(point.value), point.plan.tier
    if isinstance(runs, Unavailable):
        return Judged(value=value, declared=point.declared, tier=tier, word=TierWord.COULD_NOT_RUN,
                      why=f"{runs.why}; {runs.remedy}")
    if runs is None:
        return Judged(value=value, declared=point.declared, tier=tier, word=TierWord.NOT_RUN,
                      why="not all of its runs stand in the store")
    made = {claim.id: rerun_verdict(claim, tier, runs, bare=True) for claim in claims if claim_applies(claim, tier)}
    return Judged(value=value, declared=point.declared, tier=tier,
                  verdicts={name: each for name, each in made.items() if each.word is not TierWord.NOT_RUN})


def sentence(claim_id: str, values: Sequence[Judged]) -> str:
    """Whether a claim has the same word at all values that were run, or which of them change it; empty: no word at any."""
    words = {each.value: each.verdicts[claim_id].word for each in values if claim_id in each.verdicts}
    lacking = {str(word): [each.value for each in values if each.word is word]
               for word in (TierWord.NOT_RUN, TierWord.COULD_NOT_RUN)}
    lacking["not measured"] = [each.value for each in values if each.word is None and each.value not in words]
    absent = "".join(f"; {word}: {', '.join(named)}" for word, named in lacking.items() if named)
    if not words:
        return ""
    declared = next(each.value for each in values if each.declared)
    if declared not in words:
        found = ", ".join(f"{word} at {value}" for value, word in words.items())
        return f"{found}; that stands beside no word of the declared value{absent}"
    main = words[declared]
    if len(words) == 1:
        return f"{main} at the declared value {declared}; no other value has a word{absent}"
    changed = {value: word for value, word in words.items() if word is not main}
    if not changed:
        run = "values" if len(words) == len(values) else "values that were run"
        return f"the same word at all {len(words)} {run}: {main}{absent}"
    same = [value for value in words if value not in changed and value != declared]
    also = f" and at {', '.join(same)}" if same else ""
    others = ", ".join(f"{value} ({word})" for value, word in changed.items())
    return f"{main} at the declared value {declared}{also}; changed by {others}{absent}"
