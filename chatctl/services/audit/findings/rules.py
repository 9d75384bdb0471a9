"""What each rule means: a title, what to do, and the severity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chatctl.services.audit.findings.finding import AuditRule

Level = Literal["error", "warning"]


@dataclass(frozen=True)
class Meaning:
    """The description of a rule; ``severity`` from 0 to 10, as GitHub's security-severity."""

    title: str
    help: str
    level: Level
    severity: float


MEANING: dict[AuditRule, Meaning] = {
    AuditRule.leak: Meaning(
        "Somebody can do what access.yaml denies",
        "Narrow the policy or the function at this place; if the access is intended, list it in access.yaml.",
        "error",
        9.0,
    ),
    AuditRule.row_security: Meaning(
        "Row-level security does not apply here",
        "Enable row level security, or make the view security_invoker.",
        "error",
        9.0,
    ),
    AuditRule.role: Meaning(
        "A role can do more than impersonate",
        "Revoke the membership or the grant, or change the attribute.",
        "error",
        9.0,
    ),
    AuditRule.privilege: Meaning(
        "A privilege differs from access.yaml",
        "Grant or revoke it at this place, or list it in access.yaml.",
        "error",
        8.0,
    ),
    AuditRule.unlisted: Meaning(
        "Within reach of the API but not listed",
        "Revoke the access, or list it in access.yaml so that it is tried.",
        "error",
        8.0,
    ),
    AuditRule.bucket: Meaning(
        "A bucket differs from access.yaml",
        "Change the bucket's settings where it is created, or access.yaml.",
        "error",
        7.5,
    ),
    AuditRule.publication: Meaning(
        "Realtime sends what access.yaml does not list",
        "Remove the table from the publication, or set its replica identity to the key.",
        "error",
        7.0,
    ),
    AuditRule.definer: Meaning(
        "A security definer function uses the caller's search_path",
        "Add set search_path = '' to the function.",
        "error",
        7.0,
    ),
    AuditRule.lint: Meaning(
        "A rule of sql/lints is broken",
        "Follow its remedy, or accept it with a reason in lints/accepted.yaml.",
        "error",
        6.5,
    ),
    AuditRule.effect: Meaning(
        "A write is allowed but leaves the wrong row",
        "Fix the trigger or the column grant behind this policy.",
        "error",
        6.0,
    ),
    AuditRule.oracle: Meaning(
        "A response reveals to strangers that something exists",
        "Respond alike for hidden and for missing rows; if it may be known, give the reason under oracle.",
        "error",
        5.5,
    ),
    AuditRule.raises: Meaning(
        "A policy raises an error for unusual claims",
        "Return null for an invalid user id: an error in a policy stops Realtime for all users.",
        "error",
        5.0,
    ),
    AuditRule.missing: Meaning(
        "Somebody cannot do what access.yaml allows",
        "Widen the policy or the grant at this place, or remove the permission from access.yaml.",
        "error",
        4.0,
    ),
    AuditRule.absent: Meaning(
        "access.yaml lists something that does not exist",
        "Create it, grant it, or remove it from access.yaml.",
        "error",
        3.0,
    ),
    AuditRule.baseline: Meaning(
        "An entry of the baseline is out of date",
        "Fix the finding or renew the entry; remove an entry that is no longer needed.",
        "error",
        2.0,
    ),
    AuditRule.invalid: Meaning(
        "Probes failed for another reason than a refusal",
        "Find out why they fail; they prove nothing until they run.",
        "warning",
        4.0,
    ),
    AuditRule.time_dependent: Meaning(
        "A verdict changed while the audit ran",
        "Use fixture times that are years from now; a verdict that depends on the clock proves nothing.",
        "warning",
        3.5,
    ),
    AuditRule.untried: Meaning(
        "Listed in access.yaml but not tried",
        "Make it possible to try it, as the message says, or list it under internal with the reason.",
        "warning",
        3.5,
    ),
    AuditRule.vacuous: Meaning(
        "Refusals prove nothing, because no identity is allowed",
        "Add a user who is allowed to the fixture, or revoke the privilege.",
        "warning",
        3.0,
    ),
}
