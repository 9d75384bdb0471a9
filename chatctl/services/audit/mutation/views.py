"""Mutants of views: what they select, and with whose rights."""

from __future__ import annotations

from collections.abc import Iterator

from chatctl.services.audit.mutation import expressions, scopes
from chatctl.services.audit.mutation.catalogue import Catalogue, Relation
from chatctl.services.audit.mutation.mutant import LeftOut, Mutant, of_edits
from chatctl.sqltext.quoting import relation

_INVOKER = ("security_invoker=true", "security_invoker=on", "security_invoker=1", "security_invoker=yes")


def mutants(catalogue: Catalogue) -> Iterator[Mutant]:
    """Every listed view with another query, or other rights."""
    for view in catalogue.tables:
        if view.kind != "v" or not view.owned or view.definition is None:
            continue
        yield _rights_flipped(view)
        yield from _rewritten(catalogue, view, view.definition)


def left_out(catalogue: Catalogue) -> Iterator[LeftOut]:
    """Views whose query cannot be replaced."""
    for view in catalogue.tables:
        if view.kind in ("m", "f"):
            kind = "materialized view" if view.kind == "m" else "foreign table"
            yield LeftOut(view.relation, f"is a {kind}, whose query cannot be replaced")


def replaced(view: Relation, text: str) -> str:
    """The statement that gives ``view`` another query and leaves its options."""
    options = f" with ({', '.join(view.options)})" if view.options else ""
    return f"create or replace view {relation(view.relation)}{options} as {text}"


def _rewritten(catalogue: Catalogue, view: Relation, text: str) -> Iterator[Mutant]:
    edits = [*expressions.edits(text), *scopes.edits(text, catalogue, {})]
    yield from of_edits(
        edits, text, name=view.relation, part="", statement=lambda edited: replaced(view, edited)
    )


def _rights_flipped(view: Relation) -> Mutant:
    invoker = any(option in _INVOKER for option in view.options)
    made = f"alter view {relation(view.relation)} set (security_invoker = {str(not invoker).lower()})"
    rights = ("its owner's rights", "the caller's rights")
    change = f"{rights[invoker]} -> {rights[not invoker]}"
    return Mutant(operator="view-rights-flipped", object=view.relation, part="", change=change, sql=made)
