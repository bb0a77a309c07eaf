"""Losses under perturbed queries -> their view, every digit decided."""

from claimcheck.appraisal.losses import Estimated, Loss
from claimcheck.appraisal.robustness import PANEL_NAME, FamilyRow, Robustness
from claimcheck.appraisal.units import decimals_of
from claimcheck.appraisal.visibility import LEAST_VISIBLE, FamilyCell, State
from claimcheck.report import attack_grids, loss_grids
from claimcheck.report.numbers import ABSENT, interval, mean
from claimcheck.report.rerun_views import IntervalView, NumberView
from claimcheck.report.robustness_views import DropView, FamilyView, LossView, RobustnessView, SeenView

DECIMALS = decimals_of("AP")
_NAMED = 4
_SHARES = {"light": "5 %, at most four", "medium": "10 %", "stress": "20 %"}


def robustness(given: Robustness) -> RobustnessView:
    """The view of all families on one route."""
    digests = dict(given.sets)
    largest = max((abs(drop) for row in given.rows for loss in row.losses for drop in loss.by_language if drop is not None),
                  default=0.0)
    return RobustnessView(
        backbone=given.backbone, route=given.route, budget=given.budget, says=_says(given), languages=given.languages,
        title=f"Perturbed queries: {given.backbone} on {given.route}, budget {given.budget}",
        arms=tuple(dict.fromkeys(loss.arm for row in given.rows for loss in row.losses)),
        families=tuple(_family(row, given.languages, digests.get(row.family, ""), largest) for row in given.rows),
        grids=loss_grids.grids(given), attacks_say="" if given.attacks is None else attack_grids.says(given.attacks),
        attacks=() if given.attacks is None else attack_grids.grids(given.attacks),
        attack_runs=() if given.attacks is None else given.attacks.keys,
        attack_sets=() if given.attacks is None else given.attacks.sets,
        examples=attack_grids.examples(given.examples))


def _says(given: Robustness) -> tuple[str, ...]:
    """What a reader has to know of every number here."""
    unseen = {row.family: [cell.language for cell in row.cells if cell.state is State.NO_OP] for row in given.rows}
    silent = [row.family for row in given.rows if unseen[row.family] and not row.losses]
    no_op = [f"{family} in {', '.join(languages)}" for family, languages in unseen.items()
             if languages and family not in silent]
    left_out = [*([f"{', '.join(silent)} wherever they exist"] if silent else []), *no_op]
    absent = [row.family for row in given.rows if row.cells and all(cell.state is State.ABSENT for cell in row.cells)]
    drop = ("A drop is the AP in the pool of all languages of the clean queries less that of the perturbed ones, question "
            "by question within a run; draws are averaged, languages weigh the same. The same frozen texts are put to every "
            "arm and run. Intervals are for other articles and runs, each end at 97.5 %. No verdict rests on these numbers.")
    budget = (f"Budget {given.budget}: of a query's grapheme clusters {_SHARES[given.budget]} are edited, one at least. "
              "Families that change a whole query have bounds of their own.")
    nothing = (f"No-op: the encoder sees less than {100 * LEAST_VISIBLE:g} % of the questions changed, whatever a reader "
               f"sees. Such cells are left out of the averages of all arms{': ' if left_out else ''}{'; '.join(left_out)}.")
    panel = (f"{PANEL_NAME.capitalize()}: the mean over its families within each language, then over languages; P1z takes the "
             "place of P1 in Chinese, and families that do not count in a language are not in its mean.")
    nowhere = f"Of no question here: {', '.join(absent)}."
    return (drop, budget, nothing, *([nowhere] if absent else []),
            *([panel] if any(row.family == PANEL_NAME for row in given.rows) else []))


def _family(row: FamilyRow, languages: tuple[str, ...], digest: str, largest: float) -> FamilyView:
    draws = "" if not row.cells else f"{row.draws} draw{'s' * (row.draws != 1)}"
    return FamilyView(family=row.family, title=row.title, draws=draws, where=_where(row, languages), digest=digest,
                      seen=tuple(_seen(cell) for cell in row.cells),
                      losses=tuple(_loss(loss, languages, largest) for loss in row.losses))


def _where(row: FamilyRow, languages: tuple[str, ...]) -> str:
    """The languages that a family counts in, by name where they are few."""
    counting = [language for language, drop in zip(languages, row.losses[0].by_language, strict=True)
                if drop is not None] if row.losses else []
    if not counting or len(counting) == len(languages):
        return "" if not counting else "all" if len(languages) > 1 else counting[0]
    if len(counting) <= _NAMED:
        return f"{', '.join(counting)} alone"
    missing = [language for language in languages if language not in counting]
    return f"all but {', '.join(missing)}" if len(missing) <= _NAMED else ", ".join(counting)


def _seen(cell: FamilyCell) -> SeenView:
    if cell.state is State.ABSENT:
        none = mean(None, 0)
        return SeenView(language=cell.language, state=cell.state.value, text=ABSENT, applied=none, visible=none)
    applied, visible = (mean(100 * share, 0) for share in (cell.applied, cell.visible))
    text = "no-op" if cell.state is State.NO_OP else visible.printed
    return SeenView(language=cell.language, state=cell.state.value, text=text, applied=applied, visible=visible)


def _loss(loss: Loss, languages: tuple[str, ...], largest: float) -> LossView:
    beyond, benchmark = _intervals(loss.drop)
    retention = (None, None) if loss.retention is None else _intervals(loss.retention)
    return LossView(
        arm=loss.arm, clean=mean(loss.clean, DECIMALS), perturbed=mean(loss.perturbed, DECIMALS),
        drop=mean(loss.drop.value, DECIMALS, sign=True), beyond=beyond, benchmark=benchmark,
        relative=mean(None if loss.relative is None else loss.relative.value, 1),
        relative_beyond=None if loss.relative is None else interval(loss.relative.beyond, percent=True),
        retention=mean(None if loss.retention is None else loss.retention.value, DECIMALS, sign=True),
        retention_beyond=retention[0], retention_benchmark=retention[1],
        applied_drop=mean(loss.applied_drop, DECIMALS, sign=True), worst=mean(loss.worst, DECIMALS, sign=True),
        overlap=mean(loss.overlap, 3), distance=mean(loss.distance, 1, sign=True),
        monolingual=mean(loss.monolingual, DECIMALS, sign=True),
        by_language=tuple(_drop(language, drop, largest)
                          for language, drop in zip(languages, loss.by_language, strict=True)))


def _drop(language: str, drop: float | None, largest: float) -> DropView:
    number: NumberView = mean(drop, DECIMALS, sign=True)
    return DropView(language=language, drop=number, shade=None if drop is None or not largest else drop / largest)


def _intervals(given: Estimated) -> tuple[IntervalView, IntervalView]:
    return interval(given.beyond, percent=False), interval(given.benchmark, percent=False)
