"""Mutation testing of the audit: what ``audit-rls --mutate`` changes, one thing at a time.

``catalogue`` reads what there is; ``policies``, ``tables``, ``views``, ``functions`` and ``platform`` make
mutants of it; ``expressions``, ``scopes`` and ``bodies`` are the operators on the texts. They work on
``nesting`` and ``conditions``, so that all but the change stays as PostgreSQL tells it.
"""
