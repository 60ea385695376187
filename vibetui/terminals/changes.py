"""`Changes`: tells whoever wants to know of a change, at most once a turn of the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Changes:
    """The subscribers of one thing."""

    def __init__(self) -> None:
        self._subscribers: list[Callable[[], None]] = []
        self._notice: asyncio.Handle | None = None
        self._held = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Tell of all changes in this block at once, when it ends."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
            self.tell()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` after changes. Returns what ends that."""
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return unsubscribe

    def tell(self) -> None:
        """There was a change."""
        if self._notice is None and self._subscribers and not self._held:
            self._notice = asyncio.get_running_loop().call_soon(self._notify)

    def _notify(self) -> None:
        self._notice = None
        for callback in tuple(self._subscribers):
            callback()

    async def until(self, condition: Callable[[], bool], *, deadline: float) -> bool:
        """Wait for a change after which `condition` holds, at most `deadline` seconds."""
        changed = asyncio.Event()
        unsubscribe = self.subscribe(changed.set)
        try:
            async with asyncio.timeout(deadline):
                while not condition():
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            return False
        finally:
            unsubscribe()
        return True

    def end(self) -> None:
        """Nobody is told any more."""
        if self._notice is not None:
            self._notice.cancel()
            self._notice = None
        self._subscribers.clear()
