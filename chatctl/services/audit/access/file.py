"""Reading access.yaml by the types of ``access.schema``; mistakes are reported with their lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from chatctl.services.audit.access import schema, scripts
from chatctl.services.audit.access.expectations import (
    NEVER,
    Access,
    Api,
    ColumnChange,
    Delete,
    FunctionRules,
    Identity,
    Insert,
    Moment,
    TableRules,
)
from chatctl.yamlfile.nodes import Dialect
from chatctl.yamlfile.reading import TooManyMistakes
from chatctl.yamlfile.shapes import ShapeReading
from chatctl.yamlfile.suggestions import suggestion

YAML = Dialect("description of access", most_bytes=1024 * 1024, deepest=24, aliases=True)


def read(path: Path) -> Access:
    """The rules of ``path``.

    Raises Invalid with up to ten mistakes: file, line, key path, and what is allowed.
    """
    reading = _AccessReading(path)
    with suppress(TooManyMistakes):
        values, _ = reading.values(schema.Document, reading.root, "")
        reading.check_document(values)
        if not reading.mistakes:
            return _access(path, schema.Document(**values))
    raise reading.as_error()


class _AccessReading(ShapeReading):
    """Reads access.yaml and checks what its types do not express."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, YAML, schema.PATTERNS)
        self._directory = path.parent

    def check(self, shape: Any, at: str) -> None:
        if isinstance(shape, schema.TableEntry):
            if shape.select is None and shape.rows is None:
                self.report_key(at, "select", "is missing; select or rows is required")
            if shape.select is not None and shape.rows is not None:
                self.report_key(at, "rows", "cannot be combined with select")
            self._check_unique(at, "key", shape.key)
        elif isinstance(shape, schema.IdentityEntry):
            if shape.raw is not None and shape.claims is not None:
                self.report_key(at, "raw", "cannot be combined with claims")
        elif isinstance(shape, schema.MomentEntry):
            self._check_unique(at, "identities", shape.identities)

    def check_document(self, values: Mapping[str, Any]) -> None:
        """Report contradictions between the ``values`` of the document, as far as they could be read."""
        fixture, api, people = (values.get(key) for key in ("fixture", "api", "identities"))
        if fixture and not _is_file(self._directory / fixture):
            self.report_key("", "fixture", f"names {self._directory / fixture}, which does not exist")
        elif fixture:
            text = scripts.read(self._directory / fixture)
            self._check_script("", "fixture", text, f"names {fixture}, which ")
        if api:
            self._check_known("api", "granted", api.granted, api.roles, "which api.roles does not name")
        if api and people:
            self._check_roles(api, people)
        if people:
            for name, moment in values.get("moments", {}).items():
                at = f"moments.{name}"
                self._check_known(
                    at, "identities", moment.identities, people, "which identities does not name"
                )
        for name, moment in values.get("moments", {}).items():
            self._check_script(f"moments.{name}", "do", moment.do)
        internal = values.get("internal", schema.Internal())
        for key in ("tables", "functions"):
            self._check_duplicates(key, values.get(key, {}), getattr(internal, key))

    def _check_script(self, at: str, key: str, script: str, which: str = "") -> None:
        for each in scripts.forbidden_statements(script):
            self.report_key(at, key, f"{which}has `{each.words}` on line {each.line}: {each.reason}")

    def _check_roles(self, api: schema.ApiEntry, people: Mapping[str, schema.IdentityEntry]) -> None:
        known = (*api.roles, *api.trusted)
        for name, identity in people.items():
            if identity.role not in known:
                sentence = (
                    f"must be one of the roles under api, not {identity.role}; "
                    f"{suggestion(identity.role, known)}"
                )
                self.report_key(f"identities.{name}", "role", sentence)

    def _check_duplicates(self, key: str, public: Iterable[str], internal: Iterable[str]) -> None:
        first_uses: dict[str, str] = {}
        for at, names in ((key, public), (f"internal.{key}", internal)):
            for name in names:
                where = f"{at}.{name}"
                if first := first_uses.get(_normalized(name)):
                    self.report_key(at, name, f"repeats {first} of line {self.positions[first].line}")
                first_uses.setdefault(_normalized(name), where)

    def _check_known(self, at: str, key: str, names: Iterable[str], known: Iterable[str], which: str) -> None:
        for place, name in enumerate(names):
            if name not in known:
                self.report_key(at, f"{key}[{place}]", f"is {name}, {which}; {suggestion(name, [*known])}")

    def _check_unique(self, at: str, key: str, names: Iterable[str]) -> None:
        for name, times in Counter(names).items():
            if times > 1:
                self.report_key(at, key, f"names {name} twice")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long
        return False


def _normalized(name: str) -> str:
    """A name or signature, normalized to detect duplicates."""
    return re.sub(r"\s*([(),])\s*", r"\1", " ".join(name.lower().split()))


def _access(path: Path, document: schema.Document) -> Access:
    internal = document.internal
    return Access(
        path=path,
        fixture=path.parent / document.fixture if document.fixture else None,
        api=Api(**vars(document.api)),
        schemas=document.schemas,
        denials=frozenset(document.denials),
        identities=tuple(_identity(name, each) for name, each in document.identities.items()),
        relations=document.relations,
        tables=tuple(_table(name, each) for name, each in document.tables.items()),
        functions=tuple(_function(name, each) for name, each in document.functions.items()),
        internal_tables={
            name: each if isinstance(each, str) else _table(name, each)
            for name, each in internal.tables.items()
        },
        internal_functions={
            name: each if isinstance(each, str) else _function(name, each)
            for name, each in internal.functions.items()
        },
        buckets={name: _bucket(each) for name, each in document.buckets.items()},
        publications={name: frozenset(each) for name, each in document.publications.items()},
        moments=tuple(Moment(name=name, **vars(each)) for name, each in document.moments.items()),
        existing=document.existing,
    )


def _identity(name: str, identity: schema.IdentityEntry) -> Identity:
    return Identity(
        name=name,
        says=identity.says,
        role=identity.role,
        user=identity.user,
        claims=identity.claims or {},
        raw=identity.raw,
        reads_only=identity.reads == "only",
    )


def _table(name: str, table: schema.TableEntry) -> TableRules:
    return TableRules(
        name=name,
        key=table.key,
        select=table.select or NEVER,
        rows=table.rows,
        insert=Insert(**vars(table.insert)) if table.insert else None,
        update={column: tuple(map(_change, changes)) for column, changes in table.update.items()},
        delete=_delete(table.delete),
        platform_privileges=table.privileges == "platform",
        changes=table.changes,
    )


def _delete(delete: schema.DeleteEntry | str) -> Delete:
    return Delete(delete) if isinstance(delete, str) else Delete(delete.allow, delete.refused)


def _change(change: schema.ChangeEntry) -> ColumnChange:
    return ColumnChange(
        value=change.set,
        allow=change.allow,
        holds=change.holds,
        refused=change.refused,
        blind=change.blind,
    )


def _function(signature: str, function: schema.FunctionEntry) -> FunctionRules:
    return FunctionRules(
        signature=signature,
        allow=function.allow,
        call=function.call,
        unless=function.unless,
        refused=function.refused,
        value=function.returns.value if function.returns else None,
        rows=function.returns.rows if function.returns else None,
        changes=function.changes,
        holds=function.holds,
        oracle=function.oracle,
    )


def _bucket(bucket: schema.BucketEntry) -> dict[str, Any]:
    return {key: [*value] if isinstance(value, tuple) else value for key, value in bucket.items()}
