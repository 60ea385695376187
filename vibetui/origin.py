"""Who asks for what is being done, and from where: for the audit trail.

It follows a request into the tasks that it begins, as context variables do (PEP 567), so that
nothing in between has to hand it on.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Origin:
    """Of a request.

    Attributes:
        user_id: Whose; None: nobody's, the server does it by itself.
        address: Where their client is; None: unknown, or at this machine.
        by: The operator's account on this machine, where it is theirs and no user's.
    """

    user_id: str | None = None
    address: str | None = None
    by: str | None = None


_NOBODYS = Origin()
_current = ContextVar("origin", default=_NOBODYS)


def current_origin() -> Origin:
    """Of what this task does."""
    return _current.get()


def begin_request(address: str | None) -> None:
    """What this task does from here on is for a request from `address`, of nobody yet."""
    _current.set(Origin(address=address))


def act_as(user_id: str) -> None:
    """The request is that user's."""
    _current.set(replace(_current.get(), user_id=user_id))


def act_as_operator(name: str) -> None:
    """The request is the operator's, whose account on this machine is called `name`."""
    _current.set(replace(_current.get(), by=name))
