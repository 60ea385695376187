"""From a session's name to a greeted connection: the flight's events become a model to show.

Knows no widget. A connection comes only from the core, after ``READY``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from vibetui.agent import AgentConnection
from vibetui.core.protocol import Core
from vibetui.errors import OpenError, Remedy, VibeError
from vibetui.events import OpenEvent, OpenStep, StepState
from vibetui.ui.streams import closing
from vibetui.ui.world import World


class Phase(StrEnum):
    """Where the opening is."""

    IDLE = "idle"
    """Nothing is under way."""
    STARTING = "starting"
    CANCELLING = "cancelling"
    CONNECTING = "connecting"
    """``READY``; the core is handing a connection over."""
    OPEN = "open"
    FAILED = "failed"
    """`Opening.error` says why, `Opening.remedies` what to do."""


@dataclass(frozen=True, slots=True)
class StepView:
    """One line of the start-up panel. `state` is None until the step begins."""

    step: OpenStep
    state: StepState | None = None
    began: float = 0.0
    """Seconds of the flight."""
    seconds: float = 0.0
    """What the step took, or has taken at the last event."""
    fraction: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """All steps of one flight as far as it has been heard of."""

    steps: tuple[StepView, ...] = tuple(StepView(step) for step in OpenStep)
    elapsed: float = 0.0
    """Seconds of the flight at the last event."""
    heard_at: float = 0.0
    """On `World.monotonic`, when the last event came."""

    def after(self, event: OpenEvent, now: float) -> Progress:
        """The progress with `event` taken in."""
        return Progress(
            steps=tuple(
                _moved(view, event) if view.step is event.step else view for view in self.steps
            ),
            elapsed=event.elapsed,
            heard_at=now,
        )

    def failed(self) -> Progress:
        """The step that was running has failed."""
        return replace(
            self,
            steps=tuple(
                replace(view, state=StepState.FAILED) if view.state is StepState.RUNNING else view
                for view in self.steps
            ),
        )

    def seconds(self, view: StepView, now: float) -> float:
        """What the step has taken by `now`."""
        if view.state is not StepState.RUNNING:
            return view.seconds
        return self.elapsed - view.began + now - self.heard_at

    @property
    def current(self) -> StepView | None:
        """The step that runs."""
        running = (view for view in self.steps if view.state is StepState.RUNNING)
        return next(running, None)

    @property
    def working(self) -> bool:
        """Something has to be made, started or pulled: it will take a moment."""
        return any(
            view.step in _WORK and view.state not in (None, StepState.SKIPPED)
            for view in self.steps
        )

    @property
    def warm(self) -> bool:
        """The container ran already: it was not started for this opening."""
        return all(
            view.state in (None, StepState.SKIPPED)
            for view in self.steps
            if view.step is OpenStep.START
        )


def _moved(view: StepView, event: OpenEvent) -> StepView:
    began = event.elapsed if view.state is None else view.began
    return replace(
        view,
        state=event.state,
        began=began,
        seconds=event.elapsed - began,
        fraction=event.fraction,
        detail=event.detail,
    )


_WORK = (OpenStep.IMAGE, OpenStep.CREATE, OpenStep.START)


class Opening:
    """One session's opening, as often as it is asked for.

    Args:
        changed: Called after every change, on the loop.
    """

    def __init__(
        self, core: Core, session_id: str, world: World, changed: Callable[[], None]
    ) -> None:
        self._core = core
        self._session_id = session_id
        self._world = world
        self._changed = changed
        self.phase = Phase.IDLE
        self.progress = Progress()
        self.error: VibeError | None = None
        self.cancelled = False
        """The person gave the last run up."""

    @property
    def under_way(self) -> bool:
        """The person is waiting for it."""
        return self.phase in (Phase.STARTING, Phase.CANCELLING, Phase.CONNECTING)

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """The ways on from `error`, the best first."""
        if isinstance(self.error, OpenError):
            return self.error.remedies
        return (Remedy.RETRY, Remedy.BACK)

    async def run(self, *, recreate: bool = False) -> AgentConnection | None:
        """Open the session and hand its connection over; None: `error` says why not.

        Whoever takes the connection says `opened` or `failed`. Leaving (cancelling) this does
        not stop the flight.
        """
        self.error, self.cancelled = None, False
        self.progress = Progress(heard_at=self._world.monotonic())
        self._enter(Phase.STARTING)
        try:
            events = self._core.open_session(self._session_id, recreate=recreate)
            async with closing(events):
                async for event in events:
                    self.progress = self.progress.after(event, self._world.monotonic())
                    self._changed()
            self._enter(Phase.CONNECTING)
            return await self._core.attach(self._session_id)
        except VibeError as error:
            self.failed(error)
            return None

    async def cancel(self) -> None:
        """Give the flight up; `run` then ends with what the core says about it.

        What has been asked for too late does nothing: the session is open.
        """
        if self.phase is not Phase.STARTING:
            return
        self.cancelled = True
        self._enter(Phase.CANCELLING)
        try:
            await self._core.cancel_open(self._session_id)
        except VibeError as error:
            if not self._opened_meanwhile:
                self.failed(error)

    @property
    def _opened_meanwhile(self) -> bool:
        return self.phase in (Phase.CONNECTING, Phase.OPEN)

    def opened(self) -> None:
        """The terminal is there."""
        self._enter(Phase.OPEN)

    def failed(self, error: VibeError) -> None:
        """It could not be opened."""
        self.error, self.progress = error, self.progress.failed()
        self._enter(Phase.FAILED)

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self._changed()
