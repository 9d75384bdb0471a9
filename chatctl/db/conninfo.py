"""What chatctl connects with: the parameters of a URL and of the environment, and a few of its own."""

from __future__ import annotations

from math import isfinite

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from chatctl.errors import Invalid
from chatctl.settings.destination import resolved

CONNECT_TIMEOUT = 10  # seconds, for each address that is tried

# Where libpq goes, passed on by name: psycopg resolves host names itself, and does not look into services.
_PLACE = ("host", "hostaddr", "port", "dbname", "user")
# Otherwise notices, of a hostile server or of a user's function, are sent to nobody.
_OPTIONS = "-c client_min_messages=warning"
# A peer that is gone, as after a failover, is noticed within a minute, however long a statement takes.
_DEAD_PEER = {
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",  # milliseconds
}


def parts_of(url: str) -> dict[str, str]:
    """Host, port and the like with which libpq connects to ``url``. Raises Invalid when it cannot read it."""
    return resolved(url)


def conninfo_for(url: str, application_name: str) -> str:
    """What to connect with to ``url``. Raises Invalid when libpq cannot read it."""
    parts = parts_of(url)
    parameters = {
        **_DEAD_PEER,
        **{key: str(value) for key, value in conninfo_to_dict(url).items()},
        **{key: parts[key] for key in _PLACE if key in parts},
        # Where a setting is given twice, the later one wins: that of the URL or of PGOPTIONS.
        "options": f"{_OPTIONS} {parts.get('options', '').removeprefix(_OPTIONS).strip()}".strip(),
        "connect_timeout": _timeout(parts.get("connect_timeout")),
        "client_encoding": "utf8",
        "application_name": application_name,
    }
    return make_conninfo("", **parameters)


def url_of(conn: psycopg.Connection[tuple[object, ...]]) -> str:
    """What connects once more as ``conn`` did, in any environment; it has the password, so keep it secret."""
    # Not psycopg's dsn: it omits what is libpq's default, and for that PGPORT and others would count.
    parts = {option.keyword.decode(): option.val.decode() for option in conn.pgconn.info if option.val}
    parts.pop("service", None)  # its parameters are among the others
    return make_conninfo("", **parts | ({"password": conn.info.password} if conn.info.password else {}))


def _timeout(given: str | None) -> str:
    try:
        seconds = float(given or 0)
    except ValueError:
        raise Invalid(
            "the URL of the database cannot be read: connect_timeout is not a number of seconds"
        ) from None
    # psycopg takes less than a second for no limit.
    return given if given and isfinite(seconds) and seconds >= 1 else str(CONNECT_TIMEOUT)
