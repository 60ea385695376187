"""Creating, renaming, stopping and deleting sessions. The caller holds the session's lock."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime

from vibetui.errors import Conflict, Invalid, VibeError
from vibetui.events import EventCode
from vibetui.model import (
    LABEL_INSTANCE,
    LABEL_SESSION,
    Session,
    SessionChange,
    SessionNotice,
    SessionStatus,
    new_id,
    volume_name,
)
from vibetui.naming import check_name
from vibetui.sessions.ownership import find_container
from vibetui.sessions.tools import Tools


async def create(tools: Tools, user_id: str, name: str, template: str) -> Session:
    """A row, no container. Raises `Invalid` (name, template), `Conflict` (taken, or too many)."""
    session = await draft(tools, user_id, name, template)
    await add(tools, session)
    return session


async def draft(
    tools: Tools, user_id: str, name: str, template: str, *, coming: int = 0
) -> Session:
    """What `add` makes a row of.

    Args:
        coming: Sessions that the user will have besides those that there are.

    Raises `Invalid` (name, template), `Conflict` (too many).
    """
    check_name(name)
    if template not in tools.settings.templates:
        raise Invalid(
            f"There is no template “{template}”.",
            f"Templates: {', '.join(sorted(tools.settings.templates))}.",
        )
    await check_room(tools, user_id, coming=coming)
    return Session(
        session_id=new_id(),
        user_id=user_id,
        name=name,
        template=template,
        container_id=None,
        status=SessionStatus.STOPPED,
        created_at=datetime.now(UTC),
        last_used_at=None,
    )


async def check_room(tools: Tools, user_id: str, *, coming: int = 0) -> None:
    """Raises `Conflict` where the user has as many sessions as they may, with those to come."""
    limit = tools.settings.max_sessions_per_user
    if len(await tools.store.sessions_of(user_id)) + coming >= limit:
        raise Conflict(f"You have {limit} sessions, and that is the limit.", "Delete one first.")


async def add(tools: Tools, session: Session) -> None:
    """Make the row. Raises `Conflict` (the name is taken), `NotFound` (no such user)."""
    await tools.store.add_session(session)
    tools.notify(SessionNotice(SessionChange.CREATED, session))
    await tools.journal.record(
        EventCode.SESSION_CREATED, session, name=session.name, template=session.template
    )


async def rename(tools: Tools, session_id: str, name: str) -> Session:
    """Raises `Invalid`, `NotFound`, `Conflict`."""
    check_name(name)
    session = await tools.store.update_session(session_id, name=name)
    await tools.journal.record(EventCode.SESSION_RENAMED, session, name=name)
    return tools.updated(session)


async def record(tools: Tools, session_id: str, on: bool | None) -> Session:
    """Turn recording on or off; None leaves it to the template. Raises `NotFound`."""
    session = await tools.store.update_session(session_id, recording=on)
    await tools.journal.record(EventCode.SESSION_RECORDING, session, on=on)
    return tools.updated(session)


async def stop(tools: Tools, session_id: str) -> Session:
    """Stop the container if it runs; the row follows. Raises `NotFound`, `EngineError`.

    That it is stopped on purpose is in the row from the beginning: who is cut off by it, and comes
    back while it goes down, must not start it again.
    """
    session = await tools.need(session_id)
    stopped_before = session.stopped_at if session.status is SessionStatus.STOPPED else None
    stopped_at = stopped_before or datetime.now(UTC)
    await tools.store.update_session(session_id, stopped_at=stopped_at)
    try:
        state = await find_container(tools.engine, session, tools.instance)
        if state is not None:
            await tools.engine.stop_container(state.container_id, tools.settings.stop_grace)
    except VibeError:
        await tools.store.update_session(session_id, stopped_at=session.stopped_at)
        raise
    update = tools.store.update_session(
        session_id,
        status=SessionStatus.STOPPED,
        container_id=None if state is None else state.container_id,
    )
    session = await update
    await tools.journal.record(EventCode.SESSION_STOPPED, session)
    return tools.updated(session)


async def delete(tools: Tools, session_id: str) -> None:
    """Container, volume, directory, row: in this order, so that a failure leaves a row to retry.

    No error where there is no such session. Raises `EngineError`; the row is then kept.
    """
    session = await tools.store.session(session_id)
    if session is None:
        return
    labels = {LABEL_INSTANCE: tools.instance, LABEL_SESSION: session_id}
    for state in await tools.engine.find(labels):
        await tools.engine.remove_container(state.container_id)
    await tools.engine.remove_volume(volume_name(session.user_id, session_id))
    tools.carrier(session_id).remove()
    await asyncio.to_thread(_remove_recordings, tools, session_id)
    await tools.store.delete_session(session_id)
    tools.notify(SessionNotice(SessionChange.DELETED, session))
    await tools.journal.record(EventCode.SESSION_DELETED, session, name=session.name)


def _remove_recordings(tools: Tools, session_id: str) -> None:
    shutil.rmtree(tools.settings.recordings_dir / session_id, ignore_errors=True)
