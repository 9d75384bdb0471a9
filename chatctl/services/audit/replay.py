"""SQL to paste into psql as the operator: the fixture, the identity, the statement, and all undone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from psycopg import sql

from chatctl.db.files import data_directory
from chatctl.services.audit.expectations import Access, Identity
from chatctl.services.audit.fixture import token
from chatctl.services.audit.probes import Probe
from chatctl.services.audit.sqltext import filled, key_text, literal, relation

BEGIN = "begin;"
ROLLBACK = "rollback;"

_PLAIN_PATH = re.compile(r"[\w./+-]+")


def replay(access: Access, probe: Probe) -> str:
    """All of it; the fixture is read from its files, by psql in the directory that the audit ran in.

    An audit commits nothing, so that the rows a probe was about have to be made once more.
    """
    lines = [BEGIN, *setup(access), *login(probe.identity), f"{statement(probe)};", *after(access, probe)]
    return "\n".join([*lines, ROLLBACK])


def setup(access: Access) -> tuple[str, ...]:
    """What makes the fixture, as psql's commands."""
    return tuple(f"\\i {_quoted(path)}" for path in setup_files(access))


def setup_files(access: Access) -> tuple[Path, ...]:
    """The files that make the fixture, in their order."""
    return data_directory("sql") / "queries" / "audit" / "prepare.sql", access.fixture


def login(identity: Identity) -> tuple[str, ...]:
    """What makes the operator ``identity``, until the transaction ends."""
    claims = token(identity).as_string(None)
    role = sql.Identifier(identity.role).as_string(None)
    claimed = f"select set_config('request.jwt.claims', {claims}, true) is not null as claims_set;"
    return (
        *([claimed] if claims != "null" else []),
        "set local search_path = public, extensions;",
        f"set local role {role};",
    )


def statement(probe: Probe) -> str:
    """The statement of ``probe`` with its values in place, without a semicolon."""
    return filled(probe.statement, lambda position: literal(probe.args[position - 1]))


def after(access: Access, probe: Probe) -> Iterator[str]:
    """Where the row itself is looked at, the look at it."""
    key = next((table.key for table in access.tables if table.name == probe.object), None)
    if probe.holds and key:
        yield "reset role;"
        found = f"{key_text(key)} = {literal(probe.subject)}"
        yield f"select * from {relation(probe.object)} this where {found};"


def repository(path: Path) -> Path | None:
    """The root of the repository that ``path`` is a file of; what a wheel has installed belongs to none."""
    if "site-packages" in path.parts:
        return None
    return next((parent for parent in path.resolve().parents if (parent / ".git").exists()), None)


def _quoted(path: Path) -> str:
    # Short where it is enough: in CI, and for most people, the audit runs in the root of the repository.
    here = repository(path) == Path.cwd()
    name = (path.resolve().relative_to(Path.cwd()) if here else path.resolve()).as_posix()
    return name if _PLAIN_PATH.fullmatch(name) else "'" + name.replace("'", "''") + "'"
