"""Concurrent requests by threads that share a client."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

AT_ONCE = 8  # requests

T = TypeVar("T")
R = TypeVar("R")


def for_each(act: Callable[[T], R], items: Iterable[T], on_done: Callable[[int], None]) -> list[R]:
    """What ``act`` gives for each, in no order, several at a time; ``on_done`` hears how many are done.

    After an error nothing more begins.
    """
    results: list[R] = []
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="chatctl api")
    try:
        for future in as_completed([pool.submit(act, item) for item in items]):
            results.append(future.result())
            on_done(len(results))
    except BaseException as error:
        # Who presses Ctrl-C does not wait for what is under way: closing the client ends its patience.
        pool.shutdown(wait=isinstance(error, Exception), cancel_futures=True)
        raise
    pool.shutdown()
    return results
