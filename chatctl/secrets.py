"""Passwords and keys are masked before a text is shown, logged or stored."""

from __future__ import annotations

import re

MASK = "***"

# These match a whole word once, and so take linear time on hostile text, too.
_CREDENTIALS = re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]{0,30}://[^:/?#\s]*:)(?P<rest>\S*)")
# What is not closed goes to the end: the text may have been cut.
_QUOTED = (
    r"""[eEuU]?&?'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'?|"[^"\\]*+(?:\\.[^"\\]*+)*+"?"""
    r"""|\$\w*\$[^$]*+(?:\$\w*\$)?"""
)
_SECRETS = (
    re.compile(rf"(?P<keep>password[\"']?\s*[:=]\s*)(?:{_QUOTED}|[^\s&]+)", re.IGNORECASE),
    re.compile(rf"(?P<keep>\bpassword\s+)(?:{_QUOTED})", re.IGNORECASE),  # SQL
    re.compile(r"(?P<keep>\bsb_(?:secret|publishable)_)[A-Za-z0-9_-]+"),
    re.compile(r"(?P<keep>\beyJ)[A-Za-z0-9_.-]+"),
)


def mask(text: str) -> str:
    """``text`` with every password, API key and JWT in it replaced by ``***``."""
    text = _CREDENTIALS.sub(_without_password, text)
    for pattern in _SECRETS:
        text = pattern.sub(rf"\g<keep>{MASK}", text)
    return text


def _without_password(url: re.Match[str]) -> str:
    # To the last @, since a password may hold one that should have been encoded.
    _, at, rest = url["rest"].rpartition("@")
    return f"{url['keep']}{MASK}@{rest}" if at else url[0]


def excerpt(text: str, most: int) -> str:
    """The beginning of ``text``, masked, and that it was cut where it is longer than ``most`` characters."""
    masked = beginning(text, most)
    if len(masked) <= most and len(text) <= 2 * most:
        return masked
    return f"{masked[:most]} … (cut from {len(text):,} characters)"


def beginning(text: str, most: int) -> str:
    """``text``, masked; of more than twice ``most`` characters about so many.

    Without a URL that is cut in the middle: half a password would not be recognized as one.
    """
    if len(text) <= 2 * most:
        return mask(text)
    shown = text[: 2 * most]
    last = shown.rsplit(maxsplit=1)[-1] if shown.strip() else ""
    return mask(shown[: -len(last)] if "://" in last else shown)
