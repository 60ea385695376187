"""Copies of sessions: the same template, and what is in the workspace, by a helper with both.

The row comes last and while the helper still has the new workspace. So there is no half session to
be seen, and a workspace with neither a helper nor a row is one that nobody will ever want.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from vibetui.agent.exec import Err, ExecSpec, ExecStream
from vibetui.engines import ContainerSpec, VolumeMount
from vibetui.errors import AgentError, Conflict, EngineError, VibeError
from vibetui.events import EventCode
from vibetui.model import (
    LABEL_COPY,
    LABEL_INSTANCE,
    CopyProgress,
    Session,
    volume_name,
)
from vibetui.sessions import lifecycle, problems
from vibetui.sessions.handshake import Vanished
from vibetui.sessions.helpers import (
    GREETING,
    Helpers,
    ensure_image,
    helper_name,
    helper_spec,
    labels_of_helper,
    place,
    start_helper,
)
from vibetui.sessions.ownership import labels_of
from vibetui.sessions.tools import Tools
from vibetui.whole import to_the_end

_SCRIPT = """\
exec 3>&1
total=$(du -s --block-size=1 /source 2>/dev/null)
echo "total ${total%%[!0-9]*}"
{
    tar --create --directory=/source --numeric-owner --sparse --acls --xattrs \
        --warning=no-file-changed --warning=no-file-removed \
        --checkpoint=2048 --checkpoint-action='echo=copied %{}T' .
    echo "read $?" >&3
} | tar --extract --directory=/workspace --numeric-owner --same-owner --same-permissions \
    --acls --xattrs --delay-directory-restore
