"""Concurrent requests by threads that share a client."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

AT_ONCE = 8  # requests

T = TypeVar("T")
R = TypeVar("R")


def for_each(act: Callable[[T], R], items: Iterable[T], on_done: Callable[[int], None]) -> list[R]:
    """The results of ``act`` for each item, several at a time, in the order in which they complete.

    ``on_done`` is called with the number of completed items. After an error, no further item is started.
    """
    results: list[R] = []
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="chatctl api")
    try:
        for future in as_completed([pool.submit(act, item) for item in items]):
            results.append(future.result())
            on_done(len(results))
    except BaseException as error:
        # After Ctrl-C, do not wait for running requests: closing the client stops their retries.
        pool.shutdown(wait=isinstance(error, Exception), cancel_futures=True)
        raise
    pool.shutdown()
    return results
