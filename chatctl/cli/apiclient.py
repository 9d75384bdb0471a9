"""A client of the API of a target, if the target has one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chatctl.settings import Target

if TYPE_CHECKING:
    from supabase import Client


def api_place(target: Target) -> tuple[str, str] | None:
    """The URL and the secret key of the target's API; None if the target does not have both."""
    # The embedded server has no API, even if environment variables name one.
    if target.embedded or not (target.api_url and target.secret_key):
        return None
    return target.api_url, target.secret_key


@contextmanager
def api_client(target: Target) -> Iterator[Client | None]:
    """A client with the secret key of the target's API; None if the target does not have both."""
    place = api_place(target)
    if place is None:
        yield None
        return
    from chatctl.api import client as api  # noqa: PLC0415 - the Supabase client is slow to import

    with api.connect(*place) as client:
        yield client
