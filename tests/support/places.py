"""Where the tests make files: in memory if it has room for them, else in /tmp.

They make hundreds of thousands, 300 with each clone of a database, and delete them. Ext4 without a journal,
as virtual machines have it, looks at all that were deleted in the last minutes before it makes one: a clone
takes 0.3 s there, and 0.02 s in memory.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - the directories made in it are private
_ROOM = 2 << 30  # bytes


def _chosen() -> Path:
    with suppress(OSError):  # a system without it
        found = os.statvfs(_MEMORY)
        runs = not found.f_flag & os.ST_NOEXEC
        if found.f_bavail * found.f_frsize >= _ROOM and runs and os.access(_MEMORY, os.W_OK):
            return _MEMORY
    return Path("/tmp")  # noqa: S108 - as above


# Near the root, since it is part of the path of sockets, which is limited.
PLACE = _chosen()


def use() -> None:
    """Make it the temporary directory, also of processes that are started; a TMPDIR that is set stays."""
    os.environ.setdefault("TMPDIR", str(PLACE))
    tempfile.tempdir = None
