"""Mutants of row-level security policies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from psycopg import sql

from chatctl.services.audit.mutation import expressions, scopes
from chatctl.services.audit.mutation.catalogue import Catalogue, Policy
from chatctl.services.audit.mutation.mutant import Mutant, mutants_of_edits
from chatctl.sqltext.quoting import column, relation

_COMMANDS = ("select", "insert", "update", "delete")
_ADDED = "anybody at all"


def mutants(catalogue: Catalogue) -> Iterator[Mutant]:
    """The mutants of every policy, and additional permissive policies."""
    for policy in catalogue.policies:
        yield Mutant(
            operator="policy-dropped",
            object=policy.relation,
            part=policy.name,
            change=f"{description(policy)} -> (dropped)",
            sql=drop_statement(policy),
        )
        for clause in ("using", "check"):
            yield from _of_condition(catalogue, policy, clause)
        yield from _check_dropped(policy)
        yield from _opened(catalogue, policy)
    yield from _added(catalogue)


def _of_condition(catalogue: Catalogue, policy: Policy, clause: str) -> Iterator[Mutant]:
    text = policy.using if clause == "using" else policy.check
    if text is None:
        return

    def mutant(operator: str, change: str, condition: str) -> Mutant:
        return Mutant(
            operator=operator,
            object=policy.relation,
            part=policy.name,
            change=change,
            sql=alter_statement(policy, clause, condition),
        )

    if text != "true":
        yield mutant(f"{clause}-true", f"{clause} {_short(text)} -> {clause} true", "true")
    yield mutant("negated", f"{clause} {_short(text)} -> {clause} not {_short(text)}", f"not ({text})")
    outer = {policy.relation.split(".", 1)[1]: policy.relation}
    yield from mutants_of_edits(
        [*expressions.edits(text), *scopes.edits(text, catalogue, outer)],
        text,
        name=policy.relation,
        part=policy.name,
        statement=lambda edited: alter_statement(policy, clause, edited),
        where=f"{clause}: ",
    )


def _check_dropped(policy: Policy) -> Iterator[Mutant]:
    # Without WITH CHECK, USING applies to the new row as well.
    if policy.using is not None and policy.check not in (None, policy.using):
        change = f"with check {_short(policy.check or '')} -> {_short(policy.using)}, as using says"
        yield _re_created("check-dropped", policy, change, replace(policy, check=None))


def _opened(catalogue: Catalogue, policy: Policy) -> Iterator[Mutant]:
    """Policies for more roles or commands, if a role has the privilege; otherwise nothing would change."""
    api = catalogue.access.api.roles
    commands = _commands(policy)
    more = [role for role in api if role not in policy.roles and "public" not in policy.roles]
    if any(catalogue.holds(policy.relation, role, command) for role in more for command in commands):
        change = f"to {', '.join(policy.roles)} -> to public"
        yield _re_created("to-widened", policy, change, replace(policy, roles=["public"]))
    roles = api if "public" in policy.roles else [role for role in api if role in policy.roles]
    other_commands = [command for command in _COMMANDS if command not in commands]
    if any(catalogue.holds(policy.relation, role, command) for role in roles for command in other_commands):
        condition = policy.using or policy.check
        wider = replace(policy, command="all", using=condition, check=policy.check or condition)
        yield _re_created("command-widened", policy, f"for {policy.command} -> for all", wider)
    if not policy.permissive:
        wider = replace(policy, permissive=True)
        yield _re_created("restrictive-to-permissive", policy, "as restrictive -> as permissive", wider)


def _added(catalogue: Catalogue) -> Iterator[Mutant]:
    """A policy that allows everything, for commands without a permissive policy."""
    for table in catalogue.tables:
        allowed = {
            command
            for policy in catalogue.policies
            if policy.relation == table.relation and policy.permissive
            for command in _commands(policy)
        }
        for command in _COMMANDS:
            roles = [
                role for role in catalogue.access.api.roles if catalogue.holds(table.relation, role, command)
            ]
            if table.row_security and command not in allowed and roles:
                using, check = (None, "true") if command == "insert" else ("true", None)
                policy = Policy(
                    relation=table.relation,
                    name=_ADDED,
                    permissive=True,
                    command=command,
                    roles=roles,
                    using=using,
                    check=check,
                )
                change = f"(no policy) -> {description(policy)}, true for every row"
                yield Mutant(
                    operator="permissive-added",
                    object=table.relation,
                    part=_ADDED,
                    change=change,
                    sql=create_statement(policy),
                )


def description(policy: Policy) -> str:
    """A description of a policy without its conditions."""
    kind = "" if policy.permissive else "restrictive "
    return f"{kind}policy for {policy.command} to {', '.join(policy.roles)}"


def alter_statement(policy: Policy, clause: str, condition: str) -> str:
    """The statement that changes a condition of ``policy``."""
    what = sql.SQL("using" if clause == "using" else "with check")
    return (
        sql.SQL("alter policy {} on {} {} ({})")
        .format(sql.Identifier(policy.name), sql.SQL(relation(policy.relation)), what, sql.SQL(condition))
        .as_string(None)
    )


def drop_statement(policy: Policy) -> str:
    """The statement that drops ``policy``."""
    return f"drop policy {column(policy.name)} on {relation(policy.relation)}"


def create_statement(policy: Policy) -> str:
    """The statement that creates ``policy``."""
    kind = "permissive" if policy.permissive else "restrictive"
    roles = ", ".join("public" if role == "public" else column(role) for role in policy.roles)
    parts = [
        f"create policy {column(policy.name)} on {relation(policy.relation)} as {kind}",
        f"for {policy.command} to {roles}",
        *([f"using ({policy.using})"] if policy.using is not None else []),
        *([f"with check ({policy.check})"] if policy.check is not None else []),
    ]
    return " ".join(parts)


def _re_created(operator: str, policy: Policy, change: str, new: Policy) -> Mutant:
    return Mutant(
        operator=operator,
        object=policy.relation,
        part=policy.name,
        change=change,
        sql=f"{drop_statement(policy)}; {create_statement(new)}",
    )


def _commands(policy: Policy) -> Sequence[str]:
    return _COMMANDS if policy.command == "all" else (policy.command,)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:79]}…"  # noqa: PLR2004 - characters of a condition, shown
