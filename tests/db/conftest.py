"""Tests of the backend's SQL run on both PostgreSQL versions."""

from __future__ import annotations

import pytest


@pytest.fixture(params=[18, pytest.param(16, marks=pytest.mark.slow)], ids=["pg18", "pg16"])
def pg_version(request: pytest.FixtureRequest) -> int:
    return int(request.param)
