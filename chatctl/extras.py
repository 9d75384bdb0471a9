"""Optional dependencies (extras), and the error if one is missing."""

from __future__ import annotations

from importlib.util import find_spec

from chatctl.errors import Invalid


def require(what: str, extra: str, *modules: str) -> None:
    """Raise Invalid, naming ``what`` and the ``extra`` to install, unless all ``modules`` are installed."""
    if not all(map(find_spec, modules)):
        raise missing(what, extra)


def missing(what: str, extra: str) -> Invalid:
    """The error if ``what`` is not installed; it comes with the optional dependencies ``extra``."""
    return Invalid(f"{what} is not installed; pip install 'chatctl[{extra}]'")
