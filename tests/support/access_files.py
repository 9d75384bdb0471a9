"""Files like access.yaml, access to their parts, and the mistakes reported for a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chatctl.errors import Invalid
from chatctl.services.audit.access import default_file, load

Written = Callable[[str | bytes], Path]
Way = tuple[Any, ...]

# A file with every key; tests refer to its line numbers.
BASE = """\
fixture: fixture.sql
api:
  roles: [anon, member]
  granted: [member]
  trusted: [boss]

# What there is.
schemas: {app: exposed}
denials: ["42501"]
identities:
  ann: {role: member, says: a member}
tables:
  app.notes:
    key: [id]
    select: this.owner = actor
    insert:
      allow: never
      values: {owner: actor}
    update:
      body: [{set: "'x'", allow: this.owner = actor}]
functions:
  app.send(uuid):
    allow: "true"
    call: {p_id: select 1}
    changes: {app.notes: [insert]}
    returns: {value: result, rows: select 1}
    holds: this.p_id is not null
    oracle: ids are no secret
internal: {functions: {internal.secret(): asks nothing}}
buckets:
  files: {public: false, file_size_limit: 10, allowed_mime_types: [a/b]}
moments:
  later: {says: later, do: select 1, identities: [ann]}
relations:
  mine(who uuid): who = actor
"""

OURS: dict[str, Any] = yaml.safe_load(default_file().read_text())


def steps(part: Any, way: Way = ()) -> Iterator[Way]:
    """The paths to all values in ``part``."""
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in inner:
        yield (*way, key)
        yield from steps(value, (*way, key))


def under(part: Any, way: Way) -> Any:
    """The value at the path ``way``."""
    for step in way:
        part = part[step]
    return part


def mistakes_in(path: Path) -> list[str]:
    """The reported mistakes of a file, without its name."""
    with pytest.raises(Invalid) as refused:
        load(path)
    assert refused.value.exit_code == 2
    head, *lines = refused.value.message.split("\n  ")
    assert head == f"{path} is not a valid description of access:" if lines else head.startswith(str(path))
    return [line.removeprefix(f"{path}:") for line in lines or [head]]
