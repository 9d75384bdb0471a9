"""Where to fix a finding: the file and line of the last statement about its object.

The SQL files next to access.yaml are read, not the database. For a change that was made by hand, the place is
the statement that it contradicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from chatctl.data import data_directory
from chatctl.errors import ChatctlError
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.findings.finding import AuditFinding, AuditRule, Place
from chatctl.services.audit.findings.paths import name_of
from chatctl.services.migrations.files import SqlFile, migrations, objects
from chatctl.sqltext.grants import grant
from chatctl.sqltext.grants import objects as granted_objects
from chatctl.sqltext.reader import Name, Reader
from chatctl.sqltext.statements import Statement
from chatctl.sqltext.tokens import Token, tokens, tokens_and_bodies

_COMMANDS = ("select", "insert", "update", "delete")
# Keywords between `create` and `table` or `view`.
_QUALIFIERS = ("global", "local", "temporary", "temp", "unlogged", "foreign", "recursive", "materialized")
_ENABLING = ("enable", "force")

# The kinds of statements to search, in this order, for each rule; other rules: the policies of the command.
_ORDER: dict[AuditRule, tuple[str, ...]] = {
    AuditRule.privilege: ("grant", "function", "table", "schema"),
    AuditRule.row_security: ("enable", "table"),
    AuditRule.definer: ("function",),
    AuditRule.absent: ("bucket", "grant", "function"),
    AuditRule.unlisted: ("table", "function", "schema", "bucket", "grant"),
    AuditRule.bucket: ("bucket",),
    AuditRule.publication: ("publication",),
}
# Then the sections of access.yaml that may list the object.
_SECTIONS = ("tables", "functions", "buckets", "publications", "schemas", "internal", "api")


class SourceIndex:
    """An index of the statements in the SQL files next to an access.yaml, by the object of each statement."""

    def __init__(self, access: Access) -> None:
        self.path = access.path
        parent = access.path.parent
        self.directory = parent if (parent / "objects").is_dir() else data_directory("sql")

    def place_of(self, problem: AuditFinding) -> Place:
        """Where to fix ``problem``; without a statement, the line of access.yaml that it contradicts."""
        part, _, name = problem.object.split("(")[0].rpartition(" on ")
        for kind in ("bucket ", "publication "):
            name = name.removeprefix(kind)
        if part and (place := self.place_of_object(name, part)):
            return place
        kinds = _ORDER.get(
            problem.rule, ("function", f"policy {problem.command}", "policy", "grant", "table")
        )
        for kind in kinds:
            if place := self._statements.get((kind, name)):
                return place
        return self._place_in_access(problem.object, name, problem.rule)

    def place_of_object(self, name: str, part: str = "") -> Place | None:
        """Where an object, or its policy named ``part``, is created; None if no file creates it."""
        kinds = ("function", "policies", "table", "bucket", "publication")
        plain = name.split("(", maxsplit=1)[0].removeprefix("bucket ").removeprefix("publication ")
        places = (self._statements.get((kind, plain)) for kind in kinds)
        return self._statements.get((f"policy called {part}", plain)) or next(filter(None, places), None)

    def _place_in_access(self, full: str, name: str, rule: AuditRule) -> Place:
        keys = [(section, each) for each in (full, name) for section in _SECTIONS]
        section = ("api",) if rule is AuditRule.role else ("tables",)
        line = next((self._lines[key] for key in [*keys, section] if key in self._lines), 1)
        return Place(name_of(self.path), line)

    @cached_property
    def _statements(self) -> Mapping[tuple[str, str], Place]:
        places: dict[tuple[str, str], Place] = {}
        try:
            files = [*migrations(self.directory), *objects(self.directory)]
        except ChatctlError:  # `chatctl migrate` reports what is wrong with them
            return places
        for file in files:
            for statement in file.statements:
                place = Place(name_of(self.directory / file.path), statement.first_line)
                places.update((key, place) for key in _subjects(file, statement))
        return places

    @cached_property
    def _lines(self) -> Mapping[tuple[str, ...], int]:
        return _lines(self.path)


def _lines(path: Path) -> dict[tuple[str, ...], int]:
    """The line of each section of access.yaml and of each entry in it, by the path of keys."""
    # pydantic and yaml are slow to import, and only findings need them
    from yaml.nodes import MappingNode  # noqa: PLC0415

    from chatctl.services.audit.access.file import YAML  # noqa: PLC0415
    from chatctl.yamlfile.nodes import position  # noqa: PLC0415
    from chatctl.yamlfile.reading import Reading  # noqa: PLC0415

    reading = Reading(path, YAML)
    lines: dict[tuple[str, ...], int] = {}
    for section, entries in reading.entries(reading.root, "", None):
        lines[section.value,] = position(section).line
        if isinstance(entries, MappingNode):
            for key, _ in reading.entries(entries, section.value, None):
                lines[section.value, key.value] = position(key).line
    return lines


def _subjects(file: SqlFile, statement: Statement) -> Iterator[tuple[str, str]]:
    """The kinds and names of what ``statement`` defines or grants."""
    text = statement.text
    match statement.first_word:
        case "create":
            yield from _created(Reader(tokens(text)))
        case "alter":
            yield from _altered(Reader(tokens(text)))
        case "grant" | "revoke":
            yield from _granted(text)
        # Other inserts are skipped: there may be a million of them.
        case "insert" | "update" if "buckets" in text.lower():
            yield from _bucket(tokens(text))
    if file.path.startswith("objects/realtime/"):
        # Tables are added in a do block, so that the file can be re-applied.
        for word, name in pairwise(tokens_and_bodies(text)):
            if word.is_word("publication") and name.is_identifier:
                yield "publication", name.plain


def _created(reader: Reader) -> Iterator[tuple[str, str]]:
    reader.take("create")
    reader.take("or", "replace")
    while reader.take_one_of(*_QUALIFIERS):
        pass
    kind = reader.take_one_of("policy", "function", "table", "view", "schema", "publication")
    reader.take("if", "not", "exists")
    name = reader.name()
    if name is None:
        return
    match kind:
        case "policy":
            if reader.take("on") and (table := reader.name()):
                yield from _policy(name.parts[-1], _full(table), reader)
        case "function":
            yield kind, _full(name)
        case "table" | "view":
            yield "table", _full(name)
        case "schema" | "publication":
            yield kind, name.parts[-1]


def _policy(name: str, table: str, reader: Reader) -> Iterator[tuple[str, str]]:
    yield "policy", table
    yield f"policy called {name}", table
    if reader.take("as"):
        reader.take_any()
    command = reader.take_one_of(*_COMMANDS, "all") if reader.take("for") else "all"
    for each in _COMMANDS if command == "all" else (command,):
        yield f"policy {each}", table


def _altered(reader: Reader) -> Iterator[tuple[str, str]]:
    reader.take("alter")
    kind = reader.take_one_of("table", "publication")
    reader.take("if", "exists")
    reader.take("only")
    name = reader.name()
    if name is None:
        return
    if kind == "publication":
        yield kind, name.parts[-1]
    elif kind == "table" and any(reader.take(word, "row", "level", "security") for word in _ENABLING):
        yield "enable", _full(name)


def _granted(text: str) -> Iterator[tuple[str, str]]:
    parsed = grant(text)
    on = granted_objects(parsed.on) if parsed else None
    if on is None or on.is_everything_in_schema:
        return
    for name in on.names:
        yield "grant", name.parts[-1] if on.kind == "schema" else _full(name)


def _bucket(statement: Sequence[Token]) -> Iterator[tuple[str, str]]:
    reader = Reader(statement)
    reader.take_one_of("insert", "update")
    reader.take("into")
    if reader.take("storage", ".", "buckets"):
        # Every string is treated as a bucket name; one that is not matches no object.
        yield from (("bucket", token.content) for token in statement if token.kind == "string")


def _full(name: Name) -> str:
    return ".".join(name.parts if len(name.parts) > 1 else ("public", *name.parts))
