"""Sessions that don't run when something in them is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.openssh import make_session, run, words
from tests.server import Server
from tests.sshd_support import eventually

pytestmark = pytest.mark.e2e


@contextmanager
def serving(directory: Path, **environment: str) -> Iterator[Server]:
    """A server with one session, ``web``, that has never run."""
    running = Server(directory, **environment)
    running.start()
    try:
        make_session(running, "web")
        yield running
    finally:
        running.stop()
        running.remove_everything()


def test_a_start_that_takes_too_long_goes_on_without_the_client(tmp_path: Path) -> None:
    # No container starts in so little time.
    with serving(tmp_path, VIBETUI_START_TIMEOUT="0.01") as server:
        late = run(words(server, "true", login="vibe+web"))
        assert late.returncode == 255
        assert late.stderr.endswith(
            b"vibetui: web did not start within 0.01 s. The start goes on; try again in a moment.\n"
        )
        tunnel = words(server, login="vibe+web", options=("-W", "127.0.0.1:1"), level="INFO")
        eventually(lambda: b"did not start within" not in run(tunnel).stderr, "it has started", 30)
        assert run(words(server, "true", login="vibe+web")).returncode == 0


def test_where_nothing_is_started_on_demand_people_still_start_it(tmp_path: Path) -> None:
    with serving(tmp_path, VIBETUI_START_ON_DEMAND="false") as server:
        how = b"web isn't running. Start it: ssh vibe@HOST start web"
        command = run(words(server, "true", login="vibe+web"))
        assert (command.returncode, command.stderr) == (255, b"vibetui: " + how + b"\n")
        tunnel = words(server, login="vibe+web", options=("-W", "127.0.0.1:1"), level="INFO")
        assert how in run(tunnel).stderr
        assert run(words(server, "true", login="vibe+web", options=("-tt",))).returncode == 0
        assert run(words(server, "stop", "web")).returncode == 0
        assert run(words(server, "start", "web")).returncode == 0
        assert run(words(server, "true", login="vibe+web")).returncode == 0
