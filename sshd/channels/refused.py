"""The answer to what can't be had."""

from __future__ import annotations

from typing_extensions import override

from sshd.channels.work import Channel, StreamWork
from sshd.route import Request, Unroutable
from sshd.visit import Visit
from vibetui.errors import Invalid


class RefusedWork(StreamWork):
    """One sentence and exit status 1."""

    failure_status = 1

    def __init__(
        self, visit: Visit, request: Request, channel: Channel, refusal: Unroutable
    ) -> None:
        super().__init__(visit, request, channel)
        self._refusal = refusal

    @override
    async def main(self) -> int:
        raise Invalid(self._refusal.message, self._refusal.hint)
