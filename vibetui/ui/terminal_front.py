"""Which of a session's terminals stands for it, where one is shown or named."""

from __future__ import annotations

from collections.abc import Sequence

from vibetui.agent import Listing, TerminalInfo
from vibetui.terminals.bells import harmless


def running(listing: Listing) -> list[TerminalInfo]:
    """Those whose program hasn't ended, the oldest first."""
    return [info for info in listing.terminals if info.running]


def in_front(listing: Listing, before: int | None = None) -> TerminalInfo | None:
    """One that somebody leads, else any: `before` if it is among these, else the newest."""
    alive = running(listing)
    pool = [info for info in alive if any(viewer.leads for viewer in info.viewers)] or alive
    return next((info for info in pool if info.terminal == before), pool[-1] if pool else None)


def names(terminals: Sequence[TerminalInfo]) -> tuple[str, ...]:
    """What to call them: the name that somebody gave, the program, or a number."""
    return tuple(
        harmless(info.name or info.command or info.title) or f"shell {number}"
        for number, info in enumerate(terminals, 1)
    )
