"""Throwaway servers, removed at the end of a block, or by ``sweep`` if their owner was killed.

All servers of a user are in one registry, a directory in the temporary directory. Each server directory has a
file ``owner``, which the owning process keeps locked. The lock ends with that process; if it is free, nobody
else will remove the server. Creating, sweeping and removing directories requires the lock of the registry.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from chatctl.errors import NotAllowed
from chatctl.local import lock
from chatctl.local.postgres import account
from chatctl.local.postgres.cluster import socket_fits
from chatctl.local.postgres.directory import Directory, hold
from chatctl.local.postgres.server import Server, ensure_running

_OWNER = "owner"
_LOCK_SECONDS = 120


@contextmanager
def server(version: int | None = None, *, durable: bool = False) -> Iterator[Server]:
    """A server in a temporary directory; both are removed at the end of the block."""
    with _registry(create=True) as registry:
        with _changing(registry):
            directory = Path(tempfile.mkdtemp(prefix="", dir=registry.path))
            owner = _take_ownership(registry, directory.name)
        try:
            yield ensure_running(directory, version=version, durable=durable)
        finally:
            _stop(directory)
            with _changing(registry):
                _remove(registry, directory.name)
            if owner is not None:
                os.close(owner)


def sweep() -> list[Path]:
    """Stop the servers of killed owners and delete their directories; returns these directories."""
    if not os.path.lexists(_registry_path()):
        return []
    swept = []
    with _registry(create=False) as registry, _changing(registry):
        for name in sorted(registry.names()):
            owner = _take_ownership(registry, name) if _is_server(registry, name) else None
            if owner is not None:
                _stop(registry.path / name)
                _remove(registry, name)
                os.close(owner)
                swept.append(registry.path / name)
    return swept


def _is_server(registry: Directory, name: str) -> bool:
    """Whether an entry is a server directory: it has a file ``owner``, or is new and still empty."""
    status = registry.status(name)
    if status is None or not stat.S_ISDIR(status.st_mode):
        return False
    with registry.folder(name) as at:
        owner = at and at.status(_OWNER)
        return stat.S_ISREG(owner.st_mode) if owner else at is not None and not at.names()


def _take_ownership(registry: Directory, name: str) -> int | None:
    """A descriptor that makes us the owner of a server until it is closed; None if it has another owner."""
    with registry.folder(name) as at:
        owner = lock.take(at.path / _OWNER, dir_fd=at.fd) if at else None
        if at and owner is not None:
            at.mark()
        return owner


def _remove(registry: Directory, name: str) -> None:
    # ``owner`` last, because the next sweep recognizes the remains of a killed sweep by it.
    with registry.folder(name) as at:
        if at:
            for each in at.names() - {_OWNER}:
                at.delete(each)
    registry.delete(name)


def _registry_path() -> Path:
    registry = Path(tempfile.gettempdir()).resolve() / f"chatctl-{os.geteuid()}"
    # The path of a custom temporary directory may be too long for a unix socket; that of /tmp never is.
    return registry if socket_fits(registry / "12345678") else Path("/tmp") / registry.name  # noqa: S108


@contextmanager
def _registry(*, create: bool) -> Iterator[Directory]:
    """The registry, held open. Raises NotAllowed if other users own it or could replace it."""
    path = _registry_path()
    if create:
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
    mode = path.parent.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise NotAllowed(f"every user can replace what is in {path.parent}; set TMPDIR to another directory")
    # Everybody can write to the temporary directory, so another user may have created this path or a link.
    not_ours = NotAllowed(f"{path} belongs to another user; remove it, or set TMPDIR")
    if not stat.S_ISDIR(path.lstat().st_mode):
        raise not_ours
    with hold(path) as registry:
        if registry is None or os.fstat(registry.fd).st_uid != os.geteuid():
            raise not_ours
        account.close_to_others(registry, account.for_directory(registry))
        yield registry


def _changing(registry: Directory) -> AbstractContextManager[None]:
    busy = f"another chatctl has been busy with {registry.path} for {_LOCK_SECONDS} s; try again later"
    return lock.held(registry.path / "lock", dir_fd=registry.fd, seconds=_LOCK_SECONDS, busy=busy)


def _stop(directory: Path) -> None:
    from chatctl.local.postgres import processes  # noqa: PLC0415 - imports psutil; usually there is nothing to sweep

    processes.end(directory)
