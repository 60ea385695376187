"""A running server for end-to-end tests, and terminals to reach it from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import Server
from tests.tmux import Tmux

SIZES = [(80, 24), (200, 50)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for a module; every test makes sessions of its own."""
    running = Server(tmp_path_factory.mktemp("server"))
    running.start()
    try:
        yield running
    finally:
        running.stop()
        running.remove_everything()


@pytest.fixture(params=SIZES, ids=["80x24", "200x50"])
def terminal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tmux]:
    """A terminal of the smallest and of a large size."""
    columns, rows = request.param
    with Tmux(tmp_path, columns=columns, rows=rows) as tmux:
        yield tmux


@pytest.fixture
def small_terminal(tmp_path: Path) -> Iterator[Tmux]:
    """A terminal of 80x24."""
    with Tmux(tmp_path, columns=80, rows=24) as tmux:
        yield tmux
