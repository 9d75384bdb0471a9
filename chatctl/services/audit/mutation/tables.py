"""Mutants of privileges, row-level security and triggers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from chatctl.services.audit.mutation.catalogue import Catalogue, Privilege, Relation, Trigger
from chatctl.services.audit.mutation.mutant import Mutant, NotMutated
from chatctl.sqltext.quoting import column, relation

_REVOKED = ("select", "insert", "update", "delete")


def mutants(catalogue: Catalogue) -> Iterator[Mutant]:
    """The mutants of every listed table, and grants on tables that should stay hidden."""
    for table in catalogue.tables:
        if table.owned:
            yield from _row_security_off(table)
            yield from _granted(catalogue, table)
            yield from _revoked(catalogue, table)
    for hidden in _unlisted(catalogue):
        for role in [each for each in catalogue.access.api.granted if each not in hidden.readers]:
            change = f"select not granted to {role} -> granted"
            statement = f"grant select on {relation(hidden.relation)} to {column(role)}"
            yield Mutant(
                operator="grant-added", object=hidden.relation, part="select", change=change, sql=statement
            )
    for trigger in catalogue.triggers:
        yield from _of_trigger(trigger)


def not_mutated(catalogue: Catalogue) -> Iterator[NotMutated]:
    """Tables that do not exist, and those of which the operator may change only the policies."""
    listed = [*(each.name for each in catalogue.access.tables), *catalogue.access.internal_tables]
    for name in sorted(listed):
        known = catalogue.relations.get(name)
        if not known:
            yield NotMutated(name, "does not exist")
        elif not known.owned:
            yield NotMutated(name, "belongs to another owner: only its policies are changed")


def _row_security_off(table: Relation) -> Iterator[Mutant]:
    if table.row_security:
        statement = f"alter table {relation(table.relation)} disable row level security"
        change = "row-level security on -> off"
        yield Mutant(
            operator="row-security-off", object=table.relation, part="", change=change, sql=statement
        )


def _granted(catalogue: Catalogue, table: Relation) -> Iterator[Mutant]:
    """Grants of commands that a role does not hold, and of columns if it may update others.

    For a role that cannot read: a grant of SELECT, and of everything.
    """
    absent: dict[tuple[str, str], list[Privilege]] = defaultdict(list)
    for each in catalogue.privileges:
        if each.relation == table.relation and each.reached and not each.held:
            absent[each.role, each.command].append(each)
    for (role, command), privileges in absent.items():
        if command != "select" and not _reads(catalogue, table, role):
            continue
        by_column = command == "update" and catalogue.holds(table.relation, role, command)
        for name in [each.column for each in privileges] if by_column else [None]:
            change = f"{_described(command, name)} not granted to {role} -> granted"
            statement = f"grant {_as_sql(command, name)} on {relation(table.relation)} to {column(role)}"
            yield Mutant(
                operator="grant-added",
                object=table.relation,
                part=_described(command, name),
                change=change,
                sql=statement,
            )
    for role in dict.fromkeys(role for role, _ in absent):
        if not _reads(catalogue, table, role):
            statement = f"grant all on {relation(table.relation)} to {column(role)}"
            change = f"select not granted to {role} -> everything granted"
            yield Mutant(
                operator="grant-added", object=table.relation, part="all", change=change, sql=statement
            )


def _reads(catalogue: Catalogue, table: Relation, role: str) -> bool:
    return catalogue.holds(table.relation, role, "select")


def _revoked(catalogue: Catalogue, table: Relation) -> Iterator[Mutant]:
    """Revokes of commands, and of UPDATE column by column."""
    for each in catalogue.grants:
        if each.relation == table.relation and each.command in _REVOKED:
            name = each.column if each.command == "update" else None
            change = f"{_described(each.command, name)} granted to {each.role} -> revoked"
            privilege = f"{_as_sql(each.command, name)} on {relation(table.relation)}"
            statement = f"revoke {privilege} from {column(each.role)}"
            yield Mutant(
                operator="grant-revoked",
                object=table.relation,
                part=_described(each.command, name),
                change=change,
                sql=statement,
            )


def _described(command: str, name: str | None) -> str:
    return f"{command} ({name})" if name else command


def _as_sql(command: str, name: str | None) -> str:
    return f"{command} ({column(name)})" if name else command


def _unlisted(catalogue: Catalogue) -> Iterator[Relation]:
    """The operator's tables and views in internal schemas that are not listed."""
    listed = {each.relation for each in catalogue.tables}
    for name, known in catalogue.relations.items():
        kind = catalogue.access.schemas.get(name.split(".", 1)[0])
        if kind == "internal" and name not in listed and known.owned:
            yield known


def _of_trigger(trigger: Trigger) -> Iterator[Mutant]:
    drop = f"drop trigger {column(trigger.name)} on {relation(trigger.relation)}"
    change = f"{' '.join(trigger.definition.split())} -> (dropped)"
    yield Mutant(
        operator="trigger-dropped", object=trigger.relation, part=trigger.name, change=change, sql=drop
    )
