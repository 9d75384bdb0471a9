"""What makes a finding the same finding in the next run, whatever its wording."""

from __future__ import annotations

import hashlib
import json

from chatctl.services.audit.findings.finding import Finding


def fingerprint(finding: Finding) -> str:
    """A hash of rule, object, action and the roles that show it, not of its place or its wording."""
    parts = [finding.rule.value, finding.object, finding.action, *finding.roles]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
