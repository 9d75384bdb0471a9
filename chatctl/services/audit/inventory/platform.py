"""Buckets of Storage and publications of Realtime, compared with access.yaml."""

from __future__ import annotations

from collections.abc import Iterator

from chatctl.db.connection import Connection
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.findings.finding import Finding, Rule
from chatctl.services.audit.inventory.privileges import rows
from chatctl.sqltext.quoting import literal, relation


def check(conn: Connection, access: Access) -> Iterator[Finding]:
    """Each bucket and publication that differs from access.yaml."""
    yield from _buckets(conn, access)
    yield from _publications(conn, access)


def _buckets(conn: Connection, access: Access) -> Iterator[Finding]:
    there = conn.execute("select to_regclass('storage.buckets') is not null").fetchone()
    found = {row.pop("name"): row for row in rows(conn, "audit/buckets", {})} if there and there[0] else {}
    for name in sorted({*found, *access.buckets}):
        shown = f"select * from storage.buckets where id = {literal(name)};"
        if name not in found:
            yield Finding(
                rule=Rule.absent,
                object=f"bucket {name}",
                action="exists",
                message=f"bucket {name} does not exist",
                sql=shown,
            )
        elif name not in access.buckets:
            yield Finding(
                rule=Rule.unlisted,
                object=f"bucket {name}",
                action="exists",
                message=f"bucket {name} is not listed under buckets",
                sql=shown,
            )
        else:
            for key, wanted in access.buckets[name].items():
                has = found[name].get(key)
                if has != wanted:
                    message = f"bucket {name} has {key} {has}; access.yaml says {wanted}"
                    yield Finding(
                        rule=Rule.bucket, object=f"bucket {name}", action=key, message=message, sql=shown
                    )


def _publications(conn: Connection, access: Access) -> Iterator[Finding]:
    published = rows(conn, "audit/publications", {})
    found = {(row["publication"], row["relation"]): row for row in published}
    wanted = {(publication, name) for publication, tables in access.publications.items() for name in tables}
    for publication, name in sorted({*found, *wanted}):
        where = f"publication {publication}"
        shown = f"select * from pg_publication_tables where pubname = {literal(publication)};"
        if (publication, name) not in wanted:
            yield Finding(
                rule=Rule.publication,
                object=where,
                action=name,
                message=f"{publication} publishes {name}, which access.yaml does not list",
                sql=shown,
            )
        elif (publication, name) not in found:
            yield Finding(
                rule=Rule.publication,
                object=where,
                action=name,
                message=f"{publication} does not publish {name}, which access.yaml lists",
                sql=shown,
            )
        elif not found[publication, name]["key_only"]:
            yield Finding(
                rule=Rule.publication,
                object=where,
                action=f"{name} replica identity",
                message=(
                    f"{publication} sends more than the key of a deleted row of {name}, past every policy"
                ),
                sql=f"select relreplident from pg_class where oid = {literal(relation(name))}::regclass;",
            )
