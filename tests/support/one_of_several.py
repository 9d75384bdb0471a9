"""Comparing reports of two audits of the same database."""

from __future__ import annotations

import re

# The row at which an update of all rows fails depends on the physical order of the rows.
_ONE_OF_SEVERAL = re.compile(
    r"\w+ with (42501|PT4\d\d) "
    r"\((only its sender|new row violates|React to one|Rate limit|You can read here)[^)]*\)"
)


def any_row_first(report: str) -> str:
    """``report`` without which of several refusals came first."""
    return _ONE_OF_SEVERAL.sub("refused", report)
