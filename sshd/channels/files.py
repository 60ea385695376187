"""SFTP to the workspace of a session, by the image's own sftp-server."""

from __future__ import annotations

from typing_extensions import override

from sshd.channels.exec import ExecWork
from sshd.channels.work import Channel
from sshd.route import Request, ToFiles, ToRun
from sshd.visit import Visit
from vibetui.errors import Denied
from vibetui.events import EventCode

_SERVER = """\
for server in /usr/lib/openssh/sftp-server /usr/lib/ssh/sftp-server \
    /usr/libexec/openssh/sftp-server /usr/libexec/sftp-server; do
    [ -x "$server" ] && exec "$server"
done
echo "The session's image lacks sftp-server: add Debian's openssh-sftp-server." >&2
exit 127"""
"""Where Debian, Alpine and Arch, Fedora, and the BSDs have it."""


class FilesWork(ExecWork):
    """The subsystem ``sftp``; scp in its present form is this too."""

    def __init__(self, visit: Visit, request: Request, channel: Channel, target: ToFiles) -> None:
        super().__init__(visit, request, channel, ToRun(target.session, _SERVER))

    @property
    @override
    def purpose(self) -> str:
        return "files"

    @override
    async def main(self) -> int | str:
        session = await self.visit.session(self._target.session)
        if not self.visit.settings.allow_files:
            await self.visit.audit(EventCode.ACCESS_REFUSED, session, subsystem="sftp")
            raise Denied("This server allows no file transfer.")
        await self.visit.audit(EventCode.FILES, session)
        return self._status(await self._run_in(session))
