"""A real browser without a window, where there is one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--enable-logging=stderr",
)  # fmt: skip


def dom(page: Path, profile: Path, address: str = "") -> str:
    """The document of a page as the browser has it in the end; ``address`` is what follows the #.

    Fails if anything is reported on the console, as for a script that fails or is refused.
    """
    done = subprocess.run(
        [str(BROWSER), *_QUIET, f"--user-data-dir={profile}", "--dump-dom", f"file://{page}#{address}"],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr, done.stderr
    return done.stdout
