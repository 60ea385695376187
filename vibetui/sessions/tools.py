"""What every part of this folder works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vibetui.engines import Engine
from vibetui.errors import NotFound
from vibetui.model import Session, SessionChange, SessionNotice
from vibetui.sessions.audit import Journal
from vibetui.sessions.carrier import Carrier, RelayCarrier, SocketCarrier, relays
from vibetui.sessions.rendezvous import Rendezvous
from vibetui.sessions.watch import DirectoryWatch
from vibetui.settings import Settings
from vibetui.store import Store


@dataclass(frozen=True, slots=True)
class Tools:
    """The manager's dependencies, shared by its parts."""

    engine: Engine
    store: Store
    settings: Settings
    instance: str
    """Only containers with this in their instance label are ours."""
    journal: Journal
    watch: DirectoryWatch
    notify: Callable[[SessionNotice], None]

    def carrier(self, session_id: str) -> Carrier:
        """The way to the session's agent. Raises `EngineError` where the engine has no address."""
        rendezvous = Rendezvous(self.settings.run_dir, session_id, self.watch)
        if relays(self.settings.agent_carrier, self.engine):
            return RelayCarrier(self.engine, rendezvous)
        return SocketCarrier(rendezvous)

    def updated(self, session: Session) -> Session:
        """Tell watchers of the list, and give the session back."""
        self.notify(SessionNotice(SessionChange.UPDATED, session))
        return session

    async def need(self, session_id: str) -> Session:
        """The row. Raises `NotFound`."""
        session = await self.store.session(session_id)
        if session is None:
            raise NotFound("There is no such session.")
        return session
