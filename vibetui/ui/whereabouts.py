"""Who is in a session now, and in which of its terminals."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from vibetui.agent import Listing
from vibetui.core.protocol import Core


def whereabouts(listing: Listing) -> dict[str, str]:
    """By name, what each looks at: ``leads build``, ``in terminal 2``; a lead goes first."""
    found: dict[str, str] = {}
    for number, terminal in enumerate(listing.terminals, 1):
        called = terminal.name or f"terminal {number}"
        for viewer in terminal.viewers:
            if viewer.leads:
                found[viewer.who] = f"leads {called}"
            else:
                found.setdefault(viewer.who, f"in {called}")
    return found


async def follow(core: Core, session_id: str) -> AsyncGenerator[dict[str, str], None]:
    """`whereabouts`, now and after every change, while the session runs.

    Raises `VibeError` where it doesn't, or no longer.
    """
    watch = await (await core.attach(session_id)).watch()
    try:
        async for listing in watch:
            yield whereabouts(listing)
    finally:
        watch.close()
