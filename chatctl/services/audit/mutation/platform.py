"""Mutants of Storage buckets and Realtime publications."""

from __future__ import annotations

from collections.abc import Iterator

from chatctl.services.audit.mutation.catalogue import Bucket, Catalogue, Publication
from chatctl.services.audit.mutation.mutant import Mutant, NotMutated
from chatctl.sqltext.quoting import column, literal, relation

_FOREIGN_TYPE = "text/html"


def mutants(catalogue: Catalogue) -> Iterator[Mutant]:
    """The mutants of every listed bucket and publication."""
    for bucket in catalogue.buckets:
        yield from _of_bucket(bucket)
    for publication in catalogue.publications:
        yield from _of_publication(catalogue, publication)
    yield from _whole_rows(catalogue)


def not_mutated(catalogue: Catalogue) -> Iterator[NotMutated]:
    """Buckets and publications that do not exist, or that the operator may not change."""
    buckets = {each.name for each in catalogue.buckets}
    publications = {each.name for each in catalogue.publications}
    for name in sorted(set(catalogue.access.buckets) - buckets):
        yield NotMutated(f"bucket {name}", "does not exist, or the operator may not change it")
    for name in sorted(set(catalogue.access.publications) - publications):
        yield NotMutated(f"publication {name}", "does not exist, is not the operator's, or is for all tables")


def _of_bucket(bucket: Bucket) -> Iterator[Mutant]:
    def mutant(operator: str, part: str, was: str, now: str, value: str) -> Mutant:
        sql = f"update storage.buckets set {part} = {value} where id = {literal(bucket.name)}"
        return Mutant(
            operator=operator, object=f"bucket {bucket.name}", part=part, change=f"{was} -> {now}", sql=sql
        )

    states = ("private", "public")
    flipped = not bucket.public
    yield mutant(
        "bucket-public-flipped", "public", states[bucket.public], states[flipped], str(flipped).lower()
    )
    limit = bucket.file_size_limit
    if limit is not None:
        yield mutant("bucket-size-unlimited", "file_size_limit", f"at most {limit} bytes", "any size", "null")
        raised = limit * 10
        yield mutant(
            "bucket-size-raised",
            "file_size_limit",
            f"at most {limit} bytes",
            f"at most {raised} bytes",
            str(raised),
        )
    types = bucket.allowed_mime_types
    if types is not None:
        yield mutant("bucket-types-any", "allowed_mime_types", f"{len(types)} MIME types", "any", "null")
        added = f"allowed_mime_types || {literal(_FOREIGN_TYPE)}::text"
        yield mutant(
            "bucket-type-added",
            "allowed_mime_types",
            f"without {_FOREIGN_TYPE}",
            f"with {_FOREIGN_TYPE}",
            added,
        )
        if types:
            first = sorted(types)[0]
            removed = f"array_remove(allowed_mime_types, {literal(first)})"
            yield mutant(
                "bucket-type-removed", "allowed_mime_types", f"with {first}", f"without {first}", removed
            )


def _of_publication(catalogue: Catalogue, publication: Publication) -> Iterator[Mutant]:
    name = f"publication {publication.name}"
    for table in catalogue.tables:
        if table.kind not in ("r", "p") or not table.owned:
            continue
        sent = table.relation in publication.tables
        verb = "drop" if sent else "add"
        statement = f"alter publication {column(publication.name)} {verb} table {relation(table.relation)}"
        change = "sent -> not sent" if sent else "not sent -> sent"
        operator = "publication-table-dropped" if sent else "publication-table-added"
        yield Mutant(operator=operator, object=name, part=table.relation, change=change, sql=statement)


def _whole_rows(catalogue: Catalogue) -> Iterator[Mutant]:
    """Replica identity full, with which every subscriber gets deleted rows in full."""
    published = {name for each in catalogue.publications for name in each.tables}
    for table in catalogue.tables:
        if table.relation in published and table.owned and not table.sends_rows:
            statement = f"alter table {relation(table.relation)} replica identity full"
            change = "of a deleted row its key is sent -> all of it"
            yield Mutant(
                operator="replica-identity-full", object=table.relation, part="", change=change, sql=statement
            )
