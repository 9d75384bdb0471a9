"""A report in the formats that people and machines read; each module renders one, from the report alone."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from importlib import import_module

from chatctl.services.audit.report import Report


class Format(StrEnum):
    """The formats, each a module of this package; the value is the word on the command line."""

    text = "text"
    json = "json"
    junit = "junit"
    sarif = "sarif"
    github = "github"
    markdown = "markdown"
    html = "html"


# What each is called in a directory of reports; what GitHub reads is printed, not kept.
FILES = {
    Format.text: "audit.txt",
    Format.json: "audit.json",
    Format.junit: "audit.junit.xml",
    Format.sarif: "audit.sarif",
    Format.markdown: "audit.md",
    Format.html: "audit.html",
}


def render(report: Report, wanted: Format) -> str:
    """``report`` in one format, ending in a line end; the same bytes for the same report."""
    # Its module is imported when it is wanted: most runs want one.
    module = import_module(f"{__name__}.{wanted}")
    writer: Callable[[Report], str] = module.render
    return writer(report)
