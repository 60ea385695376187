"""Who is let in: how many connections there may be, in all, from one address, and of one user."""

from __future__ import annotations

import ipaddress
import math
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import suppress

from sshd.bans import Bans
from vibetui.settings import Settings

_NETWORK_OF_ONE = 64
"""Bits of an IPv6 address that a provider gives to one customer."""

_FOR_REGULARS = 4
"""One place for so many of `max_unauthenticated` is there for addresses from which somebody has
logged in before: a crowd of strangers doesn't keep them out."""
_MOST_REGULARS = 10_000

TooMany = Callable[[str, float], None]
"""Hears of an address that is banned from now on, and for how many seconds."""


class Refused(Exception):
    """Not let in; the text is for whoever wanted to."""


def origin(address: str) -> str:
    """What counts as one address: IPv4 in either notation, IPv6 by its /64."""
    with suppress(ValueError):
        parsed = ipaddress.ip_address(address)
        if isinstance(parsed, ipaddress.IPv6Address):
            if parsed.ipv4_mapped is not None:
                return str(parsed.ipv4_mapped)
            number = int(parsed) >> (128 - _NETWORK_OF_ONE) << (128 - _NETWORK_OF_ONE)
            return f"{ipaddress.IPv6Address(number)}/{_NETWORK_OF_ONE}"
        return str(parsed)
    return address


class Ticket:
    """One connection's place, from its acceptance to its end."""

    def __init__(self, gate: Gate, address: str) -> None:
        self._gate = gate
        self.address = address
        self.origin = origin(address)
        self.user_id: str | None = None
        self.failures = 0
        """Of this connection."""
        self.turn_out: Callable[[str], None] | None = None
        """Ends the connection with a sentence, where it hasn't logged in."""

    @property
    def delay(self) -> float:
        """Seconds that the answer to a login is held back now."""
        return self._gate.bans.delay(self.origin)

    def failed(self) -> None:
        """A login has failed: a wrong password or code, or nothing that was offered was right."""
        self.failures += 1
        self._gate.failed(self)

    def logged_in(self, user_id: str) -> None:
        """The connection is this user's from now on.

        Raises:
            Refused: the user has too many already.
        """
        self._gate.logged_in(self, user_id)

    def leave(self) -> None:
        """The connection has ended; more than once does no harm."""
        self._gate.leave(self)


class Gate:
    """Counts, and refuses.

    Args:
        banned: Told of each ban.
    """

    def __init__(self, settings: Settings, banned: TooMany) -> None:
        self._settings = settings
        self._banned = banned
        self.on_leave: Callable[[], None] = _do_nothing
        """Called after each connection's end."""
        self.bans = Bans(settings.login_failures, settings.ban_time)
        self._strangers: dict[Ticket, None] = {}
        """Connections that haven't logged in."""
        self._strangers_of: Counter[str] = Counter()
        self._connections_of: Counter[str] = Counter()
        self._of_user: Counter[str] = Counter()
        self._inside: set[Ticket] = set()
        self._regulars: OrderedDict[str, None] = OrderedDict()
        """Origins from which somebody has logged in, those of late last."""

    def enter(self, address: str) -> Ticket:
        """A place for a connection from `address`. Raises `Refused`."""
        ticket = Ticket(self, address)
        self._check(ticket.origin)
        self._inside.add(ticket)
        self._strangers[ticket] = None
        self._strangers_of[ticket.origin] += 1
        self._connections_of[ticket.origin] += 1
        return ticket

    def _check(self, where: str) -> None:
        settings = self._settings
        if (seconds := self.bans.remaining(where)) > 0:
            raise Refused(_ban_sentence(seconds))
        if self._connections_of[where] >= settings.max_connections_per_address:
            raise Refused(
                "Too many connections from your address are open. Close some, then try again."
            )
        if self._strangers_of[where] >= settings.max_unauthenticated_per_address:
            raise Refused(
                "Too many connections from your address haven't logged in. Try again in a moment."
            )
        places = settings.max_unauthenticated
        if where in self._regulars:
            places += max(1, places // _FOR_REGULARS)
        if len(self._strangers) >= places:
            raise Refused("Too many connections are logging in just now. Try again in a moment.")

    def failed(self, ticket: Ticket) -> None:
        """Count it against the address, which may bring a ban."""
        seconds = self.bans.failed(ticket.origin)
        if not seconds:
            return
        self._banned(ticket.address, seconds)
        for other in [each for each in self._strangers if each.origin == ticket.origin]:
            if other.turn_out is not None:
                other.turn_out(_ban_sentence(seconds))

    def logged_in(self, ticket: Ticket, user_id: str) -> None:
        """See `Ticket.logged_in`."""
        self._forget_stranger(ticket)
        self.bans.succeeded(ticket.origin)
        self._regulars[ticket.origin] = None
        self._regulars.move_to_end(ticket.origin)
        if len(self._regulars) > _MOST_REGULARS:
            self._regulars.popitem(last=False)
        if self._of_user[user_id] >= self._settings.max_connections_per_user:
            raise Refused("Too many of your connections are open. Close some, then try again.")
        ticket.user_id = user_id
        self._of_user[user_id] += 1

    def leave(self, ticket: Ticket) -> None:
        """See `Ticket.leave`."""
        if ticket not in self._inside:
            return
        self._inside.discard(ticket)
        self._forget_stranger(ticket)
        _one_less(self._connections_of, ticket.origin)
        if ticket.user_id is not None:
            _one_less(self._of_user, ticket.user_id)
        self.on_leave()

    def _forget_stranger(self, ticket: Ticket) -> None:
        if ticket in self._strangers:
            del self._strangers[ticket]
            _one_less(self._strangers_of, ticket.origin)


def _do_nothing() -> None:
    """Nobody waits."""


def _one_less(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]


def _ban_sentence(seconds: float) -> str:
    if seconds < 60:
        count, unit = math.ceil(seconds), "second"
    elif seconds < 2 * 3600:
        count, unit = math.ceil(seconds / 60), "minute"
    else:
        count, unit = math.ceil(seconds / 3600), "hour"
    many = "" if count == 1 else "s"
    return f"Too many logins from your address have failed. Try again in {count} {unit}{many}."
