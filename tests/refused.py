"""What a client reads in an error of the backend."""

from __future__ import annotations

import json
from typing import Any

import psycopg


def details(error: psycopg.Error) -> dict[str, Any]:
    """The JSON object in the error's detail."""
    assert error.diag.message_detail, error
    document: dict[str, Any] = json.loads(error.diag.message_detail)
    return document
