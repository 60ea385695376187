"""SFTP to the workspace of a session."""

from __future__ import annotations

from typing_extensions import override

from sshd.channels.work import Channel, StreamWork
from sshd.route import Request, ToFiles
from sshd.visit import Visit
from vibetui.errors import Invalid


class FilesWork(StreamWork):
    """SFTP to the workspace of a session."""

    def __init__(self, visit: Visit, request: Request, channel: Channel, target: ToFiles) -> None:
        super().__init__(visit, request, channel)
        self._target = target

    @override
    async def main(self) -> int:
        raise Invalid("That is not there yet.")
