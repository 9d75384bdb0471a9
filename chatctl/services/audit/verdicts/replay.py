"""SQL to paste into psql as the operator: the fixture, the identity, the statement, and all undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from psycopg import sql

from chatctl.data import data_directory
from chatctl.services.audit.access.clauses import key_text
from chatctl.services.audit.access.expectations import Access, Identity
from chatctl.services.audit.findings.paths import quoted
from chatctl.services.audit.probes.probe import Probe
from chatctl.services.audit.stage.claims import token
from chatctl.services.audit.stage.workspace import path
from chatctl.sqltext.quoting import filled, literal, relation

BEGIN = "begin;"
ROLLBACK = "rollback;"


def replay(access: Access, probe: Probe, other: Probe | None = None) -> str:
    """All of it; the fixture is read from its files, by psql in the directory that the audit ran in.

    An audit commits nothing, so that the rows a probe was about have to be made once more. The statement of
    ``other`` is tried beside it, where the two are to be compared.
    """
    moment = next(
        (each.do.rstrip().rstrip(";") for each in access.moments if each.name == probe.moment), None
    )
    later = [f"{moment};"] if moment else []
    lines = [BEGIN, *setup(access), *later, *login(access, probe.identity)]
    if other:
        lines += ["savepoint first;", f"{statement(other)};", "rollback to first;"]
    return "\n".join([*lines, f"{statement(probe)};", *after(access, probe), ROLLBACK])


def setup(access: Access) -> tuple[str, ...]:
    """What makes the fixture, as psql's commands."""
    room, *world = _setup_files(access)
    return f"\\i {quoted(room)}", *_names(access), *(f"\\i {quoted(each)}" for each in world)


def setup_text(access: Access) -> str:
    """What makes the fixture, as SQL that needs no file."""
    room, *world = (file.read_text(encoding="utf-8") for file in _setup_files(access))
    return "\n".join((room, *_names(access), *world))


def _setup_files(access: Access) -> tuple[Path, ...]:
    room = data_directory("sql") / "queries" / "audit" / "prepare.sql"
    return (room, access.fixture) if access.fixture else (room,)


def _names(access: Access) -> Iterator[str]:
    """The settings of a session, and what lets id() find what it is asked for."""
    for name, value in access.api.settings.items():
        yield f"set local {name} = {literal(value)};"
    yield f"set local search_path = {path(access)};"
    if access.found:
        rows = ", ".join(f"({literal(name)}, {literal(value)})" for name, value in access.found.items())
        yield f"insert into chatctl_audit.names (name, id) values {rows};"


def login(access: Access, identity: Identity) -> tuple[str, ...]:
    """What makes the operator ``identity``, until the transaction ends."""
    claims = token(identity).as_string(None)
    role = sql.Identifier(identity.role).as_string(None)
    setting = literal(access.api.claims)
    claimed = f"select set_config({setting}, {claims}, true) is not null as claims_set;"
    return (
        *([claimed] if claims != "null" else []),
        f"set local search_path = {access.api.search_path};",
        f"set local role {role};",
    )


def statement(probe: Probe) -> str:
    """The statement of ``probe`` with its values in place, without a semicolon."""
    return filled(probe.statement, lambda position: literal(probe.args[position - 1]))


def after(access: Access, probe: Probe) -> Iterator[str]:
    """Where the row itself is looked at, the look at it."""
    key = next((table.key for table in access.tried_tables if table.name == probe.object), None)
    if probe.holds and key:
        yield "reset role;"
        found = f"where {key_text(key)} = {literal(probe.subject)}"
        if probe.privilege == "insert":  # the row that was made last, whatever its key
            found = "where xmin = pg_current_xact_id()::xid order by cmin::text::bigint desc limit 1"
        yield f"select * from {relation(probe.object)} this {found};"
