"""Hand-made audit reports with the most hostile names that a database can contain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chatctl.services.audit.findings.finding import AuditFinding, AuditRule, Place
from chatctl.services.audit.report import AuditReport, Setup
from chatctl.services.audit.verdicts.cells import Cell, ReportedIdentity, Sample, State

HOSTILE = (
    "a\"b'c </script><script>alert(1)</script> <!-- ]]> & ${x} $title {{ }}\n::error::owned\r\x1b[31m "
    "\u202egnp.exe\u2066 אבג 😀 | `code` *bold* @team %0A https://evil.test www.evil.test \x00 \ud800 [x](y)"
)

SQL = f"begin;\n\\i sql/fixture.sql\nset local role authenticated;\nselect '{HOSTILE}';\nrollback;"


def finding(
    rule: AuditRule = AuditRule.leak, name: str = "public.notes", action: str = "select", **more: Any
) -> AuditFinding:
    """A finding in the cell of ann."""
    known: dict[str, Any] = {
        "message": "ann: select of all rows returned 2 rows; access.yaml expects a refusal",
        "sql": "begin;\nselect 1;\nrollback;",
        "identities": ("ann",),
        "probes": 3,
        "command": action.split(" ", 1)[0],
        "roles": ("authenticated",),
        "place": Place("sql/objects/access/notes.sql", 9),
    }
    return AuditFinding(rule=rule, object=name, action=action, **{**known, **more})


def doubt(rule: AuditRule = AuditRule.invalid, action: str = "delete") -> AuditFinding:
    place = Place("sql/objects/access/notes.sql", 20)
    return finding(rule, action=action, message="failed with 22012", sql="select 1;", probes=2, place=place)


def cell(
    command: str, state: State, *problems: str, identity: str = "ann", name: str = "public.notes"
) -> Cell:
    sample = Sample(
        action=command,
        subject="all rows",
        expected="a refusal",
        came="changed 0 rows",
        verdict="passed",
        sql=("select 1;",),
    )
    return Cell(
        identity=identity,
        object=name,
        command=command,
        state=state,
        probes=12,
        through=3,
        problems=problems,
        samples=(sample,),
    )


CLEAN = AuditReport(
    identities=2,
    tables=1,
    functions=1,
    probes=1234,
    by_action={"select": 1000, "execute": 234},
    findings=(),
    doubts=(),
    sequences=(),
    seconds=1.5,
    people=(
        ReportedIdentity("ann", "a member", "authenticated", ("set local role authenticated;",)),
        ReportedIdentity("anon", "without signing in", "anon", ("set local role anon;",)),
    ),
    cells=(
        cell("select", State.allowed),
        cell("select", State.denied, identity="anon"),
        cell("delete", State.denied),
        cell("execute", State.allowed, name="public.send(uuid)"),
    ),
    setup=Setup(("\\i sql/fixture.sql",), "create schema chatctl_audit;"),
)

# A leak, two probes that prove nothing, and findings from the catalogue.
FOUND = replace(
    CLEAN,
    findings=(
        finding(),
        finding(action="select body"),
        finding(AuditRule.unlisted, "public.everything()", "execute", command="", identities=(), probes=0),
    ),
    doubts=(doubt(), doubt(AuditRule.vacuous, "truncate")),
    cells=(
        cell("select", State.finding, "leak:public.notes:select", "leak:public.notes:select body"),
        cell("select", State.denied, identity="anon"),
        cell("delete", State.invalid, "invalid:public.notes:delete"),
        cell("truncate", State.vacuous, "vacuous:public.notes:truncate"),
        cell("execute", State.allowed, name="public.send(uuid)"),
    ),
)

_hostile = finding(
    name=HOSTILE,
    action=f"select {HOSTILE}",
    command="select",
    message=HOSTILE,
    sql=SQL,
    identities=(HOSTILE, "ann"),
    place=Place("sql/objects/access/odd, name: 100%.sql", 3),
)
_sample = Sample(action=HOSTILE, subject=HOSTILE, expected=HOSTILE, came=HOSTILE, verdict="leak", sql=(SQL,))

HOSTILE_REPORT = replace(
    CLEAN,
    findings=(_hostile,),
    people=(ReportedIdentity(HOSTILE, HOSTILE, "authenticated", (f"select '{HOSTILE}';",)),),
    cells=(
        Cell(
            identity=HOSTILE,
            object=HOSTILE,
            command="select",
            state=State.finding,
            probes=3,
            through=1,
            problems=(_hostile.id,),
            samples=(_sample,),
        ),
    ),
    sequences=(HOSTILE,),
)
