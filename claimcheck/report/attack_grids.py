"""What search attacks cost -> grids and words, every digit decided."""

from collections.abc import Sequence

from claimcheck.appraisal.attack_records import Example
from claimcheck.appraisal.attacks import AttackRow, Attacks
from claimcheck.appraisal.first_places import SHARE_DECIMALS
from claimcheck.perturbation.attacks import ATTACKS, DRAWN, DRAWS, MOST_ASKED
from claimcheck.report.loss_grids import DECIMALS, estimated
from claimcheck.report.loss_views import ExampleView, GridCell, GridRow, GridView
from claimcheck.report.numbers import mean

RIGHT_TO_LEFT = frozenset({"ar"})
MARGIN_DECIMALS = 3
_EXPLAINED = {
    "A1": "A1 tries, at the slots without which a query scores worst, all slips of the hand, and keeps the best; "
          f"{MOST_ASKED} texts a step at most",
    "A2": "A2 does so with words said in other languages, of those that have words between spaces",
    "A3": f"A3 takes the worst of {DRAWS * len(DRAWN)} random draws of {', '.join(DRAWN)}: what A1 finds beyond it is due to "
          "the search",
}


def says(given: Attacks) -> str:
    """What was attacked, and how."""
    kinds = dict.fromkeys(row.attack for row in given.rows)
    return ("Search attacks see nothing of an encoder but scores, and raise that of the best irrelevant candidate over that of "
            f"the best relevant one. {'; '.join(_EXPLAINED[kind] for kind in kinds)}. Each arm was attacked by itself, with "
            f"the same budget and cap, on {given.queries:,} queries of {given.articles} articles, the same in all "
            f"{given.runs} runs; on {mean(100 * given.right, 1).printed} % of them all arms are right before. A query is left "
            "alone once its first place is lost. No verdict rests on these numbers.")


def grids(given: Attacks) -> tuple[GridView, ...]:
    """Success and drops of each arm under its own attacks, contrasts, transfer, margins."""
    return (_margins(given), _own(given, "success"), _own(given, "drop"), _contrasts(given),
            *(_transfer(given, kind) for kind in dict.fromkeys(row.attack for row in given.rows)))


def _own(given: Attacks, what: str) -> GridView:
    own = {(row.attack, row.edits, row.made_on): row for row in given.rows if row.made_on == row.put_to}
    keys = list(dict.fromkeys((attack, edits) for attack, edits, _ in own))
    success = what == "success"
    rows = []
    for attack, edits in keys:
        cells = []
        for arm in given.arms:
            row = own[attack, edits, arm]
            made = estimated(row.success, SHARE_DECIMALS, sign=False) if success else estimated(row.drop, DECIMALS)
            cells.append(GridCell(number=made.number, under=made.under, title="; ".join((made.title, _searched(row)))))
        rows.append(GridRow(name=f"{attack}, {_edits(edits)}", note=ATTACKS[attack], cells=tuple(cells)))
    title = ("Attack success: first places lost, % of the queries that all attacked arms answer right" if success
             else "Drop of AP under attack, over all attacked queries")
    return GridView(kind=f"attack {what}", title=title, corner="attack", columns=given.arms, rows=tuple(rows),
                    folded=not success, says=("Intervals are for other articles and runs, each end at 97.5 %.",))


def _searched(row: AttackRow) -> str:
    if row.search is None:
        return ""
    before, after = (mean(-each, MARGIN_DECIMALS, sign=True).printed for each in (row.search.clean, row.search.after))
    return (f"{mean(row.search.asked, 1).printed} texts scored a query, {mean(row.search.made, 2).printed} edits where "
            f"changed, {mean(100 * row.search.changed, 1).printed} % changed, margin {before} to {after}")


def _edits(edits: int) -> str:
    return f"{edits} edit{'s' * (edits != 1)}"


def _contrasts(given: Attacks) -> GridView:
    return GridView(
        kind="attack contrast", title="Attacked by themselves, what an arm loses less", corner="attack",
        columns=("first places, % points", "points of AP", "logs of what is kept"),
        says=("Above 0 the arm that is named first loses less. It is attacked, and so is its rival, with what hurts it most.",),
        rows=tuple(GridRow(name=f"{each.attack}, {_edits(each.edits)}", note=f"{each.arm} against {each.rival}", cells=(
            estimated(each.success, SHARE_DECIMALS), estimated(each.drop, DECIMALS), estimated(each.retention, DECIMALS)))
            for each in given.contrasts))


def _transfer(given: Attacks, kind: str) -> GridView:
    rows = {(row.made_on, row.put_to): row for row in given.rows if row.attack == kind and row.edits == _most(given, kind)}
    largest = max((row.success.value for row in rows.values() if row.success is not None), default=0.0) or 1.0
    made = []
    for made_on in given.arms:
        cells = [estimated(rows[made_on, put_to].success, SHARE_DECIMALS, sign=False) for put_to in given.arms]
        made.append(GridRow(name=made_on, note="made on", cells=tuple(
            GridCell(number=cell.number, under=cell.under, title=cell.title,
                     shade=None if cell.number.value is None else cell.number.value / largest) for cell in cells)))
    told = (f"Texts that were made on one arm of a run ({_edits(_most(given, kind))} at most), put to each arm of the same "
            "run; of the queries that all of them answer right.")
    return GridView(kind="transfer", title=f"Transfer of {kind}: first places lost, %", corner="made on, put to",
                    columns=given.arms, rows=tuple(made), says=(told,))


def _most(given: Attacks, kind: str) -> int:
    return max(row.edits for row in given.rows if row.attack == kind)


def _margins(given: Attacks) -> GridView:
    rows = []
    for each in given.margins:
        numbers = (each.mean, *each.quartiles)
        rows.append(GridRow(name=each.arm, note="", cells=(
            *(GridCell(number=mean(value, MARGIN_DECIMALS, sign=True)) for value in numbers),
            GridCell(number=mean(100 * each.lost, SHARE_DECIMALS)))))
    return GridView(
        kind="margins", title="Clean margins: score of the best relevant candidate less that of the best irrelevant one",
        corner="arm", columns=("mean", "lower quartile", "median", "upper quartile", "below 0, % of queries"), rows=tuple(rows),
        says=(("The larger the margin of an arm on clean queries, the harder it is to attack, so losses are to be read beside "
              "it; margins are in units of an arm's own scores (cosines)."),))


def examples(given: Sequence[Example]) -> tuple[ExampleView, ...]:
    """Queries before and after, as they were put."""
    return tuple(ExampleView(
        what=each.what, arm=each.arm, language=each.language, question=each.question, clean=each.clean, after=each.after,
        direction="rtl" if each.language in RIGHT_TO_LEFT else "ltr",
        margins=" to ".join(mean(value, MARGIN_DECIMALS, sign=True).printed for value in each.margins or ()))
        for each in given)
