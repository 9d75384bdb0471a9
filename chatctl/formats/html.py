"""Elements of a self-contained HTML page that runs only its own script."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from typing import Any

from chatctl.formats.escaping import visible


def text(value: str, *, keep_lines: bool = False) -> str:
    """``value`` as text of an element or an attribute."""
    return escape(visible(value, keep_lines=keep_lines))


def script_data(document: Any) -> str:
    """``document`` as JSON for a script element, without text that ends the element or starts a comment."""
    return json.dumps(document, separators=(",", ":")).replace("<", "\\u003c").replace(">", "\\u003e")


def policy_hash(content: str) -> str:
    """The hash of a style or script for a Content-Security-Policy, without ``sha256-``."""
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
