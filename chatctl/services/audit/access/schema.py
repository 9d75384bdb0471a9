"""The keys of access.yaml, with their types and meanings, and its JSON Schema for editors.

``access.file`` reads the file with these types, and converts them to those of ``access.expectations``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from annotated_types import Len
from pydantic import StringConstraints, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema
from typing_extensions import TypedDict

from chatctl.services.audit.access.expectations import SchemaKind
from chatctl.yamlfile.shapes import Text

_NAME = r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$"
# Names as in the catalogue, without quotes; a schema name has no dot.
_TABLE = r"^[^\s.\x00-\x1f\x7f]+\.[^\s.\x00-\x1f\x7f]([^.\x00-\x1f\x7f]*[^\s.\x00-\x1f\x7f])?$"
_FUNCTION = r"^[^\s.()\x00-\x1f\x7f]+\.[^\s.()\x00-\x1f\x7f][^.()\x00-\x1f\x7f]*\(.*\)$"
_RELATION = r"^[a-z_]\w*\([^()]*\)$"
_SQLSTATE = r"^[0-9A-Z]{5}$"
_SETTING = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$"

# The message for a text that does not match.
PATTERNS = {
    _NAME: "must be a name: one line, not blank at either end",
    _TABLE: "must be named schema.table",
    _FUNCTION: "must be named schema.function(types)",
    _RELATION: "must be named like member(actor uuid, organization uuid)",
    _SQLSTATE: "must be a five-character SQLSTATE, in quotes",
    _SETTING: "must be named like request.jwt.claims",
}

Name = Annotated[str, StringConstraints(pattern=_NAME)]
TableName = Annotated[str, StringConstraints(pattern=_TABLE)]
Signature = Annotated[str, StringConstraints(pattern=_FUNCTION)]
Head = Annotated[str, StringConstraints(pattern=_RELATION)]
SqlState = Annotated[str, StringConstraints(pattern=_SQLSTATE)]
Setting = Annotated[str, StringConstraints(pattern=_SETTING)]
Names = tuple[Name, ...]
Some = Annotated[tuple[Name, ...], Len(1)]
Writes = Mapping[TableName, Annotated[tuple[Literal["insert", "update", "delete"], ...], Len(1)]]


class Described:
    """For pydantic's JSON Schema: the text below a field becomes its description."""

    __pydantic_config__ = {"extra": "forbid", "use_attribute_docstrings": True}  # noqa: RUF012


@dataclass(frozen=True, kw_only=True)
class ApiEntry(Described):
    """The roles of requests, and the settings that carry their claims."""

    roles: Some
    """The roles that a token of the API can select."""
    granted: Some
    """Those of the roles that hold the privileges for the tables and functions."""
    trusted: Names = ()
    """Roles that bypass row-level security: the positive control."""
    signs_in: Name | None = None
    """The role that the API logs in as; it may become the roles above and no others."""
    also_takes: Names = ()
    """Further roles that it may become."""
    claims: Setting = "request.jwt.claims"
    """The setting that carries the claims of the token."""
    search_path: Text = "public, extensions"
    """The search_path of a request."""
    settings: Mapping[Setting, str] = field(default_factory=dict)
    """Other settings that the session of a request has, each with its value."""
    pre_request: TableName | None = None
    """The function, as schema.function, that PostgREST may call before each request as any role."""


@dataclass(frozen=True, kw_only=True)
class IdentityEntry(Described):
    """Somebody to impersonate."""

    says: Text
    """Who it is, for the report."""
    role: Name = "authenticated"
    """The role of the token, one of api.roles or api.trusted."""
    user: Name | None = None
    """The name of the user in the fixture; without it, the identity has no user."""
    claims: Mapping[str, Any] | None = None
    """Claims besides sub and role, as JSON; {id: note} is the uuid of note in the fixture. Not with raw."""
    raw: Text | None = None
    """SQL for the whole setting, to make it malformed; not with claims."""
    reads: Literal["only", "and writes"] = "and writes"
    """Whether only reading is tried, which is enough for malformed claims."""


