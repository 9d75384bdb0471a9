"""A new migration file."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chatctl.errors import Invalid
from chatctl.services.migrations.files import NO_TRANSACTION, migrations

_VERSION = "%Y%m%d%H%M%S"
_LONGEST = 200  # a file name may have 255 bytes
_SEPARATORS = re.compile(r"[\s\-.]++")


def path_for(directory: Path, name: str, *, now: datetime | None = None) -> Path:
    """Where a migration called ``name`` goes: after the newest, at the time it is made (UTC).

    Raises Invalid for a name that is not made of letters, digits and underscores.
    """
    slug = _SEPARATORS.sub("_", name.strip()).lower()
    if not re.fullmatch(r"[a-z0-9_]+", slug):
        raise Invalid(f"a migration's name is made of a-z, 0-9 and _, not {name!r}")
    if len(slug) > _LONGEST:
        raise Invalid(f"a migration's name has at most {_LONGEST} characters, not {len(slug)}")
    now = now or datetime.now(UTC)
    version = now.strftime(_VERSION)
    newest = max((str(file.version) for file in migrations(directory)), default="")
    if version <= newest:
        version = _after(newest)
    if len(version) != len(newest or version):
        raise Invalid(f"no version comes after {newest}, the newest that there is")
    return directory / "migrations" / f"{version}_{slug}.sql"


def text_for(name: str, *, no_transaction: bool) -> str:
    """What a new migration says until somebody writes it."""
    purpose = f"-- {_SEPARATORS.sub(' ', name.strip()).replace('_', ' ').capitalize()}: why, in a sentence.\n"
    if not no_transaction:
        return purpose
    return (
        f"{purpose}{NO_TRANSACTION}\n"
        "-- One statement, which runs on its own; an index is built while people write.\n"
        "-- create index concurrently NAME on SCHEMA.TABLE (COLUMN);\n"
    )


def _after(version: str) -> str:
    try:
        return (datetime.strptime(version, _VERSION).replace(tzinfo=UTC) + timedelta(seconds=1)).strftime(
            _VERSION
        )
    except (ValueError, OverflowError):  # 14 digits that are no time, or the last one
        return str(int(version) + 1).zfill(len(version))
