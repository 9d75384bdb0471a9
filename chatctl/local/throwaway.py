"""Servers that go away again: at the end of a block, or by ``sweep`` when their owner was killed.

All of one user's lie in one registry under the temporary directory. Each holds a file ``owner`` that its
owner keeps locked; a lock ends with its process, so a free one means that nobody will clean up any more.
Directories appear, are swept and disappear under the registry's own lock.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from chatctl.errors import NotAllowed
from chatctl.local import account, lock
from chatctl.local.server import Server, ensure_running, socket_fits

_LOCK_SECONDS = 120


@contextmanager
def server(version: int | None = None, *, durable: bool = False) -> Iterator[Server]:
    """A server in a directory of its own; both are gone after the block, whatever happens in it."""
    registry = _opened(_registry())
    with _changing(registry):
        directory = Path(tempfile.mkdtemp(prefix="", dir=registry))
        owner = lock.take(directory / "owner")
    try:
        yield ensure_running(directory, version=version, durable=durable)
    finally:
        _end(directory)
        with _changing(registry):
            shutil.rmtree(directory)
        if owner is not None:
            os.close(owner)


def sweep() -> list[Path]:
    """End the servers of killed owners and delete their directories; which ones those were."""
    registry = _registry()
    if not registry.exists():
        return []
    swept = []
    with _changing(_opened(registry)):
        for directory in sorted(path for path in registry.iterdir() if path.is_dir()):
            owner = lock.take(directory / "owner")
            if owner is not None:
                _end(directory)
                shutil.rmtree(directory)
                os.close(owner)
                swept.append(directory)
    return swept


def _registry() -> Path:
    registry = Path(tempfile.gettempdir()).resolve() / f"chatctl-{os.geteuid()}"
    # A temporary directory of one's own may be too deep for a unix socket; the usual one never is.
    return registry if socket_fits(registry / "12345678") else Path("/tmp") / registry.name  # noqa: S108


def _opened(registry: Path) -> Path:
    registry.mkdir(mode=0o700, exist_ok=True)
    found = registry.lstat()
    # The temporary directory is everybody's: somebody else may have been here first, or put a link here.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise NotAllowed(f"{registry} belongs to another user; remove it, or set TMPDIR")
    runs_as = account.for_directory(registry)
    account.close_to_others(registry, runs_as)
    return registry


def _changing(registry: Path) -> AbstractContextManager[None]:
    busy = f"another chatctl has been busy with {registry} for {_LOCK_SECONDS} s; try again later"
    return lock.held(registry / "lock", seconds=_LOCK_SECONDS, busy=busy)


def _end(directory: Path) -> None:
    from chatctl.local import processes  # noqa: PLC0415 - psutil; mostly there is nothing to sweep

    processes.end(directory)
