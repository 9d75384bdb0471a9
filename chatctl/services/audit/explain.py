"""Why a cell of the matrix is as it is: what is declared, held and asked, what each policy is good for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.errors import Invalid, NotFound
from chatctl.services.audit.access.expectations import Access, Function, Table
from chatctl.services.audit.findings.finding import Place
from chatctl.services.audit.findings.sources import Places
from chatctl.services.audit.inventory import privileges
from chatctl.services.audit.inventory.dependencies import Kin
from chatctl.services.audit.probes import Probe, Stage
from chatctl.services.audit.probes.scope import COMMANDS, Scope
from chatctl.services.audit.stage import fixture, workspace
from chatctl.services.audit.stage.transaction import undone
from chatctl.services.audit.trials.attempts import try_all
from chatctl.services.audit.trials.batch import Batch
from chatctl.services.audit.trials.outcome import Outcome
from chatctl.services.audit.trials.trial import Trial
from chatctl.services.audit.verdicts.cells import Cell, cells
from chatctl.services.audit.verdicts.judging import judge
from chatctl.sqltext.quoting import relation


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A policy that is asked; ``without`` it so many probes of the cell get through."""

    name: str
    command: str
    permissive: bool
    using: str | None
    with_check: str | None
    without: int
    place: Place | None


@dataclass(frozen=True)
class Asked:
    """A function or trigger that takes part, and how."""

    name: str
    says: str
    place: Place | None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """All about one cell; ``refusals`` counts what stopped the probes that did not get through.

    Counted here are the probes of people as they are, ``through`` of ``probes``; the cell has every moment.
    """

    cell: Cell
    role: str
    probes: int
    through: int
    declared: tuple[tuple[str, str], ...]
    privileges: tuple[tuple[str, bool], ...]
    policies: tuple[Policy, ...]
    triggers: tuple[Asked, ...]
    functions: tuple[Asked, ...]
    refusals: dict[str, int]
    place: Place | None


def explain(conn: Connection, access: Access, said: str) -> Explanation:
    """What decides the cell ``said``, written ``identity:object:command``; nothing of it stays.

    To see what each policy is good for it is dropped, in the transaction that is rolled back. Raises Invalid
    for what is no cell, NotFound for one that access.yaml does not declare.
    """
    scope = _cell(access, said)
    (name,), (who,), (command,) = scope.objects, scope.identities, scope.commands
    identity = next(each for each in access.identities if each.name == who)
    with undone(conn):
        held = privileges.held(conn, access)
        stage = Stage(conn, access, fixture.make(conn, access), held)
        trial = Trial(conn, access)
        tried = try_all(stage, trial, scope)
        names = workspace.names(conn)
        found = cells(access, judge(access, tried, held, scope), names)
        if not found:
            raise NotFound(f"{who} does not try to {command} {name}")
        mine = [
            (probe, outcome) for probe, outcome in tried if probe.identity.name == who and not probe.moment
        ]
        places, kin = Places(access), Kin(conn)
        batch = trial.load([probe for probe, _ in mine])
        return Explanation(
            cell=found[0],
            role=identity.role,
            probes=len(mine),
            through=sum(_through(*each) for each in mine),
            declared=tuple(_declared(access, name, command)),
            privileges=tuple(_privileges(stage, mine, identity.role)),
            policies=tuple(_policies(conn, batch, name, command, identity.role, places)),
            triggers=tuple(_triggers(conn, name, command, places)),
            functions=tuple(_functions(conn, access, kin.used_by(name), places)),
            refusals=dict(Counter(why for each in mine if (why := _stopped(*each))).most_common()),
            place=places.of_object(name),
        )


def _cell(access: Access, said: str) -> Scope:
    identity, _, rest = said.partition(":")
    name, _, command = rest.rpartition(":")
    if not (identity and name and command):
        raise Invalid(
            f"--explain {said}: a cell is identity:object:command, such as sender:public.messages:update"
        )
    if command not in COMMANDS:
        raise Invalid(f"--explain {said}: {command} is none of {', '.join(COMMANDS)}")
    scope = Scope.of(access, (identity, name, command))
    if not (scope.identities and scope.objects):
        raise Invalid(f"--explain {said}: it names no identity, object and command, in this order")
    return scope


def _changes(item: Table | Function) -> Iterator[tuple[str, str]]:
    yield from (("changes", f"{', '.join(how)} {table}") for table, how in (item.changes or {}).items())


def _declared(access: Access, name: str, command: str) -> Iterator[tuple[str, str]]:
    declared: Sequence[Table | Function] = (*access.tried_tables, *access.tried_functions)
    item = next(
        each for each in declared if name in (getattr(each, "name", ""), getattr(each, "signature", ""))
    )
    if isinstance(item, Function):
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
    if isinstance(item, Table) and item.changes and command != "select":
        yield from _changes(item)


def _privileges(
    stage: Stage, tried: Sequence[tuple[Probe, Outcome]], role: str
) -> Iterator[tuple[str, bool]]:
    asked = dict.fromkeys((probe.object, probe.privilege, probe.column) for probe, _ in tried)
    for name, privilege, column in asked:
        what = f"{privilege} ({column})" if column else privilege
        yield what, (role, name, privilege, column) in stage.held


def _policies(
    conn: Connection, batch: Batch, name: str, command: str, role: str, places: Places
) -> Iterator[Policy]:
    # Whoever looks for the row to change reads, and so does whoever asks for what was written.
    wanted = {"relation": relation(name), "role": role, "commands": [command, "select"]}
    for row in privileges.rows(conn, "audit/explain/policies", wanted) if "(" not in name else ():
        with conn.transaction(force_rollback=True):
            drop = sql.SQL("drop policy {} on {}")
            conn.execute(drop.format(sql.Identifier(row["name"]), sql.Identifier(*name.split(".", 1))))
            without = sum(_through(*each) for each in zip(batch.probes, batch.run(), strict=True))
        yield Policy(**row, without=without, place=places.of_object(name, row["name"]))


def _triggers(conn: Connection, name: str, command: str, places: Places) -> Iterator[Asked]:
    if "(" in name or command == "select":
        return
    for row in privileges.rows(
        conn, "audit/explain/triggers", {"relation": relation(name), "command": command}
    ):
        yield Asked(
            row["name"], f"{row['fires']} {command}, {row['function']}", places.of_object(row["function"])
        )


def _functions(conn: Connection, access: Access, names: Sequence[str], places: Places) -> Iterator[Asked]:
    wanted: dict[str, Any] = {"names": list(names), "roles": list(access.api.roles)}
    for row in privileges.rows(conn, "audit/explain/functions", wanted):
        runs = f"as its owner {row['owner']}" if row["definer"] else "as its caller"
        callers = ", ".join(row["callers"]) or "no role of the API"
        yield Asked(row["name"], f"runs {runs}; {callers} may call it", places.of_object(row["name"]))


def _through(probe: Probe, outcome: Outcome) -> bool:
    return not _stopped(probe, outcome)


def _stopped(probe: Probe, outcome: Outcome) -> str:
    """What kept a probe from doing anything; empty where it did something."""
    message = outcome.message or ""
    if outcome.state == "00000":
        reached = outcome.brought if probe.fetches else outcome.changed
        return "" if reached else "no row that a policy lets through"
    if outcome.state == "42501" and message.startswith("permission denied"):
        return "a privilege that is not held"
    if outcome.state == "42501" and "row-level security" in message:
        return "the check of a policy"
    return f"raised by a function, trigger or constraint: {message} [{outcome.state}]"