@dataclass(frozen=True, kw_only=True)
class InsertEntry(Described):
    """Rows to try to insert."""

    allow: Text
    """The condition on the candidate row: may this be inserted?"""
    values: Annotated[Mapping[Name, Text], Len(1)]
    """The columns that a client may fill, each with SQL for the values to try; all combinations are tried."""
    unless: Text | None = None
    """Candidates that are not tried, because their outcome proves nothing."""
    holds: Text | None = None
    """A condition on the row after an allowed insert."""
    oracle: Text | None = None
    """The reason why an insert may reveal to strangers that something exists."""


@dataclass(frozen=True, kw_only=True)
class ChangeEntry(Described):
    """A value to write into a column."""

    set: Text
    """SQL for the value."""
    allow: Text
    """The condition on the row: may it be written there?"""
    holds: Text | None = None
    """A condition on the row afterwards; before is the row as it was."""
    refused: tuple[SqlState, ...] = ()
    """SQLSTATEs with which an allowed change may be refused, for example by a check on the value."""
    blind: bool = True
    """Whether it is also tried without WHERE; false if the value depends on the row."""


@dataclass(frozen=True)
class DeleteEntry(Described):
    """Which rows may be deleted, if some statements that delete them are refused."""

    allow: Text
    """The condition on the row: may it be deleted?"""
    refused: tuple[SqlState, ...] = ()
    """SQLSTATEs with which an allowed delete may be refused, for example of several rows at a time."""


@dataclass(frozen=True, kw_only=True)
class TableEntry(Described):
    """A table or view; what is left out is denied."""

    key: Some
    """The columns that identify a row."""
    select: Text | None = None
    """The condition on the row: may it be read? Either this or rows."""
    rows: Text | None = None
    """A query for the keys of the rows that somebody reads, for a view that filters by caller; or select."""
    insert: InsertEntry | None = None
    """Which rows may be inserted."""
    update: Mapping[Name, Annotated[tuple[ChangeEntry, ...], Len(1)]] = field(default_factory=dict)
    """The columns that may be changed, each with the values to try."""
    delete: DeleteEntry | Text = "never"
    """The condition on the row: may it be deleted? Or a mapping, with the SQLSTATEs of refusals."""
    changes: Writes | None = None
    """The other tables that a write changes, with the commands; without it, they are not checked."""
    privileges: Literal["declared", "platform"] = "declared"
    """Whether the privileges follow from this file, or are the platform's and are not checked."""


@dataclass(frozen=True)
class Returns(Described):
    """What an allowed call returns."""

    value: Name
    """The column of the result to compare, or SQL over result; result if it returns one value."""
    rows: Text
    """A query for exactly the values that it returns."""


@dataclass(frozen=True, kw_only=True)
class FunctionEntry(Described):
    """A function that the API can call."""

    allow: Text
    """The condition on the arguments: may it be called with them?"""
    call: Mapping[Name, Text]
    """The arguments, each with SQL for the values to try; all combinations are tried."""
    unless: Text | None = None
    """Calls that are not tried, because their outcome proves nothing."""
    refused: tuple[SqlState, ...] = ()
    """SQLSTATEs with which an allowed call may be refused."""
    returns: Returns | None = None
    """What it returns; without it, the result is not checked."""
    changes: Writes = field(default_factory=dict)
    """The tables that it may write to, with the commands; it changes nothing else."""
    holds: Text | None = None
    """A condition after an allowed call."""
    oracle: Text | None = None
    """The reason why it may reveal to strangers that something exists."""


@dataclass(frozen=True)
class Internal(Described):
    """What the roles can reach from SQL, in schemas that no request can name."""

    tables: Mapping[TableName, TableEntry | Text] = field(default_factory=dict)
    """Tables and views by schema.table; or a text: why one is not tried."""
    functions: Mapping[Signature, FunctionEntry | Text] = field(default_factory=dict)
    """Functions by schema.function(types); or a text: why one is not tried."""


