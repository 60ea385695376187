"""`SessionManager`: what the core may do with sessions. It knows no users, only sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, closing
from weakref import WeakValueDictionary

from vibetui.agent import AgentConnection, AgentOutdated
from vibetui.engines import Engine
from vibetui.errors import AgentError, OpenError, VibeError
from vibetui.events import EventCode, OpenEvent
from vibetui.model import CopyProgress, Session, SessionNotice
from vibetui.sessions import lifecycle, problems, reconcile
from vibetui.sessions.audit import Journal
from vibetui.sessions.copying import Copies
from vibetui.sessions.flight import Flight, Flights
from vibetui.sessions.follow import Follower
from vibetui.sessions.helpers import Helpers
from vibetui.sessions.open import Opening
from vibetui.sessions.ownership import find_container, instance_id
from vibetui.sessions.tools import Tools
from vibetui.sessions.watch import DirectoryWatch
from vibetui.settings import Settings
from vibetui.store import Store

ATTACH_TIMEOUT = 5.0
"""Seconds for the agent of a session said to be running; it takes less than a millisecond."""

LOG_LINES = 200


class SessionManager:
    """Sessions on one engine, rows in one store.

    Args:
        engine: Where the containers are.
        store: Where the rows are.
        settings: Templates, deadlines, and the data directory.
        notify: Told of every change of a row, on the loop; must not raise.
    """

    def __init__(
        self,
        engine: Engine,
        store: Store,
        settings: Settings,
        *,
        notify: Callable[[SessionNotice], None],
    ) -> None:
        self._watch = DirectoryWatch()
        self._tools = Tools(
            engine=engine,
            store=store,
            settings=settings,
            instance=instance_id(settings.data_dir),
            journal=Journal(store),
            watch=self._watch,
            notify=notify,
        )
        self._flights = Flights()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._helpers = Helpers(self._tools)
        self._copies = Copies(self._tools, self._helpers)
        self._follower = Follower(self._tools, self._lock, self._copies.sweep)

    async def create(
        self, user_id: str, name: str, template: str, *, opening: bool = False
    ) -> Session:
        """A row, no container. Raises `Invalid` (name, template), `Conflict` (taken, too many).

        With `opening` its flight begins at once: whoever opens it joins that one.
        """
        session = await lifecycle.create(self._tools, user_id, name, template)
        if opening:
            self._flights.join(
                session.session_id,
                lambda flight: self._fly(session, flight, recreate=False, fresh=True),
                begun_by=user_id,
            )
        return session

    async def rename(self, session_id: str, name: str) -> Session:
        """Raises `Invalid`, `NotFound`, `Conflict`."""
        return await lifecycle.rename(self._tools, session_id, name)

    async def set_recording(self, session_id: str, on: bool | None) -> Session:
        """Record its terminals, or not, or (None) as its template says. Raises `NotFound`."""
        return await lifecycle.record(self._tools, session_id, on)

    async def run_of(self, session_id: str) -> str:
        """What names one run of the session's container: terminals have their numbers in it.

        Empty where there is no container. Raises `NotFound`, `EngineError`.
        """
        session = await self._tools.need(session_id)
        state = await find_container(self._tools.engine, session, self._tools.instance)
        return "" if state is None else f"{state.container_id} {state.started_at}"

    async def open(
        self, session_id: str, *, recreate: bool = False, by: str = ""
    ) -> AsyncGenerator[OpenEvent, None]:
        """Join (or begin) the session's flight: history first, then live.

        Ends after ``READY``/``DONE``. Leaving the iterator doesn't stop the flight. With
        `recreate` a flight under way is given up and the container removed first. `by` is the
        id of the user who asks.

        Raises:
            NotFound: no such session.
            OpenError: it could not be opened.
        """
        session = await self._tools.need(session_id)
        if recreate:
            await self._flights.cancel(session_id)
        flight = self._flights.join(
            session_id,
            lambda flight: self._fly(session, flight, recreate=recreate),
            begun_by=by,
        )
        async with aclosing(flight.watch()) as events:
            async for event in events:
                yield event

    def flight_under_way(self, session_id: str) -> Flight | None:
        """The opening that is under way now."""
        return self._flights.under_way(session_id)

    async def cancel(self, session_id: str) -> None:
        """Give the flight up and remove what it made; nothing to do where there is none."""
        await self._flights.cancel(session_id)

    async def stop(self, session_id: str) -> Session:
        """Give up a flight, stop the container. Raises `NotFound`, `EngineError`."""
        await self._flights.cancel(session_id)
        async with self._lock(session_id):
            return await lifecycle.stop(self._tools, session_id)

    async def delete(self, session_id: str) -> None:
        """Container, volume, row; no error where it is gone. Raises `EngineError`: row kept."""
        await self._flights.cancel(session_id)
        async with self._lock(session_id), self._helpers.none_of(session_id):
            await lifecycle.delete(self._tools, session_id)

    async def attach(self, session_id: str) -> AgentConnection:
        """A new connection that the session's agent has greeted; never starts anything.

        Raises:
            NotFound: no such session.
            OpenError: it isn't running now, or its agent is of another version.
        """
        session = await self._tools.need(session_id)
        carrier = self._tools.carrier(session_id)
        try:
            return await carrier.greet(session.container_id or "", ATTACH_TIMEOUT)
        except AgentOutdated as error:
            raise problems.outdated(error) from error
        except AgentError as error:
            raise problems.not_running() from error

    async def attach_files(self, session_id: str) -> AgentConnection:
        """A connection to the agent of a helper container with the session's workspace.

        Started if need be; whether the session runs makes no difference.

        Raises `NotFound`, `OpenError`, `EngineError`.
        """
        return await self._helpers.attach(session_id)

    async def evict(self, session_id: str, who: str) -> None:
        """Have the agents close what is bound to `who`. Raises `VibeError`."""
        failed: VibeError | None = None
        for attach in (self.attach, self._helpers.attach_running):
            try:
                with closing(await attach(session_id)) as agent:
                    await agent.evict(who)
            except OpenError:
                continue  # It isn't running.
            except VibeError as error:
                failed = error
        if failed is not None:
            raise failed

    async def copy(
        self, session_id: str, user_id: str, name: str
    ) -> AsyncGenerator[CopyProgress, None]:
        """Copy a session for that user; leaving the iterator gives it up. As `Copies.make`."""
        async with aclosing(self._copies.make(session_id, user_id, name)) as copying:
            async for progress in copying:
                yield progress

    async def log(self, session_id: str) -> str:
        """The last lines of the container's own output; empty where there is none."""
        session = await self._tools.need(session_id)
        state = await find_container(self._tools.engine, session, self._tools.instance)
        if state is None:
            return ""
        return await self._tools.engine.logs(state.container_id, LOG_LINES)

    async def reconcile(self) -> None:
        """Make all rows follow the engine and remove containers without a row."""
        for session_id in await reconcile.disagreements(self._tools):
            await self._follower.follow(session_id)

    async def run(self) -> None:
        """Reconcile and follow the engine's events until cancelled; the engine may come and go."""
        await self._follower.run()

    async def close(self) -> None:
        """End the flights; containers stay as they are. The engine and the store are not ours."""
        await self._flights.close()
        await self._watch.close()

    def _lock(self, session_id: str) -> asyncio.Lock:
        """Held by whatever changes the session: openings, stops, deletions, reconciliation."""
        lock = self._locks.get(session_id)
        if lock is None:
            lock = self._locks[session_id] = asyncio.Lock()
        return lock

    async def _fly(
        self, session: Session, flight: Flight, *, recreate: bool, fresh: bool = False
    ) -> None:
        journal = self._tools.journal
        opening = Opening(self._tools, flight, session.session_id, recreate=recreate, fresh=fresh)
        async with self._lock(session.session_id):
            journal.step(EventCode.SESSION_OPENED, session.session_id, 0.0, name=session.name)
            try:
                ready = await opening.run()
            except asyncio.CancelledError:
                if flight.given_up:
                    await self._settle(session.session_id, opening)
                raise
            except Exception as error:
                told = problems.as_open_error(error)
                journal.trouble(EventCode.SESSION_OPEN_FAILED, session.session_id, error)
                # The row first: whoever hears of the failure sees it in the list as well.
                await self._settle(session.session_id)
                flight.land(told)
                await journal.record(EventCode.SESSION_OPEN_FAILED, session, message=told.message)
            else:
                flight.land()
                await journal.record(
                    EventCode.SESSION_READY,
                    session,
                    container_id=ready.container_id,
                    seconds=round(flight.elapsed, 3),
                )

    async def _settle(self, session_id: str, undo: Opening | None = None) -> None:
        """After an opening that led nowhere: undo it, and make the row say what is."""
        try:
            if undo is not None:
                await undo.undo()
            await reconcile.follow(self._tools, session_id)
        except VibeError as error:
            self._tools.journal.trouble(EventCode.SESSION_OPEN_FAILED, session_id, error)
            await reconcile.assume_stopped(self._tools, session_id)
