"""Recognising a finding in the next run."""

from __future__ import annotations

import hashlib
import json

from chatctl.services.audit.findings.finding import AuditFinding


def fingerprint(finding: AuditFinding) -> str:
    """A hash of rule, object, action and roles; place and message do not matter."""
    parts = [finding.rule.value, finding.object, finding.action, *finding.roles]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