class BucketEntry(TypedDict, total=False):
    """The settings of a Storage bucket; those left out are not checked."""

    __pydantic_config__ = Described.__pydantic_config__  # type: ignore[misc]  # no key: for pydantic

    public: bool
    """Whether anybody can read its files by URL."""
    file_size_limit: int | None
    """The size limit for files, in bytes; null: no limit of its own."""
    allowed_mime_types: tuple[Text, ...] | None
    """The MIME types that it accepts; null: all."""


@dataclass(frozen=True)
class MomentEntry(Described):
    """A change between two statements of the same identities."""

    says: Text
    """What has happened, for the report."""
    do: Text
    """SQL that the operator runs; then their access is tried again."""
    identities: Some
    """The identities that are tried again."""


@dataclass(frozen=True, kw_only=True)
class Document(Described):
    """Who may do what: the whole of access.yaml."""

    api: ApiEntry
    """The roles of requests."""
    schemas: Mapping[Name, SchemaKind]
    """Every schema that a role of the API has USAGE on, with its kind; Supabase's own may be left out."""
    identities: Annotated[Mapping[Name, IdentityEntry], Len(1)]
    """The identities to impersonate, by name."""
    tables: Annotated[Mapping[TableName, TableEntry], Len(1)]
    """The tables and views of the API, by schema.table."""
    fixture: Text | None = None
    """The SQL file that creates the rows to try, relative to this file; without it nothing is tried."""
    denials: tuple[SqlState, ...] = ()
    """The SQLSTATEs that count as refusals; any other error does not."""
    relations: Mapping[Head, Text] = field(default_factory=dict)
    """Conditions with a name and parameters, for use in other conditions and queries."""
    functions: Mapping[Signature, FunctionEntry] = field(default_factory=dict)
    """The functions of the API, by schema.function(types)."""
    internal: Internal = field(default_factory=Internal)
    """What the roles can reach from SQL only."""
    buckets: Mapping[Name, BucketEntry] = field(default_factory=dict)
    """The buckets of Storage, by name."""
    publications: Mapping[Name, tuple[TableName, ...]] = field(default_factory=dict)
    """The tables that each publication sends."""
    moments: Mapping[Name, MomentEntry] = field(default_factory=dict)
    """Changes between two statements of the same identities, by name."""
    existing: Mapping[Name, Text] = field(default_factory=dict)
    """For --on-existing-data: a query for the uuid of a name of the fixture."""


def json_schema() -> dict[str, Any]:
    """The JSON Schema of such a file, for editors: each key with its type and meaning."""
    document = TypeAdapter(Document).json_schema(schema_generator=_AccessSchema)
    document["$defs"]["Table"]["oneOf"] = [{"required": ["select"]}, {"required": ["rows"]}]
    document["$defs"]["Identity"]["not"] = {"required": ["claims", "raw"]}
    return {"$schema": GenerateJsonSchema.schema_dialect, **document, "title": "Rules for chatctl audit-rls"}


class _AccessSchema(GenerateJsonSchema):
    """Names the definitions as in the file: Table, not TableEntry."""

    def normalize_name(self, name: str) -> str:
        return super().normalize_name(name).removesuffix("Entry")

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        return self._with_title(super().dataclass_schema(schema))

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        return self._with_title(super().typed_dict_schema(schema))

    def _with_title(self, definition: JsonSchemaValue) -> JsonSchemaValue:
        return {**definition, "title": definition["title"].removesuffix("Entry")}

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """An optional key: its default None is not a value in the file."""
        inner = schema["schema"]
        if inner["type"] == "nullable" and schema.get("default", ...) is None:
            return self.generate_inner(inner["schema"])
        return super().default_schema(schema)

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Keys that do not match the pattern are errors, not extra properties."""
        definition = super().dict_schema(schema)
        if patterns := definition.pop("patternProperties", None):
            ((pattern, values),) = patterns.items()
            definition |= {"propertyNames": {"pattern": pattern}, "additionalProperties": values}
        return definition
