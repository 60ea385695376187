"""One supervised child process and the pipe on which it says that it is ready."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import IO, Any

from vibetui.errors import VibeError, from_json
from vibetui.settings import Settings

_READY = "VIBETUI_READY_FD"
_LIFELINE = "VIBETUI_LIFELINE_FD"
_SETTINGS = "VIBETUI_SETTINGS"


class Child:
    """A child that reports readiness as one JSON line: ``{"ready": …}`` or ``{"error": …}``."""

    def __init__(
        self,
        name: str,
        command: list[str],
        *,
        settings: Settings,
        descriptors: tuple[int, ...],
        log_file: IO[str],
    ) -> None:
        self.name = name
        self._command = command
        self._settings = settings
        self._descriptors = descriptors
        self._log_file = log_file
        self._process: asyncio.subprocess.Process | None = None
        self._lifeline: int | None = None

    async def start(self, deadline: float) -> dict[str, Any]:
        """Start it and wait until it is ready; returns what it reported.

        Raises:
            VibeError: what the child reported, or that it died or said nothing in time.
        """
        self._cut_lifeline()
        read_end, write_end = os.pipe()
        life_end, self._lifeline = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=self._log_file,
                stderr=self._log_file,
                pass_fds=(*self._descriptors, write_end, life_end),
                env={
                    **os.environ,
                    _READY: str(write_end),
                    _LIFELINE: str(life_end),
                    _SETTINGS: self._settings.model_dump_json(),
                },
                # ctrl+c on the terminal is the supervisor's: children are stopped in order.
                start_new_session=True,
            )
        finally:
            os.close(write_end)
            os.close(life_end)
        try:
            line = await asyncio.wait_for(_read_line(read_end), deadline)
        except TimeoutError:
            await self.stop(1.0)
            raise self._failed(f"did not get ready within {deadline:.0f} s") from None
        if not line:
            raise self._failed(f"ended with status {await self._process.wait()} while starting")
        report = json.loads(line)
        if "error" in report:
            await self._process.wait()
            raise from_json(report["error"])
        ready: dict[str, Any] = report["ready"]
        return ready

    def _failed(self, what: str) -> VibeError:
        return VibeError(
            f"The server's {self.name} process {what}.",
            f"The log has the cause: {self._settings.log_path}",
        )

    async def wait(self) -> int:
        """Its exit status, when it ends."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self, deadline: float) -> None:
        """SIGTERM, then SIGKILL after `deadline` seconds; no error if it has ended."""
        process = self._process
        self._cut_lifeline()
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), deadline)
        except TimeoutError:
            process.kill()
            await process.wait()

    def _cut_lifeline(self) -> None:
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None


async def _read_line(descriptor: int) -> bytes:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    pipe = os.fdopen(descriptor, "rb")
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    try:
        return await reader.readline()
    finally:
        transport.close()


class Supervised:
    """The child's side. Made first thing: what it needs of the environment may be cleared later."""

    def __init__(self) -> None:
        self.settings = Settings.model_validate_json(os.environ.pop(_SETTINGS))
        self._ready: int | None = int(os.environ.pop(_READY))
        self._lifeline = int(os.environ.pop(_LIFELINE))
        for descriptor in (self._ready, self._lifeline):
            os.set_inheritable(descriptor, False)

    def ready(self, **facts: object) -> None:
        """Tell the supervisor; the first report counts."""
        self._report({"ready": facts})

    def failed(self, error: VibeError) -> None:
        """Tell the supervisor why this process can't start."""
        self._report({"error": error.to_json()})

    def _report(self, message: dict[str, Any]) -> None:
        descriptor, self._ready = self._ready, None
        if descriptor is not None:
            with os.fdopen(descriptor, "w") as pipe:
                pipe.write(json.dumps(message) + "\n")

    def follow(self) -> None:
        """End this process (SIGTERM to itself) when the supervisor is gone, however it went.

        A pipe and not PR_SET_PDEATHSIG: the kernel forgets that one when a process drops root.
        Needs a running event loop.
        """
        loop = asyncio.get_running_loop()

        def ended() -> None:
            loop.remove_reader(self._lifeline)
            os.close(self._lifeline)
            os.kill(os.getpid(), signal.SIGTERM)

        loop.add_reader(self._lifeline, ended)
