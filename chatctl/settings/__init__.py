"""Which database a command talks to, and with which keys: read once, never changed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from chatctl.errors import Invalid, NotFound
from chatctl.secrets import mask
from chatctl.settings.config import Config, Value, is_name
from chatctl.settings.destination import Destination, destination, is_loopback
from chatctl.settings.project import CONFIG_NAME, EMBEDDED_DIRECTORY, Project, project_around

__all__ = [
    "EMBEDDED_DIRECTORY", "Environment", "Project", "Settings", "Target", "actor", "load", "project_around",
]  # fmt: skip

Environment = Literal["local", "staging", "production"]

_KEYS = ("api_url", "db_url", "environment", "jwt_secret", "publishable_key", "secret_key")
_PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_API_URL = re.compile(r"https?://(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\])(?P<port>:\d{1,5})?(/[\w./~-]*)?")


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

    ``db_url`` is None for the embedded server, which is in ``directory``, and where there is an API alone;
    ``destination`` is where libpq goes with it. ``source`` says how the target was chosen: a flag, a
    variable, an entry of chatctl.yaml or the default.
    """

    source: str
    name: str = "embedded"
    db_url: str | None = None
    destination: Destination | None = None
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
        if self.destination is not None:
            return self.destination.local
        return self.embedded or _is_local_api(self.api_url or "")

    @property
    def label(self) -> str:
        """One line for people: where it is and how it was chosen, without any secret."""
        where = (
            f"embedded server in {_with_target(self.directory)}"
            if self.directory is not None
            else f"the API at {self.api_url}"
            if self.api_alone
            else mask(str(self.destination))
        )
        kind = f", {self.environment}" if self.environment else ""
        return f"{where} ({self.source}{kind})"

    def __repr__(self) -> str:
        return f"Target({self.label})"


@dataclass(frozen=True)
class Settings:
    """What one run of chatctl was told about where to work; see ``load``."""

    target: Target
    project: Project


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
    if db_url and target:
        raise Invalid("--db-url and --target exclude each other; give one of them")
    project = project_around(directory)
    config = _config(project)
    if db_url:
        chosen = _with_api(_of_url(db_url, "--db-url"), env)
    elif target:
        chosen = _named(config, target, "--target {name} of {file}", project, env)
    elif env.get("CHATCTL_DB_URL"):
        chosen = _with_api(_of_url(env["CHATCTL_DB_URL"], "CHATCTL_DB_URL"), env)
    elif config and config.default:
        if config.default.text not in config.targets:
            raise NotFound(f"{config.default.where} is not the name of a target; known are {_names(config)}")
        chosen = _named(config, config.default.text, "default of {file}: {name}", project, env)
    else:
        chosen = _with_api(Target(source="default", directory=project.embedded), env)
    return Settings(target=chosen, project=project)


def _config(project: Project) -> Config | None:
    path = project.config
    if path is None:
        return None
    from chatctl.settings import configfile  # noqa: PLC0415 - yaml is slow to import; most runs have no file

    in_place = path.parent == project.directories[0]
    return configfile.read(path, path.name if in_place else str(path), _KEYS)


def _of_url(url: str, source: str) -> Target:
    return Target(source=source, name="url", db_url=url, destination=destination(url, source))


def _with_api(target: Target, env: Mapping[str, str]) -> Target:
    """``target``, which is no entry of chatctl.yaml, with the API that the environment names."""
    # Nobody is asked about a local database: the API must not be another machine's.
    api_url = env.get("SUPABASE_URL")
    if api_url and target.local and not _is_local_api(api_url):
        return target
    return replace(
        target,
        api_url=api_url,
        publishable_key=env.get("SUPABASE_PUBLISHABLE_KEY") or env.get("SUPABASE_ANON_KEY"),
        secret_key=env.get("SUPABASE_SECRET_KEY") or env.get("SUPABASE_SERVICE_ROLE_KEY"),
        jwt_secret=env.get("SUPABASE_JWT_SECRET"),
    )


def _named(config: Config | None, name: str, source: str, project: Project, env: Mapping[str, str]) -> Target:
    # What is no name may be a URL in the wrong place.
    asked = repr(name) if is_name(name) else "of that name"
    if config is None:
        raise NotFound(f"there is no target {asked}: no {CONFIG_NAME} in {project}")
    entry = config.targets.get(name)
    if entry is None:
        raise NotFound(f"{config.name} has no target {asked}; known are {_names(config)}")
    values = {key: _fill(value, env) for key, value in entry.items()}
    environment = values.get("environment")
    if environment not in (None, *get_args(Environment)):
        raise Invalid(f"{entry['environment'].where} must be local, staging or production")
    db_url, api_url = values.get("db_url"), values.get("api_url")
    if api_url is not None and not _API_URL.fullmatch(api_url):
        raise Invalid(
            f"{entry['api_url'].where} must be an address such as https://project.supabase.co, "
            "without user, password, query or fragment"
        )
    api_alone = (
        api_url and not db_url and (environment in ("staging", "production") or not _is_local_api(api_url))
    )
    return Target(
        source=source.format(name=name, file=config.name),
        name=name,
        destination=destination(db_url, entry["db_url"].where) if db_url else None,
        directory=None if db_url or api_alone else project.embedded,
        **values,  # type: ignore[arg-type]
    )


def _names(config: Config) -> str:
    return ", ".join(sorted(config.targets)) or "none"


def _fill(value: Value, env: Mapping[str, str]) -> str:
    """The text of ``value`` with what its ``${NAME}`` stand for."""

    def lookup(match: re.Match[str]) -> str:
        name = match.group(1)
        if not env.get(name):
            # Its name is repeated only where it cannot be a value that somebody has wrapped in ${}.
            shown = f" {name}" if name.isupper() else " that it names"
            raise Invalid(f"{value.where} needs the environment variable{shown}, which is not set")
        return env[name]

    if "${" in _PLACEHOLDER.sub("", value.text):
        raise Invalid(f"{value.where} has a ${{ without the name of a variable and a }} after it")
    return _PLACEHOLDER.sub(lookup, value.text)


def _with_target(path: Path) -> str:
    """``path``, and where it leads if it is a link."""
    return f"{path}, a link to {path.resolve()}" if path.is_symlink() else str(path)


def _is_local_api(url: str) -> bool:
    match = _API_URL.fullmatch(url)
    return match is not None and is_loopback(match["host"].strip("[]"))
