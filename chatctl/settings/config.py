"""The content of a chatctl.yaml; ``configfile`` reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True)
class Value:
    """The text of a key and, for messages, its position in the file."""

    text: str
    where: str


@dataclass(frozen=True)
class Config:
    """A chatctl.yaml: the default target, and the keys of each target; ``name`` is for messages."""

    name: str
    default: Value | None
    targets: Mapping[str, Mapping[str, Value]]


def is_name(text: str) -> bool:
    """Whether ``text`` is a valid target name, and therefore safe to repeat in a message."""
    return NAME.fullmatch(text) is not None
