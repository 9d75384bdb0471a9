"""sql/platform: the tables and functions of storage behave like those of a hosted project."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.errors import (
    CheckViolation,
    InsufficientPrivilege,
)

from chatctl.db.connection import Connection
from chatctl.db.roles import act_as
from tests.support.platform import value


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("org/chat/7/a_b.c.png", (["org", "chat", "7"], "a_b.c.png", "png")),
        ("plain.txt", ([], "plain.txt", "txt")),
        ("folder/", (["folder"], "", "")),
        ("//x", (["", ""], "x", "x")),
        ("", (None, None, None)),
    ],
)
def test_the_name_of_an_object_is_split_into_parts(
    api: Connection, name: str, parts: tuple[Any, ...]
) -> None:
    with api.transaction():
        act_as(api, "authenticated")
        row = api.execute(
            "select storage.foldername(%(n)s), storage.filename(%(n)s), storage.extension(%(n)s)", {"n": name}
        ).fetchone()
    assert row == parts


def test_an_object_has_path_tokens_and_a_current_updated_at(postgres: Connection) -> None:
    postgres.execute("insert into storage.buckets (id, name) values ('b', 'b')")
    postgres.execute(
        "insert into storage.objects (bucket_id, name, updated_at) values ('b', 'a/b', '2020-01-01')"
    )
    postgres.execute("update storage.objects set version = '2'")
    row = postgres.execute("select path_tokens, updated_at > '2026-01-01' from storage.objects").fetchone()
    assert row == (["a", "b"], True)


def test_rows_of_storage_are_not_deleted_by_accident(postgres: Connection) -> None:
    postgres.execute("insert into storage.buckets (id, name) values ('b', 'b')")
    with pytest.raises(InsufficientPrivilege, match="Use the Storage API instead"):
        postgres.execute("delete from storage.buckets")
    with postgres.transaction():
        postgres.execute("set local storage.allow_delete_query = 'true'")
        postgres.execute("delete from storage.buckets")
    assert value(postgres, "select count(*) from storage.buckets") == 0


def test_a_bucket_has_no_versions_and_a_limited_name_length(postgres: Connection) -> None:
    postgres.execute("insert into storage.buckets (id, name) values ('b', 'b')")
    assert value(postgres, "select versioning_status from storage.buckets") == "DISABLED"
    with pytest.raises(CheckViolation, match="buckets_versioning_dark_check"):
        postgres.execute("update storage.buckets set versioning_status = 'ENABLED'")
    with pytest.raises(psycopg.errors.RaiseException, match="100 are the most"):
        postgres.execute("update storage.buckets set name = repeat('x', 101)")


def test_a_policy_can_read_the_current_operation_of_storage(api: Connection) -> None:
    with api.transaction():
        act_as(api, "authenticated")
        api.execute("set local storage.operation = 'storage.object.list'")
        row = api.execute(
            """
            select
              storage.allow_only_operation('object.list'),
              storage.allow_only_operation('storage.object.get'),
              storage.allow_any_operation('{object.get,storage.object.list}'),
              storage.allow_any_operation('{}')
            """
        ).fetchone()
    assert row == (True, False, True, False)
