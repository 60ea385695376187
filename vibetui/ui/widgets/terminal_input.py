"""Keys from the user's terminal, read so that a shell can have them all.

Textual's own reader loses keys that a shell needs: it gathers what follows an escape for 100 ms and
then guesses, so that in vim ``escape :`` arrives as ``:`` alone, ``alt+1`` as ``¡`` and
``alt+backspace`` as ``ctrl+w``; a lone escape takes up to 200 ms. This one ends a sequence where
its grammar ends it (ECMA-48 section 5.4).
"""

from __future__ import annotations

import os
import selectors
from codecs import getincrementaldecoder
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

from textual import events
from textual._parser import ParseEOF, ParseError, ParseTimeout, Peek1, Read1
from textual._time import get_time
from textual._xterm_parser import (
    BRACKETED_PASTE_END,
    BRACKETED_PASTE_START,
    FOCUSIN,
    FOCUSOUT,
    XTermParser,
)
from textual.drivers.linux_driver import LinuxDriver
from textual.keys import Keys
from textual.message import Message
from textual.messages import TerminalSupportsSynchronizedOutput

ESCAPE_DELAY = 0.025
"""Seconds after which an escape was the key: over a slow link sequences still come in one piece."""
_POLL = 0.1
_LONGEST = 64
"""Characters of a sequence from a keyboard or a mouse."""

Emit = Callable[[Message], None]


class TerminalParser(XTermParser):
    """`XTermParser` with its grammar put right; what a sequence means is left to Textual."""

    @property
    def wait(self) -> float:
        """Seconds for which `tick` needn't be called."""
        due = self._timeout_time
        return _POLL if due is None else min(max(due - get_time(), 0.0), _POLL)

    @property
    def at_rest(self) -> bool:
        """Nothing that was begun waits for what follows."""
        return self._timeout_time is None

    def parse(self, token_callback: Emit) -> Generator[Read1 | Peek1, str, None]:
        emit = token_callback
        pending = ""
        try:
            while True:
                char = pending or (yield self.read1())
                pending = ""
                if char != "\x1b":
                    self._keys(char, emit)
                    continue
                try:
                    introducer = yield self.read1(ESCAPE_DELAY)
                except ParseTimeout:
                    emit(events.Key("escape", "\x1b"))
                    continue
                if introducer == "\x1b":
                    emit(events.Key("escape", "\x1b"))
                    pending = "\x1b"
                elif introducer in "[O":
                    sequence, pending = yield from self._sequence(introducer)
                    if sequence == BRACKETED_PASTE_START:
                        yield from self._paste(emit)
                    else:
                        self._meaning(sequence, emit)
                elif introducer in "P]^_X":
                    pending = yield from self._string(introducer, emit)
                else:
                    emit(alt_key(introducer))
        except ParseEOF:
            return

    def _sequence(self, introducer: str) -> Generator[Read1 | Peek1, str, tuple[str, str]]:
        """A whole CSI or SS3, and the character that broke it off, if one did."""
        sequence = "\x1b" + introducer
        while True:
            try:
                char = yield self.read1(ESCAPE_DELAY)
            except ParseTimeout:
                return sequence, ""
            if char == "\x1b":
                return sequence, char
            sequence += char
            if sequence == "\x1b[M":
                # X10's report: three bytes of any value.
                for _ in range(3):
                    sequence += yield self.read1()
                return sequence, ""
            # The Linux console's F1 to F5 are ESC [ [ A and on; rxvt ends some with $.
            final = "\x40" <= char <= "\x7e" and sequence != "\x1b[["
            if introducer == "O" or final or len(sequence) > _LONGEST:
                return sequence, ""
            if char == "$" and sequence[2:-1].isdigit() and len(sequence) == 4:
                return sequence, ""

    def _string(self, introducer: str, emit: Emit) -> Generator[Read1 | Peek1, str, str]:
        """Swallow an answer of the terminal's; without a body it was alt and that key."""
        try:
            char = yield self.read1(ESCAPE_DELAY)
        except ParseTimeout:
            emit(alt_key(introducer))
            return ""
        while True:
            if char in "\x07\x9c":
                return ""
            if char == "\x1b":
                char = yield self.read1()
                return "" if char == "\\" else char
            try:
                char = yield self.read1(ESCAPE_DELAY)
            except ParseTimeout:
                return ""

    def _paste(self, emit: Emit) -> Generator[Read1 | Peek1, str, None]:
        text: list[str] = []
        tail = ""
        while not tail.endswith(BRACKETED_PASTE_END):
            char = yield self.read1()
            text.append(char)
            tail = (tail + char)[-len(BRACKETED_PASTE_END) :]
        pasted = "".join(text)[: -len(BRACKETED_PASTE_END)]
        emit(events.Paste(pasted.replace("\x00", "")))

    def _keys(self, sequence: str, emit: Emit) -> None:
        try:
            known = list(self._sequence_to_key_events(sequence))
        except (ValueError, OverflowError):
            # A key report with a code point that there isn't.
            return
        for event in known:
            if event.key != Keys.Ignore:
                emit(event)

    def _meaning(self, sequence: str, emit: Emit) -> None:
        if sequence in ("\x1b[", "\x1bO"):
            emit(alt_key(sequence[1]))
        elif sequence == FOCUSIN:
            emit(events.AppFocus())
        elif sequence == FOCUSOUT:
            emit(events.AppBlur())
        elif sequence.startswith(("\x1b[<", "\x1b[M")):
            if (mouse := self.parse_mouse_code(sequence)) is not None:
                emit(mouse)
        elif sequence.endswith("$y"):
            if sequence.startswith("\x1b[?2026;") and sequence[8:-2] not in ("0", ""):
                emit(TerminalSupportsSynchronizedOutput())
        elif sequence != BRACKETED_PASTE_END:
            self._keys(sequence, emit)


def alt_key(char: str) -> events.Key:
    """The key event of alt and `char`."""
    known = list(XTermParser()._sequence_to_key_events(char))
    key = known[0].key if known else char
    return events.Key(f"alt+{key}", char)


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
    """Textual's driver with `TerminalParser`, which is ticked as soon as it asks to be.

    Attributes:
        typed: What was typed before the reader of keys is started; it reads that first.
    """

    typed = b""
    _alarm: tuple[int, int] | None = None

    def start_application_mode(self) -> None:
        self._alarm = os.pipe()
        super().start_application_mode()  # type: ignore[no-untyped-call]

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
