"""SQL to paste into psql as the operator: fixture, identity, statement, rollback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from psycopg import sql

from chatctl.data import data_directory
from chatctl.services.audit.access.clauses import key_expression
from chatctl.services.audit.access.expectations import Access, Identity
from chatctl.services.audit.findings.paths import quoted
from chatctl.services.audit.probes.probe import Probe
from chatctl.services.audit.stage.claims import claims_sql
from chatctl.services.audit.stage.workspace import search_path
from chatctl.sqltext.quoting import fill_placeholders, literal, relation

BEGIN = "begin;"
ROLLBACK = "rollback;"


def replay(access: Access, probe: Probe, other: Probe | None = None) -> str:
    """The whole script; psql reads the fixture from its files, in the working directory of the audit.

    An audit commits nothing, so the script creates the rows of a probe again. The statement of ``other`` runs
    before it, for comparison.
    """
    moment = next(
        (each.do.rstrip().rstrip(";") for each in access.moments if each.name == probe.moment), None
    )
    moment_lines = [f"{moment};"] if moment else []
    lines = [BEGIN, *setup_commands(access), *moment_lines, *login(access, probe.identity)]
    if other:
        lines += ["savepoint first;", f"{statement(other)};", "rollback to first;"]
    return "\n".join([*lines, f"{statement(probe)};", *row_check(access, probe), ROLLBACK])


def setup_commands(access: Access) -> tuple[str, ...]:
    """psql commands that create the fixture."""
    prepare, *fixture = _setup_files(access)
    return f"\\i {quoted(prepare)}", *_names(access), *(f"\\i {quoted(each)}" for each in fixture)


def setup_text(access: Access) -> str:
    """SQL that creates the fixture without reading files."""
    prepare, *fixture = (file.read_text(encoding="utf-8") for file in _setup_files(access))
    return "\n".join((prepare, *_names(access), *fixture))


def _setup_files(access: Access) -> tuple[Path, ...]:
    prepare = data_directory("sql") / "statements" / "audit" / "prepare.sql"
    return (prepare, access.fixture) if access.fixture else (prepare,)


def _names(access: Access) -> Iterator[str]:
    """The settings of a session, and the names for id()."""
    for name, value in access.api.settings.items():
        yield f"set local {name} = {literal(value)};"
    yield f"set local search_path = {search_path(access)};"
    if access.existing_ids:
        rows = ", ".join(
            f"({literal(name)}, {literal(value)})" for name, value in access.existing_ids.items()
        )
        yield f"insert into chatctl_audit.names (name, id) values {rows};"


def login(access: Access, identity: Identity) -> tuple[str, ...]:
    """SQL with which the operator becomes ``identity`` until the transaction ends."""
    claims = claims_sql(identity).as_string(None)
    role = sql.Identifier(identity.role).as_string(None)
    setting = literal(access.api.claims)
    set_claims = f"select set_config({setting}, {claims}, true) is not null as claims_set;"
    return (
        *([set_claims] if claims != "null" else []),
        f"set local search_path = {access.api.search_path};",
        f"set local role {role};",
    )


def statement(probe: Probe) -> str:
    """The statement of ``probe`` with its values in place, without a semicolon."""
    return fill_placeholders(probe.statement, lambda position: literal(probe.args[position - 1]))


def row_check(access: Access, probe: Probe) -> Iterator[str]:
    """SQL that shows the written row, for a probe with a condition on it."""
    key = next((table.key for table in access.tried_tables if table.name == probe.object), None)
    if probe.holds and key:
        yield "reset role;"
        clause = f"where {key_expression(key)} = {literal(probe.subject)}"
        if probe.privilege == "insert":  # the newest row of the transaction, whatever its key
            clause = "where xmin = pg_current_xact_id()::xid order by cmin::text::bigint desc limit 1"
        yield f"select * from {relation(probe.object)} this {clause};"
