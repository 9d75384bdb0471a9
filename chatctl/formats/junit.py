"""JUnit XML for CI systems."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from chatctl.formats.escaping import line, visible

_COUNTED = {"tests": "", "failures": "/failure", "errors": "/error", "skipped": "/skipped"}


def suites(name: str) -> ET.Element:
    """The root of a document."""
    return ET.Element("testsuites", name=line(name))


def suite(root: ET.Element, name: str) -> ET.Element:
    """A new suite of ``root``."""
    return ET.SubElement(root, "testsuite", name=line(name))


def case(suite: ET.Element, classname: str, name: str) -> ET.Element:
    """A new case of ``suite``; it counts as passed unless a problem is added."""
    return ET.SubElement(suite, "testcase", classname=line(classname), name=line(name))


def problem(case: ET.Element, tag: str, *, kind: str, message: str, text: str) -> None:
    """Mark ``case`` as a ``failure`` or an ``error``, given by ``tag``."""
    ET.SubElement(case, tag, type=kind, message=line(message)).text = visible(text)


def skip(case: ET.Element, message: str) -> None:
    """Mark ``case`` as skipped, with a reason."""
    ET.SubElement(case, "skipped", message=line(message))


def output(suite: ET.Element, lines: Sequence[str]) -> None:
    """Add output lines to ``suite``."""
    ET.SubElement(suite, "system-out").text = "\n".join(map(line, lines))


def document(root: ET.Element) -> str:
    """The text of the document, with totals per suite and overall."""
    for element in root:
        _count(element, [element])
    _count(root, list(root))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _count(element: ET.Element, suites: Sequence[ET.Element]) -> None:
    for name, path in _COUNTED.items():
        element.set(name, str(sum(len(suite.findall(f"testcase{path}")) for suite in suites)))
