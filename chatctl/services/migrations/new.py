"""A new migration file."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chatctl.errors import Invalid
from chatctl.services.migrations.files import NO_TRANSACTION, migrations

_VERSION = "%Y%m%d%H%M%S"
_MAX_LENGTH = 200  # a file name may have 255 bytes
_SEPARATORS = re.compile(r"[\s\-.]++")


def path_for(directory: Path, name: str, *, now: datetime | None = None) -> Path:
    """The path of a new migration: its version is the current time (UTC), but after the newest migration.

    Spaces, hyphens and dots become underscores, capitals small letters. Raises Invalid for other characters.
    """
    slug = _SEPARATORS.sub("_", name.strip()).lower()
    if not re.fullmatch(r"[a-z0-9_]+", slug):
        raise Invalid(
            f"the name of a migration may contain letters a to z, digits, spaces, -, . and _, not {name!r}"
        )
    if len(slug) > _MAX_LENGTH:
        raise Invalid(f"the name of a migration has at most {_MAX_LENGTH} characters, not {len(slug)}")
    now = now or datetime.now(UTC)
    version = now.strftime(_VERSION)
    newest = max((str(file.version) for file in migrations(directory)), default="")
    if version <= newest:
        version = _after(newest)
    if len(version) != len(newest or version):
        raise Invalid(f"there is no version after {newest}, the newest migration")
    return directory / "migrations" / f"{version}_{slug}.sql"


def text_for(name: str, *, no_transaction: bool) -> str:
    """The initial text of a new migration."""
    purpose = f"-- {_SEPARATORS.sub(' ', name.strip()).replace('_', ' ').capitalize()}: why, in a sentence.\n"
    if not no_transaction:
        return purpose
    return (
        f"{purpose}{NO_TRANSACTION}\n"
        "-- One statement, which runs outside a transaction; an index is built without blocking writes.\n"
        "-- create index concurrently NAME on SCHEMA.TABLE (COLUMN);\n"
    )


def _after(version: str) -> str:
    try:
        return (datetime.strptime(version, _VERSION).replace(tzinfo=UTC) + timedelta(seconds=1)).strftime(
            _VERSION
        )
    except (ValueError, OverflowError):  # 14 digits that are not a valid time, or the last one
        return str(int(version) + 1).zfill(len(version))
