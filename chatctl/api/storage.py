"""Files in Storage."""

from __future__ import annotations

from urllib.parse import quote

import httpx

from chatctl.api.client import FILES, ApiRefused

_NOT_FOUND = 404


def download(http: httpx.Client, bucket: str, name: str) -> bytes | None:
    """The content of an object; None if it does not exist.

    ``http`` is a ``client.session``, and raises its errors.
    """
    if {".", ".."} & set(name.split("/")):
        return None  # as a URL, that is another path
    try:
        return http.get(f"{FILES}{quote(bucket, safe='')}/{quote(name)}").content
    except ApiRefused as refused:
        if refused.status == _NOT_FOUND:
            return None
        raise
