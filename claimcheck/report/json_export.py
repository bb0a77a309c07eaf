"""The report for programs: `report.json`, whose schema is `report-v1.schema.json` beside this module.

It holds no date and no path of a machine, so that the same inputs and the same runs give the same bytes.
"""

import json
from importlib.resources import files
from typing import Any

from claimcheck.report import json_runs, json_sweeps
from claimcheck.report.view import AuditView, ClaimView, FindingView, FragilityView, ReportView, StatisticsView, TierView

SCHEMA = "report-v1.schema.json"


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of report.json."""
    loaded: dict[str, Any] = json.loads(files("claimcheck.report").joinpath(SCHEMA).read_text(encoding="utf-8"))
    return loaded


def render(report: ReportView) -> str:
    """The text of report.json, keys in a fixed order, with a newline at its end."""
    document = {
        "format": "claimcheck-report",
        "format_version": 1,
        "claimcheck_version": report.version,
        "unseen": list(report.unseen),
        "departures": [{"says": title, "from_the_paper": list(lines)} for title, lines in report.departures],
        "papers": [{"id": name, "title": title, "url": url} for name, title, url in report.papers],
        "claims": [_claim(claim) for claim in report.claims],
        "experiments": [json_runs.experiment(each) for each in report.experiments],
        "calibration": report.calibration,
        **_swept(report),
        "table_findings": [_audit(audit) for audit in report.audits],
        "data_sets": [{"name": each.name, "title": each.title, "source": each.source, "terms": each.terms,
                       "citation": each.citation, "statistics": [_statistics(table) for table in each.statistics]}
                      for each in report.data_sets],
        "data_overlap": [_statistics(table) for table in report.hygiene],
        "planted": json_runs.self_test(report.self_test),
        "inputs": [{"name": file.name, "sha256": file.digest, "holds": file.holds} for file in report.files],
        "notes": list(report.notes),
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _swept(report: ReportView) -> dict[str, Any]:
    """The key is there only where other values were asked for."""
    if not report.swept:
        return {}
    return {"sweeps": {"says": list(report.sweep_says), "fields": [json_sweeps.sweep(each) for each in report.swept]}}


def _statistics(table: StatisticsView) -> dict[str, Any]:
    return {"title": table.title, "says": table.says,
            "rows": [{"name": name, "counts": {column: int(text.replace(",", "")) for column, text
                                               in zip(table.columns, texts, strict=True) if text}}
                     for name, texts in table.rows]}


def _claim(claim: ClaimView) -> dict[str, Any]:
    return {
        "id": claim.id,
        "statement": claim.statement,
        "number": claim.number,
        "question": claim.question,
        "kind": claim.kind,
        "scope": claim.scope,
        "paper": claim.paper,
        "where": claim.where,
        "remark": claim.remark,
        "headline": {"verdict": claim.verdict, "tier": claim.settling_tier, "why": claim.why},
        "tiers": {tier.tier: _tier(tier) for tier in claim.tiers},
        "source_report": {"verified": claim.source_verified, "confidence": claim.source_confidence},
        "atoms": [{"id": part.id, "says": part.says, "vague": part.vague, "chosen": part.chosen,
                   "needs": part.needs} for part in claim.parts],
        "settled_by": claim.settled_by,
        "file": claim.file,
        "sha256": claim.digest,
        "prediction_sha256": claim.prediction_digest,
    }


def _tier(tier: TierView) -> dict[str, Any]:
    return {"verdict": tier.verdict, "why": tier.why, "remedy": tier.remedy, "says": list(tier.says),
            "findings": [_finding(finding) for finding in tier.findings],
            "reruns": [json_runs.rerun(each) for each in tier.reruns],
            "fragility": None if tier.fragility is None else _fragility(tier.fragility)}


def _fragility(view: FragilityView) -> dict[str, Any]:
    return {"text": view.text, "same": view.same, "ways": view.ways, "stands": dict(view.stands),
            "flips": [{"choice": choice, "stand": stand} for choice, stand in view.flips],
            "varied": [{"what": name, "choices": list(choices)} for name, choices in view.varied],
            "left_out": list(view.left_out)}


def _finding(finding: FindingView) -> dict[str, Any]:
    return {
        "part": finding.part,
        "says": finding.says,
        "reading": finding.reading or None,
        "label": finding.label,
        "stand": finding.stand,
        "printed": finding.printed,
        "text": finding.text,
        "cells": _cells(finding),
        "left_out": list(finding.left_out),
    }


def _cells(finding: FindingView) -> list[dict[str, Any]]:
    return [{
        "about": dict(zip(finding.columns, cell.about, strict=True)),
        "values": {name: value for name, value in zip(finding.value_columns, cell.values, strict=True) if value},
        "margin": cell.margin,
        "outcome": cell.outcome,
        "note": cell.note,
        "source": cell.source,
    } for cell in finding.cells]


def _audit(audit: AuditView) -> dict[str, Any]:
    return {"table": audit.table, "says": audit.says, "printed": audit.printed, "text": audit.text, "reads": audit.reads,
            "misfits": _cells(audit.finding), "left_out": list(audit.finding.left_out)}
