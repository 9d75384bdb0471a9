"""Where a connection string leads: what libpq makes of it, of PG* variables and of service files.

libpq itself is asked, so that the host which is named, asked about and guarded is the one that is connected.
No message repeats a part of the string: what should be the host or the port may be a piece of a password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from chatctl.errors import Invalid

_SCHEMES = ("postgresql://", "postgres://")
_ENCODE = "in a user name or password, write @ as %40, / as %2F, : as %3A, ? as %3F, # as %23 and % as %25"
_HOST_NAME = re.compile(r"[\w.:%-]+")
_QUOTED = re.compile('".*"', re.DOTALL)  # to the last quote, since a value may contain some
_PORT, _LAST_PORT = re.compile("[0-9]{1,5}"), 65535
_DEFAULT_PORT = "5432"
# Only these: another loopback address is often the near end of a tunnel.
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
# libpq checks the first of these that it knows after all others, and before it opens a socket.
_CHECKED_LAST = ("load_balance_hosts", "target_session_attrs")
_RESOLVE_ONLY = "resolve-only"


@dataclass(frozen=True)
class Host:
    """One host that libpq tries: a name, an address or a socket directory; neither is its default socket."""

    name: str
    address: str
    port: str

    @property
    def local(self) -> bool:
        """Whether name and address, as far as they are given, are this machine's."""
        return all(is_loopback(each) for each in (self.name, self.address) if each)

    def __str__(self) -> str:
        name = self.name or self.address or "the default socket"
        shown = f"[{name}]" if ":" in name else name
        address = f" ({self.address})" if self.address not in ("", name) else ""
        return f"{shown}:{self.port}{address}"


@dataclass(frozen=True)
class Destination:
    """The hosts that are tried in turn, and the database there."""

    hosts: tuple[Host, ...]
    database: str

    @property
    def local(self) -> bool:
        """Whether every host is this machine."""
        return all(host.local for host in self.hosts)

    def __str__(self) -> str:
        return f"{self.database} on {' or '.join(map(str, self.hosts))}"


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine: a loopback name or address, or a socket's path."""
    return host.lower() in _LOOPBACK or host.startswith(("/", "@"))


def destination(url: str, source: str) -> Destination:
    """Where ``url`` leads; ``source`` is the flag, variable or key that it comes from.

    Raises Invalid for a URL that libpq cannot read, or whose host or port cannot be one.
    """
    _check_text(url, source)
    parameters = resolved(url, source)
    lists = [parameters.get(key, "").split(",") for key in ("host", "hostaddr", "port")]
    longest = max(map(len, lists))  # each has this length or 1, or libpq had refused them
    names, addresses, ports = (each * (longest // len(each)) for each in lists)
    hosts = tuple(
        Host(name, address, port or _DEFAULT_PORT)
        for name, address, port in zip(names, addresses, ports, strict=True)
    )
    for host in hosts:
        _check_host(host, source)
    return Destination(hosts, parameters.get("dbname", ""))


def resolved(conninfo: str, source: str = "the connection string") -> dict[str, str]:
    """Every parameter that libpq would connect with: from ``conninfo``, a service, a variable or a default.

    How it chooses among several hosts is not among them. Raises Invalid for what libpq cannot read.
    """
    import psycopg  # noqa: PLC0415 - takes 0.2 s, which a command without a database does not need
    from psycopg import pq  # noqa: PLC0415
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    keywords = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    last = next(each for each in _CHECKED_LAST if each in keywords)
    try:
        pgconn = pq.PGconn.connect_start(make_conninfo(conninfo, **{last: _RESOLVE_ONLY}).encode())
    except psycopg.Error as error:
        raise _unreadable(source, without_values(str(error))) from None
    message = pgconn.get_error_message()
    parameters = {
        option.keyword.decode(): option.val.decode(errors="replace") for option in pgconn.info if option.val
    }
    pgconn.finish()
    if _RESOLVE_ONLY not in message:
        raise _unreadable(source, without_values(message))
    return {key: value for key, value in parameters.items() if key not in ("service", last)}


def _check_text(url: str, source: str) -> None:
    """Raise Invalid for what libpq would read, but not as its author meant it."""
    if not url.startswith(_SCHEMES):
        raise Invalid(f"{source} must be a postgresql:// URL")
    if not url.isprintable() or " " in url:
        raise _unreadable(
            source,
            "contains a space, a line break or another control character",
            hint="remove it; where it belongs to a value, write a space as %20 and a line break as %0A",
        )
    authority, _, rest = url.partition("://")[2].partition("/")
    user_and_password, at, _ = authority.rpartition("@")
    if "@" in user_and_password + rest:
        raise _unreadable(source, "has an @ that does not end the user name and password")
    if at and "?" in user_and_password:
        raise _unreadable(source, "has a ? in the user name or password, or an @ after it")


def _check_host(host: Host, source: str) -> None:
    if not (_PORT.fullmatch(host.port) and 1 <= int(host.port) <= _LAST_PORT):
        raise _unreadable(source, f"its port is not a number between 1 and {_LAST_PORT}")
    if not (host.name.startswith(("/", "@")) or _HOST_NAME.fullmatch(host.name or "-")):
        raise _unreadable(source, "its host is not a name, an address or a path")
    try:
        ip_address(host.address or "::")
    except ValueError:
        raise _unreadable(source, "its hostaddr is not an IP address") from None


def without_values(text: str) -> str:
    """A text of libpq's without what it quotes, which may be a piece of a password."""
    return _QUOTED.sub('"…"', text)


def _unreadable(source: str, reason: str, hint: str = _ENCODE) -> Invalid:
    return Invalid(f"the URL of the database cannot be read: {source}: {' '.join(reason.split())}", hint=hint)
