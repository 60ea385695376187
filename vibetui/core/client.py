"""`Core` over a Unix socket. Light: a UI process imports it, and no database and no engine."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from urllib.parse import quote

from vibetui.agent import AgentConnection
from vibetui.core import wire
from vibetui.core.channel import SLOW, Channel
from vibetui.events import OpenEvent
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

_HELLO = 10.0
"""Seconds for the agent to prove a handed-over connection anew; it takes well under 1 ms."""


class CoreClient:
    """The core of another process, as one user. Implements `Core`.

    Args:
        target: The core's own socket, for the local user, or a door's descriptor, for the user
            whom it was opened for. The descriptor is owned, and closed by `close`.
        rebind: Gets a new door where the old one died with its core. Called once for each loss.
        client: Where the user is, for the audit trail; None: at this machine.
    """

    def __init__(
        self,
        target: Path | int,
        *,
        rebind: Callable[[], Awaitable[int]] | None = None,
        client: str | None = None,
    ) -> None:
        self._channel = Channel(target, rebind, client=client)

    @property
    def channel(self) -> Channel:
        """What `administration_over` and `own_keys_over` take; closed with the client."""
        return self._channel

    async def whoami(self) -> User:
        return wire.user_from_json(await self._channel.call("GET", "/v1/whoami"))

    async def templates(self) -> list[Template]:
        listed = await self._channel.call("GET", "/v1/templates")
        return [wire.template_from_json(template) for template in listed]

    async def list_sessions(self) -> list[Session]:
        listed = await self._channel.call("GET", "/v1/sessions")
        return [wire.session_from_json(session) for session in listed]

    async def find_session(self, reference: str) -> Session:
        found = await self._channel.call("POST", "/v1/sessions/find", {"reference": reference})
        return wire.session_from_json(found)

    async def create_session(
        self, name: str, template: str | None = None, *, opening: bool = False
    ) -> Session:
        body = {"name": name, "template": template, "opening": opening}
        made = await self._channel.call("POST", "/v1/sessions", body, again=False)
        return wire.session_from_json(made)

    async def rename_session(self, session_id: str, name: str) -> Session:
        renamed = await self._channel.call("POST", _path(session_id, "rename"), {"name": name})
        return wire.session_from_json(renamed)

    async def set_recording(self, session_id: str, on: bool | None) -> Session:
        changed = await self._channel.call("POST", _path(session_id, "recording"), {"on": on})
        return wire.session_from_json(changed)

    async def delete_session(self, session_id: str) -> None:
        # Not DELETE: that is idempotent to HTTP, so aiohttp would repeat it by itself.
        await self._channel.call("POST", _path(session_id, "delete"), deadline=SLOW, again=False)

    async def stop_session(self, session_id: str) -> Session:
        stopped = await self._channel.call("POST", _path(session_id, "stop"), deadline=SLOW)
        return wire.session_from_json(stopped)

    async def open_session(
        self, session_id: str, *, recreate: bool = False
    ) -> AsyncGenerator[OpenEvent, None]:
        items = self._channel.stream(
            "POST", _path(session_id, "open"), {"recreate": recreate}, again=not recreate
        )
        async with aclosing(items) as stream:
            async for item in stream:
                yield OpenEvent.from_json(item)

    async def cancel_open(self, session_id: str) -> None:
        await self._channel.call("POST", _path(session_id, "cancel"), deadline=SLOW)

    async def attach(self, session_id: str) -> AgentConnection:
        descriptor = await self._channel.descriptor(_path(session_id, "attach"))
        # The core has greeted the agent; asking again proves it to this process.
        return await AgentConnection.greet(
            socket.socket(fileno=descriptor), deadline=_HELLO, ask=True
        )

    async def attach_files(self, session_id: str) -> AgentConnection:
        # A helper may have to be started, and its image pulled.
        path = _path(session_id, "attach_files")
        descriptor = await self._channel.descriptor(path, deadline=SLOW)
        return await AgentConnection.greet(
            socket.socket(fileno=descriptor), deadline=_HELLO, ask=True
        )

    async def copy_session(self, session_id: str, name: str) -> AsyncGenerator[CopyProgress, None]:
        body = {"name": name}
        items = self._channel.stream("POST", _path(session_id, "copy"), body, again=False)
        async with aclosing(items) as stream:
            async for item in stream:
                yield wire.copy_progress_from_json(item)

    async def session_log(self, session_id: str) -> str:
        answer = await self._channel.call("GET", _path(session_id, "log"), deadline=SLOW)
        return str(answer["log"])

    async def shares(self, session_id: str) -> list[Share]:
        listed = await self._channel.call("GET", _path(session_id, "shares"))
        return [wire.share_from_json(share) for share in listed]

    async def share_session(self, session_id: str, name: str, access: Access) -> Share:
        body = {"name": name, "access": str(access)}
        made = await self._channel.call("POST", _path(session_id, "share"), body)
        return wire.share_from_json(made)

    async def unshare_session(self, session_id: str, name: str) -> None:
        await self._channel.call("POST", _path(session_id, "unshare"), {"name": name}, again=False)

    async def watch(self) -> AsyncGenerator[SessionNotice, None]:
        async with aclosing(self._channel.stream("GET", "/v1/watch")) as stream:
            async for item in stream:
                yield wire.notice_from_json(item)

    async def be_present(self, presence: Presence) -> AsyncGenerator[PresenceNotice, None]:
        body = wire.presence_to_json(presence)
        async with aclosing(self._channel.stream("POST", "/v1/presences", body)) as stream:
            async for item in stream:
                yield wire.presence_notice_from_json(item)

    async def move_presence(
        self, presence_id: str, session_id: str | None, terminal: int | None = None
    ) -> None:
        path = f"/v1/presences/{quote(presence_id, safe='')}/move"
        body = {"session_id": session_id, "terminal": terminal}
        await self._channel.call("POST", path, body)

    async def take_over(self, presence_id: str, by: str) -> None:
        path = f"/v1/presences/{quote(presence_id, safe='')}/take_over"
        await self._channel.call("POST", path, {"by": by})

    async def close(self) -> None:
        await self._channel.close()


def _path(session_id: str, verb: str) -> str:
    return f"/v1/sessions/{quote(session_id, safe='')}/{verb}"
