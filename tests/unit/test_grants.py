"""Grants and revokes are parsed however they are written."""

from __future__ import annotations

import pytest

from chatctl.sqltext.grants import Grant, grant, objects


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("grant select on t to a", Grant(False, "select", "t", "a")),
        ("GRANT ALL ON s.T, u TO a, b WITH GRANT OPTION", Grant(False, "ALL", "s.T, u", "a, b")),
        ('grant select ("on", b) on "to" to "on"', Grant(False, 'select ("on", b)', '"to"', '"on"')),
        ("grant usage on schema s to a granted by b", Grant(False, "usage", "schema s", "a")),
        (
            "revoke grant option for select on t from a cascade",
            Grant(True, "grant option for select", "t", "a cascade"),
        ),
        ("grant a to b", None),
        ("grant select on t", None),
        ("revoke all on t to", None),
        ("select 'grant select on t to a'", None),
        ("", None),
    ],
)
def test_a_grant_has_parts(text: str, expected: Grant | None) -> None:
    assert grant(text) == expected


@pytest.mark.parametrize(
    ("on", "kind", "names"),
    [
        ("public.t", "", ["public.t"]),
        ('TABLE Public.T, "U, V"', "table", ["public.t", '"U, V"']),
        ("function s.f(a uuid, b numeric(10, 2)), g()", "function", ["s.f", "g"]),
        ("schema s, t", "schema", ["s", "t"]),
        ("ALL tables IN SCHEMA s", "all tables in schema", ["s"]),
        ("foreign data wrapper w", "foreign data wrapper", ["w"]),
        ("", "", []),
    ],
)
def test_a_grant_is_on_objects(on: str, kind: str, names: list[str]) -> None:
    actual = objects(on)

    assert (actual.kind, [name.sql for name in actual.names]) == (kind, names)
