"""Writing the reports of an audit: files, stdout, the summary of a step of GitHub Actions."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from chatctl.cli import files
from chatctl.cli.options import Options
from chatctl.cli.output import note, show_document
from chatctl.errors import ChatctlError, Invalid
from chatctl.services.audit.formats import FILES, ReportFormat, github, render
from chatctl.services.audit.formats.json import document
from chatctl.services.audit.report import AuditReport

_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"

# Of a finding in CSV.
_COLUMNS = ("id", "rule", "object", "action", "message", "sql", "identities", "probes")

RequestedFormat = tuple[ReportFormat, Path | None]


def requested_formats(
    options: Sequence[str], directory: Path | None, shared: Options
) -> list[RequestedFormat]:
    """The formats requested by ``--format`` and ``--report``, each with its file, or None for stdout.

    Raises Invalid for a file that cannot be written; creates ``directory``.
    """
    requested: list[RequestedFormat] = []
    for option in options:
        name, equals, path = option.partition("=")
        if name not in set(ReportFormat):
            raise Invalid(f"--format {option} is unknown; choose one of {', '.join(ReportFormat)}")
        if equals and not path:
            raise Invalid(f"--format {option}: the name of a file is missing after =")
        requested.append((ReportFormat(name), Path(path) if path else None))
    printed = [name for name, file in requested if file is None]
    if len(printed) > 1:
        raise Invalid(
            f"--format {printed[0]} and {printed[1]} both write to stdout; use --format {printed[1]}=FILE"
        )
    if printed and shared.output:
        raise Invalid(f"--format {printed[0]} and -o {shared.output} both write to stdout; use only one")
    for name, file in requested:
        if file:
            files.require_writable(file, f"--format {name}:")
    summary = os.environ.get(_STEP_SUMMARY)
    if summary and any(name is ReportFormat.github for name, _ in requested):
        files.require_writable(Path(summary), _STEP_SUMMARY)
    return [*requested, *_all_in(directory)]


def _all_in(directory: Path | None) -> list[RequestedFormat]:
    if directory is None:
        return []
    files.make_directory(directory, "--report")
    requested: list[RequestedFormat] = [(name, directory / file) for name, file in FILES.items()]
    for _, file in requested:
        if file:
            files.require_writable(file, "--report:")
    return requested


def write(report: AuditReport, requested: Sequence[RequestedFormat], shared: Options) -> None:
    """Write ``report`` in the requested formats; if none goes to stdout, print it in the format of -o.

    If one file cannot be written, the others still are.
    """
    printed = [name for name, file in requested if file is None]
    for name in printed:
        sys.stdout.write(render(report, name))
    if not printed:
        text = render(report, ReportFormat.text).removesuffix("\n")
        json_document = document(report)
        show_document(json_document, shared, text=text, rows=json_document["findings"], columns=_COLUMNS)
    failures = [
        failure for name, file in requested if file and (failure := _written(report, name, file, shared))
    ]
    summary = os.environ.get(_STEP_SUMMARY)
    if summary and any(name is ReportFormat.github for name, _ in requested):
        with Path(summary).open("a", encoding="utf-8", errors="backslashreplace") as appended:
            appended.write(github.summary(report, written=appended.tell()))
    if failures:
        raise failures[0]


def _written(report: AuditReport, name: ReportFormat, file: Path, shared: Options) -> ChatctlError | None:
    try:
        files.write(file, render(report, name))
    except ChatctlError as error:
        note(error.message, shared)
        return error
    note(f"{name}: {file}", shared)
    return None
