"""What chatctl says about a value that pydantic rejects, in a file or on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WHOLE_NUMBER = "must be a whole number"
_NUMBER = "must be a number"

_SENTENCES = {
    "int_type": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_parsing_size": "must be a smaller whole number",
    "int_from_float": _WHOLE_NUMBER,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text, in quotes where YAML reads something else",
    "date_type": "must be a date such as 2026-01-25, without quotes",
    "tuple_type": "must be a list",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "string_too_short": "must have at least one character",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} item",
    "too_long": "must have at most {max_length} items",
    "uuid_parsing": "must be an id",
    "uuid_type": "must be an id",
    "string_unicode": "must be text that UTF-8 can encode",
}


def sentence(kind: str, context: Mapping[str, Any]) -> str | None:
    """The sentence for the kind of an error of pydantic and its values; None for an unknown kind."""
    bounds = {key: f"{it:g}" if isinstance(it, float) else it for key, it in context.items()}
    known = _SENTENCES.get(kind)
    return known.format(**bounds) if known else None
