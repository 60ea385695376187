"""Clients that come back by themselves to what their user has stopped. Pure: knows no channel.

A tunnel that reconnects, or an editor, asks again for what it had, seconds after it was cut off.
A session that was stopped on purpose stays stopped all the same. Everybody else starts it as ever:
another machine, another program, another command, and whoever sits at a terminal.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

_MOST = 10_000
"""Guests that are remembered; then the one that was heard of longest ago is forgotten."""


@dataclass(frozen=True, slots=True)
class Guest:
    """A client at one thing in one session, as far as it can be known again.

    Attributes:
        address: Without the port.
        version: What the client's program calls itself.
        purpose: What it does there: ``forward``, ``files``, or a command's program.
    """

    user_id: str
    session_id: str
    address: str
    version: str
    purpose: str


@dataclass(slots=True)
class _Stay:
    """The last one of a guest.

    Attributes:
        connections: Of this guest that last.
        until: When the last of them ended.
        refused_at: When it was last refused.
    """

    since: datetime
    connections: int = 0
    until: datetime | None = None
    refused_at: datetime | None = None

    def covers(self, moment: datetime) -> bool:
        return self.since <= moment and (self.connections > 0 or moment <= (self.until or moment))


class Reconnects:
    """Who was where when it was stopped.

    Args:
        window: Seconds after a stop, or after the last try since; 0: nobody is refused.
    """

    def __init__(self, window: float) -> None:
        self._window = timedelta(seconds=window)
        self._stays: OrderedDict[Guest, _Stay] = OrderedDict()

    def enter(self, guest: Guest, now: datetime) -> None:
        """A connection of the guest's has got into the session; `leave` follows."""
        stay = self._stays.get(guest)
        if stay is None or stay.connections <= 0:
            stay = self._stays[guest] = _Stay(now)
        stay.connections += 1
        self._heard_of(guest)

    def leave(self, guest: Guest, now: datetime) -> None:
        """That connection has ended."""
        stay = self._stays.get(guest)
        if stay is not None:
            stay.connections -= 1
            stay.until = now

    def refuses(self, guest: Guest, stopped_at: datetime, now: datetime) -> bool:
        """Whether the guest was there when the session was stopped, and has come back by itself.

        Each refusal makes the window begin anew: who keeps trying never wins.
        """
        stay = self._stays.get(guest)
        if stay is None or not stay.covers(stopped_at):
            return False
        begins = max(stopped_at, stay.refused_at or stopped_at)
        if now - begins >= self._window:
            return False
        stay.refused_at = now
        self._heard_of(guest)
        return True

    def _heard_of(self, guest: Guest) -> None:
        self._stays.move_to_end(guest)
        if len(self._stays) > _MOST:
            self._stays.popitem(last=False)
