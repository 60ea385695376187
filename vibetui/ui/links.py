"""Opening what a link leads to, on the machine that the user sits at."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys

from vibetui.terminals.links import OPENABLE, scheme


def _opener() -> str | None:
    if sys.platform == "darwin":
        return shutil.which("open")
    # Without a desktop xdg-open looks for a browser of text, which would want this terminal.
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return shutil.which("xdg-open")
    return None


async def open_link(url: str) -> bool:
    """Hand `url` to the desktop; False where there is none, or where it mustn't have it."""
    opener = _opener() if scheme(url) in OPENABLE else None
    if opener is None:
        return False
    nowhere = asyncio.subprocess.DEVNULL
    try:
        started = await asyncio.create_subprocess_exec(
            opener, url, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
        )
    except OSError:
        return False
    return await started.wait() == 0
