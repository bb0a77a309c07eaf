"""What perturbed queries cost each arm: losses by family and language, and over the families of the headline.

Apart from any claim. A loss is clean less perturbed, question by question within a run, averaged over draws. Where an encoder
sees next to nothing of a family in a language, the cell is no-op, and left out of the averages of all arms.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from claimcheck.appraisal import visibility
from claimcheck.appraisal.attack_records import Example, examples_of_attacks, examples_of_families
from claimcheck.appraisal.attacks import Attacks, attacks
from claimcheck.appraisal.first_places import Lost, lost, right, share
from claimcheck.appraisal.loss_contrasts import PairContrast, contrasts
from claimcheck.appraisal.losses import MEASURE, Estimated, Loss, Piece, loss
from claimcheck.appraisal.measured import LanguageCell, Measured
from claimcheck.appraisal.visibility import FamilyCell, State, draws_of
from claimcheck.design import Perturbations, Route
from claimcheck.measurement.measures import Setting
from claimcheck.measurement.places import variant
from claimcheck.perturbation.families import FAMILIES, PANEL
from claimcheck.stats.cells import Cell

PANEL_NAME = "headline"
PANEL_BUDGET = "light"
"""At another budget there is no headline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRow:
    """A family, or all of the headline together; `losses`: one an arm, none where no cell counts.

    `first_lost`: arm -> share of the queries that all compared arms answer right of which it loses the first place, in percent;
    `right`: the share of such queries, from 0 to 1; of each compared arm, none where nothing counts or no two are compared.
    """

    family: str
    title: str
    draws: int
    cells: tuple[FamilyCell, ...]
    losses: tuple[Loss, ...]
    first_lost: tuple[tuple[str, Estimated], ...] = ()
    right: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """All families on one route of a backbone. `sets`: family -> digest of its frozen set.

    `contrasts`: of the pairs of arms that claims compare; `attacks`: what search attacks cost, where any were made.
    `examples`: of each family in each language, and of attacks, as records of runs hold them.
    """

    backbone: str
    route: str
    budget: str
    languages: tuple[str, ...]
    rows: tuple[FamilyRow, ...]
    sets: tuple[tuple[str, str], ...]
    contrasts: tuple[PairContrast, ...] = ()
    attacks: Attacks | None = None
    examples: tuple[Example, ...] = ()


def robustness(measured: Measured, pairs: Sequence[tuple[str, str]] = ()) -> tuple[Robustness, ...]:
    """Of each backbone and route; nothing where the design perturbs no query. `pairs` of (arm, rival) are compared."""
    asked = measured.plan.design.perturbations
    if asked is None:
        return ()
    return tuple(_robustness(measured, asked, backbone, route, pairs) for backbone in measured.plan.design.backbones
                 for route in measured.plan.design.data.routes)


def _robustness(measured: Measured, asked: Perturbations, backbone: str, route: Route,
                pairs: Sequence[tuple[str, str]]) -> Robustness:
    pairs = [pair for pair in pairs if set(pair) <= set(measured.arms_of(backbone))]
    languages = measured.plan.design.data.evaluated_in(route)
    told = visibility.told(measured, backbone, route.name)
    cells = {name: tuple(visibility.cell(told, name, language) for language in languages) for name in asked.families}
    pieces = {arm: [piece for name in asked.families
                    for piece in _pieces(measured, asked, (backbone, arm), route.name, name, cells[name])]
              for arm in measured.arms_of(backbone)}
    rows = [FamilyRow(family=name, title=FAMILIES[name].title, draws=draws_of(asked, name), cells=cells[name],
                      losses=_losses(measured, pieces, lambda piece, name=name: piece.family == name, languages))  # type: ignore[misc]
            for name in asked.families]
    groups = {row.family: frozenset({row.family}) for row in rows}
    if set(PANEL) <= set(asked.families) and asked.budget == PANEL_BUDGET:
        groups = {PANEL_NAME: frozenset(PANEL), **groups}
        counting = [row.family for row in rows if row.family in PANEL and row.losses]
        rows.insert(0, FamilyRow(family=PANEL_NAME, title=", ".join(counting), draws=0, cells=(),
                                 losses=_losses(measured, pieces, lambda piece: piece.family in PANEL, languages)))
    rows = [_with_first(measured, asked, (backbone, route.name), row, groups[row.family], cells, pairs) for row in rows]
    return Robustness(backbone=backbone, route=route.name, budget=asked.budget, languages=languages, rows=tuple(rows),
                      contrasts=contrasts(pieces, pairs, groups, languages, pair=measured.plan.design.paired),
                      attacks=attacks(measured, backbone, route.name, pairs),
                      examples=_examples(measured, backbone, route.name),
                      sets=tuple((name, told[name]["set"]) for name in asked.families if name in told))


