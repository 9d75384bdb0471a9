"""The settings of one run: its target database and API, read once and immutable."""

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
    """The name under which this process is recorded in a database: CHATCTL_ACTOR, else ``user@host``."""
    configured = (os.environ if env is None else env).get("CHATCTL_ACTOR", "").strip()
    if configured:
        return configured
    import getpass  # noqa: PLC0415 - only commands that write need it
    import socket  # noqa: PLC0415

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # some containers run under a user id without a name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


@dataclass(frozen=True)
class Target:
    """One database and the API in front of it.

    ``db_url`` is None for the embedded server, whose data is in ``directory``, and for a target that has only
    an API; ``destination`` is what libpq makes of ``db_url``. ``source`` is how the target was chosen: an
    option, an environment variable, an entry of chatctl.yaml or the default.
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
        """Whether the target has an API but no database."""
        return self.db_url is None and not self.embedded

    @property
    def local(self) -> bool:
        """Whether writes need no confirmation: the embedded server, or another server on this machine."""
        if self.environment is not None:
            return self.environment == "local"
        if self.destination is not None:
            return self.destination.local
        return self.embedded or _is_local_api(self.api_url or "")

    @property
    def label(self) -> str:
        """One line for messages: where the target is and how it was chosen, without secrets."""
        where = (
            f"embedded server in {_with_link_target(self.directory)}"
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
    """The target and the project of one run; see ``load``."""

    target: Target
    project: Project


def load(
    *,
    db_url: str | None = None,
    target: str | None = None,
    directory: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Settings:
    """Load the settings of this run.

    In order of precedence: --db-url, --target, CHATCTL_DB_URL, the default target of chatctl.yaml, the
    embedded server. Raises Invalid for a malformed chatctl.yaml or URL, NotFound for an unknown target.
    """
    env = os.environ if env is None else env
    if db_url and target:
        raise Invalid("--db-url cannot be combined with --target")
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
            raise NotFound(f"{config.default.where} is not the name of a target; targets: {_names(config)}")
        chosen = _named(config, config.default.text, "default of {file}: {name}", project, env)
    else:
        chosen = _with_api(Target(source="default", directory=project.embedded), env)
    return Settings(target=chosen, project=project)


def _config(project: Project) -> Config | None:
    path = project.config
    if path is None:
        return None
    from chatctl.settings import configfile  # noqa: PLC0415 - yaml is slow to import and rarely needed

    in_place = path.parent == project.directories[0]
    return configfile.read(path, path.name if in_place else str(path), _KEYS)


def _of_url(url: str, source: str) -> Target:
    return Target(source=source, name="url", db_url=url, destination=destination(url, source))


def _with_api(target: Target, env: Mapping[str, str]) -> Target:
    """``target``, which does not come from chatctl.yaml, with the API from the environment variables."""
    # Writes to a local target are not confirmed, so its API must be local, too.
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
    # Anything that is not a valid name may be a URL with a password, so it is not repeated.
    requested = repr(name) if is_name(name) else "with that name"
    if config is None:
        raise NotFound(f"there is no target {requested}: no {CONFIG_NAME} in {project}")
    entry = config.targets.get(name)
    if entry is None:
        raise NotFound(f"{config.name} has no target {requested}; targets: {_names(config)}")
    values = {key: _fill(value, env) for key, value in entry.items()}
    environment = values.get("environment")
    if environment not in (None, *get_args(Environment)):
        raise Invalid(f"{entry['environment'].where} must be local, staging or production")
    db_url, api_url = values.get("db_url"), values.get("api_url")
    if api_url is not None and not _API_URL.fullmatch(api_url):
        raise Invalid(
            f"{entry['api_url'].where} must be a URL such as https://project.supabase.co, "
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
    """The text of ``value`` with each ``${NAME}`` replaced by that environment variable."""

    def lookup(match: re.Match[str]) -> str:
        name = match.group(1)
        if not env.get(name):
            # Only an upper-case name is repeated: anything else may be a secret wrapped in ${}.
            shown = f"the environment variable {name}" if name.isupper() else "an environment variable"
            raise Invalid(f"{value.where} needs {shown}, which is not set")
        return env[name]

    if "${" in _PLACEHOLDER.sub("", value.text):
        raise Invalid(f"{value.where} has a ${{ that is not followed by the name of a variable and a }}")
    return _PLACEHOLDER.sub(lookup, value.text)


def _with_link_target(path: Path) -> str:
    return f"{path}, a link to {path.resolve()}" if path.is_symlink() else str(path)


def _is_local_api(url: str) -> bool:
    match = _API_URL.fullmatch(url)
    return match is not None and is_loopback(match["host"].strip("[]"))
