"""Where the reports of an audit go: files, stdout, the summary of a step."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from chatctl.cli.options import Options
from chatctl.cli.output import note, show_document
from chatctl.errors import Invalid
from chatctl.services.audit.findings import Doubt, Finding
from chatctl.services.audit.formats import FILES, Format, github, render
from chatctl.services.audit.report import Report

_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"

Wanted = tuple[Format, Path | None]


def wanted(said: Sequence[str], directory: Path | None, shared: Options) -> list[Wanted]:
    """What ``--format`` and ``--report`` ask for: formats, each with its file or None for stdout."""
    asked: list[Wanted] = []
    for each in said:
        name, _, file = each.partition("=")
        if name not in set(Format):
            raise Invalid(f"--format {each}: it is one of {', '.join(Format)}")
        if file and not Path(file).absolute().parent.is_dir():
            raise Invalid(f"--format {each}: {Path(file).parent} is no directory")
        asked.append((Format(name), Path(file) if file else None))
    printed = [name for name, file in asked if file is None]
    if len(printed) > 1:
        raise Invalid(f"--format {printed[0]} and {printed[1]} both go to stdout; say {printed[1]}=FILE")
    if printed and shared.output:
        raise Invalid(f"--format {printed[0]} and -o {shared.output} both go to stdout; say one of them")
    return [*asked, *_all_in(directory)]


def _all_in(directory: Path | None) -> list[Wanted]:
    if directory is None:
        return []
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Invalid(f"--report {directory}: {error.strerror}") from None
    return [(name, directory / file) for name, file in FILES.items()]


def write(report: Report, asked: Sequence[Wanted], shared: Options) -> None:
    """Write ``report`` as it is asked for; as text or in the chosen output when nothing goes to stdout."""
    _write(report, asked, shared)
    if all(file for _, file in asked):
        text = render(report, Format.text).removesuffix("\n")
        show_document(_document(report), shared, text=text)


def _write(report: Report, asked: Sequence[Wanted], shared: Options) -> None:
    for name, file in asked:
        text = render(report, name)
        if file is None:
            sys.stdout.write(text)
            continue
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Invalid(f"{file} cannot be written: {error.strerror}") from None
        note(f"{name}: {file}", shared)
    summary = os.environ.get(_STEP_SUMMARY)
    if summary and any(name is Format.github for name, _ in asked):
        with Path(summary).open("a", encoding="utf-8") as appended:
            appended.write(github.summary(report, written=appended.tell()))


def _document(report: Report) -> dict[str, object]:
    return {
        "identities": report.identities,
        "tables": report.tables,
        "functions": report.functions,
        "probes": {"total": report.probes, **report.by_action},
        "findings": [_finding(each) for each in report.findings],
        "invalid": [_doubt(each) for each in report.invalid],
        "vacuous": [_doubt(each) for each in report.vacuous],
        "sequences_advanced": list(report.sequences),
        **({"left_out": list(report.existing.left_out)} if report.existing else {}),
    }


def _finding(finding: Finding) -> dict[str, object]:
    keys = ("id", "rule", "object", "action", "message", "sql", "identities", "probes")
    return {key: getattr(finding, key) for key in keys}


def _doubt(doubt: Doubt) -> dict[str, object]:
    keys = ("object", "action", "reason", "probes", "identities", "sql")
    return {key: getattr(doubt, key) for key in keys}
