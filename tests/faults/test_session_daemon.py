"""The daemon goes away and comes back: one of our own, so that it may be killed."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.session_support import a_place, raw_client
from vibetui.errors import EngineUnavailable, OpenError, Remedy
from vibetui.model import SessionStatus

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]


class Daemon:
    """A dockerd with everything of its own, in a network namespace of its own.

    The namespace matters: a dockerd without a bridge removes ``docker0``, whosever it is.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{directory}/d.sock"

    def start(self) -> None:
        """Start, and return when it answers."""
        at = self._directory
        with (at / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *("unshare", "--net", "dockerd", "--host", self.url),
                    *("--data-root", f"{at}/data", "--exec-root", f"{at}/exec"),
                    *("--pidfile", f"{at}/pid", "--bridge=none", "--iptables=false"),
                ],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        deadline = asyncio.get_running_loop().time() + 60
        while asyncio.get_running_loop().time() < deadline:
            with contextlib.suppress(Exception), contextlib.closing(raw_client(self.url)) as client:
                client.ping()
                return
            assert self._process is not None
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)
                break
        raise AssertionError((self._directory / "log").read_text()[-2000:])

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(60)
            self._process = None


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    # Short, for the length of a socket's path.
    with tempfile.TemporaryDirectory(prefix="vt-", ignore_cleanup_errors=True) as directory:
        daemon = Daemon(Path(directory))
        try:
            yield daemon
        finally:
            daemon.stop()


async def test_a_daemon_that_is_down_is_one_clear_sentence_and_a_retry_works_once_it_is_back(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.start()
    async with a_place(tmp_path / "data", engine_url=daemon.url) as place:
        session = await place.opened()
        untouched = await place.session()
        await place.works(session)
        following = asyncio.create_task(place.manager.run())
        daemon.stop()

        with pytest.raises(OpenError) as caught:
            await place.open(untouched)
        assert "not running" in caught.value.message
        assert "Start it" in caught.value.hint
        assert caught.value.retryable
        assert Remedy.RETRY in caught.value.remedies
        assert (await place.row(untouched)).status is SessionStatus.STOPPED
        for refused in (place.manager.stop, place.manager.delete):
            with pytest.raises(EngineUnavailable):
                await refused(session.session_id)
        assert await place.store.session(session.session_id) is not None, "the row is kept"

        daemon.start()
        # Without being asked: the daemon took the container down with it.
        await place.told_of(session, SessionStatus.STOPPED)
        for one in (session, untouched):
            await place.open(one)
            await place.works(one)
        assert len(await place.containers()) == 2
        await place.manager.delete(session.session_id)
        await place.manager.delete(untouched.session_id)
        following.cancel()
        await asyncio.wait([following])
