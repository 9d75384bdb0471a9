"""Proving the access rules: what access.yaml declares, tried by impersonation and undone.

``accessfile`` reads access.yaml into ``expectations``; ``fixture`` makes a small world of it; ``probes`` says
what to try and what must come of it; ``trial`` tries it, and ``moments`` once more when people have changed;
``inventory`` lists what is within reach, ``lints`` what looks wrong; ``findings`` judges; ``report`` is all
of them in turn. ``explain`` looks at one cell, ``mutation`` at whether the audit would notice.
"""
