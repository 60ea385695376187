"""`ReadyContainer`: the proof that a session can be used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from vibetui.agent import AgentConnection

_SEAL: Final = object()


@dataclass(frozen=True, slots=True)
class ReadyContainer:
    """A container whose agent has said HELLO; made by `prove` and in no other way."""

    session_id: str
    container_id: str
    agent_version: str
    _seal: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if self._seal is not _SEAL:
            raise TypeError("a ReadyContainer is made from a greeted connection, by prove()")

    @classmethod
    def prove(
        cls, session_id: str, container_id: str, connection: AgentConnection
    ) -> ReadyContainer:
        """From a connection that the container's agent has greeted: nothing else can say HELLO."""
        return cls(session_id, container_id, connection.hello.agent_version, _SEAL)
