"""`TerminalDriver`: Textual's driver, for terminals as different as their users.

What it switches on in the user's terminal beyond Textual's own, and how that is undone in
`stop_application_mode`: the shape of the cursor (DECSCUSR, by ``CSI 0 SP q``), and one entry more
on the stack of the kitty keyboard protocol (popped before Textual pops its own).
"""

from __future__ import annotations

import os
import selectors
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from textual._parser import ParseError
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from vibetui.ui.client import QUESTIONS, Client
from vibetui.ui.widgets.client_state import ClientState, Wanted
from vibetui.ui.widgets.terminal_input import ClientAnswered, TerminalParser
from vibetui.ui.widgets.terminal_output import Output, OutputThread

_APP_KEYBOARD = "\x1b[=29u"
"""Textual's flags and the alternate keys: ctrl+c is ctrl+c on a Cyrillic keyboard too."""
_ANSWERS_WITHIN = 5.0
"""Seconds after which a terminal that hasn't answered never will."""
_ECHO_WITHIN = 1.0
"""Seconds in which something between may still repeat its last answer."""
_FRAME = 1 / 60


class ClientChanged(Message):
    """More is known of the user's terminal than before: `TerminalDriver.client`."""


@contextmanager
def _own_description(descriptor: int) -> Iterator[int]:
    """The same terminal, read without blocking.

    After a flood Linux may call a terminal readable that has nothing more: a blocking read then
    held the thread, and with it the app's exit, until the next key. The flag belongs to the open
    file description, which the screen is written through; so the terminal is opened once more.
    """
    try:
        own = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        yield descriptor  # Not Linux, or not ours to open: as Textual does it.
        return
    try:
        yield own
    finally:
        os.close(own)


def _read(source: int) -> bytes | None:
    """What has come; empty at the end, None where there is nothing after all."""
    try:
        return os.read(source, 4096)
    except BlockingIOError:
        return None


class TerminalDriver(LinuxDriver):
    """Textual's driver with `TerminalParser`; it writes a frame in one piece, the cursor with it.

    Attributes:
        client: What is known of the user's terminal.
        typed: What was typed before the reader of keys is started; it reads that first.
        wanted: What it shall be like beside the frame, asked before every frame; None: as usual.
    """

    typed = b""
    _alarm: tuple[int, int] | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.output = Output(self._app)
        self.client = Client.of(os.environ)
        self.wanted: Callable[[], Wanted | None] | None = None
        self._active = False
        self._state = ClientState()
        self._unwritten: list[str] = []
        self._heard: float | None = None
        """When it last answered, or was asked."""

    # Writing

    @property
    def _writer_thread(self) -> OutputThread | None:
        return self._writer

    @_writer_thread.setter
    def _writer_thread(self, writer: WriterThread | None) -> None:
        # Textual makes its own in the middle of `start_application_mode`; this one takes its place.
        self._writer = None if writer is None else OutputThread(writer._file, self.output)

    def write(self, data: str) -> None:
        """Write `data` with whatever else is written in this turn of the loop."""
        if not self._unwritten:
            self._loop.call_soon(self.flush)
        self._unwritten.append(data)

    def flush(self) -> None:
        """Write what there is, and see to the cursor and the keyboard."""
        frame = "".join(self._unwritten)
        self._unwritten.clear()
        if self._writer_thread is None or not self._writer_thread.is_alive():
            return
        wanted = self.wanted() if self._active and self.wanted is not None else None
        if data := self._state.around(frame, wanted or Wanted()):
            super().write(data)

    def settle(self) -> None:
        """See to the cursor and the keyboard soon, should no frame come before."""
        self._loop.call_later(_FRAME, self.flush)

    def start_application_mode(self) -> None:
        self._active = True
        self._alarm = os.pipe()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if not self.client.asks_nothing:
            self.write(_APP_KEYBOARD)
            if self._heard is None:
                self._heard = time.monotonic()
                self.write(QUESTIONS)
        self.flush()

    def stop_application_mode(self) -> None:
        # What is still to be written must not switch anything on again.
        self._active = False
        self.flush()
        super().stop_application_mode()
        self.flush()

    def close(self) -> None:
        self.flush()
        super().close()

    # Reading

    def process_message(self, message: Message) -> None:
        """Take the answers out; this runs in the reader's thread."""
        if not isinstance(message, ClientAnswered):
            super().process_message(message)
            return
        self._heard = time.monotonic()
        client = self.client.after(message.answer)
        if client != self.client:
            self.client = client
            super().process_message(ClientChanged())

    @property
    def _awaiting(self) -> bool:
        if self._heard is None:
            return False
        within = _ECHO_WITHIN if self.client.answered else _ANSWERS_WITHIN
        return time.monotonic() < self._heard + within

    def disable_input(self) -> None:
        """End the reader of keys, at once instead of when it next looks around."""
        if self._alarm is not None:
            os.write(self._alarm[1], b"!")
        super().disable_input()
        self._close_alarm()

    def _close_alarm(self) -> None:
        alarm, self._alarm = self._alarm, None
        for descriptor in alarm or ():
            os.close(descriptor)

    def run_input_thread(self) -> None:
        parser = TerminalParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        data: bytes | None
        data, self.typed = self.typed, b""
        with _own_description(self.fileno) as source, selectors.DefaultSelector() as selector:
            selector.register(source, selectors.EVENT_READ)
            if self._alarm is not None:
                selector.register(self._alarm[0], selectors.EVENT_READ)
            try:
                while True:
                    # Half a character decodes to nothing, and nothing means end to a parser.
                    parser.awaiting = self._awaiting
                    if data and (text := decode(data)):
                        for message in parser.feed(text):
                            self.process_message(message)
                    for message in parser.tick():
                        self.process_message(message)
                    # A sequence that has begun is the app's to its end.
                    if self.exit_event.is_set() and parser.at_rest:
                        break
                    data = None
                    if any(key.fd == source for key, _ in selector.select(parser.wait)):
                        data = _read(source)
                        if data == b"":
                            break
            except OSError:
                # The terminal is gone; the app is told by SIGHUP, or by whoever holds the PTY.
                return
            finally:
                try:
                    for _ in parser.feed(""):
                        pass
                except (EOFError, ParseError, StopIteration):
                    pass
