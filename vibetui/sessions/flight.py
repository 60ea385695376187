"""An opening under way: one for each session, watched by many, owned by none of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import structlog

from vibetui.errors import OpenError
from vibetui.events import OpenEvent, OpenStep, StepState
from vibetui.sessions import problems

log = structlog.get_logger(__name__)


class Flight:
    """The history of one opening, and how it ended.

    Args:
        begun_by: The id of the user who asked first; empty where that doesn't matter.
    """

    def __init__(self, begun_by: str = "") -> None:
        self.begun_by = begun_by
        self._began = asyncio.get_running_loop().time()
        self._history: list[OpenEvent] = []
        self._changed = asyncio.Event()
        self._error: OpenError | None = None
        self.landed = False
        self.given_up = False
        """Its user wants it undone: what it made is to be removed."""

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return asyncio.get_running_loop().time() - self._began

    def report(
        self, step: OpenStep, state: StepState, *, fraction: float | None = None, detail: str = ""
    ) -> None:
        """Tell every watcher; nothing is told after the end."""
        if not self.landed:
            self._history.append(OpenEvent(step, state, self.elapsed, fraction, detail))
            self._wake()

    def land(self, error: OpenError | None = None) -> None:
        """End it, well or with one error; the first end counts."""
        if self.landed:
            return
        if error is not None and self._history and self._history[-1].state is StepState.RUNNING:
            self.report(self._history[-1].step, StepState.FAILED, detail=error.message)
        self._error, self.landed = error, True
        self._wake()

    async def watch(self) -> AsyncGenerator[OpenEvent, None]:
        """All events from the first on. Raises the `OpenError` with which the flight ended."""
        seen = 0
        while True:
            changed = self._changed
            while seen < len(self._history):
                seen += 1
                yield self._history[seen - 1]
            if self.landed:
                break
            await changed.wait()
        if self._error is not None:
            error = self._error
            # One exception raised in many watchers would gather the traceback of each.
            raise OpenError(
                error.message, error.hint, retryable=error.retryable, remedies=error.remedies
            )

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class Flights:
    """The flights of this process, at most one a session. Owns their tasks until `close`."""

    def __init__(self) -> None:
        self._flying: dict[str, tuple[Flight, asyncio.Task[None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def under_way(self, session_id: str) -> Flight | None:
        """The session's flight, unless it has landed."""
        flight, _ = self._flying.get(session_id, (None, None))
        # One that has landed may still be writing the trail; what it said is no longer news.
        return None if flight is None or flight.landed else flight

    def join(
        self, session_id: str, fly: Callable[[Flight], Awaitable[None]], *, begun_by: str = ""
    ) -> Flight:
        """The session's flight, begun with `fly` where there is none. `fly` lands it."""
        if (flying := self.under_way(session_id)) is not None:
            return flying
        flight = Flight(begun_by)
        if self._closed:
            flight.land(problems.shutting_down())
            return flight
        task = asyncio.create_task(self._own(session_id, flight, fly), name=f"open {session_id}")
        self._flying[session_id] = flight, task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return flight

    async def cancel(self, session_id: str) -> None:
        """Give a flight up; returns when what it had made is gone. Nothing to do is no error."""
        if session_id not in self._flying:
            return
        flight, task = self._flying.pop(session_id)
        if not flight.landed:
            flight.given_up = True
            # Watchers needn't wait until a call to the engine that can't be interrupted ends.
            flight.land(problems.cancelled())
            task.cancel()
        await asyncio.wait([task])

    async def close(self) -> None:
        """End all flights. What they made stays, and is adopted by the next opening."""
        self._closed = True
        for flight, task in self._flying.values():
            flight.land(problems.shutting_down())
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _own(
        self, session_id: str, flight: Flight, fly: Callable[[Flight], Awaitable[None]]
    ) -> None:
        try:
            await fly(flight)
        except asyncio.CancelledError:
            flight.land(problems.cancelled())
        except Exception:
            log.exception("flight.crashed", session_id=session_id)
        finally:
            flight.land(problems.unexpected())
            if self._flying.get(session_id, (None,))[0] is flight:
                del self._flying[session_id]