def _examples(measured: Measured, backbone: str, route: str) -> tuple[Example, ...]:
    """Of families as the first run holds them, and of attacks as the first run of these does."""
    record = measured.results[backbone, measured.arms_of(backbone)[0]][0].record
    return (*examples_of_families(record, route), *examples_of_attacks(measured.attacked.get(backbone, ()), route))


def _with_first(measured: Measured, asked: Perturbations, where: tuple[str, str], row: FamilyRow, families: frozenset[str],
                cells: Mapping[str, Sequence[FamilyCell]], pairs: Sequence[tuple[str, str]]) -> FamilyRow:
    """A row with the first places that are lost; `where`: backbone and route."""
    arms = tuple(dict.fromkeys(arm for pair in pairs for arm in pair))
    if not arms or not row.losses:
        return row
    backbone, route = where

    def of(arm: str, name: str) -> dict[str, Cell]:
        return {cell.query_language: cell.cell for cell in measured.of(backbone, arm, ("RR", Setting.MULTILINGUAL.value, name))}

    clean = {arm: of(arm, route) for arm in arms}
    found: dict[str, list[Lost]] = {arm: [] for arm in arms}
    for family in sorted(families & cells.keys()):
        counting = [cell.language for cell in cells[family] if cell.state is State.COUNTS and cell.language in clean[arms[0]]]
        for arm in arms if counting else ():
            drawn = [of(arm, variant(route, family, draw)) for draw in range(draws_of(asked, family))]
            found[arm] += [lost([clean[each][language] for each in arms], [draw[language] for draw in drawn])
                           for language in counting]
    shares = [(arm, made) for arm, own in found.items() if (made := share(own)) is not None]
    return replace(row, first_lost=tuple(shares), right=right(found[arms[0]]))


def _pieces(measured: Measured, asked: Perturbations, who: tuple[str, str], route: str, family: str,
            cells: Sequence[FamilyCell]) -> list[Piece]:
    """The cells of one family that count, of `who`: a backbone and an arm."""
    counting = {cell.language for cell in cells if cell.state is State.COUNTS}
    if not counting:
        return []
    routes = [variant(route, family, draw) for draw in range(draws_of(asked, family))]

    def drawn(measure: str, setting: Setting = Setting.MULTILINGUAL) -> list[dict[str, LanguageCell]]:
        return [{cell.query_language: cell for cell in measured.of(*who, (measure, setting.value, name))}
                for name in (route, *routes)]

    scores, changed, overlaps, alone = drawn(MEASURE), drawn("Applied"), drawn("RBO"), drawn(MEASURE, Setting.MONOLINGUAL)
    distances = drawn("RankDistance")
    made = []
    for language in sorted(counting & scores[0].keys()):
        clean, *draws = (each[language].cell for each in scores)
        made.append(Piece(
            language=language, family=family, clean=clean.values, clusters=clean.clusters,
            draws=np.stack([each.values for each in draws]),
            applied=np.stack([each[language].cell.values for each in changed[1:]]),
            overlap=float(np.mean([each[language].cell.values.mean() for each in overlaps[1:]])),
            distance=_change(distances, language), monolingual=_change(alone, language)))
    return made


def _change(found: Sequence[dict[str, LanguageCell]], language: str) -> float | None:
    """By how much a mean grows from the clean queries to the draws; None where no query of the language has a value."""
    if any(language not in each for each in found):
        return None
    clean, *draws = (float(each[language].cell.values.mean()) for each in found)
    return float(np.mean(draws)) - clean


def _losses(measured: Measured, pieces: dict[str, list[Piece]], chosen: Callable[[Piece], bool],
            languages: Sequence[str]) -> tuple[Loss, ...]:
    own = {arm: [piece for piece in each if chosen(piece)] for arm, each in pieces.items()}
    return tuple(loss(arm, each, languages, measured.resamples) for arm, each in own.items() if each)
