"""What perturbed queries cost one arm less what they cost another: the differences in differences of a prediction.

Within a run, averaged over draws; over the families and languages that count, languages weighing the same, the families of a
language the same within it. On the absolute scale it is (rival clean - rival perturbed) - (arm clean - arm perturbed), on that
of logs log(arm perturbed / arm clean) - log(rival perturbed / rival clean): above 0 the arm loses less.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from claimcheck.appraisal import visibility
from claimcheck.appraisal.contrast import Contrast, OnLogs, Raw
from claimcheck.appraisal.measured import LanguageCell, Mean, Measured
from claimcheck.appraisal.visibility import State, draws_of
from claimcheck.design import Perturbations, Route
from claimcheck.finding import Goal
from claimcheck.measurement.places import variant
from claimcheck.prediction.rerun import Interaction
from claimcheck.stats.cells import Cell
from claimcheck.stats.effect import Effect
from claimcheck.stats.two_way import log_interaction, paired, unpaired
from claimcheck.verdict import LOG_DECIMALS

GOALS = {"no more": Goal.NO_WORSE, "less": Goal.AHEAD, "as much": Goal.EQUAL}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Side:
    """Scores of an arm, cell by cell: on clean queries, and on perturbed ones averaged over draws.

    `about`: family and query language of each cell; `weights`: of the cells, summing to 1.
    """

    about: tuple[tuple[str, str], ...]
    clean: tuple[Cell, ...] = field(repr=False)
    after: tuple[Cell, ...] = field(repr=False)
    weights: tuple[float, ...] = field(repr=False)

    @property
    def mean(self) -> float:
        """Macro mean on clean queries, over runs."""
        return float(np.dot(self.weights, [cell.values.mean() for cell in self.clean]))

    @property
    def loss(self) -> float:
        """Macro mean of what is lost, over runs."""
        return self.mean - float(np.dot(self.weights, [cell.values.mean() for cell in self.after]))

    @property
    def losses(self) -> list[Cell]:
        """What is lost, question by question."""
        return [Cell(values=clean.values - after.values, clusters=clean.clusters)
                for clean, after in zip(self.clean, self.after, strict=True)]


def interaction(check: Interaction, measured: Measured, routes: Sequence[Route]) -> Contrast:
    """The comparisons of a prediction, on both scales; none, with the reason, where its queries are not perturbed."""
    raws: list[Raw] = []
    not_covered: tuple[str, ...]
    left_out, not_covered = lacking(check, measured.plan.design.perturbations), ()
    if not left_out:
        for backbone in measured.backbones_with(check.arm, *check.against):
            for route in routes:
                counting = _counting(check, measured, backbone, route)
                not_covered += _uncounted(check, backbone, route, counting)
                for setting in check.settings:
                    about = (("backbone", backbone), ("data", route.name), ("setting", str(setting)), ("queries", "perturbed"))
                    sides = {arm: side(measured, (backbone, arm), (check.measure, str(setting), route.name), counting)
                             for arm in (check.arm, *check.against)}
                    if not sides[check.arm].clean:
                        left_out += (f"{route.name} has no perturbed queries with a relevant candidate, {setting}",)
                        continue
                    for rival in check.against:
                        raw = _raw(check, measured, (*about, ("against", rival)), (sides[check.arm], sides[rival]))
                        if raw is None:
                            left_out += (f"{check.measure} is 0 in a run, and 0 has no log",)
                        else:
                            raws.append(raw)
    return Contrast(raws=tuple(raws), measure=check.measure, is_log=False, at_least=0.0, margin=check.margin,
                    goal=GOALS[check.loses], left_out=tuple(dict.fromkeys(left_out)),
                    not_covered=tuple(dict.fromkeys(not_covered)))


def lacking(check: Interaction, asked: Perturbations | None) -> tuple[str, ...]:
    """What a prediction asks for and a profile's perturbations do not hold; nothing where it can be put to its runs."""
    if asked is None:
        return ("no query is perturbed in it",)
    if asked.budget != check.budget:
        return (f"queries are perturbed at budget {asked.budget} here, and the claim asks for {check.budget}",)
    return tuple(f"no query is perturbed by {name} here" for name in check.perturbations if name not in asked.families)


