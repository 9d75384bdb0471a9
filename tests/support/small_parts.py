"""``python -m tests.support.small_parts PART ENOUGH …``: ``chatctl …`` with small parts.

Parts have at most ``PART`` messages, and from ``ENOUGH`` messages on, indexes are built afterwards.
"""

from __future__ import annotations

import sys
from functools import partial

from chatctl.cli.app import main
from chatctl.services.seed import indexes, loading

if __name__ == "__main__":
    part, enough = map(int, sys.argv[1:3])
    del sys.argv[1:3]
    # Only in this process, a function replaces the class, which mypy does not allow.
    loading.LoadOptions = partial(loading.LoadOptions, chunk_size=part)  # type: ignore[misc, assignment]
    indexes.MIN_MESSAGES = enough
    main()
