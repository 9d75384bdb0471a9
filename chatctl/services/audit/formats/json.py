"""The report as JSON; docs/audit-report.md documents it."""

from __future__ import annotations

import json
from typing import Any

from chatctl.services.audit.findings.finding import DOUBTS, AuditFinding
from chatctl.services.audit.findings.rules import MEANING
from chatctl.services.audit.formats.fingerprint import fingerprint
from chatctl.services.audit.report import Accepted, AuditReport, Existing
from chatctl.services.audit.verdicts.cells import Cell, ReportedIdentity

# Increase this when a key is removed or changes its meaning; added keys do not need it.
SCHEMA = 1


def render(report: AuditReport) -> str:
    return json.dumps(document(report), indent=1, ensure_ascii=True) + "\n"


def document(report: AuditReport) -> dict[str, Any]:
    """The report as JSON types."""
    return {
        "schema": SCHEMA,
        "access": report.access,
        "verdict": verdict(report),
        "counts": {
            "identities": report.identities,
            "tables": report.tables,
            "functions": report.functions,
            "probes": report.probes,
            "findings": len(report.findings),
            **{rule.replace("-", "_"): len(report.of(rule)) for rule in sorted(DOUBTS)},
            "accepted": len(report.accepted),
        },
        "probes_by_command": report.by_action,
        "findings": [_finding(each) for each in report.problems],
        "accepted": [_accepted(each) for each in report.accepted],
        "identities": [_person(each) for each in report.people],
        "setup": {"commands": list(report.setup.commands), "sql": report.setup.text},
        "cells": [_cell(each) for each in report.cells],
        "sequences_advanced": list(report.sequences),
        "existing": _existing(report.existing),
        "near_now": list(report.near_now),
        "not_tried": [{"object": each.object, "reason": each.reason} for each in report.not_tried],
    }


def verdict(report: AuditReport) -> str:
    """``findings``, ``inconclusive`` or ``clean``: exit codes 7, 9 and 0."""
    if report.findings:
        return "findings"
    return "clean" if report.conclusive else "inconclusive"


def _existing(existing: Existing | None) -> dict[str, Any] | None:
    return {"names": dict(existing.names), "left_out": list(existing.left_out)} if existing else None


def _finding(finding: AuditFinding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "rule": finding.rule.value,
        "level": MEANING[finding.rule].level,
        "object": finding.object,
        "command": finding.command or None,
        "action": finding.action,
        "message": finding.message,
        "identities": list(finding.identities),
        "roles": list(finding.roles),
        "probes": finding.probes,
        "rows": {who: dict(rows) for who, rows in finding.rows.items()},
        "place": {"file": finding.place.file, "line": finding.place.line} if finding.place else None,
        "fingerprint": fingerprint(finding),
        "sql": finding.sql,
    }


def _accepted(each: Accepted) -> dict[str, Any]:
    return {**_finding(each.finding), "reason": each.reason, "owner": each.owner, "expires": each.expires}


def _person(person: ReportedIdentity) -> dict[str, Any]:
    return {"name": person.name, "says": person.says, "role": person.role, "login": list(person.login)}


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "identity": cell.identity,
        "object": cell.object,
        "command": cell.command,
        "state": cell.state.value,
        "probes": cell.probes,
        "through": cell.through,
        "findings": list(cell.problems),
        "samples": [
            {
                "action": sample.action,
                "subject": sample.subject,
                "expected": sample.expected,
                "came": sample.came,
                "verdict": str(sample.verdict),
                "sql": list(sample.sql),
            }
            for sample in cell.samples
        ],
    }
