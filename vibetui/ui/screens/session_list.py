"""The first screen: the user's sessions."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static

from vibetui.errors import VibeError
from vibetui.model import Access, Session, SessionStatus, Template
from vibetui.ui.preview_feed import PreviewFeed
from vibetui.ui.screens.session_deeds import SessionDeeds
from vibetui.ui.widgets.key_bar import Hint, KeyBar
from vibetui.ui.widgets.line_input import LineInput
from vibetui.ui.widgets.preview import Preview, Subject
from vibetui.ui.widgets.session_rows import SessionRows
from vibetui.ui.widgets.trouble_banner import TroubleBanner
from vibetui.ui.wording import counted

_AGES_EVERY = 20.0
_ROOM_BESIDE = 110
"""Columns of the screen from which on the preview stands beside the list."""


class SessionListScreen(SessionDeeds):
    """Shows `SessionFeed`; what a person asks for goes to `Errands` or opens a workspace."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v,space", "preview", show=False),
        Binding("slash", "filter", show=False),
        Binding("escape", "clear_filter", show=False),
        Binding("ctrl+r,f5", "try_now", show=False),
        Binding("question_mark,f1", "app.help", show=False),
        Binding("q,ctrl+c,ctrl+q", "quit", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._templates: dict[str, Template] = {}
        self._wants_preview: bool | None = None
        """None: where there is room beside the list."""
        vibe = self.vibe
        self._previews = PreviewFeed(vibe.core, vibe.settings.emulator, self._show_preview)

    def compose(self) -> ComposeResult:
        with Vertical(id="list-ground"), Vertical(id="list-page"):
            yield Static(id="list-title")
            yield TroubleBanner()
            yield LineInput(id="filter", placeholder="Filter by name")
            with Container(id="list-body"):
                yield SessionRows()
                yield Preview(self.vibe.world)
            yield Static(id="empty")
        yield KeyBar()

    def on_mount(self) -> None:
        self._work.subscribe(self._show)
        self._unsubscribe = self.vibe.feed.subscribe(self._show)
        self._unheard = self.vibe.terminal_watch.subscribe(self._show)
        self.set_interval(_AGES_EVERY, self._show)
        self.query_one("#filter").display = False
        self.run_worker(self._greet())
        self.run_worker(self._previews.run(), name="preview")
        self._show()

    def on_unmount(self) -> None:
        self._unsubscribe()
        self._unheard()

    async def _greet(self) -> None:
        try:
            self.vibe.user_name = (await self.vibe.core.whoami()).name
            templates = await self.vibe.core.templates()
            self._templates = {template.name: template for template in templates}
        except VibeError:
            return  # The banner says it already.
        self._show()

    # What is shown

    def _show(self) -> None:
        if not self.showing or not self.is_current:
            return  # When it is to be seen again, it is shown again.
        feed, rows = self.vibe.feed, self.query_one(SessionRows)
        sessions = self._filtered()
        rows.show(
            sessions,
            self._work.activity,
            self.vibe.world.now(),
            heard=self.vibe.terminal_watch.heard,
        )
        self.query_one("#list-body").display = bool(sessions)
        self.query_one(TroubleBanner).show(feed.trouble)
        self._show_title()
        empty = self.query_one("#empty", Static)
        empty.display = not sessions
        empty.update(self._emptiness())
        if sessions and self.focused is None and self.is_current:
            rows.rows.focus()
        self._show_keys()
        self._show_preview()

    def _filtered(self) -> list[Session]:
        wanted = self.query_one("#filter", Input).value.strip().lower()
        return [session for session in self.vibe.feed.sessions if wanted in session.name.lower()]

    def _emptiness(self) -> Content:
        if not self.vibe.feed.loaded:
            return Content("" if self.vibe.feed.trouble else "Reading your sessions…")
        if self.vibe.feed.sessions:
            return Content.assemble("No session matches. ", ("esc", "bold $primary"), " shows all.")
        return Content.assemble(
            ("No sessions yet", "bold"),
            "\n\nA session is a container of your own with a\n/workspace that is kept.\n\nPress ",
            ("n", "bold $primary"),
            " to make the first one.",
        )

    def _show_title(self) -> None:
        sessions = self.vibe.feed.sessions
        running = sum(map(_runs, sessions))
        shown = len(self._filtered())
        parts = [self.vibe.user_name] if self.vibe.user_name else []
        if sessions and shown < len(sessions):
            parts.append(f"{shown} of {counted(len(sessions), 'session')}")
        elif sessions:
            parts += [counted(len(sessions), "session"), f"{running} running"]
        title = self.query_one("#list-title", Static)
        right = " · ".join(parts)
        room = max(title.content_size.width - len("vibetui"), 0)
        title.update(Content.assemble(("vibetui", "bold $primary"), (right.rjust(room), "$muted")))

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_title)
        self._show_preview()

    def on_descendant_focus(self) -> None:
        if self.showing:
            self._show_keys()

    def _show_keys(self) -> None:
        if isinstance(self.focused, LineInput):
            self.query_one(KeyBar).show(
                (
                    Hint("↵", "To the list", "screen.to_list"),
                    Hint("esc", "Show all", "screen.clear_filter"),
                )
            )
            return
        session = self._selected
        any_session = session is not None
        own = session is not None and session.access is Access.OWNER
        self.query_one(KeyBar).show(
            (
                Hint("↵", "Open", "screen.open", any_session),
                Hint("n", "New", "screen.new"),
                Hint("s", "Start", "screen.start", any_session and not self._watched),
                Hint("x", "Stop", "screen.stop", own),
                Hint("r", "Rename", "screen.rename", own, spare=3),
                Hint(
                    "d",
                    "Leave" if any_session and not own else "Delete",
                    "screen.delete",
                    any_session,
                ),
                Hint("S", "Share", "screen.share", own),
                Hint("R", "Record", "screen.record", own, spare=4),
                Hint("v", "Preview", "screen.preview", any_session, spare=1),
                Hint("/", "Filter", "screen.filter", bool(self.vibe.feed.sessions), spare=2),
                Hint("?", "Help", "app.help"),
                Hint("q", "Quit", "screen.quit"),
            )
        )

    # The preview

    @property
    def _beside(self) -> bool:
        """There is room for a preview beside the list."""
        return self.size.width >= _ROOM_BESIDE

    @property
    def _previewing(self) -> bool:
        return self._beside if self._wants_preview is None else self._wants_preview

    def action_preview(self) -> None:
        """Show the preview, or don't, until the app ends."""
        self._wants_preview = not self._previewing
        self._show_preview()

    def _show_preview(self) -> None:
        if not self.showing:
            return
        session, preview = self._selected, self.query_one(Preview)
        shown = session is not None and self._previewing
        self.set_class(shown and self._beside, "-beside")
        self.set_class(shown and not self._beside, "-below")
        running = {row.session_id for row in self.vibe.feed.sessions if _runs(row)}
        self._previews.keep(running)
        looking = session is not None and shown and self.is_active
        watched = session is not None and looking and session.session_id in running
        self._previews.look_at(session.session_id if session is not None and watched else None)
        if session is not None and looking:
            listing = self.vibe.terminal_watch.listings.get(session.session_id)
            if listing is not None:
                self._previews.listed(session.session_id, listing)
            preview.show(self._subject(session))

    def _subject(self, session: Session) -> Subject:
        identity, work = session.session_id, self._work
        return Subject(
            session,
            self.vibe.world.now(),
            self._templates.get(session.template),
            self._previews.seen(identity),
            work.activity.get(identity, ""),
            work.progress.get(identity),
            work.errors.get(identity),
        )

    # The filter

    def action_filter(self) -> None:
        """Show the filter and type into it."""
        if self.vibe.feed.sessions:
            self.query_one("#filter").display = True
            self.query_one("#filter").focus()

    def action_clear_filter(self) -> None:
        """All sessions again."""
        field = self.query_one("#filter", Input)
        field.value, field.display = "", False
        self._show()
        self.query_one(SessionRows).rows.focus()

    @on(Input.Changed, "#filter")
    def _filter_changed(self) -> None:
        self._show()

    @on(Input.Submitted, "#filter")
    def action_to_list(self) -> None:
        """From the filter to what it has found."""
        if self._filtered():
            self.query_one(SessionRows).rows.focus()

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        self._show_keys()
        self._show_preview()

    def on_key(self, event: events.Key) -> None:
        if event.key == "down" and self.focused is self.query_one("#filter"):
            event.stop()
            self.action_to_list()

    def action_try_now(self) -> None:
        """Don't wait for the next attempt to reach the core."""
        self.vibe.feed.try_now()

    def action_quit(self) -> None:
        """Leave; sessions go on."""
        self.vibe.leave()

    def on_screen_resume(self) -> None:
        self._show()

    def on_screen_suspend(self) -> None:
        self._previews.look_at(None)


def _runs(session: Session) -> bool:
    return session.status is SessionStatus.RUNNING
