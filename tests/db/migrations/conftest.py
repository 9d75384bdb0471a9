"""Migration files that several modules start with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sqlfiles import SCHEMA, TABLE, SqlFiles


@pytest.fixture
def files(tmp_path: Path) -> SqlFiles:
    """A table with row-level security, and a schema."""
    files = SqlFiles(tmp_path / "sql")
    files.version(1, TABLE + SCHEMA)
    return files
