"""Which of a session's terminals stands for it, where one is shown or named."""

from __future__ import annotations

from vibetui.agent import Listing, TerminalInfo
from vibetui.terminals.layout import Layout
from vibetui.ui.wording import SHELL


def running(listing: Listing) -> list[TerminalInfo]:
    """Those whose program hasn't ended, in the order of their tabs."""
    alive = {info.terminal: info for info in listing.terminals if info.running}
    return [alive[terminal] for terminal in Layout.read(listing.layout, alive).terminals]


def in_front(listing: Listing, before: int | None = None) -> TerminalInfo | None:
    """One that somebody leads, else any: `before` if it is among these, else the newest."""
    alive = sorted(running(listing), key=lambda info: info.terminal)
    pool = [info for info in alive if any(viewer.leads for viewer in info.viewers)] or alive
    return next((info for info in pool if info.terminal == before), pool[-1] if pool else None)


def label(info: TerminalInfo) -> str:
    """The name that somebody gave it, else the program in it, else its title."""
    said = info.name or info.command or info.title
    return " ".join("".join(c if c.isprintable() else " " for c in said).split()) or SHELL
