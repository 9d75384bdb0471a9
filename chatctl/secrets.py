"""Masking passwords and keys in texts that are shown, logged or stored."""

from __future__ import annotations

import re

MASK = "***"

# Each match consumes a whole word, so that hostile text takes linear time, too.
_CREDENTIALS = re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]{0,30}://[^:/?#\s]*:)(?P<rest>\S*)")
# An unclosed quotation extends to the end, because the text may have been cut.
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
    # Up to the last @, because a password may contain an unencoded one.
    _, at, rest = url["rest"].rpartition("@")
    return f"{url['keep']}{MASK}@{rest}" if at else url[0]


def excerpt(text: str, most: int) -> str:
    """``text``, masked; if longer than ``most`` characters, its beginning and a note that it was cut."""
    masked = beginning(text, most)
    if len(masked) <= most and len(text) <= 2 * most:
        return masked
    return f"{masked[:most]} … (cut from {len(text):,} characters)"


def beginning(text: str, most: int) -> str:
    """``text``, masked; if longer than twice ``most`` characters, cut to about that length.

    A URL at the cut is left out, because half a password would not be recognized.
    """
    if len(text) <= 2 * most:
        return mask(text)
    shown = text[: 2 * most]
    last = shown.rsplit(maxsplit=1)[-1] if shown.strip() else ""
    return mask(shown[: -len(last)] if "://" in last else shown)
