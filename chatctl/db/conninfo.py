"""The connection parameters: those of the URL and the environment, and a few of chatctl's own."""

from __future__ import annotations

from math import isfinite

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from chatctl.errors import Invalid
from chatctl.settings.destination import resolve_parameters

CONNECT_TIMEOUT = 10  # seconds, for each address

# Resolved by libpq and passed on explicitly: psycopg resolves host names itself, and ignores service files.
_PLACE = ("host", "hostaddr", "port", "dbname", "user")
# Suppresses notices, for example of functions, which chatctl does not show.
_OPTIONS = "-c client_min_messages=warning"
# Detects a dead peer, for example after a failover, within a minute, even during a long statement.
_DEAD_PEER = {
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",  # milliseconds
}


def parts_of(url: str) -> dict[str, str]:
    """The parameters with which libpq connects to ``url``. Raises Invalid if libpq cannot parse it."""
    return resolve_parameters(url)


def conninfo_for(url: str, application_name: str) -> str:
    """The connection string for ``url``. Raises Invalid if libpq cannot parse it."""
    parts = parts_of(url)
    parameters = {
        **_DEAD_PEER,
        **{key: str(value) for key, value in conninfo_to_dict(url).items()},
        **{key: parts[key] for key in _PLACE if key in parts},
        # The last value of a setting wins, so the URL and PGOPTIONS override ours.
        "options": f"{_OPTIONS} {parts.get('options', '').removeprefix(_OPTIONS).strip()}".strip(),
        "connect_timeout": _timeout(parts.get("connect_timeout")),
        "client_encoding": "utf8",
        "application_name": application_name,
    }
    return make_conninfo("", **parameters)


def url_of(conn: psycopg.Connection[tuple[object, ...]]) -> str:
    """The connection string of ``conn``, independent of the environment; it contains the password."""
    # Not psycopg's dsn, which omits libpq's defaults, so that variables such as PGPORT would apply.
    parts = {option.keyword.decode(): option.val.decode() for option in conn.pgconn.info if option.val}
    parts.pop("service", None)  # its parameters are among the others
    return make_conninfo("", **parts | ({"password": conn.info.password} if conn.info.password else {}))


def _timeout(requested: str | None) -> str:
    try:
        seconds = float(requested or 0)
    except ValueError:
        raise Invalid(
            "the URL of the database cannot be read: connect_timeout is not a number of seconds"
        ) from None
    # psycopg treats less than one second as no limit.
    return requested if requested and isfinite(seconds) and seconds >= 1 else str(CONNECT_TIMEOUT)
