"""What runs gave, for programs: each number as it is printed and as a value, null where it is infinite or unknown."""

from collections.abc import Sequence
from typing import Any

from claimcheck.report.loss_views import ExampleView, GridView
from claimcheck.report.rerun_views import (
    ComparisonView,
    IntervalView,
    NumberView,
    OnLogsView,
    PrintedNumbersView,
    RerunView,
)
from claimcheck.report.robustness_views import LossView, RobustnessView
from claimcheck.report.run_views import (
    ArmsView,
    DoseView,
    ExperimentView,
    MapView,
    MeanView,
    PlantedView,
    RunView,
    SelfTestView,
)


def rerun(view: RerunView) -> dict[str, Any]:
    """A prediction that was put to runs."""
    return {
        "part": view.part, "says": view.says, "reading": view.reading or None, "label": view.label,
        "stand": view.stand, "word": view.word, "relevance": view.relevance or None, "enters_verdict": not view.apart,
        "printed": view.printed, "text": view.text, "power": view.power,
        "asked": {"text": view.asked, "goal": view.goal, "at_least": number(view.at_least), "margin": number(view.margin),
                  "needed": view.needed},
        "unit": view.unit, "decides": view.scope, "where": view.where,
        "comparisons": [_comparison(each) for each in view.comparisons],
        "reach": None if view.reach is None else {
            "text": view.reach.text,
            "points": [{"confidence": confidence.value, "supported_above": number(low), "negligible_from": number(high)}
                       for confidence, low, high in view.reach.points]},
        "printed_numbers": None if view.printed_numbers is None else _printed_numbers(view.printed_numbers),
        "languages": [{"comparison": each.comparison, "language": each.language, "arm_mean": number(each.arm_mean),
                       "rival_mean": number(each.rival_mean), "estimate": number(each.estimate),
                       "p_adjusted": number(each.p)}
                      for each in view.languages],
        "also": [{"at_least": number(each.at_least), "margin": number(each.margin), "stand": each.stand, "word": each.word}
                 for each in view.also],
        "left_out": list(view.left_out), "not_covered": list(view.not_covered), "beside": list(view.beside),
        **({"answer": view.answer} if view.answer else {}),
    }


def _printed_numbers(view: PrintedNumbersView) -> dict[str, Any]:
    return {"text": view.text, "why_not_comparable": list(view.why), "says": list(view.says), "rows": [
        {"comparison": each.comparison, "backbone": each.backbone, "status": each.status, "values": each.values,
         "contrast": number(each.contrast), "expected_of_one_run": each.expected, "effect_ratio": number(each.effect_ratio),
         "effect_ratio_bounds": each.effect_ratio_bounds, "delta_relative_improvement": number(each.improvement),
         "sceptical_p": number(each.sceptical), "source": each.source, "notes": list(each.notes)} for each in view.rows],
        "not_printed": list(view.not_printed), "not_computable": list(view.not_computable)}


def number(view: NumberView) -> dict[str, Any]:
    """A number as it is printed and as a value."""
    return {"printed": view.printed, "value": view.value}


def interval(view: IntervalView) -> dict[str, Any]:
    """Two bounds, each with its one-sided level."""
    return {"low": number(view.low), "high": number(view.high), "low_level": view.low_level, "high_level": view.high_level}


def _comparison(view: ComparisonView) -> dict[str, Any]:
    return {
        "about": dict(view.told), "arm": view.arm, "rival": view.rival,
        "arm_mean": number(view.means[0]), "rival_mean": number(view.means[1]), "estimate": number(view.estimate),
        "deciding": interval(view.deciding),
        "contrary": None if view.contrary is None else interval(view.contrary),
        "benchmark": interval(view.benchmark), "beyond": interval(view.beyond),
        **({} if view.on_logs is None else {"on_logs": _on_logs(view.on_logs)}),
        "stand": view.stand, "word": view.word, "runs": view.runs.value, "queries": view.questions.value,
        "articles": view.articles.value, "detectable": number(view.detectable),
        "detectable_at_most": number(view.detectable_at_most), "runs_needed": number(view.runs_needed),
        "articles_needed": number(view.articles_needed), "printed_numbers": view.printed_says or view.printed_numbers,
        "run_keys": list(view.keys),
    }


def _on_logs(view: OnLogsView) -> dict[str, Any]:
    return {"estimate": number(view.estimate), "deciding": interval(view.deciding),
            "contrary": None if view.contrary is None else interval(view.contrary), "benchmark": interval(view.benchmark),
            "beyond": interval(view.beyond), "margin": number(view.margin), "level": number(view.level)}


def experiment(view: ExperimentView) -> dict[str, Any]:
    """All that the runs of a profile gave."""
    return {
        "reproduction": view.reproduction, "profile": view.profile, "tier": view.tier, "title": view.title,
        "says": list(view.says), "seeds": list(view.seeds),
        "tables": [_table(each) for each in view.tables], "language_maps": [_map(each) for each in view.maps],
        "dose_series": [_dose(each) for each in view.doses], "runs": [_run(each) for each in view.runs],
        "made_with": [{"what": what, "text": text} for what, text in view.made_with], "left_out": list(view.left_out),
        **({"robustness": [_robustness(each) for each in view.robustness]} if view.robustness else {}),
    }


