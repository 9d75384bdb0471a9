"""``--explain``: what decides one cell of the matrix, and what each policy contributes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.errors import Invalid, NotFound
from chatctl.services.audit.access.expectations import Access, FunctionRules, TableRules
from chatctl.services.audit.findings.finding import Place
from chatctl.services.audit.findings.sources import SourceIndex
from chatctl.services.audit.inventory import privileges
from chatctl.services.audit.inventory.dependencies import Dependencies
from chatctl.services.audit.probes import AuditContext, Probe
from chatctl.services.audit.probes.scope import COMMANDS, Scope
from chatctl.services.audit.stage import fixture, workspace
from chatctl.services.audit.stage.transaction import rolled_back
from chatctl.services.audit.trials.attempts import try_all
from chatctl.services.audit.trials.batch import ProbeBatch
from chatctl.services.audit.trials.outcome import ProbeOutcome
from chatctl.services.audit.trials.trial import Trial
from chatctl.services.audit.verdicts.cells import Cell, cells
from chatctl.services.audit.verdicts.judging import judge
from chatctl.sqltext.quoting import relation


@dataclass(frozen=True, kw_only=True)
class AppliedPolicy:
    """A policy that applies; ``without`` is the number of probes of the cell that succeed without it."""

    name: str
    command: str
    permissive: bool
    using: str | None
    with_check: str | None
    without: int
    place: Place | None


@dataclass(frozen=True)
class InvolvedFunction:
    """A function or trigger that is involved, and how."""

    name: str
    says: str
    place: Place | None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What decides one cell; ``refusals`` counts the reasons of the probes that did not succeed.

    ``probes`` and ``through`` leave out the probes at moments, which ``cell`` includes.
    """

    cell: Cell
    role: str
    probes: int
    through: int
    declared: tuple[tuple[str, str], ...]
    privileges: tuple[tuple[str, bool], ...]
    policies: tuple[AppliedPolicy, ...]
    triggers: tuple[InvolvedFunction, ...]
    functions: tuple[InvolvedFunction, ...]
    refusals: dict[str, int]
    place: Place | None


def explain(conn: Connection, access: Access, scope: Scope) -> Explanation:
    """What decides the cell of a scope with one identity, object and command.

    Each policy is dropped once to see what it contributes, in a transaction that is rolled back. Raises
    NotFound for a cell that access.yaml does not declare.
    """
    (name,), (identity_name,), (command,) = scope.objects, scope.identities, scope.commands
    identity = next(each for each in access.identities if each.name == identity_name)
    with rolled_back(conn):
        held = privileges.held(conn, access)
        context = AuditContext(conn, access, fixture.make(conn, access), held)
        trial = Trial(conn, access)
        tried = try_all(context, trial, scope)
        names = workspace.names_by_id(conn)
        tried_cells = cells(access, judge(access, tried, held, scope), names)
        if not tried_cells:
            raise NotFound(f"{identity_name} does not try to {command} {name}")
        probes_of_cell = [
            (probe, outcome)
            for probe, outcome in tried
            if probe.identity.name == identity_name and not probe.moment
        ]
        sources, dependencies = SourceIndex(access), Dependencies(conn)
        batch = trial.load([probe for probe, _ in probes_of_cell])
        return Explanation(
            cell=tried_cells[0],
            role=identity.role,
            probes=len(probes_of_cell),
            through=sum(_succeeded(*each) for each in probes_of_cell),
            declared=tuple(_declared(access, name, command)),
            privileges=tuple(_privileges(context, probes_of_cell, identity.role)),
            policies=tuple(_policies(conn, batch, name, command, identity.role, sources)),
            triggers=tuple(_triggers(conn, name, command, sources)),
            functions=tuple(_functions(conn, access, dependencies.dependencies_of(name), sources)),
            refusals=dict(Counter(why for each in probes_of_cell if (why := _refusal(*each))).most_common()),
            place=sources.place_of_object(name),
        )


def scope_of_cell(access: Access, cell_name: str) -> Scope:
    """One identity, object and command. Raises Invalid if ``cell_name`` does not name all three."""
    identity, _, rest = cell_name.partition(":")
    name, _, command = rest.rpartition(":")
    if not (identity and name and command):
        raise Invalid(
            f"--explain {cell_name}: a cell is identity:object:command, such as sender:public.messages:update"
        )
    if command not in COMMANDS:
        raise Invalid(f"--explain {cell_name}: {command} is not one of {', '.join(COMMANDS)}")
    scope = Scope.of(access, (identity, name, command))
    if not (scope.identities and scope.objects):
        raise Invalid(f"--explain {cell_name} must be IDENTITY:OBJECT:COMMAND, each named in access.yaml")
    return scope


