"""Whatever happens in whatever order, every session opens and nobody's container is left."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import Any

import docker
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
)

from tests.session_support import Place, a_place
from vibetui.errors import OpenError
from vibetui.events import OpenStep
from vibetui.model import LABEL_SESSION, Session, SessionStatus

pytestmark = [pytest.mark.docker, pytest.mark.timeout(240)]

STEPS = st.sampled_from([OpenStep.LOOKUP, OpenStep.CREATE, OpenStep.START, OpenStep.HANDSHAKE])


class Sessions(RuleBasedStateMachine):
    """A user, an operator with `docker` in hand, and a core that is now and then replaced."""

    sessions = Bundle("sessions")

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._leave = AsyncExitStack()
        self._directory = tempfile.TemporaryDirectory(prefix="vibetui-test-")
        self._place: Place | None = None
        self._living: dict[str, Session] = {}

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        async def in_time() -> Any:
            async with asyncio.timeout(60):
                return await work

        return self._runner.run(in_time())

    @property
    def place(self) -> Place:
        assert self._place is not None
        return self._place

    @initialize()
    def begin(self) -> None:
        place = a_place(Path(self._directory.name) / "data")
        self._place = self.do(self._leave.enter_async_context(place))

    @rule(target=sessions)
    def create(self) -> Session:
        session: Session = self.do(self.place.session())
        self._living[session.session_id] = session
        return session

    @rule(session=sessions)
    def open(self, session: Session) -> None:
        self.do(self.place.open(session))
        self.do(self.place.works(session))

    @rule(session=sessions)
    def recreate(self, session: Session) -> None:
        self.do(self.place.open(session, recreate=True))
        self.do(self.place.works(session))

    @rule(session=sessions, step=STEPS)
    def open_and_leave(self, session: Session, step: OpenStep) -> None:
        async def leave() -> None:
            async with aclosing(self.place.manager.open(session.session_id)) as events:
                async for event in events:
                    if event.step is step:
                        break

        self.do(leave())

    @rule(session=sessions, step=STEPS)
    def open_and_cancel(self, session: Session, step: OpenStep) -> None:
        async def cancel() -> None:
            with contextlib.suppress(OpenError):
                async for event in self.place.manager.open(session.session_id):
                    if event.step is step:
                        await self.place.manager.cancel(session.session_id)

        self.do(cancel())

    @rule(session=sessions, step=STEPS)
    def open_while_it_is_removed_by_hand(self, session: Session, step: OpenStep) -> None:
        async def race() -> None:
            # It may end in a prompt or in the sentence that it keeps vanishing.
            with contextlib.suppress(OpenError):
                async for event in self.place.manager.open(session.session_id):
                    if event.step is step:
                        await asyncio.to_thread(self._by_hand, "remove_container", session)

        self.do(race())

    @rule(session=sessions)
    def stop(self, session: Session) -> None:
        stopped = self.do(self.place.manager.stop(session.session_id))
        assert stopped.status is SessionStatus.STOPPED

    @rule(session=sessions, what=st.sampled_from(["remove_container", "kill", "pause", "restart"]))
    def meddle(self, session: Session, what: str) -> None:
        self._by_hand(what, session)

    @rule(
        session=sessions,
        status=st.sampled_from(SessionStatus),
        container=st.sampled_from(["", "x"]),
    )
    def corrupt_the_row(self, session: Session, status: SessionStatus, container: str) -> None:
        self.do(
            self.place.store.update_session(
                session.session_id, container_id=container or None, status=status
            )
        )

    @rule()
    def replace_the_core(self) -> None:
        self.do(self._replace_the_core())

    async def _replace_the_core(self) -> None:
        await self.place.manager.close()
        self.place.manager = self.place.another_manager()
        await self.place.manager.reconcile()

    @rule(session=consumes(sessions))
    def delete(self, session: Session) -> None:
        self.do(self.place.manager.delete(session.session_id))
        del self._living[session.session_id]

    @invariant()
    def every_container_has_its_row_and_every_session_one_container_at_most(self) -> None:
        if self._place is None:
            return
        owners = [state.labels[LABEL_SESSION] for state in self.do(self.place.containers())]
        assert len(owners) == len(set(owners))
        assert set(owners) <= set(self._living)

    def teardown(self) -> None:
        try:
            if self._place is not None:
                self._all_open_in_the_end()
        finally:
            self._runner.run(self._leave.aclose())
            self._runner.close()
            self._directory.cleanup()

    def _all_open_in_the_end(self) -> None:
        # Openings that nobody waits for would go on while rows and containers are compared.
        self.do(self._replace_the_core())
        states = {s.labels[LABEL_SESSION]: s for s in self.do(self.place.containers())}
        for session in self._living.values():
            row, state = self.do(self.place.row(session)), states.get(session.session_id)
            assert row.container_id == (state.container_id if state else None)
            assert (row.status is SessionStatus.RUNNING) == bool(state and state.running)
            self.do(self.place.open(session))
            self.do(self.place.works(session))
        assert len(self.do(self.place.containers())) == len(self._living)

    def _by_hand(self, what: str, session: Session) -> None:
        known: dict[str, dict[str, Any]] = {
            "remove_container": {"force": True},
            "restart": {"timeout": 0},
        }
        options = known.get(what, {})
        # Not there, or not running: then there is nothing to meddle with.
        with contextlib.suppress(docker.errors.APIError):
            getattr(self.place.docker, what)(self.place.name(session), **options)


Sessions.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=20,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
TestSessions = Sessions.TestCase
