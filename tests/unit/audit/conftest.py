"""Fixtures of the tests of the audit without a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.access_files import Written


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    path = tmp_path_factory.mktemp("access") / "access.yaml"
    path.with_name("fixture.sql").write_text("select 1;")

    def write(text: str | bytes) -> Path:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write
