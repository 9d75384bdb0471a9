"""The hosts and the database that libpq connects to, given a URL, PG* variables and service files.

libpq itself resolves them, so that the host in messages and safety checks is the one that is connected to.
No message repeats a part of the URL: what looks like a host or a port may be part of a password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from chatctl.errors import Invalid

_SCHEMES = ("postgresql://", "postgres://")
_ENCODE = "in a user name or password, write @ as %40, / as %2F, : as %3A, ? as %3F, # as %23 and % as %25"
_HOST_NAME = re.compile(r"[\w.:%-]+")
_QUOTED = re.compile('".*"', re.DOTALL)  # up to the last quote, since a value may contain quotes
_PORT, _LAST_PORT = re.compile("[0-9]{1,5}"), 65535
_DEFAULT_PORT = "5432"
# Only these: other loopback addresses are often the local end of a tunnel.
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
# libpq validates these parameters last, before it opens a socket; older versions know only the second.
_CHECKED_LAST = ("load_balance_hosts", "target_session_attrs")
_RESOLVE_ONLY = "resolve-only"


@dataclass(frozen=True)
class Host:
    """One host that libpq tries: a name, an address or a socket directory; empty for the default socket."""

    name: str
    address: str
    port: str

    @property
    def local(self) -> bool:
        """Whether the name and the address, if given, are those of this machine."""
        return all(is_loopback(each) for each in (self.name, self.address) if each)

    def __str__(self) -> str:
        name = self.name or self.address or "the default socket"
        shown = f"[{name}]" if ":" in name else name
        address = f" ({self.address})" if self.address not in ("", name) else ""
        return f"{shown}:{self.port}{address}"


@dataclass(frozen=True)
class Destination:
    """The hosts that libpq tries in turn, and the name of the database."""

    hosts: tuple[Host, ...]
    database: str

    @property
    def local(self) -> bool:
        """Whether all hosts are this machine."""
        return all(host.local for host in self.hosts)

    def __str__(self) -> str:
        return f"{self.database} on {' or '.join(map(str, self.hosts))}"


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine: a loopback name or address, or the path of a socket."""
    return host.lower() in _LOOPBACK or host.startswith(("/", "@"))


def destination(url: str, source: str) -> Destination:
    """The destination of ``url``; ``source`` is the option, variable or key that it comes from.

    Raises Invalid for a URL that libpq cannot parse, or whose host or port is not valid.
    """
    _check_text(url, source)
    parameters = resolve_parameters(url, source)
    lists = [parameters.get(key, "").split(",") for key in ("host", "hostaddr", "port")]
    longest = max(map(len, lists))  # libpq accepts only lists of this length or of length 1
    names, addresses, ports = (each * (longest // len(each)) for each in lists)
    hosts = tuple(
        Host(name, address, port or _DEFAULT_PORT)
        for name, address, port in zip(names, addresses, ports, strict=True)
    )
    for host in hosts:
        _check_host(host, source)
    return Destination(hosts, parameters.get("dbname", ""))


def resolve_parameters(conninfo: str, source: str = "the connection string") -> dict[str, str]:
    """Every parameter that libpq would connect with: from ``conninfo``, a service, a variable or a default.

    The parameter that chooses among several hosts is left out. Raises Invalid if libpq cannot parse it.
    """
    import psycopg  # noqa: PLC0415 - takes 0.2 s; commands without a database do not need it
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
    """Raise Invalid for text that libpq would accept but parse differently from what was meant."""
    if not url.startswith(_SCHEMES):
        raise Invalid(f"{source} must be a postgresql:// URL")
    if not url.isprintable() or " " in url:
        raise _unreadable(
            source,
            "contains a space, a line break or another control character",
            hint="remove it; if it is part of a value, write a space as %20 and a line break as %0A",
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
    """A message of libpq without quoted values, which may be part of a password."""
    return _QUOTED.sub('"…"', text)


def _unreadable(source: str, reason: str, hint: str = _ENCODE) -> Invalid:
    return Invalid(f"the URL of the database cannot be read: {source}: {' '.join(reason.split())}", hint=hint)
