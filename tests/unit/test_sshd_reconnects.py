"""Who is taken for an automatic reconnect to what was stopped, and who isn't."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sshd import reconnects
from sshd.reconnects import Guest, Reconnects

TUNNEL = Guest("ada", "web", "192.0.2.1", "SSH-2.0-OpenSSH_9.2p1", "forward")


def at(second: float) -> datetime:
    return datetime(2024, 1, 1, 12, tzinfo=UTC) + timedelta(seconds=second)


@pytest.fixture
def door() -> Reconnects:
    """The tunnel is in from second 0; whether it goes is the test's."""
    made = Reconnects(300)
    made.enter(TUNNEL, at(0))
    return made


def test_who_was_in_it_when_it_was_stopped_is_refused(door: Reconnects) -> None:
    door.leave(TUNNEL, at(11))
    assert door.refuses(TUNNEL, at(10), at(12))


def test_who_is_still_connected_is_refused(door: Reconnects) -> None:
    assert door.refuses(TUNNEL, at(10), at(12))


def test_one_connection_of_several_is_enough(door: Reconnects) -> None:
    door.enter(TUNNEL, at(1))
    door.leave(TUNNEL, at(2))
    assert door.refuses(TUNNEL, at(10), at(12))
    door.leave(TUNNEL, at(13))
    assert door.refuses(TUNNEL, at(10), at(14))


def test_who_had_left_before_starts_it_as_ever(door: Reconnects) -> None:
    door.leave(TUNNEL, at(9))
    assert not door.refuses(TUNNEL, at(10), at(12))


@pytest.mark.parametrize(
    "other",
    [
        {"user_id": "bob"},
        {"session_id": "api"},
        {"address": "192.0.2.2"},
        {"version": "SSH-2.0-PuTTY_Release_0.78"},
        {"purpose": "make"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_somebody_or_something_else_starts_it_as_ever(
    door: Reconnects, other: dict[str, str]
) -> None:
    assert not door.refuses(replace(TUNNEL, **other), at(10), at(12))


def test_a_client_that_keeps_trying_never_wins_and_one_that_pauses_does(door: Reconnects) -> None:
    door.leave(TUNNEL, at(10))
    for seconds in range(20, 2000, 299):
        assert door.refuses(TUNNEL, at(10), at(seconds))
        last = seconds
    assert not door.refuses(TUNNEL, at(10), at(last + 300))


def test_after_a_start_only_who_came_in_again_was_in_it(door: Reconnects) -> None:
    door.leave(TUNNEL, at(10))
    assert door.refuses(TUNNEL, at(10), at(11))
    # Somebody starts it, and stops it again.
    assert not door.refuses(TUNNEL, at(60), at(61))
    door.enter(TUNNEL, at(70))
    assert door.refuses(TUNNEL, at(80), at(81))


def test_a_window_of_nothing_refuses_nobody() -> None:
    door = Reconnects(0)
    door.enter(TUNNEL, at(0))
    assert not door.refuses(TUNNEL, at(10), at(10))


def test_those_heard_of_longest_ago_are_forgotten(
    door: Reconnects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconnects, "_MOST", 3)
    for number in range(3):
        door.enter(replace(TUNNEL, user_id=str(number)), at(1))
    assert not door.refuses(TUNNEL, at(10), at(12))
    door.leave(TUNNEL, at(13))
    assert door.refuses(replace(TUNNEL, user_id="2"), at(10), at(12))
