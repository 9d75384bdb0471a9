"""The tests really use both versions."""

from __future__ import annotations

from tests.support.world import Database


def test_the_server_has_the_version_under_test(database: Database, pg_version: int) -> None:
    with database.connect() as conn:
        assert conn.info.server_version // 10000 == pg_version
