"""Rows follow what the engine says; containers that nobody owns go."""

from __future__ import annotations

import contextlib

from vibetui.engines import ContainerState
from vibetui.errors import NotFound, StoreError
from vibetui.events import EventCode
from vibetui.model import LABEL_INSTANCE, LABEL_SESSION, Session, SessionStatus
from vibetui.sessions.ownership import find_container, is_of
from vibetui.sessions.tools import Tools


async def follow(tools: Tools, session_id: str) -> None:
    """Make one row say what is, and remove a container whose row is gone.

    The caller holds the session's lock, so no opening, stop or deletion is half-way.
    """
    session = await tools.store.session(session_id)
    if session is None:
        await _remove_orphans(tools, session_id)
        return
    state = await find_container(tools.engine, session, tools.instance)
    if not differs(session, state):
        return
    code = EventCode.SESSION_RECONCILED
    if session.status is SessionStatus.RUNNING and (state is None or not state.running):
        code = EventCode.CONTAINER_DIED
    status = _status(state)
    update = tools.store.update_session(
        session_id,
        container_id=_container_id(state),
        status=status,
        stopped_at=None if status is SessionStatus.RUNNING else session.stopped_at,
    )
    session = await update
    await tools.journal.record(code, session, status=str(session.status))
    tools.updated(session)


async def assume_stopped(tools: Tools, session_id: str) -> None:
    """Where nobody can say what is: a row that says starting would say so for ever."""
    with contextlib.suppress(NotFound, StoreError):
        session = await tools.store.session(session_id)
        if session is not None and session.status is SessionStatus.STARTING:
            update = tools.store.update_session(session_id, status=SessionStatus.STOPPED)
            tools.updated(await update)


async def disagreements(tools: Tools) -> list[str]:
    """Sessions whose row and container differ, and those of containers without a row.

    Only a hint: what is found is looked at again under the session's lock. The containers are
    listed first, because a row exists before its container and until after it.
    """
    containers = await tools.engine.find({LABEL_INSTANCE: tools.instance})
    rows = {session.session_id: session for session in await tools.store.all_sessions()}
    by_session = {state.labels.get(LABEL_SESSION, ""): state for state in containers}
    found = [session_id for session_id in by_session if session_id and session_id not in rows]
    for session_id, session in rows.items():
        state = by_session.get(session_id)
        if state is not None and not is_of(state, session, tools.instance):
            state = None
        if differs(session, state):
            found.append(session_id)
    return found


def differs(session: Session, state: ContainerState | None) -> bool:
    """Whether the row says something else than its container."""
    return session.container_id != _container_id(state) or session.status != _status(state)


def _container_id(state: ContainerState | None) -> str | None:
    return None if state is None else state.container_id


def _status(state: ContainerState | None) -> SessionStatus:
    if state is not None and state.running:
        return SessionStatus.RUNNING
    return SessionStatus.STOPPED


async def _remove_orphans(tools: Tools, session_id: str) -> None:
    labels = {LABEL_INSTANCE: tools.instance, LABEL_SESSION: session_id}
    for state in await tools.engine.find(labels):
        await tools.engine.remove_container(state.container_id)
        tools.journal.step(
            EventCode.CONTAINER_REMOVED, session_id, 0.0, container_id=state.container_id
        )
    tools.carrier(session_id).remove()
