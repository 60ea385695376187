"""Opening a session: LOOKUP · IMAGE · CREATE · START · HANDSHAKE · READY."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime

from vibetui.engines import ContainerSpec, ContainerState
from vibetui.errors import Conflict, ImageUnavailable, NotFound
from vibetui.events import EventCode, OpenStep, StepState
from vibetui.model import (
    Session,
    SessionStatus,
    Template,
    container_name,
    new_id,
    volume_name,
)
from vibetui.naming import hostname
from vibetui.sessions import problems
from vibetui.sessions.carrier import AGENT, SOCKET
from vibetui.sessions.flight import Flight
from vibetui.sessions.handshake import Vanished, prove_ready
from vibetui.sessions.ownership import LABEL_FLIGHT, find_container, is_of, labels_of
from vibetui.sessions.proof import ReadyContainer
from vibetui.sessions.tools import Tools

ATTEMPTS = 3
"""How often a container may be removed under our hands before we say so."""

APPEARING = 5.0
"""Seconds for a container that another process is creating."""

COMMAND = (
    AGENT,
    *("serve", "--socket", SOCKET),
    *("--workspace", "/workspace", "--uid", "1000", "--gid", "1000"),
)

_UNUSABLE = ("removing", "dead")


class Opening:
    """One flight's work. Whatever the row says, what the engine says wins.

    Args:
        recreate: Remove the container first.
        fresh: The row was made a moment ago, so that there is nothing to find: the first attempt
            creates at once, and if the engine knows better (the image is missing, the name is
            taken) it says so. Saves two questions, 10 ms.
    """

    def __init__(
        self,
        tools: Tools,
        flight: Flight,
        session_id: str,
        *,
        recreate: bool,
        fresh: bool = False,
    ) -> None:
        self._tools = tools
        self._flight = flight
        self._session_id = session_id
        self._recreate = recreate
        self._fresh = fresh
        self._flight_id = new_id()
        self._creating = False

    async def run(self) -> ReadyContainer:
        """Until the container is proven ready and the row says so.

        Raises:
            VibeError: It can't be opened; `problems.as_open_error` says it to the user.
        """
        for _ in range(ATTEMPTS):
            try:
                return await self._attempt()
            except Vanished:
                self._fresh = False
        raise problems.keeps_vanishing()

    async def undo(self) -> None:
        """Remove the container that this opening made, if it made one."""
        if not self._creating:
            return
        session = await self._tools.store.session(self._session_id)
        made = await self._tools.engine.find({LABEL_FLIGHT: self._flight_id})
        for state in made:
            await self._tools.engine.remove_container(state.container_id)
            if session is not None:
                await self._tools.journal.record(EventCode.CONTAINER_REMOVED, session)

    async def _attempt(self) -> ReadyContainer:
        session, state = await self._look_up()
        if state is None:
            template = self._template(session)
            await self._ensure_image(template)
            state = await self._create(session, template)
        else:
            self._skip(OpenStep.IMAGE)
            self._skip(OpenStep.CREATE, "The container is there")
        await self._start(state)
        async with self._step(OpenStep.HANDSHAKE, EventCode.AGENT_HANDSHAKE):
            ready = await prove_ready(self._tools, self._session_id, state.container_id)
        await self._be_ready(ready)
        return ready

    async def _look_up(self) -> tuple[Session, ContainerState | None]:
        tools = self._tools
        async with self._step(OpenStep.LOOKUP):
            session = await tools.store.session(self._session_id)
            if session is None:
                raise problems.deleted()
            state = None
            if not self._fresh:
                state = await find_container(tools.engine, session, tools.instance)
            if state is not None and (self._recreate or state.status in _UNUSABLE):
                await tools.engine.remove_container(state.container_id)
                await tools.journal.record(EventCode.CONTAINER_REMOVED, session)
                state = None
            self._recreate = False
            if state is not None and state.container_id != session.container_id:
                self._log(EventCode.CONTAINER_ADOPTED, container_id=state.container_id)
            if state is None or not state.running:
                await self._row(status=SessionStatus.STARTING)
        return session, state

    def _template(self, session: Session) -> Template:
        for template in self._tools.settings.template_list():
            if template.name == session.template:
                return template
        raise problems.no_template(session.template)

    async def _ensure_image(self, template: Template) -> None:
        if self._fresh or await self._tools.engine.image_present(template.image):
            self._skip(OpenStep.IMAGE, template.image)
            return
        async with self._step(OpenStep.IMAGE, EventCode.IMAGE_PULLED, template.image):
            percent = None
            async with aclosing(self._tools.engine.pull_image(template.image)) as pull:
                async for progress in pull:
                    fraction = progress.fraction
                    shown = None if fraction is None else int(fraction * 100)
                    # A watcher that joins late is sent all of it, so no more than 100 of these.
                    if shown is not None and shown != percent:
                        percent = shown
                        self._flight.report(
                            OpenStep.IMAGE,
                            StepState.RUNNING,
                            fraction=fraction,
                            detail=progress.detail,
                        )

    async def _create(self, session: Session, template: Template) -> ContainerState:
        tools = self._tools
        self._log(EventCode.CONTAINER_CREATING, image=template.image)
        async with self._step(OpenStep.CREATE, EventCode.CONTAINER_CREATED, template.image):
            tools.carrier(self._session_id).prepare()
            spec = self._spec(session, template)
            self._creating = True
            try:
                container_id = await tools.engine.create_container(spec)
            except Conflict:
                return await self._whoever_came_first(session, spec.name)
            except NotFound as error:
                raise Vanished from error
            except ImageUnavailable as error:
                # It was there a moment ago: somebody is cleaning up.
                raise Vanished from error
        return ContainerState(
            container_id=container_id,
            name=spec.name,
            running=False,
            status="created",
            exit_code=None,
            error="",
            labels=spec.labels,
        )

    async def _whoever_came_first(self, session: Session, name: str) -> ContainerState:
        """The container that has our name: another core's for this session, or a stranger's."""
        state = await self._appearing(name)
        if not is_of(state, session, self._tools.instance):
            raise problems.strangers_container(name)
        self._log(EventCode.CONTAINER_ADOPTED, container_id=state.container_id)
        return state

    async def _appearing(self, name: str) -> ContainerState:
        """Docker takes a name some 100 ms before it knows the container that will have it."""
        engine = self._tools.engine
        try:
            async with asyncio.timeout(APPEARING), aclosing(engine.events()) as events:
                async for _ in events:
                    if state := await engine.inspect(name):
                        return state
        except TimeoutError:
            pass
        # Whoever was creating it has failed or removed it.
        raise Vanished

    def _spec(self, session: Session, template: Template) -> ContainerSpec:
        tools = self._tools
        carrier = tools.carrier(session.session_id)
        labels = labels_of(session, tools.instance) | {LABEL_FLIGHT: self._flight_id}
        return ContainerSpec(
            name=container_name(session.user_id, session.session_id),
            image=template.image,
            command=COMMAND,
            labels=labels,
            volume=volume_name(session.user_id, session.session_id),
            hostname=hostname(session.name),
            memory_bytes=template.memory_bytes,
            cpus=template.cpus,
            pids=template.pids,
            binds=carrier.binds,
            copies=carrier.copies,
        )

    async def _start(self, state: ContainerState) -> None:
        carrier = self._tools.carrier(self._session_id)
        if state.running:
            if not carrier.exists:
                raise problems.no_way_in()
            self._skip(OpenStep.START, "It runs")
            return
        async with self._step(OpenStep.START, EventCode.CONTAINER_STARTED):
            carrier.prepare()
            try:
                await self._tools.engine.start_container(state.container_id)
            except NotFound as error:
                raise Vanished from error

    async def _be_ready(self, ready: ReadyContainer) -> None:
        await self._row(
            container_id=ready.container_id,
            status=SessionStatus.RUNNING,
            last_used_at=datetime.now(UTC),
            stopped_at=None,
        )
        self._flight.report(OpenStep.READY, StepState.DONE)

    async def _row(self, **changes: object) -> None:
        try:
            update = self._tools.store.update_session(self._session_id, **changes)  # type: ignore[arg-type]
            session = await update
        except NotFound as error:
            raise problems.deleted() from error
        self._tools.updated(session)

    @asynccontextmanager
    async def _step(
        self, step: OpenStep, code: EventCode | None = None, detail: str = ""
    ) -> AsyncIterator[None]:
        began = self._flight.elapsed
        self._flight.report(step, StepState.RUNNING, detail=detail)
        yield
        self._flight.report(step, StepState.DONE, detail=detail)
        if code is not None:
            self._tools.journal.step(code, self._session_id, self._flight.elapsed - began)

    def _skip(self, step: OpenStep, detail: str = "") -> None:
        self._flight.report(step, StepState.SKIPPED, detail=detail)

    def _log(self, code: EventCode, **detail: str) -> None:
        self._tools.journal.step(code, self._session_id, self._flight.elapsed, **detail)
