"""Who is let in, and how long an address that guesses has to wait."""

from __future__ import annotations

from typing import Any

import pytest

from sshd.bans import Bans
from sshd.gate import Gate, Refused, Ticket, origin
from vibetui.settings import Settings

ADA, BOB = "192.0.2.1", "192.0.2.2"


class Clock:
    def __init__(self) -> None:
        self.now = 5000.0

    def __call__(self) -> float:
        return self.now


class Door:
    """A gate, and whom it has banned."""

    def __init__(self, **settings: Any) -> None:
        self.banned: list[tuple[str, float]] = []
        self.clock = Clock()
        loaded = Settings(**settings)
        self.gate = Gate(loaded, lambda address, seconds: self.banned.append((address, seconds)))
        self.gate.bans = Bans(loaded.login_failures, loaded.ban_time, self.clock)

    def enter(self, address: str = ADA) -> Ticket:
        return self.gate.enter(address)


def fail(ticket: Ticket, times: int) -> None:
    for _ in range(times):
        ticket.failed()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ("fe80::1%eth0", "fe80::2"),
    ],
)
def test_the_addresses_that_one_customer_has_count_as_one(one: str, other: str) -> None:
    assert origin(one) == origin(other)


@pytest.mark.parametrize(
    ("one", "other"), [(ADA, BOB), ("2001:db8:1:2::1", "2001:db8:1:3::1"), ("::1", "127.0.0.1")]
)
def test_the_addresses_of_two_are_two(one: str, other: str) -> None:
    assert origin(one) != origin(other)


def test_one_address_can_not_take_every_place_of_those_that_log_in() -> None:
    door = Door(max_unauthenticated=5, max_unauthenticated_per_address=3)
    for _ in range(3):
        door.enter(ADA)
    with pytest.raises(Refused, match="from your address haven't logged in"):
        door.enter(ADA)
    door.enter(BOB)


def test_when_too_many_are_logging_in_the_newest_is_refused() -> None:
    door = Door(max_unauthenticated=2)
    first = door.enter("192.0.2.7")
    door.enter("192.0.2.8")
    with pytest.raises(Refused, match="are logging in just now"):
        door.enter("192.0.2.9")
    first.logged_in("ada")
    door.enter("192.0.2.9")


def test_a_crowd_of_strangers_keeps_out_nobody_who_has_been_inside_from_there() -> None:
    door = Door(max_unauthenticated=4)
    door.enter(ADA).logged_in("ada")
    for number in range(4):
        door.enter(f"198.51.100.{number}")
    with pytest.raises(Refused, match="are logging in just now"):
        door.enter(BOB)
    door.enter(ADA)
    with pytest.raises(Refused, match="are logging in just now"):
        door.enter(ADA)


def test_a_place_is_given_back_once() -> None:
    door = Door(max_connections_per_address=2)
    one, _two = door.enter(), door.enter()
    one.leave()
    one.leave()
    door.enter()
    with pytest.raises(Refused, match="from your address are open"):
        door.enter()


def test_a_user_has_so_many_connections_from_wherever() -> None:
    door = Door(max_connections_per_user=2)
    tickets = [door.enter(f"192.0.2.{number}") for number in range(3)]
    tickets[0].logged_in("ada")
    tickets[1].logged_in("ada")
    with pytest.raises(Refused, match="of your connections are open"):
        tickets[2].logged_in("ada")
    tickets[2].leave()
    door.enter().logged_in("bob")
    tickets[0].leave()
    door.enter().logged_in("ada")


def test_from_the_third_failure_on_each_answer_takes_longer_up_to_eight_seconds() -> None:
    ticket = Door(login_failures=50).enter()
    delays = []
    for _ in range(9):
        ticket.failed()
        delays.append(ticket.delay)
    assert delays == [0, 0, 0.5, 1, 2, 4, 8, 8, 8]


def test_a_login_forgives_the_failures_before_it() -> None:
    door = Door(login_failures=4)
    ticket = door.enter()
    fail(ticket, 3)
    ticket.logged_in("ada")
    assert ticket.delay == 0
    fail(door.enter(), 3)
    assert door.banned == []


def test_failures_are_forgotten_after_ten_minutes() -> None:
    door = Door(login_failures=3)
    ticket = door.enter()
    fail(ticket, 2)
    door.clock.now += 601
    fail(ticket, 2)
    assert door.banned == []
    fail(ticket, 1)
    assert door.banned == [(ADA, 600)]


def test_a_banned_address_hears_for_how_long_and_the_others_are_let_in() -> None:
    door = Door(login_failures=3, ban_time=600)
    fail(door.enter(), 3)
    with pytest.raises(Refused, match=r"Try again in 10 minutes\.$"):
        door.enter()
    door.enter(BOB)
    door.clock.now += 541
    with pytest.raises(Refused, match=r"Try again in 59 seconds\.$"):
        door.enter()
    door.clock.now += 60
    door.enter()


def test_a_ban_is_told_once_and_turns_out_whoever_is_still_guessing_from_there() -> None:
    door = Door(login_failures=3)
    turned_out: list[str] = []
    guessing, inside, elsewhere = door.enter(), door.enter(), door.enter(BOB)
    for name, ticket in (("guessing", guessing), ("inside", inside), ("elsewhere", elsewhere)):
        ticket.turn_out = lambda _, name=name: turned_out.append(name)  # type: ignore[misc]
    inside.logged_in("ada")
    fail(guessing, 4)
    assert turned_out == ["guessing"]
    assert len(door.banned) == 1


def test_each_ban_is_twice_as_long_up_to_a_day_until_a_day_has_passed() -> None:
    door = Door(login_failures=1, ban_time=3600)
    ticket = door.enter()
    for _ in range(7):
        fail(ticket, 1)
        door.clock.now += door.banned[-1][1]
    hours = [seconds / 3600 for _, seconds in door.banned]
    assert hours == [1, 2, 4, 8, 16, 24, 24]
    door.clock.now += 24 * 3600 + 1
    fail(ticket, 1)
    assert door.banned[-1][1] == 3600


def test_with_a_ban_time_of_nothing_nobody_is_banned() -> None:
    door = Door(login_failures=1, ban_time=0)
    fail(door.enter(), 100)
    door.enter()
    assert door.banned == []


def test_of_very_many_addresses_the_oldest_are_forgotten() -> None:
    bans = Bans(3, 600)
    for number in range(10_001):
        bans.failed(str(number))
        bans.failed(str(number))
        bans.failed(str(number))
    assert bans.remaining("10000") > 0
    assert bans.remaining("1") > 0
    assert bans.remaining("0") == 0
