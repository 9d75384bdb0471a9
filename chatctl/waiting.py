"""Polling for a condition without notification: a file that appears, a process that ends."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(condition: Callable[[], bool], *, seconds: float, every: float = 0.005) -> bool:
    """Whether ``condition`` became true within ``seconds``; checked at once, then every ``every`` seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every)
    return True
