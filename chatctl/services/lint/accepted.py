"""What a team accepts of what ``migrate lint`` finds, each with a reason: lints/accepted.yaml."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatctl.errors import Invalid
from chatctl.services.lint.findings import Finding

PATH = "lints/accepted.yaml"
SECTIONS = ("squawk", "rules")
_KEYS = ("rule", "file", "object", "reason")


@dataclass(frozen=True)
class Entry:
    """One entry: which rule, where (everywhere, in one file, at one object) and why."""

    section: str
    line: int
    rule: str
    reason: str
    file: str | None = None
    object: str | None = None

    def matches(self, finding: Finding) -> bool:
        """Whether the entry is about ``finding``."""
        return (
            self.rule == finding.rule
            and self.file in (None, finding.file)
            and self.object in (None, finding.object)
        )


def read(directory: Path, rules: Collection[str]) -> list[Entry]:
    """The entries of ``directory``; none without the file. ``rules`` are chatctl's own, which it may name.

    Raises Invalid naming file and key for YAML that does not parse, an entry without reason or with a key or
    a rule that is not known.
    """
    path = directory / PATH
    if not path.exists():
        return []
    import yaml  # noqa: PLC0415 - only lint reads it

    try:
        text = path.read_text(encoding="utf-8")
        document, tree = yaml.safe_load(text), yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise Invalid(f"{PATH} cannot be read: {' '.join(str(error).split())}") from None
    if document is None:
        return []
    if not isinstance(document, dict) or not isinstance(tree, yaml.MappingNode):
        raise Invalid(f"{PATH} must be a mapping with {' and '.join(SECTIONS)}")
    lines = {
        key.value: [item.start_mark.line + 1 for item in items.value]
        for key, items in tree.value
        if isinstance(items, yaml.SequenceNode)
    }
    return [
        _entry(str(section), index, item, lines[section][index], rules)
        for section, items in document.items()
        for index, item in enumerate(_items(section, items))
    ]


def sort_out(
    findings: Sequence[Finding], entries: Sequence[Entry]
) -> tuple[list[Finding], list[tuple[Finding, Entry]]]:
    """``findings`` that no entry accepts, and those that one does, beside it."""
    opened: list[Finding] = []
    accepted: list[tuple[Finding, Entry]] = []
    for finding in findings:
        entry = next((each for each in entries if each.matches(finding)), None)
        if entry is None:
            opened.append(finding)
        else:
            accepted.append((finding, entry))
    return opened, accepted


def without_cause(
    entries: Sequence[Entry], findings: Sequence[Finding], not_looked_at: Collection[str]
) -> Iterator[Finding]:
    """A finding for each entry that matches none of ``findings``, unless its rule was not looked at."""
    for entry in entries:
        if entry.rule in not_looked_at or any(entry.matches(finding) for finding in findings):
            continue
        place = entry.object or entry.file
        yield Finding(
            rule="accepted_without_cause",
            problem=f"{entry.rule} is accepted{f' for {place}' if place else ''}, and nothing breaks it",
            remedy="remove the entry",
            file=PATH,
            line=entry.line,
        )


def _items(section: Any, items: Any) -> list[Any]:
    if section not in SECTIONS:
        raise Invalid(f"{PATH}: {section} is not known; known are {' and '.join(SECTIONS)}")
    if not isinstance(items, list):
        raise Invalid(f"{PATH}: {section} must be a list of entries with rule and reason")
    return items


def _entry(section: str, index: int, item: Any, line: int, rules: Collection[str]) -> Entry:
    where = f"{PATH}: {section}[{index}]"
    if not isinstance(item, dict):
        raise Invalid(f"{where} must be a mapping with rule and reason")
    for key, value in item.items():
        if key not in _KEYS:
            raise Invalid(f"{where}.{key} is not known; known are {', '.join(_KEYS)}")
        if not isinstance(value, str) or not value.strip():
            raise Invalid(f"{where}.{key} must be a text")
    for key in ("rule", "reason"):
        if key not in item:
            raise Invalid(f"{where}.{key} is missing")
    if section == "rules" and item["rule"] not in rules:
        raise Invalid(f"{where}.rule: {item['rule']} is not known; known are {', '.join(sorted(rules))}")
    return Entry(section=section, line=line, **{key: value.strip() for key, value in item.items()})
