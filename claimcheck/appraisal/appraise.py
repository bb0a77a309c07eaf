"""One claim, appraised: a verdict for each tier that applies, and a headline."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from claimcheck import verdict
from claimcheck.appraisal.runs import RERUN, Runs, rerun_verdict
from claimcheck.appraisal.tier_verdict import CheckFinding, TierVerdict, Unavailable
from claimcheck.claim import Atom, Claim
from claimcheck.claim_files import ClaimFile
from claimcheck.corpora.corpus import ParallelCorpus
from claimcheck.evidence.checks import find
from claimcheck.evidence.data_facts import find_fact
from claimcheck.evidence.reported_table import ReportedTable
from claimcheck.finding import Count
from claimcheck.prediction import DataPrediction, TablePrediction
from claimcheck.tier import Tier
from claimcheck.verdict import HeadlineWord, Stand, TierWord

Found: TypeAlias = tuple[TablePrediction | DataPrediction, Count]
"""A prediction and what was found for it."""
_WHY_UNVERIFIED = {
    TierWord.NOT_RUN: "a claim of kind {kind} is settled at tier {tier} only, which was not run: {why}",
    TierWord.COULD_NOT_RUN: "a claim of kind {kind} is settled at tier {tier} only, which could not run: {why}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The verdict on the claim, and the tier that settles (or would settle) it."""

    word: HeadlineWord
    tier: Tier
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraisal:
    """All that is said of one claim."""

    document: ClaimFile
    tiers: tuple[TierVerdict, ...]
    headline: Headline

    @property
    def claim(self) -> Claim:
        """The claim itself."""
        return self.document.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a claim is judged by: its reported table, if it has one, and the data sets that were opened, by name."""

    table: ReportedTable | None = None
    corpora: Mapping[str, ParallelCorpus | Unavailable] = field(default_factory=dict)
    runs: Runs | Unavailable | None = None


def appraise(document: ClaimFile, evidence: Evidence, asked: Collection[Tier]) -> Appraisal:
    """Judge a claim at every tier that applies."""
    claim = document.value
    tiers = tuple(_at(claim, tier, evidence, asked) for tier in claim.tiers)
    return Appraisal(document=document, tiers=tiers, headline=_headline(claim, tiers))


def data_sets(claim: Claim) -> tuple[str, ...]:
    """The data sets that the claim's predictions at tier `data` are about."""
    return tuple(dict.fromkeys(prediction.fact.dataset for atom in claim.atoms for prediction in atom.data))


def _at(claim: Claim, tier: Tier, evidence: Evidence, asked: Collection[Tier]) -> TierVerdict:
    if tier not in asked:
        return TierVerdict(tier=tier, word=TierWord.NOT_RUN, why="not asked for", remedy=f"run with --tier {tier}")
    if not any(atom.predicts_at(tier) for atom in claim.atoms):
        missing = "; ".join(atom.needs for atom in claim.atoms if atom.needs)
        if missing:
            return TierVerdict(tier=tier, word=TierWord.COULD_NOT_RUN, why=f"needs {missing}", remedy=settled_by(claim))
        return TierVerdict(tier=tier, word=TierWord.NOT_RUN, why=f"the claim file predicts nothing for tier {tier}",
                           remedy="add predictions for it")
    if tier in RERUN:
        return rerun_verdict(claim, tier, evidence.runs, evidence.table)
    if tier is Tier.DATA:
        return _data(claim, evidence.corpora)
    if evidence.table is None:
        return TierVerdict(tier=tier, word=TierWord.COULD_NOT_RUN, missing_here=True,
                           why=f"{claim.tables} does not stand beside the claim",
                           remedy=f"put the paper's printed cells into {claim.tables} in the folder of the claim file")
    table = evidence.table
    found = {atom.id: [(each, find(each.check, table)) for each in atom.reported] for atom in claim.atoms}
    return _judged(claim, tier, found)


def _data(claim: Claim, corpora: Mapping[str, ParallelCorpus | Unavailable]) -> TierVerdict:
    unknown = Unavailable(why="a data set was not opened", remedy="see `claimcheck data list`")
    wanted = {name: corpora.get(name, unknown) for name in data_sets(claim)}
    absent = [corpus for corpus in wanted.values() if isinstance(corpus, Unavailable)]
    if absent:
        return TierVerdict(tier=Tier.DATA, word=TierWord.COULD_NOT_RUN, missing_here=True,
                           why="; ".join(each.why for each in absent), remedy="; ".join(each.remedy for each in absent))
    opened = {name: corpus for name, corpus in wanted.items() if isinstance(corpus, ParallelCorpus)}
    found = {atom.id: [(each, find_fact(each, opened[each.fact.dataset])) for each in atom.data] for atom in claim.atoms}
    return _judged(claim, Tier.DATA, found)


