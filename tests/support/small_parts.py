"""``python -m tests.support.small_parts PART ENOUGH …``: ``chatctl …``, for which 300 messages are many.

Its parts have ``PART`` messages at most, and indexes are built after ``ENOUGH`` of them.
"""

from __future__ import annotations

import sys
from functools import partial

from chatctl.cli.app import main
from chatctl.services.seed import indexes, loading

if __name__ == "__main__":
    part, enough = map(int, sys.argv[1:3])
    del sys.argv[1:3]
    # In this process alone, a function stands in for the class; mypy does not let it.
    loading.LoadOptions = partial(loading.LoadOptions, chunk_size=part)  # type: ignore[misc, assignment]
    indexes.MIN_MESSAGES = enough
    main()
