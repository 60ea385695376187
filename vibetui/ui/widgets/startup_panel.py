"""What stands in the terminal's place until the container is ready."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.timer import Timer
from textual.widgets import Static

from vibetui.errors import Remedy
from vibetui.ui.opening import Opening, Phase
from vibetui.ui.styles import stylesheet
from vibetui.ui.widgets.choice_row import Choice, ChoiceRow, Offer
from vibetui.ui.widgets.step_list import StepList
from vibetui.ui.wording import REMEDY_LABELS
from vibetui.ui.world import World

_TICK = 0.1
_CHOICES = {
    Remedy.RETRY: Choice.START,
    Remedy.RECREATE: Choice.RECREATE,
    Remedy.SEE_LOG: Choice.SEE_LOG,
    Remedy.BACK: Choice.BACK,
}


class StartupPanel(Vertical):
    """Shows an `Opening`. What a person decides comes as `ChoiceRow.Chosen`."""

    DEFAULT_CSS = stylesheet("vibetui.ui.widgets", "startup_panel")

    def __init__(self, opening: Opening, world: World, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._opening = opening
        self._world = world
        self._ticker: Timer | None = None
        self._phase: Phase | None = None
        self.session_name = ""

    def compose(self) -> ComposeResult:
        yield Static(id="startup-title", markup=False)
        yield StepList(id="startup-steps")
        yield Static(id="startup-detail", markup=False)
        yield Static(id="startup-problem", markup=False)
        yield Static(id="startup-hint", markup=False)
        yield ChoiceRow(id="startup-choices")

    def on_mount(self) -> None:
        # The clock only moves the elapsed times; everything else comes by `refresh_opening`.
        self._ticker = self.set_interval(_TICK, self._tick, pause=True)

    def on_resize(self) -> None:
        self._tick()

    def begin(self) -> None:
        """A new opening: hidden until it is worth a look, and all choices are offered anew."""
        self.display = False
        self._phase = None

    def refresh_opening(self) -> None:
        """The opening has changed."""
        opening = self._opening
        self._tick()
        current = opening.progress.current
        self._say("#startup-title", self._title())
        failed = opening.phase is Phase.FAILED
        self.set_class(failed and not opening.cancelled, "-failed")
        self.set_class(failed and opening.cancelled, "-cancelled")
        self._say("#startup-detail", "" if failed or current is None else current.detail)
        self.query_one("#startup-detail").display = not failed
        self._say("#startup-problem", self._problem())
        self._say("#startup-hint", self._hint())
        if opening.phase is not self._phase:
            self._phase = opening.phase
            self._offer()

    def _title(self) -> str:
        name = self.session_name
        match self._opening.phase:
            case Phase.IDLE:
                return f"{name} is not started"
            case Phase.STARTING:
                return f"Starting {name}"
            case Phase.CANCELLING:
                return f"Cancelling the start of {name}"
            case Phase.CONNECTING | Phase.OPEN:
                return "Development container is now running"
            case Phase.FAILED if self._opening.cancelled:
                return f"The start of {name} was cancelled"
            case Phase.FAILED:
                return f"{name} could not be opened"

    def _problem(self) -> str:
        opening = self._opening
        if opening.phase is not Phase.FAILED or opening.error is None or opening.cancelled:
            return ""
        return opening.error.message

    def _hint(self) -> str:
        opening = self._opening
        if opening.phase is not Phase.FAILED or opening.error is None:
            return ""
        if opening.cancelled:
            return "Nothing was lost: /workspace is as it was."
        hint = opening.error.hint
        if Remedy.RECREATE in opening.remedies and "/workspace" not in hint:
            hint = f"{hint} Recreating the container keeps /workspace.".strip()
        return hint

    def _offer(self) -> None:
        row = self.query_one(ChoiceRow)
        match self._opening.phase:
            case Phase.STARTING:
                starting = Offer(Choice.START, "Starting…", enabled=False)
                row.offer([starting, Offer(Choice.CANCEL, "Cancel")])
            case Phase.CANCELLING:
                starting = Offer(Choice.START, "Starting…", enabled=False)
                row.offer([starting, Offer(Choice.CANCEL, "Cancelling…", enabled=False)])
            case Phase.CONNECTING | Phase.OPEN:
                row.offer([Offer(Choice.START, "Connecting…", enabled=False)])
            case Phase.IDLE:
                row.offer(
                    [Offer(Choice.START, "Start"), Offer(Choice.BACK, "Back")], focus=Choice.START
                )
            case Phase.FAILED:
                offers = list(self._remedies())
                row.offer(offers, focus=offers[0].choice)

    def _remedies(self) -> Iterator[Offer]:
        for remedy in self._opening.remedies or (Remedy.BACK,):
            label = REMEDY_LABELS[remedy]
            if remedy is Remedy.RETRY and self._opening.cancelled:
                label = "Start"
            yield Offer(_CHOICES[remedy], label)

    def _tick(self) -> None:
        self.query_one(StepList).show(self._opening.progress, self._world.monotonic())
        if self._ticker is not None:
            if self._opening.under_way and self.display:
                self._ticker.resume()
            else:
                self._ticker.pause()

    def _say(self, selector: str, text: str) -> None:
        said = self.query_one(selector, Static)
        said.update(text)
        if selector in ("#startup-problem", "#startup-hint"):
            said.display = bool(text)
