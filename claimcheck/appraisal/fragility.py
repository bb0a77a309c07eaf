"""Fragility: in how many admissible ways to analyse the same places a claim has the word that it has.

Every way goes to its word as the main one does, at the same levels, and none of them changes the verdict.

Source: Steegen, Tuerlinckx, Gelman and Vanpaemel 2016, multiverse analysis.
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from claimcheck import verdict
from claimcheck.appraisal.contrast import Contrast
from claimcheck.appraisal.contrasts import contrast
from claimcheck.appraisal.family import Tested
from claimcheck.appraisal.measured import LanguageCell, Mean, Measured, Ratio, Way
from claimcheck.appraisal.rerun import RerunFinding, findings, stand_of_claim
from claimcheck.claim import Atom, Claim
from claimcheck.design import Route
from claimcheck.measurement.measures import parse
from claimcheck.measurement.ties import Ties, any_tied, knows_ties
from claimcheck.prediction import RerunPrediction
from claimcheck.stats.effect import Estimand
from claimcheck.tier import Tier
from claimcheck.verdict import LEAST_RUNS, Stand

MOST_NAMED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A single choice that alone gives the claim another word, and how the claim stands then."""

    choice: str
    stand: Stand


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """What was varied, and all choices of it, the main one first."""

    name: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragility:
    """How a claim stands in each of `variants` ways to analyse the same places, `main` in the one that decides.

    `same`: how many ways stand as the main one does. `stands`: how many stand how, the most frequent first. `flips`: single
    choices that alone change it; `only_combined`: none does, and some together do. `left_out`: what was not varied, and why.
    """

    variants: int
    same: int
    main: Stand
    stands: tuple[tuple[Stand, int], ...]
    flips: tuple[Flip, ...]
    only_combined: bool
    dimensions: tuple[Dimension, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """One prediction as the main way has it, and which choices can change what is found of it.

    `groups`: cells that are averaged into one number, each group under the language that it is about, if it is about one.
    """

    atom: Atom
    prediction: RerunPrediction
    contrast: Contrast
    groups: tuple[tuple[str, tuple[LanguageCell, ...]], ...] = field(repr=False)
    ties: bool
    uneven: bool

    @property
    def languages(self) -> frozenset[str]:
        """Languages of the queries."""
        return frozenset(cell.query_language for _, cells in self.groups for cell in cells)

    @property
    def same_as(self) -> Hashable:
        """Equal for predictions that put the same comparisons, whatever sizes and margins they hold them against."""
        return (tuple(raw.same_as for raw in self.contrast.raws) or id(self.prediction)), self.contrast.left_out

    def again(self, analysed: Measured, routes: Sequence[Route]) -> Contrast:
        """The same comparisons, analysed another way."""
        return contrast(self.prediction, analysed, routes)

    def does_without(self, language: str) -> bool:
        """Whether each group keeps a cell without a language, and the languages that are counted are still enough."""
        counted = {about for about, _ in self.groups} - {language}
        return bool(counted) and (self.contrast.needed or 0) <= len(counted) and all(
            any(language not in (cell.query_language, cell.candidate_language) for cell in cells)
            for about, cells in self.groups if about != language)

    def narrowed(self, way: Way) -> Way:
        """The way without what changes nothing here, so that equal things are worked out once."""
        return Way(ties=way.ties if self.ties else Ties.BY_ID, mean=way.mean if self.uneven else Mean.BY_LANGUAGE,
                   without_language=way.without_language if way.without_language in self.languages else "",
                   without_seed=way.without_seed, ratio=way.ratio if self.contrast.is_log else Ratio.MEANS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choices:
    """All that is varied, the main choice first everywhere, and what is not."""

    ties: tuple[Ties, ...]
    means: tuple[Mean, ...]
    languages: tuple[str, ...]
    seeds: tuple[int | None, ...]
    ratios: tuple[Ratio, ...]
    left_out: tuple[str, ...]


def fragility(claim: Claim, tested: Tested, measured: Measured) -> Fragility | None:
    """How a claim stands in every admissible way to analyse the places.

    None where the runs are no test of the claim, or where its word does not come from them: they measure nothing of it, or at
    tier full not all of what it names.
    """
    if not tested.is_test or not any(each.raws for _, _, each in tested.contrasts):
        return None
    if measured.plan.tier is Tier.FULL and any(each.not_covered for _, _, each in tested.contrasts):
        return None
    questions = tuple(_question(measured, *each) for each in tested.contrasts)
    choices = _choices(claim, tested, measured, questions)
    resamples = measured.resamples if Estimand(claim.scope.value) is Estimand.BEYOND else 0  # else nothing rests on them
    known: dict[tuple[int, Way], RerunFinding] = {}
    made: dict[tuple[Hashable, Way], Contrast] = {}
    stands: dict[Way, Stand] = {}
    for way, analysed in _ways(choices, measured, resamples):
        own = []
        for number, question in enumerate(questions):
            narrow = question.narrowed(way)
            if (number, narrow) not in known:
                if (same := (question.same_as, narrow)) not in made:
                    made[same] = question.contrast if narrow == Way() else question.again(
                        analysed.analysed(narrow), tested.conditions.routes)
                found = replace(question.contrast, raws=made[same].raws, left_out=made[same].left_out)
                alone = replace(tested, contrasts=((question.atom, question.prediction, found),))
                known[number, narrow], = findings(claim, alone, measured, bare=True)
            own.append(known[number, narrow])
        stands[way], _, _ = stand_of_claim(claim, own)
    main = stands[Way()]
    counted = Counter(stands.values())
    flips = tuple(Flip(choice=text, stand=stands[way]) for way, text in _single(choices) if stands[way] is not main)
    return Fragility(variants=len(stands), same=counted[main], main=main, stands=tuple(counted.most_common()), flips=flips,
                     only_combined=not flips and counted[main] < len(stands), dimensions=_dimensions(choices),
                     left_out=choices.left_out)


def sentence(found: Fragility, tier: Tier) -> str:
    """In how many ways the claim has its word, and which choice alone gives it another; words are those of the tier."""
    if found.variants == 1:
        return f"no other way to analyse these places: {'; '.join(found.left_out)}"
    told = f"{verdict.word(tier, found.main)} in {found.same} of {found.variants} ways to analyse the same places"
    if found.only_combined:
        return f"{told}; flips only where choices meet, none alone does it"
    return told + _named([(each.choice, str(verdict.word(tier, each.stand))) for each in found.flips])


def _named(flips: Sequence[tuple[str, str]]) -> str:
    if not flips:
        return ""
    more = f" and {len(flips) - MOST_NAMED} more" if len(flips) > MOST_NAMED else ""
    named = ", ".join(f"{choice} ({word})" for choice, word in flips[:MOST_NAMED])
    return f"; flips {named}{more}"


def _question(measured: Measured, atom: Atom, prediction: RerunPrediction, found: Contrast) -> _Question:
    sites = dict.fromkeys((dict(raw.about)["backbone"], arm, setting, route)
                          for raw in found.raws for arm in raw.arms for route, setting in raw.where)
    by_language = any("language" in dict(raw.about) for raw in found.raws)
    groups = []
    for backbone, arm, setting, route in sites:
        cells = measured.of(backbone, arm, (found.measure, setting, route))
        groups += [(about, tuple(cell for cell in cells if about in ("", cell.query_language)))
                   for about in (dict.fromkeys(cell.query_language for cell in cells) if by_language else [""])]
    ties = knows_ties(parse(found.measure)) and any(
        any_tied(result.places, setting, route) for backbone, arm, setting, route in sites
        for result in measured.results[backbone, arm])  # of an interaction the clean queries tell whether there are ties
    uneven = any(len({cell.cell.values.shape[1] for cell in cells}) > 1 for _, cells in groups)
    return _Question(atom=atom, prediction=prediction, contrast=found, groups=tuple(groups), ties=ties, uneven=uneven)


def _choices(claim: Claim, tested: Tested, measured: Measured, questions: Sequence[_Question]) -> _Choices:
    left_out = []
    ties = tuple(Ties) if any(each.ties for each in questions) else (Ties.BY_ID,)
    if len(ties) == 1:
        blind = [each for each in questions if each.contrast.raws and not knows_ties(parse(each.contrast.measure))]
        left_out.append("no place is tied" if not blind else
                        f"which of tied candidates stand among the first ten, so what {blind[0].contrast.measure} is with "
                        "ties in another order, is not stored")
    means = tuple(Mean) if any(each.uneven for each in questions) else (Mean.BY_LANGUAGE,)
    if len(means) == 1:
        left_out.append("all cells that are averaged are equally large, so the means by language and by question are one")
    languages = [""]
    for language in sorted(frozenset[str]().union(*(each.languages for each in questions))):
        if all(each.does_without(language) for each in questions if language in each.languages):
            languages.append(language)
        else:
            left_out.append(f"without {language} too little is left to compare")
    seeds: list[int | None] = [None, *sorted({each.seed for results in measured.results.values() for each in results})]
    if len(seeds) - 2 < LEAST_RUNS:
        left_out.append(f"{len(seeds) - 1} runs: none can be left out, since fewer than {LEAST_RUNS} decide nothing")
        seeds = [None]
    ratios, why = _ratios(claim, tested, measured, [each for each in questions if each.contrast.is_log and each.contrast.raws])
    return _Choices(ties=ties, means=means, languages=tuple(languages), seeds=tuple(seeds), ratios=ratios,
                    left_out=(*left_out, *why))


def _ratios(claim: Claim, tested: Tested, measured: Measured,
            questions: Sequence[_Question]) -> tuple[tuple[Ratio, ...], tuple[str, ...]]:
    """What a ratio is taken of: only what every reduction of the claim has, in each of its comparisons."""
    if not questions:
        return (Ratio.MEANS,), ()
    if not measured.plan.design.paired:
        return (Ratio.MEANS,), ("runs are not paired, so a ratio is one of means",)
    made, left_out = [Ratio.MEANS], []
    for ratio in (Ratio.LOGS, Ratio.MEDIANS):
        if ratio is Ratio.MEDIANS and Estimand(claim.scope.value) is Estimand.BEYOND:
            left_out.append("medians are not told of further articles, which the claim is about")
            continue
        analysed = measured.analysed(Way(ratio=ratio))
        if all(len(each.again(analysed, tested.conditions.routes).raws) == len(each.contrast.raws) for each in questions):
            made.append(ratio)
        else:
            left_out.append(f"there are values of 0, so there is no ratio of {ratio}")
    return tuple(made), tuple(left_out)


def _ways(choices: _Choices, measured: Measured, resamples: int) -> Iterator[tuple[Way, Measured]]:
    """Every way, the main one first, each with the places as far as ties and runs have them so."""
    tied = {ties: measured.analysed(Way(ties=ties), resamples) for ties in choices.ties}
    for seed, ties in product(choices.seeds, choices.ties):
        analysed = tied[ties] if seed is None else tied[ties].analysed(Way(ties=ties, without_seed=seed))
        for mean, language, ratio in product(choices.means, choices.languages, choices.ratios):
            yield Way(ties=ties, mean=mean, without_language=language, without_seed=seed, ratio=ratio), analysed


def _single(choices: _Choices) -> Iterator[tuple[Way, str]]:
    """The ways that differ from the main one in a single choice, and what that choice is called."""
    yield from ((Way(ties=each), f"with ties {each}") for each in choices.ties[1:])
    yield from ((Way(mean=each), f"with means {each}") for each in choices.means[1:])
    yield from ((Way(without_language=each), f"without {each}") for each in choices.languages[1:])
    yield from ((Way(without_seed=each), f"without seed {each}") for each in choices.seeds[1:])
    yield from ((Way(ratio=each), f"with ratios of {each}") for each in choices.ratios[1:])


def _dimensions(choices: _Choices) -> tuple[Dimension, ...]:
    made = {"order of ties": choices.ties, "mean": choices.means,
            "language left out": [each or "none" for each in choices.languages],
            "run left out": ["none" if each is None else f"seed {each}" for each in choices.seeds],
            "ratio of": choices.ratios}
    return tuple(Dimension(name=name, choices=tuple(str(each) for each in own)) for name, own in made.items() if len(own) > 1)
