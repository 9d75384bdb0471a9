"""Which database a command talks to, and with which keys: read once, never changed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from chatctl.errors import Invalid, NotFound

Environment = Literal["local", "staging", "production"]

CONFIG_NAME = "chatctl.yaml"
EMBEDDED_DIRECTORY = ".chatctl"
MASK = "***"

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRETS = (
    re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]*://[^:/?#\s@]*:)[^@\s/]*(?=@)"),
    re.compile(r"(?P<keep>\bpassword\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)", re.IGNORECASE),
    re.compile(r"(?P<keep>\bsb_(?:secret|publishable)_)[A-Za-z0-9_-]+"),
    re.compile(r"(?P<keep>\beyJ)[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"),
)


def mask(text: str) -> str:
    """``text`` with every password, API key and JWT in it replaced by ``***``."""
    for pattern in _SECRETS:
        text = pattern.sub(rf"\g<keep>{MASK}", text)
    return text


def actor(env: Mapping[str, str] | None = None) -> str:
    """Who runs this process, for the records of a database: CHATCTL_ACTOR, else ``user@host``."""
    said = (os.environ if env is None else env).get("CHATCTL_ACTOR", "").strip()
    if said:
        return said
    import getpass  # noqa: PLC0415 - only what writes asks
    import socket  # noqa: PLC0415

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in some containers
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


@dataclass(frozen=True)
class Target:
    """One database and the API in front of it.

    ``db_url`` is None for the embedded server, which is in ``directory``, and where there is an API alone.
    ``source`` says how it was chosen: a flag, a variable, an entry of chatctl.yaml or the default.
    """

    source: str
    name: str = "embedded"
    db_url: str | None = None
    api_url: str | None = None
    publishable_key: str | None = None
    secret_key: str | None = None
    jwt_secret: str | None = None
    environment: Environment | None = None
    directory: Path | None = None

    @property
    def embedded(self) -> bool:
        """Whether this is the embedded server in ``directory``."""
        return self.directory is not None

    @property
    def api_alone(self) -> bool:
        """Whether there is an API and no database."""
        return self.db_url is None and not self.embedded

    @property
    def local(self) -> bool:
        """Whether writes need no confirmation: the embedded server or another of this machine."""
        if self.environment is not None:
            return self.environment == "local"
        return self.embedded or _is_loopback((self.api_url if self.api_alone else self.db_url) or "")

    @property
    def label(self) -> str:
        """One line for people: where it is and how it was chosen, without any secret."""
        where = (
            f"embedded server in {self.directory}"
            if self.embedded
            else f"the API at {mask(self.api_url or '')}"
            if self.api_alone
            else _describe(self.db_url or "")
        )
        kind = f", {self.environment}" if self.environment else ""
        return f"{where} ({self.source}{kind})"

    def __repr__(self) -> str:
        return f"Target({self.label})"


@dataclass(frozen=True)
class Settings:
    """What one run of chatctl was told about where to work; see ``load``."""

    target: Target
    directory: Path


def load(
    *,
    db_url: str | None = None,
    target: str | None = None,
    directory: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Settings:
    """The settings of this run; flag, named target, variable, default target, embedded server.

    Raises Invalid for a malformed chatctl.yaml or URL, NotFound for a target that it does not name.
    """
    env = os.environ if env is None else env
    directory = directory or Path.cwd()
    config = _read_config(directory / CONFIG_NAME)
    if db_url and target:
        raise Invalid("--db-url and --target exclude each other; give one of them")
    default = config.get("default")
    if db_url:
        chosen = Target(source="--db-url", name="url", db_url=db_url)
    elif target:
        chosen = _named(config, target, "--target", directory, env)
    elif env.get("CHATCTL_DB_URL"):
        chosen = Target(source="CHATCTL_DB_URL", name="url", db_url=env["CHATCTL_DB_URL"])
    elif default:
        chosen = _named(config, str(default), f"default of {CONFIG_NAME}", directory, env)
    else:
        chosen = Target(source="default", directory=directory / EMBEDDED_DIRECTORY)
    if chosen.db_url is not None:
        _check_url(chosen.db_url, chosen.source)
    return Settings(target=_with_api(chosen, env), directory=directory)


def _with_api(target: Target, env: Mapping[str, str]) -> Target:
    # A target of chatctl.yaml keeps its own keys: another project's variable must not leak into it.
    return replace(
        target,
        api_url=target.api_url or env.get("SUPABASE_URL"),
        publishable_key=target.publishable_key
        or env.get("SUPABASE_PUBLISHABLE_KEY")
        or env.get("SUPABASE_ANON_KEY"),
        secret_key=target.secret_key
        or env.get("SUPABASE_SECRET_KEY")
        or env.get("SUPABASE_SERVICE_ROLE_KEY"),
        jwt_secret=target.jwt_secret or env.get("SUPABASE_JWT_SECRET"),
    )


def _named(
    config: Mapping[str, Any], name: str, source: str, directory: Path, env: Mapping[str, str]
) -> Target:
    targets = config.get("targets") or {}
    if name not in targets:
        known = ", ".join(sorted(targets)) or "none"
        raise NotFound(f"{CONFIG_NAME} has no target {name!r}; it names: {known}")
    entry = targets[name]
    where = f"{CONFIG_NAME}: targets.{name}"
    if not isinstance(entry, dict):
        raise Invalid(f"{where} must be a mapping")
    allowed = {f.name for f in fields(Target)} - {"source", "name", "directory"}
    for key in entry:
        if key not in allowed:
            raise Invalid(f"{where}.{key} is not known; known are {', '.join(sorted(allowed))}")
    values = {key: _fill(str(value), f"{where}.{key}", env) for key, value in entry.items()}
    environment = values.get("environment")
    if environment not in (None, "local", "staging", "production"):
        raise Invalid(f"{where}.environment must be local, staging or production, not {environment!r}")
    api_alone = "api_url" in values and (environment == "staging" or not _is_loopback(values["api_url"]))
    embedded = "db_url" not in values and not api_alone
    label = f"{source} {name}" if source == "--target" else f"{source}: {name}"
    return Target(
        source=label,
        name=name,
        directory=directory / EMBEDDED_DIRECTORY if embedded else None,
        **values,  # type: ignore[arg-type]
    )


def _fill(value: str, where: str, env: Mapping[str, str]) -> str:
    def lookup(match: re.Match[str]) -> str:
        name = match.group(1)
        if not env.get(name):
            raise Invalid(f"{where} needs the environment variable {name}, which is not set")
        return env[name]

    return _PLACEHOLDER.sub(lookup, value)


def _read_config(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    import yaml  # noqa: PLC0415 - most runs have no chatctl.yaml

    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise Invalid(f"{path.name} cannot be read: {mask(' '.join(str(error).split()))}") from None
    if config is None:
        return {}
    if not isinstance(config, dict):
        raise Invalid(f"{path.name} must be a mapping with `default` and `targets`")
    for key in config:
        if key not in ("default", "targets"):
            raise Invalid(f"{path.name}: {key} is not known; known are default and targets")
    if not isinstance(config.get("targets") or {}, dict):
        raise Invalid(f"{path.name}: targets must be a mapping of names to targets")
    return config


def _check_url(url: str, source: str) -> None:
    if not url.startswith(("postgresql://", "postgres://")):
        raise Invalid(f"{source} must be a postgresql:// URL, not {mask(url)!r}")


def _describe(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or dict(parse_qsl(parts.query)).get("host") or "localhost"
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an unreadable URL"
    return f"{unquote(parts.path.lstrip('/')) or 'the default database'} on {unquote(host)}{port}"


def _is_loopback(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = parts.hostname or dict(parse_qsl(parts.query)).get("host") or ""
    host = unquote(host)
    return host in ("", "localhost", "127.0.0.1", "::1") or host.startswith("/")
