"""Proving the access rules: what access.yaml declares, tried by impersonation and undone.

``accessfile`` reads access.yaml into ``expectations``; ``fixture`` makes a small world of it; ``probes`` says
what to try and what must come of it; ``trial`` tries it in a ``batch``, and ``moments`` once more when people
have changed; ``inventory`` lists what is within reach, ``lints`` what looks wrong, ``untried`` what was left
out. A ``run`` is all of that; ``control`` tells what changed by itself; ``judging`` makes findings of what
came, and ``report`` one report. ``explain`` looks at one cell, ``mutation`` at whether the audit would
notice.
"""