echo "wrote $?"
"""
"""GNU tar: unlike cp it tells a file that changed meanwhile from one that could not be copied."""

_COPIED = re.compile(rb"tar: copied (\d{1,18})")
_SAID = re.compile(rb"(total|read|wrote) (\d{1,18})")
_CHANGED = 1
"""Status of the tar that reads: all is copied, but not as of one moment."""
_NO_ROOM = b"No space left on device"


class Copies:
    """The copies that this core makes."""

    def __init__(self, tools: Tools, helpers: Helpers) -> None:
        self._tools = tools
        self._helpers = helpers
        self._under_way: dict[str, str] = {}
        """Whose each copy will be."""
        self._drafting = asyncio.Lock()

    async def make(
        self, session_id: str, user_id: str, name: str
    ) -> AsyncGenerator[CopyProgress, None]:
        """Copy a session for that user, who calls the copy `name`. Leaving gives it up.

        What changes in the workspace meanwhile is copied as it was or as it is.

        Raises `NotFound`, `Invalid`, `Conflict`, `EngineError`; no trace is left then.
        """
        async with self._drafting:
            new = await self._draft(session_id, user_id, name)
            self._under_way[new.session_id] = user_id
        complete = False
        total = 0
        try:
            source = await self._start(session_id, new)
            async with aclosing(self._fill(new)) as filling:
                async for progress in filling:
                    total = progress.total
                    yield progress
            await self._enter(source, new)
            complete = True
        finally:
            await to_the_end(self._clean_up(new, keep=complete))
            del self._under_way[new.session_id]
        yield CopyProgress(total, total, new)

    async def sweep(self) -> None:
        """Remove the workspaces of copies that a core which was killed has left half-way."""
        await self._helpers.sweep()
        tools = self._tools
        mine = {LABEL_INSTANCE: tools.instance, LABEL_COPY: ""}
        volumes = await tools.engine.find_volumes(mine)
        # The row is there before the helper goes: so look for helpers first, for rows then.
        copied = {state.labels[LABEL_COPY] for state in await tools.engine.find(mine)}
        for volume in volumes:
            session_id = volume.labels[LABEL_COPY]
            if session_id in copied or session_id in self._under_way:
                continue
            if await tools.store.session(session_id) is None:
                await tools.engine.remove_volume(volume.name)
                tools.carrier(place(session_id, "copy")).remove()

    async def _draft(self, session_id: str, user_id: str, name: str) -> Session:
        source = await self._tools.need(session_id)
        coming = sum(whose == user_id for whose in self._under_way.values())
        new = await lifecycle.draft(self._tools, user_id, name, source.template, coming=coming)
        if name in {other.name for other in await self._tools.store.sessions_of(user_id)}:
            raise Conflict(f"You have a session called “{name}” already.")
        return new

    async def _start(self, session_id: str, new: Session) -> Session:
        async with self._helpers.exists(session_id) as source:
            spec = _spec(self._tools, source, new)
            await ensure_image(self._tools, spec.image)
            try:
                await start_helper(self._tools, spec, place(new.session_id, "copy"))
            except Vanished as error:
                raise problems.keeps_vanishing() from error
            return source

    async def _fill(self, new: Session) -> AsyncGenerator[CopyProgress, None]:
        name = helper_name(new, "copy")
        carrier = self._tools.carrier(place(new.session_id, "copy"))
        agent = await carrier.greet(name, GREETING)
        try:
            stream = await agent.execute(ExecSpec(("/bin/sh", "-c", _SCRIPT), user=(0, 0)))
        finally:
            agent.close()
        heard = _Heard()
        try:
            async for _ in heard.listen(stream):
                yield CopyProgress(heard.copied, heard.total)
        except AgentError as error:
            raise EngineError(
                "The copy was cut off.", "Is the session still there? If so, try again."
            ) from error
        finally:
            stream.close()
        heard.check()

    async def _enter(self, source: Session, new: Session) -> None:
        # Sessions may have been made meanwhile.
        await lifecycle.check_room(self._tools, new.user_id)
        await lifecycle.add(self._tools, new)
        await self._tools.journal.record(
            EventCode.SESSION_COPIED, source, copy=new.session_id, name=new.name, by=new.user_id
        )

    async def _clean_up(self, new: Session, *, keep: bool) -> None:
        tools = self._tools
        mine = {LABEL_INSTANCE: tools.instance, LABEL_COPY: new.session_id}
        try:
            for state in await tools.engine.find(mine):
                await tools.engine.remove_container(state.container_id)
            if not keep:
                await tools.engine.remove_volume(volume_name(new.user_id, new.session_id))
        except VibeError as error:
            # An engine that is away now: the sweep has it when it is back.
            tools.journal.trouble(EventCode.CONTAINER_REMOVED, new.session_id, error)
        tools.carrier(place(new.session_id, "copy")).remove()


@dataclass(slots=True)
class _Heard:
    """What the script has said so far."""

    total: int = 0
    copied: int = 0
    statuses: dict[bytes, int] = field(default_factory=dict)
    trouble: deque[bytes] = field(default_factory=lambda: deque(maxlen=5))

    async def listen(self, stream: ExecStream) -> AsyncIterator[None]:
        """Until its end; yields whenever there is progress. Raises `AgentError`."""
        rest = {True: b"", False: b""}
        while (piece := await stream.read()) is not None:
            errors = isinstance(piece, Err)
            *lines, rest[errors] = (rest[errors] + piece.data).split(b"\n")
            rest[errors] = rest[errors][-4096:]
            before = self.total, self.copied
            for line in lines:
                self._take(line)
            if before != (self.total, self.copied):
                yield

    def _take(self, line: bytes) -> None:
        if found := _COPIED.match(line):
            self.copied = min(int(found[1]), self.total)
        elif found := _SAID.fullmatch(line):
            self.statuses[found[1]] = int(found[2])
            self.total = self.statuses.get(b"total", 0)
        else:
            self.trouble.append(line[:256])

    def check(self) -> None:
        """Raises `EngineError` unless all was copied."""
        read, wrote = self.statuses.get(b"read"), self.statuses.get(b"wrote")
        if read in (0, _CHANGED) and wrote == 0:
            return
        cause = OSError(f"read {read}, wrote {wrote}: {b' '.join(self.trouble)!r}")
        if any(_NO_ROOM in line for line in self.trouble):
            raise EngineError("There is no room for the copy: the disk is full.") from cause
        raise EngineError("The copy failed.", "The server's log has the cause.") from cause


def _spec(tools: Tools, source: Session, new: Session) -> ContainerSpec:
    """A helper of `new` that sees the workspace of `source` as well, read-only."""
    carrier = tools.carrier(place(new.session_id, "copy"))
    mark = {LABEL_COPY: new.session_id}
    return replace(
        helper_spec(tools, new),
        name=helper_name(new, "copy"),
        labels=labels_of_helper(tools, source) | mark,
        volume_labels=labels_of(new, tools.instance) | mark,
        volumes=(
            VolumeMount(
                volume_name(source.user_id, source.session_id),
                "/source",
                labels_of(source, tools.instance),
                read_only=True,
            ),
        ),
        binds=carrier.binds,
        copies=carrier.copies,
    )