def _counting(check: Interaction, measured: Measured, backbone: str, route: Route) -> dict[str, frozenset[str]]:
    """Family -> the languages in which it counts, the same for all arms of a backbone."""
    found = visibility.told(measured, backbone, route.name)
    languages = measured.plan.design.data.evaluated_in(route)
    return {name: frozenset(each for each in languages if visibility.cell(found, name, each).state is State.COUNTS)
            for name in check.perturbations}


def _uncounted(check: Interaction, backbone: str, route: Route, counting: dict[str, frozenset[str]]) -> tuple[str, ...]:
    return tuple(f"no question of {route.name} is perturbed by {name} so that {backbone} sees it"
                 for name in check.perturbations if not counting[name])


def side(measured: Measured, who: tuple[str, str], wanted: tuple[str, str, str],
         counting: dict[str, frozenset[str]]) -> Side:
    """The scores of an arm. `who`: backbone and arm; `wanted`: measure, setting and route; `counting`: family -> languages."""
    asked = measured.plan.design.perturbations
    assert asked is not None
    measure, setting, route = wanted
    clean = {_name(cell): cell for cell in measured.of(*who, wanted)}
    made: list[tuple[str, LanguageCell, Cell]] = []
    for family, languages in counting.items():
        drawn = [{_name(cell): cell.cell for cell in measured.of(*who, (measure, setting, variant(route, family, draw)))}
                 for draw in range(draws_of(asked, family) if languages else 0)]
        for name, cell in clean.items():
            if cell.query_language in languages:
                after = np.mean([each[name].values for each in drawn], axis=0)
                made.append((family, cell, Cell(values=after, clusters=cell.cell.clusters)))
    return Side(about=tuple((family, cell.query_language) for family, cell, _ in made),
                clean=tuple(cell.cell for _, cell, _ in made), after=tuple(after for *_, after in made),
                weights=_weights(measured.way.mean, [(cell.query_language, after.values.shape[1]) for _, cell, after in made]))


def _name(cell: LanguageCell) -> tuple[str, str]:
    return cell.query_language, cell.candidate_language


def _weights(mean: Mean, cells: Sequence[tuple[str, int]]) -> tuple[float, ...]:
    """Of cells, each with its language and number of questions: each language the same, or each question."""
    if mean is Mean.BY_QUESTION:
        return tuple(questions / sum(each for _, each in cells) for _, questions in cells)
    spoken = [language for language, _ in cells]
    return tuple(1 / (len(set(spoken)) * spoken.count(language)) for language in spoken)


def effects(arm: Side, rival: Side, *, pair: bool) -> tuple[Effect, Effect | None]:
    """The difference in differences on the absolute scale and on that of logs; above 0 the arm loses less.

    `pair`: whether runs of a seed are paired. None on logs where a run has a mean of 0.
    """
    if pair:
        both = [Cell(values=theirs.values - ours.values, clusters=ours.clusters)
                for ours, theirs in zip(arm.losses, rival.losses, strict=True)]
        absolute = paired(both, arm.weights)
    else:
        absolute = unpaired(rival.losses, arm.losses, arm.weights)
    if any(_has_a_mean_of_0(cells, arm.weights) for each in (arm, rival) for cells in (each.clean, each.after)):
        return absolute, None
    return absolute, log_interaction((arm.clean, arm.after), (rival.clean, rival.after), arm.weights, paired=pair)


def _has_a_mean_of_0(cells: Sequence[Cell], weights: Sequence[float]) -> bool:
    return bool((np.dot(weights, [cell.values.mean(axis=1) for cell in cells]) <= 0).any())


def _raw(check: Interaction, measured: Measured, about: tuple[tuple[str, str], ...], sides: tuple[Side, Side]) -> Raw | None:
    arm, rival = sides
    told = dict(about)
    absolute, on_logs = effects(arm, rival, pair=measured.plan.design.paired)
    if on_logs is None:
        return None
    cells = {id(cell): cell for cell in arm.clean}.values()  # the same clean queries stand beside each family
    return Raw(about=about, arms=(check.arm, told["against"]), means=(arm.loss, rival.loss), effect=absolute,
               same_as=("interaction", about, check.arm, check.measure, frozenset(check.perturbations), check.budget),
               questions=sum(cell.values.shape[1] for cell in cells), where=((told["data"], told["setting"]),),
               on_logs=OnLogs(effect=on_logs, level=round(max(arm.mean, rival.mean), LOG_DECIMALS)))
