"""SARIF 2.1.0 for code scanning of GitHub and GitLab: every result has a file and a line."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from chatctl import __version__
from chatctl.formats.escaping import line, shortened, visible
from chatctl.services.audit.findings.finding import AuditFinding, AuditRule, Place
from chatctl.services.audit.findings.rules import MEANING
from chatctl.services.audit.formats.fingerprint import fingerprint
from chatctl.services.audit.report import Accepted, AuditReport

# GitHub rejects a run with more than 25,000 results and shows the first 5,000.
MOST = 5_000
LONGEST = 1_000

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_RULES = list(AuditRule)


def render(report: AuditReport) -> str:
    results = [_result(report, each) for each in report.problems]
    results += [_accepted(report, each) for each in report.accepted]
    run = {
        "tool": {
            "driver": {
                "name": "chatctl audit-rls",
                "semanticVersion": __version__,
                "rules": [_rule(rule) for rule in _RULES],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": results[:MOST],
        "properties": {
            "probes": report.probes,
            "cells": len(report.cells),
            "left_off": max(0, len(results) - MOST),
            "notes": [line(each) for each in report.notes],
        },
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rule(rule: AuditRule) -> dict[str, Any]:
    meaning = MEANING[rule]
    return {
        "id": rule.value,
        "name": "".join(word.capitalize() for word in rule.value.split("-")),
        "shortDescription": {"text": meaning.title},
        "fullDescription": {"text": f"{meaning.title}."},
        "help": {"text": meaning.help},
        "defaultConfiguration": {"level": meaning.level},
        "properties": {"tags": ["security", "access"], "security-severity": str(meaning.severity)},
    }


def _result(report: AuditReport, finding: AuditFinding) -> dict[str, Any]:
    who = f" (as {', '.join(finding.identities)})" if len(finding.identities) > 1 else ""
    return {
        "ruleId": finding.rule.value,
        "ruleIndex": _RULES.index(finding.rule),
        "level": MEANING[finding.rule].level,
        "message": {"text": shortened(line(f"{finding.message}{who}"), LONGEST)},
        "locations": [
            {
                "physicalLocation": _physical(finding.place or Place(report.access, 1)),
                "logicalLocations": [_logical(finding)],
            }
        ],
        "partialFingerprints": {"chatctlAudit/v1": fingerprint(finding)},
        "properties": {
            "action": line(finding.action),
            "identities": [line(name) for name in finding.identities],
            "probes": finding.probes,
            "sql": visible(finding.sql),
        },
    }


def _accepted(report: AuditReport, each: Accepted) -> dict[str, Any]:
    justification = line(f"{each.reason} (until {each.expires}, {each.owner})")
    suppression = {"kind": "external", "status": "accepted", "justification": justification}
    return {**_result(report, each.finding), "suppressions": [suppression]}


def _physical(place: Place) -> dict[str, Any]:
    uri = quote(place.file.replace("\\", "/"))
    return {
        "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": max(place.line, 1)},
    }


def _logical(finding: AuditFinding) -> dict[str, Any]:
    kind = "function" if finding.object.endswith(")") else "object"
    name = line(finding.object)
    return {"name": name.split("(")[0].rpartition(".")[2], "fullyQualifiedName": name, "kind": kind}
