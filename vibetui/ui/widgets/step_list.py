"""The steps of an opening: what each is doing and how long it has taken."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from vibetui.events import StepState
from vibetui.ui.opening import Progress, StepView
from vibetui.ui.styles import stylesheet
from vibetui.ui.wording import STEP_LABELS, took

_LABEL, _TIME = 12, 12
_GLYPHS: dict[StepState | None, str] = {
    None: "○",
    StepState.RUNNING: "●",
    StepState.DONE: "✓",
    StepState.SKIPPED: "✓",
    StepState.FAILED: "✗",
}


class StepList(Widget):
    """One line a step; a step with a known fraction has a bar."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "step--pending",
        "step--running",
        "step--done",
        "step--skipped",
        "step--failed",
        "step--muted",
        "step--bar",
        "step--groove",
    }
    DEFAULT_CSS = stylesheet("vibetui.ui.widgets", "step_list")

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._progress, self._now = Progress(), 0.0

    def show(self, progress: Progress, now: float) -> None:
        """Paint the progress as it is at `now` (`World.monotonic`)."""
        self._progress, self._now = progress, now
        self.refresh()

    def render(self) -> Content:
        """In whatever width it has by then: the first frame is whole."""
        width, progress = self.content_size.width, self._progress
        return Content("\n").join(
            self._line(view, progress.seconds(view, self._now), width) for view in progress.steps
        )

    def _line(self, view: StepView, seconds: float, width: int) -> Content:
        kind = "pending" if view.state is None else str(view.state)
        style, muted = self._style(kind), self._style("muted")
        label = Content.styled(
            STEP_LABELS[view.step].ljust(_LABEL),
            self._style("pending") if view.state in (None, StepState.SKIPPED) else Style.null(),
        )
        head = Content.assemble((_GLYPHS[view.state], style), "  ", label)
        room = width - head.cell_length - _TIME
        match view.state:
            case None:
                return head
            case StepState.SKIPPED:
                return head + Content.styled("nothing to do", self._style("pending"))
            case StepState.RUNNING if view.fraction is not None:
                middle = self._bar(view.fraction, room)
            case _:
                middle = Content.blank(room)
        return head + middle + Content.styled(took(seconds).rjust(_TIME), muted)

    def _bar(self, fraction: float, room: int) -> Content:
        percent = f" {min(max(fraction, 0.0), 1.0):4.0%}"
        length = max(room - len(percent), 4)
        halves = round(min(max(fraction, 0.0), 1.0) * length * 2)
        filled = "━" * (halves // 2) + "╸" * (halves % 2)
        return Content.assemble(
            (filled, self._style("bar")),
            ("━" * (length - len(filled)), self._style("groove")),
            (percent, Style.null()),
        )

    def _style(self, kind: str) -> Style:
        return self.get_visual_style(f"step--{kind}", partial=True)
