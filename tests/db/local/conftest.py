"""A directory for an embedded server, which is stopped at the end of the test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatctl.local.postgres import server as embedded
from tests.support.places import PLACE


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that contains ``.chatctl``; servers in it are stopped at the end."""
    place = Path(tempfile.mkdtemp(prefix="cc", dir=PLACE))
    place.chmod(0o755)
    yield place
    for each in place.iterdir():
        if each.is_dir() and (each / "data").is_dir() and not each.is_symlink():
            embedded.stop(each)
    shutil.rmtree(place)


@pytest.fixture
def directory(place: Path) -> Path:
    """The path of the ``.chatctl`` of a test."""
    return place / ".chatctl"