def _mean(view: MeanView) -> dict[str, Any]:
    return {"mean": number(view.mean), "deviation": None if view.deviation is None else number(view.deviation)}


def _table(view: ArmsView) -> dict[str, Any]:
    settings = [setting for setting, count in view.groups for _ in range(count)]
    return {
        "backbone": view.backbone, "route": view.route, "queries": view.questions, "articles": view.articles,
        "notes": list(view.notes),
        "rows": [{"name": row.name, "note": row.note, "kind": row.kind, "batches": _batches(row.batches),
                  "means": [{"setting": setting, "measure": measure, **_mean(mean)}
                            for setting, measure, mean in zip(settings, view.measures, row.means, strict=True)]}
                 for row in view.rows],
    }


def _batches(counts: Sequence[NumberView]) -> dict[str, float | None] | None:
    if not counts:
        return None
    return {"monolingual": counts[0].value, "cross-lingual": counts[1].value}


def _map(view: MapView) -> dict[str, Any]:
    return {"backbone": view.backbone, "route": view.route, "title": view.title, "difference": view.difference,
            "languages": list(view.languages), "values": [[cell.exact.value for cell in row] for row in view.rows]}


def _dose(view: DoseView) -> dict[str, Any]:
    return {"backbone": view.backbone, "route": view.route, "setting": view.setting, "measure": view.measure,
            "points": [{"share": point.share.value, "arm": point.arm, **_mean(point.mean)} for point in view.points]}


def _robustness(view: RobustnessView) -> dict[str, Any]:
    return {"backbone": view.backbone, "route": view.route, "budget": view.budget, "says": list(view.says),
            "families": [{
                "family": family.family, "title": family.title, "set": family.digest or None,
                "languages": {cell.language: {"state": cell.state, "applied_percent": cell.applied.value,
                                              "visible_percent": cell.visible.value} for cell in family.seen},
                "losses": [_loss(loss) for loss in family.losses]} for family in view.families],
            **({"grids": [_grid(each) for each in (*view.grids, *view.attacks)]} if view.grids or view.attacks else {}),
            **({"attacks": {"says": view.attacks_say, "run_keys": list(view.attack_runs), "sets": {
                arm: list(digests) for arm, digests in view.attack_sets}}} if view.attacks_say else {}),
            **({"examples": [_example(each) for each in view.examples]} if view.examples else {})}


def _grid(view: GridView) -> dict[str, Any]:
    return {"kind": view.kind, "title": view.title, "says": list(view.says), "columns": list(view.columns), "rows": [
        {"name": row.name, "note": row.note, "cells": [
            {**number(cell.number), "interval": cell.under, "told": cell.title, "marked": cell.marked} for cell in row.cells]}
        for row in view.rows]}


def _example(view: ExampleView) -> dict[str, Any]:
    return {"by": view.what, "arm": view.arm, "language": view.language, "question": view.question, "before": view.clean,
            "after": view.after, "margins": view.margins}


def _loss(view: LossView) -> dict[str, Any]:
    return {"arm": view.arm, "clean": number(view.clean), "perturbed": number(view.perturbed), "drop": number(view.drop),
            "beyond": interval(view.beyond), "benchmark": interval(view.benchmark), "relative_percent": number(view.relative),
            "relative_percent_beyond": view.relative_beyond and interval(view.relative_beyond),
            "log_retention": number(view.retention),
            "log_retention_beyond": view.retention_beyond and interval(view.retention_beyond),
            "log_retention_benchmark": view.retention_benchmark and interval(view.retention_benchmark),
            "drop_where_changed": number(view.applied_drop), "drop_to_worst_draw": number(view.worst),
            "rank_biased_overlap": number(view.overlap), "rank_distance_growth": number(view.distance),
            "monolingual_drop": number(view.monolingual),
            "by_language": {each.language: number(each.drop) for each in view.by_language}}


def _run(view: RunView) -> dict[str, Any]:
    return {"key": view.key, "backbone": view.backbone, "arm": view.arm, "seed": view.seed, "batches": _batches(view.batches),
            "cpu_seconds": view.cpu_seconds.value, "peak_memory_bytes": view.peak_memory.value,
            "batch_plans": list(view.batch_plans)}


def self_test(view: SelfTestView | None) -> dict[str, Any]:
    """The self-test, empty where there was none; apart from all evidence."""
    if view is None:
        return {"found": 0, "total": 0, "truths": [], "experiments": []}
    return {"found": view.found, "total": view.total, "truths": [_planted(each) for each in view.planted],
            "experiments": [experiment(each) for each in view.experiments]}


def _planted(view: PlantedView) -> dict[str, Any]:
    return {"id": view.id, "statement": view.statement, "planted": view.planted, "found": view.found, "verdict": view.verdict,
            "why": view.why, "says": list(view.says), "reruns": [rerun(each) for each in view.reruns]}
