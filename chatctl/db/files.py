"""The .sql files and other data that chatctl carries: found in the checkout and in the wheel alike."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from chatctl.errors import NotFound

_PACKAGE = Path(__file__).parent.parent


@cache
def data_directory(name: str) -> Path:
    """The directory ``sql``, ``loadtests`` or ``supabase/functions`` that belongs to this chatctl."""
    for base in (_PACKAGE / "_data", _PACKAGE.parent):
        if (base / name).is_dir():
            return base / name
    raise NotFound(f"this installation of chatctl carries no {name}/; install it again")


@cache
def query(name: str) -> str:
    """The text of ``sql/queries/<name>.sql``, for example ``query("seed/counts")``."""
    return (data_directory("sql") / "queries" / f"{name}.sql").read_text(encoding="utf-8")
