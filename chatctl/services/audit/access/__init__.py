"""access.yaml: who may do what, and reading it."""

from __future__ import annotations

from pathlib import Path

from chatctl.data import data_directory
from chatctl.services.audit.access.expectations import Access


def default_file() -> Path:
    """The access.yaml that belongs to this version of chatctl."""
    return data_directory("sql") / "access.yaml"


def load(path: Path) -> Access:
    """The rules in ``path``. Raises Invalid naming the file, line and key of each mistake."""
    from chatctl.services.audit.access import file  # noqa: PLC0415 - pydantic and yaml are slow to import

    return file.read(path)
