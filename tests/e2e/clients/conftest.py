"""One server and one session for all clients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.openssh import make_session
from tests.e2e.reach import Reach, echo_inside
from tests.server import Server


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """For all modules of this folder."""
    running = Server(tmp_path_factory.mktemp("clients"))
    running.start()
    try:
        yield running
    finally:
        running.stop()
        running.remove_everything()


@pytest.fixture(scope="package")
def web(server: Server) -> Reach:
    """A session; whoever is first starts it."""
    make_session(server, "web")
    return Reach(server, "web")


@pytest.fixture(scope="package")
def echoing(web: Reach) -> Iterator[Reach]:
    """The session, with something that echoes on its loopback."""
    with echo_inside(web):
        yield web


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where a client keeps what it remembers."""
    return tmp_path
