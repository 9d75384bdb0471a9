"""Where the reports of an audit go: files, stdout, the summary of a step."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from chatctl.cli import files
from chatctl.cli.options import Options
from chatctl.cli.output import note, show_document
from chatctl.errors import ChatctlError, Invalid
from chatctl.services.audit.formats import FILES, Format, github, render
from chatctl.services.audit.formats.json import document
from chatctl.services.audit.report import Report

_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"

# Of a finding in CSV.
_COLUMNS = ("id", "rule", "object", "action", "message", "sql", "identities", "probes")

Wanted = tuple[Format, Path | None]


def wanted(said: Sequence[str], directory: Path | None, shared: Options) -> list[Wanted]:
    """What ``--format`` and ``--report`` ask for: formats, each with its file or None for stdout.

    Raises Invalid for what cannot be written; ``directory`` is made.
    """
    asked: list[Wanted] = []
    for each in said:
        word, given, place = each.partition("=")
        if word not in set(Format):
            raise Invalid(f"--format {each}: it is one of {', '.join(Format)}")
        if given and not place:
            raise Invalid(f"--format {each}: the name of a file is missing after =")
        asked.append((Format(word), Path(place) if place else None))
    printed = [name for name, file in asked if file is None]
    if len(printed) > 1:
        raise Invalid(f"--format {printed[0]} and {printed[1]} both go to stdout; say {printed[1]}=FILE")
    if printed and shared.output:
        raise Invalid(f"--format {printed[0]} and -o {shared.output} both go to stdout; say one of them")
    for name, file in asked:
        if file:
            files.require_writable(file, f"--format {name}:")
    summary = os.environ.get(_STEP_SUMMARY)
    if summary and any(name is Format.github for name, _ in asked):
        files.require_writable(Path(summary), _STEP_SUMMARY)
    return [*asked, *_all_in(directory)]


def _all_in(directory: Path | None) -> list[Wanted]:
    if directory is None:
        return []
    files.make_directory(directory, "--report")
    every: list[Wanted] = [(name, directory / file) for name, file in FILES.items()]
    for _, file in every:
        if file:
            files.require_writable(file, "--report:")
    return every


def write(report: Report, asked: Sequence[Wanted], shared: Options) -> None:
    """Write ``report`` as it is asked for; as text or in the chosen output when nothing goes to stdout.

    Files come last: one that cannot be written after all takes nothing else with it.
    """
    printed = [name for name, file in asked if file is None]
    for name in printed:
        sys.stdout.write(render(report, name))
    if not printed:
        text = render(report, Format.text).removesuffix("\n")
        whole = document(report)
        show_document(whole, shared, text=text, rows=whole["findings"], columns=_COLUMNS)
    failures = [failure for name, file in asked if file and (failure := _written(report, name, file, shared))]
    summary = os.environ.get(_STEP_SUMMARY)
    if summary and any(name is Format.github for name, _ in asked):
        with Path(summary).open("a", encoding="utf-8", errors="backslashreplace") as appended:
            appended.write(github.summary(report, written=appended.tell()))
    if failures:
        raise failures[0]


def _written(report: Report, name: Format, file: Path, shared: Options) -> ChatctlError | None:
    try:
        files.write(file, render(report, name))
    except ChatctlError as error:
        note(error.message, shared)
        return error
    note(f"{name}: {file}", shared)
    return None