def _judged(claim: Claim, tier: Tier, found: Mapping[str, Sequence[Found]]) -> TierVerdict:
    """The verdict of a tier from the counts found for the predictions of each atom, by the atom's id."""
    findings: list[CheckFinding] = []
    parts: list[tuple[Atom, Stand]] = []
    for atom in claim.atoms:
        own = [CheckFinding(atom=atom, prediction=prediction, count=count, stand=verdict.of_count(count))
               for prediction, count in found[atom.id]]
        if own:
            parts.append((atom, verdict.of_parts([finding.stand for finding in own])))
            findings += own
    untested = [atom for atom in claim.atoms if not found[atom.id]]
    stands = [stand for _, stand in parts]
    word = verdict.word(tier, verdict.of_parts(stands, len(untested)))
    return TierVerdict(tier=tier, word=word, findings=tuple(findings), parts=tuple(parts),
                       untested=len(untested), why=_parts_in_words(parts, untested, tier))


def _parts_in_words(parts: Sequence[tuple[Atom, Stand]], untested: Sequence[Atom], tier: Tier) -> str:
    total = len(parts) + len(untested)
    stands = [stand for _, stand in parts]
    if total == 1:
        return {Stand.FOR: "all that was checked holds", Stand.AGAINST: "nothing that was checked holds",
                Stand.IN_PART: "some of the cells or readings hold, others do not",
                Stand.OPEN: "what is printed does not tell, or something could not be compared"}[stands[0]]
    words = {Stand.FOR: "borne out", Stand.AGAINST: "contradicted", Stand.IN_PART: "borne out in part",
             Stand.OPEN: "not decided by what is printed"}
    counted = []
    for stand, text in words.items():
        own = [atom.says for atom, each in parts if each is stand]
        named = f" ({'; '.join(own)})" if own and stand is not Stand.FOR else ""
        counted += [f"{len(own)} of {total} parts {text}{named}"] if own else []
    if untested:
        where = "in the tables" if tier is Tier.REPORTED else "in the files"
        counted.append(f"{len(untested)} of {total} not {where} ({'; '.join(atom.says for atom in untested)})")
    return ", ".join(counted)


def _headline(claim: Claim, tiers: tuple[TierVerdict, ...]) -> Headline:
    tier = claim.kind.settled_at
    settling = next(each for each in tiers if each.tier is tier)
    vague = [atom.vague for atom in claim.atoms if atom.vague]
    fails = [atom for atom, stand in settling.parts if stand is Stand.AGAINST and not atom.vague]
    against = [each for each in tiers if each.tier is not tier and verdict.opposes(each.word)]
    word = verdict.headline(settling.word, vague=bool(vague), plain_part_fails=bool(fails), opposed=bool(against))
    if word is HeadlineWord.NOT_TESTABLE:
        quoted = " and ".join(f"“{each}”" for each in vague)
        why = (f"{quoted} {'names' if len(vague) == 1 else 'name'} no size or comparator; the tiers judge an "
               "operationalisation, which can neither verify nor refute the claim")
    elif word is HeadlineWord.UNVERIFIED and against:
        why = "; ".join(f"tier {each.tier} says {each.word}: {each.why}" for each in (settling, *against))
    elif word is HeadlineWord.UNVERIFIED:
        why = _WHY_UNVERIFIED.get(settling.word, "tier {tier} does not decide it: {why}").format(
            kind=claim.kind, tier=tier, why=settling.why)
    else:
        why = f"settled at tier {tier}{', by what is printed' if tier is Tier.REPORTED else ''}: {settling.why}"
    return Headline(word=word, tier=tier, why=why)


def settled_by(claim: Claim) -> str:
    """What would settle the claim, in words."""
    default = {
        Tier.REPORTED: "The paper's tables as data, beside the claim file.",
        Tier.DATA: "The files of the data sets that it names, checked at tier data.",
        Tier.FULL: "A re-run at tier full: the paper's own backbones, data and training, at least three training runs.",
    }
    if any(atom.vague for atom in claim.atoms):
        return claim.settled_by or "A size or comparator for the vague word that the authors stand by."
    return claim.settled_by or default[claim.kind.settled_at]
