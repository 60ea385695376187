"""What an operator finds in the log."""

from __future__ import annotations

import json

import pytest

from tests.e2e.steps import connect, create, disconnect
from tests.server import Server
from tests.tmux import Tmux
from vibetui.events import EventCode

pytestmark = pytest.mark.e2e

STEPS = [
    EventCode.SESSION_CREATED,
    EventCode.SESSION_OPENED,
    EventCode.CONTAINER_CREATING,
    EventCode.CONTAINER_CREATED,
    EventCode.CONTAINER_STARTED,
    EventCode.AGENT_HANDSHAKE,
    EventCode.SESSION_READY,
    EventCode.PTY_CREATED,
]


def test_every_step_of_an_opening_is_logged_once_with_its_session(
    server: Server, small_terminal: Tmux
) -> None:
    connect(small_terminal, server)
    create(small_terminal, "logged")
    disconnect(small_terminal)
    records = [json.loads(line) for line in server.log().splitlines()]
    made = next(one for one in records if one.get("name") == "logged")
    told = [one["event"] for one in records if one.get("session_id") == made["session_id"]]
    for step in STEPS:
        assert told.count(step) == 1, step
