"""The location of chatctl's data files, in a checkout and in the wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from chatctl.errors import NotFound

_PACKAGE = Path(__file__).parent


@cache
def data_directory(name: str) -> Path:
    """The directory ``sql``, ``loadtests`` or ``supabase/functions`` that belongs to this chatctl."""
    for base in (_PACKAGE / "_data", _PACKAGE.parent):
        if (base / name).is_dir():
            return base / name
    raise NotFound(f"this installation of chatctl has no {name}/; reinstall it")
