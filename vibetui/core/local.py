"""`Core` in this process, for one user. Who may do what is decided here and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from vibetui.agent import AgentConnection
from vibetui.core import rights
from vibetui.core.presence import HangUp
from vibetui.errors import Conflict, NotFound, OpenError
from vibetui.events import OpenEvent, OpenStep, StepState
from vibetui.model import (
    Access,
    CopyProgress,
    Presence,
    PresenceNotice,
    Session,
    SessionNotice,
    Share,
    Template,
    User,
)
from vibetui.recording import Shelf

if TYPE_CHECKING:
    from vibetui.core.service import CoreService


class LocalCore:
    """The core as `user` sees it. Implements `Core`. Made by `CoreService.as_user`."""

    def __init__(self, service: CoreService, user: User) -> None:
        self._service = service
        self._manager = service.manager
        self._user = user

    async def whoami(self) -> User:
        # Their role may have changed since.
        return await self._service.store.user(self._user.user_id) or self._user

    async def templates(self) -> list[Template]:
        return self._service.settings.template_list()

    async def list_sessions(self) -> list[Session]:
        seen = await self._service.store.sessions_seen_by(self._user.user_id)
        return [self._settled(session) for session in seen]

    async def find_session(self, reference: str) -> Session:
        owner, _, name = reference.rpartition("+")
        found = await self._service.store.sessions_named(self._user.user_id, name, owner)
        if not found:
            raise NotFound("There is no such session.", "List yours: ssh vibe@HOST ls")
        if len(found) > 1 and found[0].access is not Access.OWNER:
            raise Conflict(
                f"Several people share a session called “{name}” with you.",
                f"Say whose: {found[0].owner}+{name}",
            )
        return self._settled(found[0])

    async def create_session(
        self, name: str, template: str | None = None, *, opening: bool = False
    ) -> Session:
        chosen = template or self._service.settings.default_template
        made = await self._manager.create(self._user.user_id, name, chosen, opening=opening)
        return self._settled(made)

    async def rename_session(self, session_id: str, name: str) -> Session:
        seen = await self._own(session_id, "rename")
        return self._as_seen(await self._manager.rename(session_id, name), seen)

    async def set_recording(self, session_id: str, on: bool | None) -> Session:
        seen = await self._own(session_id, "record")
        return self._as_seen(await self._manager.set_recording(session_id, on), seen)

    async def delete_session(self, session_id: str) -> None:
        await self._own(session_id, "delete")
        await self._manager.delete(session_id)

    async def stop_session(self, session_id: str) -> Session:
        seen = await self._own(session_id, "stop")
        return self._as_seen(await self._manager.stop(session_id), seen)

    async def open_session(
        self, session_id: str, *, recreate: bool = False
    ) -> AsyncGenerator[OpenEvent, None]:
        session = await self._see(session_id)
        if recreate:
            rights.only_owner(session, "recreate")
        async with aclosing(self._opening(session, recreate=recreate)) as events:
            async for event in events:
                yield event

    def _opening(self, session: Session, *, recreate: bool) -> AsyncGenerator[OpenEvent, None]:
        if session.access is Access.VIEWER:
            return self._looking_on(session)
        return self._manager.open(session.session_id, recreate=recreate, by=self._user.user_id)

    async def _looking_on(self, session: Session) -> AsyncGenerator[OpenEvent, None]:
        """What somebody else's opening says; where there is none, whether the session runs."""
        if (flight := self._manager.flight_under_way(session.session_id)) is not None:
            async with aclosing(flight.watch()) as events:
                async for event in events:
                    yield event
            return
        try:
            (await self._manager.attach(session.session_id)).close()
        except OpenError as error:
            raise rights.not_running(session) from error
        yield OpenEvent(OpenStep.READY, StepState.DONE, elapsed=0.0)

    async def cancel_open(self, session_id: str) -> None:
        session = await self._see(session_id)
        rights.no_viewer(session, "cancel its start")
        flight = self._manager.flight_under_way(session_id)
        by_others = flight is not None and flight.begun_by != self._user.user_id
        if session.access is not Access.OWNER and by_others:
            raise rights.not_your_start()
        await self._manager.cancel(session_id)

    async def attach(self, session_id: str) -> AgentConnection:
        return await self._bound(await self._see(session_id), self._manager.attach)

    async def attach_files(self, session_id: str) -> AgentConnection:
        session = await self._see(session_id)
        rights.no_viewer(session, "have its files")
        return await self._bound(session, self._manager.attach_files)

    async def _bound(
        self, session: Session, attach: Callable[[str], Awaitable[AgentConnection]]
    ) -> AgentConnection:
        while True:
            connection = await attach(session.session_id)
            try:
                await connection.bind(rights.ROLES[session.access], self._user.name)
                # Whose access ends now is put out by name: whoever binds later must look again.
                before, session = session, await self._see(session.session_id)
            except BaseException:
                connection.close()
                raise
            if session.access is before.access:
                return connection
            connection.close()

    async def copy_session(self, session_id: str, name: str) -> AsyncGenerator[CopyProgress, None]:
        rights.no_viewer(await self._see(session_id), "copy it")
        copying = self._manager.copy(session_id, self._user.user_id, name)
        async with aclosing(copying) as steps:
            async for step in steps:
                made = None if step.session is None else self._settled(step.session)
                yield replace(step, session=made)

    async def session_log(self, session_id: str) -> str:
        rights.no_viewer(await self._see(session_id), "read its log")
        return await self._manager.log(session_id)

    async def shares(self, session_id: str) -> list[Share]:
        session = await self._see(session_id)
        rights.only_owner(session, "see who shares")
        return await self._service.store.shares_of(session_id)

    async def share_session(self, session_id: str, name: str, access: Access) -> Share:
        return await self._service.sharing.share(await self._own(session_id, "share"), name, access)

    async def unshare_session(self, session_id: str, name: str) -> None:
        session = await self._see(session_id)
        if name != self._user.name:
            rights.only_owner(session, "end the sharing of")
        await self._service.sharing.unshare(session, name)

    async def watch(self) -> AsyncGenerator[SessionNotice, None]:
        async with aclosing(self._service.watchers.watch(self._user.user_id)) as notices:
            async for notice in notices:
                yield SessionNotice(notice.change, self._settled(notice.session))

    async def be_present(
        self, presence: Presence, *, hang_up: HangUp | None = None
    ) -> AsyncGenerator[PresenceNotice, None]:
        """As the protocol says; `hang_up` ends the app's process should it not react."""
        staying = self._service.presences.stay(self._user.user_id, presence, hang_up)
        async with aclosing(staying) as notices:
            async for notice in notices:
                yield notice

    async def move_presence(
        self, presence_id: str, session_id: str | None, terminal: int | None = None
    ) -> None:
        self._service.presences.move(self._user.user_id, presence_id, session_id, terminal)

    async def take_over(self, presence_id: str, by: str) -> None:
        await self._service.presences.take_over(self._user.user_id, presence_id, by)

    async def close(self) -> None:
        """Nothing: the service belongs to whoever started it."""

    async def _see(self, session_id: str) -> Session:
        """Somebody else's session is as missing as one that doesn't exist, to the letter."""
        store = self._service.store
        session = await store.session_seen_by(session_id, self._user.user_id)
        if session is None:
            raise NotFound("There is no such session.")
        return session

    async def _own(self, session_id: str, what: str) -> Session:
        """The user's own session. Raises `NotFound`, and `Denied` where it is shared with them."""
        session = await self._see(session_id)
        rights.only_owner(session, what)
        return session

    def _as_seen(self, session: Session, seen: Session) -> Session:
        """The row as it has become, with what the table of sessions doesn't know."""
        return replace(
            self._settled(session),
            access=seen.access,
            owner=seen.owner,
            shared_with=seen.shared_with,
        )

    def _settled(self, session: Session) -> Session:
        """With what its template says where the row leaves it open, and what is on disk."""
        settings = self._service.settings
        return replace(
            session,
            recording=settings.records(session),
            recorded=Shelf(settings.recordings_dir / session.session_id).has_any(),
            recording_full=self._service.recorder.is_full(session.session_id),
        )
