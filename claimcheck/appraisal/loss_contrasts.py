"""How two arms differ in what perturbed queries cost them: the profile over families and languages, and over the headline.

Exploratory: what decides a claim is its own prediction. Points and logs as in `interactions`; p of families and of cells are
each adjusted for all of them (single-step max-T under flips of articles' signs), conditional on these runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from claimcheck.appraisal.breakdown import FLIPS, SEED
from claimcheck.appraisal.interactions import Side, effects
from claimcheck.appraisal.losses import Estimated, Piece, estimated
from claimcheck.stats.cells import Cell
from claimcheck.stats.resampling import sign_flip_max_t, sign_flips


@dataclass(frozen=True, slots=True, kw_only=True)
class CellContrast:
    """A family in a language: the arm loses so many points less; `p`, `p_adjusted`: two-sided, of no difference."""

    value: float
    p: float
    p_adjusted: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyContrast:
    """A family, or the headline: above 0 the arm loses less. `retention` on logs, None where a run has a mean of 0.

    `p_adjusted`: on the absolute scale, for all families of all pairs; None for the headline, which is one of its own.
    `by_language`: None where the family does not count.
    """

    family: str
    drop: Estimated
    retention: Estimated | None
    p_adjusted: float | None
    by_language: tuple[CellContrast | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairContrast:
    """An arm against a rival, family by family in the order of the report."""

    arm: str
    rival: str
    families: tuple[FamilyContrast, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Row:
    """A family of a pair, or the headline, whose `family` is the headline's name; `pulls`: language -> (G,)."""

    pair: tuple[str, str]
    family: str
    headline: bool
    drop: Estimated
    retention: Estimated | None
    pulls: Mapping[str, NDArray[np.float64]] = field(repr=False)


def contrasts(pieces: Mapping[str, Sequence[Piece]], pairs: Sequence[tuple[str, str]], groups: Mapping[str, frozenset[str]],
              languages: Sequence[str], *, pair: bool) -> tuple[PairContrast, ...]:
    """Of each pair of (arm, rival) that was measured. `groups`: name of a row -> its families; one of several is the headline.

    `pair`: whether runs of a seed are paired.
    """
    pairs = [each for each in pairs if set(each) <= {arm for arm, own in pieces.items() if own}]
    rows = [made for each in pairs for name, families in groups.items()
            if (made := _row(pieces, each, name, families, pair=pair)) is not None]
    articles = sorted({cluster for own in pieces.values() for piece in own for cluster in piece.clusters.tolist()})
    if not rows:
        return ()
    flips = sign_flips(np.random.default_rng(SEED), FLIPS, len(articles))
    single = [row for row in rows if not row.headline]
    whole = _adjusted([np.mean(list(row.pulls.values()), axis=0) for row in single], flips)
    cells = [(row, language) for row in rows for language in row.pulls if not row.headline]
    alone = _adjusted([row.pulls[language] for row, language in cells], flips)
    of_family = {(row.pair, row.family): float(p) for row, (_, p) in zip(single, whole, strict=True)}
    of_cell = {(row.pair, row.family, language): CellContrast(value=float(row.pulls[language].sum()), p=float(p),
                                                              p_adjusted=float(together))
               for (row, language), (p, together) in zip(cells, alone, strict=True)}
    return tuple(PairContrast(arm=arm, rival=rival, families=tuple(
        FamilyContrast(family=row.family, drop=row.drop, retention=row.retention,
                       p_adjusted=of_family.get((row.pair, row.family)),
                       by_language=tuple(of_cell.get((row.pair, row.family, language)) for language in languages))
        for row in rows if row.pair == (arm, rival))) for arm, rival in pairs)


def _adjusted(pulls: Sequence[NDArray[np.float64]], flips: NDArray[np.int8]) -> list[tuple[float, float]]:
    if not pulls:
        return []
    return [(float(p), float(together)) for p, together in zip(*sign_flip_max_t(np.stack(pulls), flips), strict=True)]


def _row(pieces: Mapping[str, Sequence[Piece]], pair_of: tuple[str, str], name: str, families: frozenset[str], *,
         pair: bool) -> _Row | None:
    """One row of a pair; None where nothing of it counts."""
    own = {arm: [piece for piece in pieces[arm] if piece.family in families] for arm in pair_of}
    if not all(own.values()):
        return None
    arm, rival = (_side(own[each]) for each in pair_of)
    absolute, on_logs = effects(arm, rival, pair=pair)
    articles = sorted({cluster for each in pieces.values() for piece in each for cluster in piece.clusters.tolist()})
    pulls: dict[str, NDArray[np.float64]] = {}
    spoken = [piece.language for piece in own[pair_of[0]]]
    for (_, language), ours, theirs in zip(arm.about, arm.losses, rival.losses, strict=True):
        difference = (theirs.values.mean(axis=0) - ours.values.mean(axis=0)) / (ours.values.shape[1] * spoken.count(language))
        added = np.asarray(np.bincount(np.searchsorted(articles, ours.clusters), difference, len(articles)), np.float64)
        pulls[language] = np.asarray(pulls[language] + added) if language in pulls else added
    return _Row(pair=pair_of, family=name, headline=len(families) > 1, drop=estimated(absolute),
                retention=None if on_logs is None else estimated(on_logs), pulls=pulls)


def _side(pieces: Sequence[Piece]) -> Side:
    """Languages weigh the same, the families of a language the same within it."""
    spoken = [piece.language for piece in pieces]
    return Side(about=tuple((piece.family, piece.language) for piece in pieces),
                clean=tuple(Cell(values=piece.clean, clusters=piece.clusters) for piece in pieces),
                after=tuple(Cell(values=piece.draws.mean(axis=0), clusters=piece.clusters) for piece in pieces),
                weights=tuple(1 / (len(set(spoken)) * spoken.count(language)) for language in spoken))
