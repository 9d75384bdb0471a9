"""Workflow commands of GitHub Actions, which annotate the lines of a change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from chatctl.formats.escaping import line, shortened

# GitHub drops what is more than this, for each level of a step.
PER_LEVEL = 10
SUMMARY_BYTES = 1_000_000  # of the 1 MiB that a step has for all it writes to GITHUB_STEP_SUMMARY

_LONGEST_TEXT, _LONGEST_PROPERTY = 4_000, 200


@dataclass(frozen=True)
class Annotation:
    """A message, optionally at ``line`` of ``file``; as a string, the workflow command."""

    level: Literal["error", "warning", "notice"]
    title: str
    message: str
    file: str | None = None
    line: int = 1

    def __str__(self) -> str:
        where = f"file={_property(self.file)},line={self.line}," if self.file is not None else ""
        return f"::{self.level} {where}title={_property(self.title)}::{_data(self.message)}"


def limited(annotations: Sequence[Annotation], title: str) -> Iterator[Annotation]:
    """Errors, then warnings, limited to the numbers that GitHub keeps; the last one counts the rest."""
    for level in ("error", "warning"):
        mine = [each for each in annotations if each.level == level]
        shown = mine if len(mine) <= PER_LEVEL else mine[: PER_LEVEL - 1]
        yield from shown
        if len(mine) > len(shown):
            more = f"{len(mine) - len(shown)} more of this kind stand in the summary of the step"
            yield Annotation(level, title, more)


def _data(text: str) -> str:
    # One line only, so that no text begins a command of its own.
    return shortened(line(text), _LONGEST_TEXT).replace("%", "%25")


def _property(text: str) -> str:
    shown = shortened(line(text), _LONGEST_PROPERTY)
    return shown.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
