"""The line above a terminal: whose it is, how its session is, and what the program calls it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual.content import Content
from textual.widgets import Static

from vibetui.model import Session, SessionStatus
from vibetui.ui.recording import recording_mark
from vibetui.ui.wording import STATUS_GLYPHS, whose

_COLORS = {SessionStatus.RUNNING: "$success", SessionStatus.STARTING: "$warning"}

_FLASH = 0.4
"""Seconds."""


_NAMED = 24
"""Columns for the names of the others."""


def _company(others: Sequence[str]) -> str:
    names = f"with {', '.join(others)}"
    return "" if not others else names if len(names) <= _NAMED else f"+{len(others)}"


class WorkspaceTitle(Static):
    """One line; the title gives way to the name."""

    def __init__(self) -> None:
        super().__init__(id="workspace-title", classes="bar", markup=False)
        self._rung = 0

    def ring(self) -> None:
        """Flash, for as long as one needs to look up."""
        self.add_class("-rang")
        self._rung += 1
        self.set_timer(_FLASH, partial(self._quiet, self._rung))

    def _quiet(self, rung: int) -> None:
        if rung == self._rung:
            self.remove_class("-rang")

    def show(
        self,
        session: Session,
        status: SessionStatus,
        title: str | None,
        *,
        others: Sequence[str] = (),
    ) -> None:
        """Show `status` beside the name, which may be newer than the session's own.

        Args:
            title: What the program says; None where tabs stand beside it, and there is no room.
            others: Who else is here.
        """
        mark = recording_mark(session)
        recorded = f"  {mark}" if mark else ""
        theirs = whose(session)
        if title is None:
            color = _COLORS.get(status, "$muted")
            glyph = (STATUS_GLYPHS[status], f"not bold {color}")
            more = f"  {theirs}".rstrip() + (f"  +{len(others)}" if others else "")
            self.update(
                Content.assemble(
                    (session.name, "bold"), " ", glyph, (more, "not bold"), (recorded, "$error")
                )
            )
            return
        said = "  ".join(
            word for word in (f"{STATUS_GLYPHS[status]} {status}", theirs, _company(others)) if word
        )
        room = self.content_size.width - len(f"{session.name}  {said}{recorded}") - 2
        shown = Content(title or session.template).truncate(max(room, 0), ellipsis=True)
        self.update(
            Content.assemble(
                (session.name, "bold"),
                "  ",
                (said, f"not bold {_COLORS.get(status, '$muted')}"),
                (recorded, "$error"),
                " " * max(room - shown.cell_length + 2, 2),
                shown.stylize("not bold $muted"),
            )
        )
