"""Fixtures of the tests without a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.worldfiles import Written


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    path = tmp_path_factory.mktemp("worlds") / "mine.yaml"

    def write(text: str | bytes) -> Path:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write
