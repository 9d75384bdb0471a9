"""Applying a large migration needs only a few times its size in memory."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.forks import variables
from tests.support.sqlfiles import SqlFiles, names
from tests.support.world import Database

pytestmark = pytest.mark.slow

CHATCTL = (sys.executable, "-m", "chatctl")
LENGTH = 50_000_000
LIMIT = 700 << 20  # bytes; an idle interpreter takes a fifth of that

TEXTS: dict[str, Callable[[], str]] = {
    "text": lambda: f"create view public.v as select length('{'x' * LENGTH}');",
    "body": lambda: f"do $$ begin /* {'x y ' * (LENGTH // 4)} */ end $$;",
    "comment": lambda: f"/* {'x y ' * (LENGTH // 4)} */ select 1;",
    "statements": lambda: f"select length('{'a;b ' * 250}');\n" * (LENGTH // 1000),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_large_migration_is_applied_and_recorded(
    bare_database: Database, tmp_path: Path, text: Callable[[], str]
) -> None:
    files = SqlFiles(tmp_path / "sql")
    files.version(1, text())

    for _ in range(2):
        done = subprocess.run(
            [*CHATCTL, "migrate", "--directory", str(files.directory), "--db-url", bare_database.url],
            env=variables(),
            cwd=tmp_path,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT)),
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert (done.returncode, done.stderr.partition("error: ")[2]) == (0, "")
    assert done.stdout.startswith("nothing to do")
    with bare_database.connect() as conn:
        assert names(conn, "select count(*) from supabase_migrations.schema_migrations") == [1]
