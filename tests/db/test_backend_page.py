"""docs/backend.md matches the database."""

from __future__ import annotations

import re
from pathlib import Path

from chatctl.data import data_directory
from tests.support.world import World

PAGE = (Path(__file__).parents[2] / "docs" / "backend.md").read_text(encoding="utf-8")


def _section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_its_lock_order_is_that_of_the_code() -> None:
    code = (data_directory("sql") / "objects/functions/lock_conversations.sql").read_text(encoding="utf-8")
    in_code = re.findall(r"^--   (\d\. .+?)(?:, see .+)?$", code, re.MULTILINE)

    documented = re.findall(r"^(\d\. .+?)[;.]$", _section("Locks"), re.MULTILINE)

    assert len(in_code) == 5
    assert [each.replace("`", "") for each in documented] == in_code


def test_its_limits_are_the_existing_ones(world: World) -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (\d+) in ([^|]+) \| ([^|]+) \| [^|]+ \| (\w+) \|$", _section("Limits"), re.MULTILINE
    )

    limits = world.operator.execute("select action, allowed, per, what from private.limits").fetchall()
    assert {(action, int(allowed), what) for action, allowed, _, what, _ in rows} == {
        (action, allowed, what) for action, allowed, _, what in limits
    }
    assert {state for *_, state in rows} == {"PT429"}
    for action, _, per, *_ in rows:
        world.operator.execute(
            "select 1 / (per = %s)::int from private.limits where action = %s", (per, action)
        )


def test_its_constraints_functions_and_tables_exist(world: World) -> None:
    constraints = set(re.findall(r"23514 `(\w+)`", _section("Sizes")))
    objects = set(re.findall(r"\b(?:private|chat_hooks)\.\w+", PAGE))

    missing = world.operator.execute(
        "select name from unnest(%s::text[]) as c (name) "
        "where not exists (select from pg_constraint where conname = name) "
        "union all select name from unnest(%s::text[]) as o (name) "
        "where to_regclass(name) is null and not exists ("
        "select from pg_proc p join pg_namespace n on n.oid = p.pronamespace "
        "where format('%%s.%%s', n.nspname, p.proname) = name)",
        (sorted(constraints), sorted(objects)),
    ).fetchall()

    assert len(constraints) >= 4
    assert len(objects) >= 4
    assert missing == []


def test_its_timeouts_are_those_of_the_hook(world: World) -> None:
    with world.acting(world.team(1)[1][0]) as conn:
        conn.execute("select chat_hooks.before_request()")
        timeout, hold, version = conn.execute(
            "select current_setting('statement_timeout'), current_setting('chat.longest_hold', true), "
            "current_setting('server_version_num')::int"
        ).fetchone() or ("", "", 0)

    assert (timeout, "0.9 seconds" in PAGE) == ("900ms", True)
    assert (hold, "0.4 seconds" in PAGE) == ("400ms" if version >= 170000 else None, True)
