"""Proving the access rules: what access.yaml declares, tried by impersonation and undone.

``expectations`` reads access.yaml; ``fixture`` makes a small world of it; ``probes`` says what to try and
what must come of it; ``run`` tries it; ``inventory`` lists what is within reach; ``findings`` judges;
``report`` is all of them in turn.
"""
