"""Buckets of Storage and publications of Realtime, compared with access.yaml."""

from __future__ import annotations

from collections.abc import Iterator

from chatctl.db.connection import Connection
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.findings.finding import AuditFinding, AuditRule
from chatctl.services.audit.inventory.privileges import rows
from chatctl.sqltext.quoting import literal, relation


def check(conn: Connection, access: Access) -> Iterator[AuditFinding]:
    """Each bucket and publication that differs from access.yaml."""
    yield from _buckets(conn, access)
    yield from _publications(conn, access)


def _buckets(conn: Connection, access: Access) -> Iterator[AuditFinding]:
    has_storage = conn.execute("select to_regclass('storage.buckets') is not null").fetchone()
    actual_buckets = (
        {row.pop("name"): row for row in rows(conn, "audit/buckets", {})}
        if has_storage and has_storage[0]
        else {}
    )
    for name in sorted({*actual_buckets, *access.buckets}):
        sql_to_show = f"select * from storage.buckets where id = {literal(name)};"
        if name not in actual_buckets:
            yield AuditFinding(
                rule=AuditRule.absent,
                object=f"bucket {name}",
                action="exists",
                message=f"bucket {name} does not exist",
                sql=sql_to_show,
            )
        elif name not in access.buckets:
            yield AuditFinding(
                rule=AuditRule.unlisted,
                object=f"bucket {name}",
                action="exists",
                message=f"bucket {name} is not listed under buckets",
                sql=sql_to_show,
            )
        else:
            for key, expected in access.buckets[name].items():
                actual = actual_buckets[name].get(key)
                if actual != expected:
                    message = f"bucket {name} has {key} {actual}; access.yaml expects {expected}"
                    yield AuditFinding(
                        rule=AuditRule.bucket,
                        object=f"bucket {name}",
                        action=key,
                        message=message,
                        sql=sql_to_show,
                    )


def _publications(conn: Connection, access: Access) -> Iterator[AuditFinding]:
    published = rows(conn, "audit/publications", {})
    actual = {(row["publication"], row["relation"]): row for row in published}
    expected = {(publication, name) for publication, tables in access.publications.items() for name in tables}
    for publication, name in sorted({*actual, *expected}):
        object_name = f"publication {publication}"
        sql_to_show = f"select * from pg_publication_tables where pubname = {literal(publication)};"
        if (publication, name) not in expected:
            yield AuditFinding(
                rule=AuditRule.publication,
                object=object_name,
                action=name,
                message=f"{publication} publishes {name}, which access.yaml does not list",
                sql=sql_to_show,
            )
        elif (publication, name) not in actual:
            yield AuditFinding(
                rule=AuditRule.publication,
                object=object_name,
                action=name,
                message=f"{publication} does not publish {name}, which access.yaml lists",
                sql=sql_to_show,
            )
        elif not actual[publication, name]["key_only"]:
            yield AuditFinding(
                rule=AuditRule.publication,
                object=object_name,
                action=f"{name} replica identity",
                message=(
                    f"{publication} sends more than the key of a deleted row of {name}, bypassing policies"
                ),
                sql=f"select relreplident from pg_class where oid = {literal(relation(name))}::regclass;",
            )
