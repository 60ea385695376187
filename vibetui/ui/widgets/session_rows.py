"""The sessions, one a row: name, status, template, last used, under their headings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.style import Style
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from vibetui.model import Access, Session, SessionStatus
from vibetui.ui.recording import recording_mark
from vibetui.ui.styles import stylesheet
from vibetui.ui.terminal_watch import Heard
from vibetui.ui.wording import BELL, SHARED, STATUS_GLYPHS, TABS, ago

_STATUS, _TEMPLATE, _USED = 26, 12, 12
_NARROW, _SHORT_STATUS = 76, 18
"""Columns: with less there is no template, and the status has less room."""
_LEAST_NAME = 12
_GUTTER = 2
_LEAST_TITLE = 10


class _Rows(OptionList):
    """A click selects a row; a click on the selected row opens it, as Enter does."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--running",
        "rows--starting",
        "rows--stopped",
        "rows--failed",
        "rows--muted",
        "rows--rang",
        "rows--recorded",
    }

    async def on_click(self, event: events.Click) -> None:
        event.prevent_default()
        index = event.style.meta.get("option")
        if index is None:
            return
        if index == self.highlighted:
            self.action_select()
        else:
            self.highlighted = index


class SessionRows(Vertical):
    """Shows sessions; the cursor stays on its session while rows move around it.

    Selecting a row posts `OptionList.OptionSelected` with the session's id.
    """

    DEFAULT_CSS = stylesheet("vibetui.ui.widgets", "session_rows")

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._sessions: tuple[Session, ...] = ()
        self._activity: Mapping[str, str] = {}
        self._heard: Mapping[str, Heard] = {}
        self._now: datetime | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="headings")
        yield _Rows(id="rows")

    @property
    def rows(self) -> OptionList:
        """The list that takes the focus."""
        return self.query_one(_Rows)

    @property
    def selected_id(self) -> str | None:
        """The session under the cursor."""
        option = self.rows.highlighted_option
        return None if option is None else option.id

    def select(self, session_id: str) -> None:
        """Put the cursor on a session that is shown."""
        ids = [session.session_id for session in self._sessions]
        if session_id in ids:
            self.rows.highlighted = ids.index(session_id)

    def show(
        self,
        sessions: Sequence[Session],
        activity: Mapping[str, str],
        now: datetime,
        *,
        heard: Mapping[str, Heard] = MappingProxyType({}),
    ) -> None:
        """Show these sessions.

        Args:
            sessions: In this order.
            activity: What to say instead of the status, by session id.
            now: When that is.
            heard: What their terminals have said, by session id.
        """
        self._sessions, self._activity, self._now = tuple(sessions), dict(activity), now
        self._heard = dict(heard)
        self._paint()

    def on_resize(self) -> None:
        self._paint()

    def _paint(self) -> None:
        if self._now is None or not self.size.width:
            return
        rows = self.rows
        widths = self._widths()
        heads = ("Name", "Status", *(["Template"] if len(widths) > 3 else []), "Last used")
        self.query_one("#headings", Static).update(
            Content(_GUTTER * " ") + _columns(map(Content, heads), widths)
        )
        options = [
            Option(_columns(self._cells(session, self._now), widths), session.session_id)
            for session in self._sessions
        ]
        if [option.id for option in options] == [option.id for option in rows.options]:
            for option in options:
                rows.replace_option_prompt(option.id or "", option.prompt)
            return
        kept, place = self.selected_id, rows.highlighted or 0
        rows.set_options(options)
        if options:
            rows.highlighted = min(place, len(options) - 1)
            if kept is not None:
                self.select(kept)

    def _widths(self) -> tuple[int, ...]:
        narrow = self.size.width < _NARROW
        others = (_SHORT_STATUS, _USED) if narrow else (_STATUS, _TEMPLATE, _USED)
        return (max(self.size.width - sum(others) - 2 * _GUTTER, _LEAST_NAME), *others)

    def _cells(self, session: Session, now: datetime) -> Iterable[Content]:
        muted = self._style("muted")
        yield self._name_cell(session)
        yield self._status(session)
        if len(self._widths()) > 3:
            yield Content.styled(session.template, muted)
        yield Content.styled(ago(session.last_used_at, now), muted)

    def _name_cell(self, session: Session) -> Content:
        """The name, its marks, and the terminal's title as far as it fits."""
        heard = self._heard_of(session)
        name = Content(" ").join([Content(session.name), *self._marks(session)])
        if heard.title and self._widths()[0] - name.cell_length > _LEAST_TITLE:
            name = Content.assemble(name, "  ", (heard.title, self._style("muted")))
        return name

    def _heard_of(self, session: Session) -> Heard:
        return self._heard.get(session.session_id, Heard())

    def _marks(self, session: Session) -> Iterable[Content]:
        """What is to be seen at a glance, the most pressing first."""
        heard = self._heard_of(session)
        if heard.rang:
            yield Content.styled(BELL, self._style("rang"))
        if session.access is not Access.OWNER:
            yield Content.styled(f"{session.owner}'s", self._style("muted"))
        elif session.shared_with:
            yield Content.styled(f"{SHARED}{session.shared_with}", self._style("muted"))
        if mark := recording_mark(session):
            yield Content.styled(mark, self._style("recorded"))
        if len(heard.tabs) > 1:
            yield Content.styled(f"{TABS}{len(heard.tabs)}", self._style("muted"))

    def _status(self, session: Session) -> Content:
        said = self._activity.get(session.session_id)
        kind: str
        words: str
        if said is None:
            kind, glyph, words = session.status, STATUS_GLYPHS[session.status], session.status
            if session.access is Access.VIEWER:
                words = f"{words} · view"
        elif said.startswith("failed"):
            kind, glyph, words = "failed", "✗", said
        else:
            kind, glyph = "starting", STATUS_GLYPHS[SessionStatus.STARTING]
            words = said.rpartition(" · ")[2] if self.size.width < _NARROW else said
        return Content.styled(f"{glyph} {words}", self._style(kind))

    def _style(self, kind: str) -> Style:
        return self.rows.get_visual_style(f"rows--{kind}", partial=True)


def _columns(cells: Iterable[Content], widths: Sequence[int]) -> Content:
    """Each cell cut or padded to its width, one space always between two."""
    return Content("").join(
        cell.truncate(width - 1, ellipsis=True).pad_right(width - min(cell.cell_length, width - 1))
        for cell, width in zip(cells, widths, strict=True)
    )
