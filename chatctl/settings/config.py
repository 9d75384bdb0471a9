"""What a chatctl.yaml holds; ``configfile`` reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True)
class Value:
    """The text of a key and, for messages, its place in the file."""

    text: str
    where: str


@dataclass(frozen=True)
class Config:
    """A chatctl.yaml: the default target, and the keys of each target; ``name`` is for messages."""

    name: str
    default: Value | None
    targets: Mapping[str, Mapping[str, Value]]


def is_name(text: str) -> bool:
    """Whether ``text`` can be the name of a target, and therefore be repeated in a message."""
    return NAME.fullmatch(text) is not None
