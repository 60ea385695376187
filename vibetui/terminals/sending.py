"""What goes to a terminal's program: what is typed, answers, and the size that is wished for."""

from __future__ import annotations

from vibetui.agent import TerminalStream

_MOST_WAITING = 64 * 1024
"""Bytes that are typed while the connection is broken and sent over the next."""


class Sender:
    """Sends over one stream after the other; `read_only` it sends nothing.

    Args:
        stream: The first one.
        wish: The size that was wished for when it was attached, as (rows, columns).
    """

    def __init__(self, stream: TerminalStream, wish: tuple[int, int], *, read_only: bool) -> None:
        self.wish = wish
        self._stream = stream
        self._silent = read_only
        self._waiting: bytearray | None = None

    def write(self, data: bytes) -> None:
        """Type `data`; while the connection is broken it waits for the next."""
        if not data or self._silent:
            return
        if self._waiting is None:
            self._stream.send(data)
        elif len(self._waiting) + len(data) <= _MOST_WAITING:
            self._waiting += data

    def reply(self, data: bytes) -> None:
        """Send what counts only from whoever leads."""
        if data and not self._silent:
            self._stream.reply(data)

    def lead(self) -> None:
        """Type nothing, which takes the lead."""
        if not self._silent:
            self._stream.send(b"")

    def resize(self, rows: int, columns: int) -> None:
        """Wish for a size, if it is another than before."""
        wish = max(rows, 1), max(columns, 1)
        if wish != self.wish:
            self.wish = wish
            if not self._silent:
                self._stream.resize(*wish)

    def broken(self) -> None:
        """The connection is gone; `go_on` may follow."""
        if self._waiting is None:
            self._waiting = bytearray()

    def go_on(self, stream: TerminalStream) -> None:
        """Send over this stream, first what waits."""
        self._stream = stream
        waiting, self._waiting = self._waiting, None
        self.write(bytes(waiting or b""))

    def end(self) -> None:
        """Nothing more is to be sent."""
        self._silent = True
