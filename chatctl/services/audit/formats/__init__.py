"""Rendering a report; each module is one format."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from importlib import import_module

from chatctl.services.audit.report import AuditReport


class ReportFormat(StrEnum):
    """The formats: the values are the words of --format, and the names of the modules."""

    text = "text"
    json = "json"
    junit = "junit"
    sarif = "sarif"
    github = "github"
    markdown = "markdown"
    html = "html"


# File names for --report; the format github is for stdout only.
FILES = {
    ReportFormat.text: "audit.txt",
    ReportFormat.json: "audit.json",
    ReportFormat.junit: "audit.junit.xml",
    ReportFormat.sarif: "audit.sarif",
    ReportFormat.markdown: "audit.md",
    ReportFormat.html: "audit.html",
}


def render(report: AuditReport, format_: ReportFormat) -> str:
    """``report`` in one format, with a final newline; the same bytes for the same report."""
    # Imported when needed: most runs need one format.
    module = import_module(f"{__name__}.{format_}")
    writer: Callable[[AuditReport], str] = module.render
    return writer(report)