def _changes(item: TableRules | FunctionRules) -> Iterator[tuple[str, str]]:
    yield from (("changes", f"{', '.join(how)} {table}") for table, how in (item.changes or {}).items())


def _declared(access: Access, name: str, command: str) -> Iterator[tuple[str, str]]:
    declared: Sequence[TableRules | FunctionRules] = (*access.tried_tables, *access.tried_functions)
    item = next(
        each for each in declared if name in (getattr(each, "name", ""), getattr(each, "signature", ""))
    )
    if isinstance(item, FunctionRules):
        yield "allow", item.allow
        yield from _changes(item)
    elif command == "select":
        yield ("rows", item.rows) if item.rows else ("select", item.select)
    elif command == "insert" and item.insert:
        yield "insert", item.insert.allow
    elif command == "update":
        for column, changes in item.update.items():
            yield from ((f"update {column} to {change.value}", change.allow) for change in changes)
    else:
        yield command, item.delete.allow if command == "delete" else "never"
    if isinstance(item, TableRules) and item.changes and command != "select":
        yield from _changes(item)


def _privileges(
    context: AuditContext, tried: Sequence[tuple[Probe, ProbeOutcome]], role: str
) -> Iterator[tuple[str, bool]]:
    privileges_needed = dict.fromkeys((probe.object, probe.privilege, probe.column) for probe, _ in tried)
    for name, privilege, column in privileges_needed:
        privilege_name = f"{privilege} ({column})" if column else privilege
        yield privilege_name, (role, name, privilege, column) in context.held


def _policies(
    conn: Connection, batch: ProbeBatch, name: str, command: str, role: str, sources: SourceIndex
) -> Iterator[AppliedPolicy]:
    # Select policies apply as well: to find the rows to change, and to RETURNING.
    parameters = {"relation": relation(name), "role": role, "commands": [command, "select"]}
    for row in privileges.rows(conn, "audit/explain/policies", parameters) if "(" not in name else ():
        with conn.transaction(force_rollback=True):
            drop = sql.SQL("drop policy {} on {}")
            conn.execute(drop.format(sql.Identifier(row["name"]), sql.Identifier(*name.split(".", 1))))
            without = sum(_succeeded(*each) for each in zip(batch.probes, batch.run(), strict=True))
        yield AppliedPolicy(**row, without=without, place=sources.place_of_object(name, row["name"]))


def _triggers(conn: Connection, name: str, command: str, sources: SourceIndex) -> Iterator[InvolvedFunction]:
    if "(" in name or command == "select":
        return
    for row in privileges.rows(
        conn, "audit/explain/triggers", {"relation": relation(name), "command": command}
    ):
        yield InvolvedFunction(
            row["name"],
            f"{row['fires']} {command}, {row['function']}",
            sources.place_of_object(row["function"]),
        )


def _functions(
    conn: Connection, access: Access, names: Sequence[str], sources: SourceIndex
) -> Iterator[InvolvedFunction]:
    parameters: dict[str, Any] = {"names": list(names), "roles": list(access.api.roles)}
    for row in privileges.rows(conn, "audit/explain/functions", parameters):
        runs = f"as its owner {row['owner']}" if row["definer"] else "as its caller"
        callers = ", ".join(row["callers"]) or "no role of the API"
        yield InvolvedFunction(
            row["name"], f"runs {runs}; {callers} may call it", sources.place_of_object(row["name"])
        )


def _succeeded(probe: Probe, outcome: ProbeOutcome) -> bool:
    return not _refusal(probe, outcome)


def _refusal(probe: Probe, outcome: ProbeOutcome) -> str:
    """Why a probe had no effect; empty if it had one."""
    message = outcome.message or ""
    if outcome.state == "00000":
        reached = outcome.returned if probe.fetches else outcome.changed
        return "" if reached else "no row that a policy allows"
    if outcome.state == "42501" and message.startswith("permission denied"):
        return "a missing privilege"
    if outcome.state == "42501" and "row-level security" in message:
        return "the check of a policy"
    return f"raised by a function, trigger or constraint: {message} [{outcome.state}]"
