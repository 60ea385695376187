"""Verbs for scripts: ls, new, start, stop, rm, rename, cp, help."""

from __future__ import annotations

from typing_extensions import override

from sshd.channels.work import Channel, StreamWork
from sshd.route import Request, ToLobby
from sshd.visit import Visit
from vibetui.errors import Invalid


class LobbyWork(StreamWork):
    """Verbs for scripts: ls, new, start, stop, rm, rename, cp, help."""

    def __init__(self, visit: Visit, request: Request, channel: Channel, target: ToLobby) -> None:
        super().__init__(visit, request, channel)
        self._target = target

    @override
    async def main(self) -> int:
        raise Invalid("That is not there yet.")
