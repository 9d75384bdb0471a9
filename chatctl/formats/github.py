"""Workflow commands of GitHub Actions, which annotate the lines of a change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from chatctl.formats.escaping import line, shortened

# GitHub drops further annotations of the same level in a step.
PER_LEVEL = 10
SUMMARY_BYTES = 1_000_000  # a step may write 1 MiB in total to GITHUB_STEP_SUMMARY

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
        of_level = [each for each in annotations if each.level == level]
        shown = of_level if len(of_level) <= PER_LEVEL else of_level[: PER_LEVEL - 1]
        yield from shown
        if len(of_level) > len(shown):
            more = f"{len(of_level) - len(shown)} more of this kind are in the summary of the step"
            yield Annotation(level, title, more)


def _data(text: str) -> str:
    # On one line, so that untrusted text cannot start another workflow command.
    return shortened(line(text), _LONGEST_TEXT).replace("%", "%25")


def _property(text: str) -> str:
    shown = shortened(line(text), _LONGEST_PROPERTY)
    return shown.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
