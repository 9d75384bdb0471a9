"""Where a finding is to be mended: the file and line of the last statement about its object.

Read from the files beside access.yaml, not from the database: what somebody did by hand is in no file, and
the place is then where the file says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from chatctl.db.files import data_directory
from chatctl.errors import ChatctlError
from chatctl.services.audit.expectations import Access
from chatctl.services.audit.findings import Finding, Place, Rule
from chatctl.services.audit.replay import repository
from chatctl.services.migrations.files import SqlFile, migrations, objects
from chatctl.sqltext.statements import bare

_NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_QUALIFIED = rf"{_NAME}(?: ?\. ?{_NAME})?"
# What a statement is about: the kind, and the name in the group.
_ABOUT = {
    "policy": re.compile(
        rf"create policy (?P<called>{_NAME}) on (?P<name>{_QUALIFIED})(?: as \w+)?(?: for (?P<command>\w+))?",
        re.I,
    ),
    "enable": re.compile(
        rf"alter table (?:only )?(?:if exists )?({_QUALIFIED}) (?:enable|force) row level security", re.I
    ),
    "function": re.compile(rf"create (?:or replace )?function ({_QUALIFIED}) ?\(", re.I),
    "table": re.compile(
        rf"create (?:or replace )?(?:materialized )?(?:table|view) (?:if not exists )?({_QUALIFIED})", re.I
    ),
    "schema": re.compile(rf"create schema (?:if not exists )?({_NAME})", re.I),
    "bucket": re.compile(r"(?:insert into|update) storage\.buckets\b.*?'([^']+)'", re.I | re.S),
    "publication": re.compile(rf"(?:create|alter) publication ({_NAME})", re.I),
}
_GRANT = re.compile(r"(?:grant|revoke) .+? on (?P<what>.+) (?:to|from) ", re.I | re.S)
_WITHIN = re.compile(r"\bpublication ([a-z_]\w*)", re.I)

# Where to look first, for each rule; the rest is looked for in the policies of the command.
_ORDER: dict[Rule, tuple[str, ...]] = {
    Rule.privilege: ("grant", "function", "table", "schema"),
    Rule.row_security: ("enable", "table"),
    Rule.definer: ("function",),
    Rule.absent: ("bucket", "grant", "function"),
    Rule.unlisted: ("table", "function", "schema", "bucket", "grant"),
    Rule.bucket: ("bucket",),
    Rule.publication: ("publication",),
}
# Where else: the keys of access.yaml below which the object would stand.
_SECTIONS = ("tables", "functions", "buckets", "publications", "schemas", "internal", "api")


class Places:
    """The places of one access.yaml and the SQL beside it."""

    def __init__(self, access: Access) -> None:
        self.path = access.path
        beside = access.path.parent
        self.directory = beside if (beside / "objects").is_dir() else data_directory("sql")

    def of(self, problem: Finding) -> Place:
        """Where to mend it; in doubt the line of access.yaml that it contradicts."""
        part, _, name = problem.object.split("(")[0].rpartition(" on ")
        for kind in ("bucket ", "publication "):
            name = name.removeprefix(kind)
        if part and (found := self.of_object(name, part)):
            return found
        kinds = _ORDER.get(
            problem.rule, ("function", f"policy {problem.command}", "policy", "grant", "table")
        )
        for kind in kinds:
            if found := self._statements.get((kind, name)):
                return found
        return self._declared(problem.object, name, problem.rule)

    def of_object(self, name: str, part: str = "") -> Place | None:
        """Where an object is made, or the policy of it called ``part``; None where no file makes it."""
        kinds = ("function", "policies", "table", "bucket", "publication")
        plain = name.split("(", maxsplit=1)[0].removeprefix("bucket ").removeprefix("publication ")
        found = (self._statements.get((kind, plain)) for kind in kinds)
        return self._statements.get((f"policy called {part}", plain)) or next(filter(None, found), None)

    def _declared(self, full: str, name: str, rule: Rule) -> Place:
        keys = [(section, each) for each in (full, name) for section in _SECTIONS]
        section = ("api",) if rule is Rule.role else ("tables",)
        line = next((self._lines[key] for key in [*keys, section] if key in self._lines), 1)
        return Place(name_of(self.path), line)

    @cached_property
    def _statements(self) -> Mapping[tuple[str, str], Place]:
        found: dict[tuple[str, str], Place] = {}
        try:
            files = [*migrations(self.directory), *objects(self.directory)]
        except ChatctlError:  # migrate says what is wrong with them
            return found
        for file in files:
            for statement in file.statements:
                place = Place(name_of(self.directory / file.path), statement.first_line)
                found.update((key, place) for key in _about(file, bare(statement.text)))
        return found

    @cached_property
    def _lines(self) -> Mapping[tuple[str, ...], int]:
        return _lines(self.path)


def name_of(path: Path) -> str:
    """``path`` as the repository knows it; what is in no repository by its last directory and name."""
    path = path.resolve()
    if root := repository(path):
        return path.relative_to(root).as_posix()
    parts = path.parts
    start = len(parts) - 1 - parts[::-1].index("sql") if "sql" in parts else len(parts) - 1
    return "/".join(parts[start:])


def _lines(path: Path) -> dict[tuple[str, ...], int]:
    """The lines of the sections of an access.yaml and of their entries, by the keys on the way to each."""
    # pydantic and yaml are slow to import, and needed for findings only
    from yaml.nodes import MappingNode  # noqa: PLC0415

    from chatctl.services.audit.accessfile import YAML  # noqa: PLC0415
    from chatctl.yamlfile.nodes import position  # noqa: PLC0415
    from chatctl.yamlfile.reading import Reading  # noqa: PLC0415

    reading = Reading(path, YAML)
    found: dict[tuple[str, ...], int] = {}
    for section, entries in reading.entries(reading.root, "", None):
        found[section.value,] = position(section).line
        if isinstance(entries, MappingNode):
            for key, _ in reading.entries(entries, section.value, None):
                found[section.value, key.value] = position(key).line
    return found


def _about(file: SqlFile, text: str) -> Iterator[tuple[str, str]]:
    for kind, pattern in _ABOUT.items():
        if match := pattern.match(text):
            said = match["name"] if kind == "policy" else match[1]
            name = _plain(said) if kind in ("schema", "bucket", "publication") else _full(said)
            yield kind, name
            if kind == "policy":
                yield f"policy called {_plain(match['called'])}", name
                said = (match["command"] or "all").lower()
                for command in ("select", "insert", "update", "delete") if said == "all" else (said,):
                    yield f"policy {command}", name
    if match := _GRANT.match(text):
        for item in re.sub(r"\([^()]*\)", "", match["what"]).split(","):
            yield "grant", _full(re.sub(r"^(?:table|function|schema) ", "", item.strip(), flags=re.I))
    if file.path.startswith("objects/realtime/"):
        # Tables are added in a do block, so that it may run again.
        yield from (("publication", name.lower()) for name in _WITHIN.findall(text))


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def _full(name: str) -> str:
    parts = [_plain(part.strip()) for part in re.findall(_NAME, name)]
    return ".".join(parts if len(parts) > 1 else ["public", *parts])
