"""Beside the list: the screen of the session under the cursor, or what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from vibetui.errors import VibeError
from vibetui.model import Session, SessionStatus, Template
from vibetui.ui import preview_words as words
from vibetui.ui.opening import Progress
from vibetui.ui.preview_feed import NOTHING, Seen
from vibetui.ui.styles import stylesheet
from vibetui.ui.widgets.preview_screen import PreviewScreen
from vibetui.ui.widgets.step_list import StepList
from vibetui.ui.wording import STATUS_GLYPHS
from vibetui.ui.world import World

_TICK = 0.1


@dataclass(frozen=True, slots=True)
class Subject:
    """A session, and all that is known of it beside its row."""

    session: Session
    now: datetime
    template: Template | None = None
    seen: Seen = field(default=NOTHING)
    activity: str = ""
    """What is being done to it; it says more than the status."""
    progress: Progress | None = None
    """Of its start, where that was asked for here."""
    error: VibeError | None = None
    """Why that start failed."""


class Preview(Vertical):
    """Shows a `Subject` in a frame with its name."""

    DEFAULT_CSS = stylesheet("vibetui.ui.widgets", "preview")

    def __init__(self, world: World, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._world = world
        self._subject: Subject | None = None
        self._ticker: Timer | None = None
        self._said: dict[str, Content] = {}
        self._framed = ("", "")

    def compose(self) -> ComposeResult:
        yield Static(id="preview-tabs", markup=False)
        yield PreviewScreen(id="preview-screen")
        yield StepList(id="preview-steps")
        yield Static(id="preview-words", markup=False)

    def on_mount(self) -> None:
        for child in self.children:
            child.display = False
        # The clock only moves the elapsed time; everything else comes by `show`.
        self._ticker = self.set_interval(_TICK, self._tick, pause=True)

    def show(self, subject: Subject) -> None:
        """Show this one."""
        self._subject = subject
        if subject.session.status is SessionStatus.RUNNING and subject.activity in ("", "stopping"):
            self._show_screen(subject)
        else:
            self._show_words(subject)
        self._show_frame(subject)

    def _show_screen(self, subject: Subject) -> None:
        seen = subject.seen
        self._show_tabs(seen)
        trouble = seen.trouble
        self._display(screen=trouble is None and seen.picture is not None)
        self.query_one(PreviewScreen).show(seen.picture)
        self._say(Content("") if trouble is None else words.trouble(subject.session, trouble))

    def _show_tabs(self, seen: Seen) -> None:
        tabs = (
            Content.styled(name, "bold $primary" if index == seen.active else "$muted")
            for index, name in enumerate(seen.tabs)
        )
        self._say(Content("  ").join(tabs), "#preview-tabs")

    def _show_words(self, subject: Subject) -> None:
        self._show_tabs(NOTHING)
        progress, session = subject.progress, subject.session
        self._display(steps=progress is not None and subject.error is None)
        if subject.error is not None:
            self._say(words.failed(subject.error))
        elif subject.activity or session.status is not SessionStatus.STOPPED:
            said = subject.activity or str(session.status)
            self._say(Content("") if progress is not None else words.starting(said))
        else:
            self._say(words.stopped(session, subject.template, subject.now))

    def _display(self, *, screen: bool = False, steps: bool = False) -> None:
        self.query_one(PreviewScreen).display = screen
        self.query_one(StepList).display = steps
        self._tick()
        if self._ticker is not None:
            if steps and self._subject is not None and self._subject.error is None:
                self._ticker.resume()
            else:
                self._ticker.pause()

    def _tick(self) -> None:
        if self._subject is not None and self._subject.progress is not None:
            self.query_one(StepList).show(self._subject.progress, self._world.monotonic())

    def _say(self, text: Content, place: str = "#preview-words") -> None:
        # Each update lays the screen out anew, and most say the same as before.
        if place not in self._said or not self._said[place].is_same(text):
            said = self.query_one(place, Static)
            said.display = bool(text)
            said.update(text)
        self._said[place] = text

    def _show_frame(self, subject: Subject) -> None:
        session, kind = subject.session, _kind(subject)
        glyph = "✗" if kind == "failed" else STATUS_GLYPHS[SessionStatus(kind)]
        colour = {"running": "$success", "starting": "$warning", "failed": "$error"}
        title = Content.assemble((glyph, colour.get(kind, "$muted")), " ", (session.name, "bold"))
        picture = subject.seen.picture if self.query_one(PreviewScreen).display else None
        size = "" if picture is None else f"{picture.columns}×{len(picture.rows)}"
        if (title.markup, size) != self._framed:
            self._framed = (title.markup, size)
            self.border_title, self.border_subtitle = title, Content.styled(size, "$muted")


def _kind(subject: Subject) -> str:
    if subject.error is not None:
        return "failed"
    return "starting" if subject.activity.startswith("starting") else str(subject.session.status)
