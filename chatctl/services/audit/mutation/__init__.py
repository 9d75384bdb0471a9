"""``audit-rls --mutate``: mutation testing of access.yaml.

``catalogue`` reads the database objects; ``policies``, ``tables``, ``views``, ``functions`` and ``platform``
generate mutants of them; ``expressions``, ``scopes`` and ``bodies`` are the operators on SQL text. These use
``nesting`` and ``conditions`` to find what to replace, so that the rest of the text stays unchanged.
``detector`` runs the probes on a mutant, and ``score`` collects the results.
"""
