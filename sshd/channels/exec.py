"""A command, or the login shell, in a session."""

from __future__ import annotations

from typing_extensions import override

from sshd.channels.work import Channel, StreamWork
from sshd.route import Request, ToRun
from sshd.visit import Visit
from vibetui.errors import Invalid


class ExecWork(StreamWork):
    """A command, or the login shell, in a session."""

    def __init__(self, visit: Visit, request: Request, channel: Channel, target: ToRun) -> None:
        super().__init__(visit, request, channel)
        self._target = target

    @override
    async def main(self) -> int:
        raise Invalid("That is not there yet.")
