"""Keys from the user's terminal, read so that a shell can have them all.

Textual's own reader loses keys that a shell needs: it gathers what follows an escape for 100 ms and
then guesses, so that in vim ``escape :`` arrives as ``:`` alone, ``alt+1`` as ``¡`` and
``alt+backspace`` as ``ctrl+w``; a lone escape takes up to 200 ms. This one ends a sequence where
its grammar ends it (ECMA-48 section 5.4).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable

from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual._parser import ParseEOF, ParseTimeout, Peek1, Read1
from textual._time import get_time
from textual._xterm_parser import (
    BRACKETED_PASTE_END,
    BRACKETED_PASTE_START,
    FOCUSIN,
    FOCUSOUT,
    XTermParser,
)
from textual.keys import Keys
from textual.message import Message
from textual.messages import TerminalSupportsSynchronizedOutput

from vibetui.terminals.kitty_keyboard import ALT, CTRL, SHIFT, KeyEvent, KeyReport, parse_report

ESCAPE_DELAY = 0.025
"""Seconds after which an escape was the key: over a slow link sequences still come in one piece."""
PATIENCE = 0.5
"""Seconds that the rest of an answer may take: cut in pieces it must not be taken for keys."""
_POLL = 0.1
_LONGEST = 64
"""Characters of a sequence from a keyboard or a mouse."""
_LONGEST_ANSWER = 256

_ANSWER_BEGINS = re.compile(r"\x1b(?:\[[?<]|P[01>]|\]\d)")
"""What no key begins with."""
RELEASED = "key_released"
"""The name of every key that is let go; nothing is bound to it."""

Emit = Callable[[Message], None]


class KeyPress(events.Key):
    """A key of a terminal that speaks the kitty keyboard protocol.

    Attributes:
        report: All that it said.
    """

    def __init__(self, key: str, character: str | None, report: KeyReport) -> None:
        super().__init__(key, character)
        self.report = report


KeyPress.handler_name = events.Key.handler_name


class ClientAnswered(Message):
    """The terminal answered a question; `answer` is the sequence without a string's terminator."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer


class TerminalParser(XTermParser):
    """`XTermParser` with its grammar put right; what a sequence means is left to Textual.

    Attributes:
        awaiting: Answers are on their way: an escape may be the first piece of one.
    """

    awaiting = False
    _pasted: list[str] | None = None
    """The pieces of the paste that is under way."""
    _paste_tail = ""

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
                    introducer = yield self.read1(self._delay("\x1b"))
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

    def _delay(self, begun: str) -> float:
        """How long to wait for what follows."""
        return PATIENCE if self.awaiting or _ANSWER_BEGINS.match(begun) else ESCAPE_DELAY

    def _sequence(self, introducer: str) -> Generator[Read1 | Peek1, str, tuple[str, str]]:
        """A whole CSI or SS3, and the character that broke it off, if one did."""
        sequence = "\x1b" + introducer
        while True:
            try:
                char = yield self.read1(self._delay(sequence))
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
        """An answer of the terminal's; without a body it was alt and that key."""
        string = "\x1b" + introducer
        while True:
            try:
                char = yield self.read1(self._delay(string))
                if char == "\x1b" and len(string) > 2:
                    char = yield self.read1(self._delay(string))
                    if char != "\\":
                        return char
                    char = "\x9c"
            except ParseTimeout:
                char = ""
            if len(string) == 2 and char in ("", "\x1b"):
                emit(alt_key(introducer))
                return char
            if char in ("", "\x07", "\x9c"):
                if char:
                    emit(ClientAnswered(string))
                return ""
            if len(string) < _LONGEST_ANSWER:
                string += char

    def feed(self, data: str) -> Iterable[Message]:
        return super().feed(data if self._pasted is None else self._gathered(data, self._pasted))

    def _gathered(self, data: str, pasted: list[str]) -> str:
        """Take in the middle of a paste at once; what is left may be its end.

        Character by character a megabyte takes 2.6 s, of which the app feels every one.
        """
        keep = len(BRACKETED_PASTE_END) - 1
        if len(data) <= keep or BRACKETED_PASTE_END in self._paste_tail[-keep:] + data:
            return data
        pasted.append(data[:-keep])
        self._paste_tail = ""
        return data[-keep:]

    def _paste(self, emit: Emit) -> Generator[Read1 | Peek1, str, None]:
        pasted = self._pasted = []
        self._paste_tail = ""
        while self._paste_tail != BRACKETED_PASTE_END:
            char = yield self.read1()
            pasted.append(char)
            self._paste_tail = (self._paste_tail + char)[-len(BRACKETED_PASTE_END) :]
        self._pasted = None
        text = "".join(pasted)[: -len(BRACKETED_PASTE_END)]
        emit(events.Paste(text.replace("\x00", "")))

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
        elif sequence.startswith("\x1b[?"):
            emit(ClientAnswered(sequence))
        elif sequence != BRACKETED_PASTE_END:
            self._reported(sequence, emit)

    def _reported(self, sequence: str, emit: Emit) -> None:
        report = parse_report(sequence)
        if report is None:
            self._keys(sequence, emit)
        elif report.event is KeyEvent.RELEASE:
            emit(KeyPress(RELEASED, None, report))
        elif report.final != "u" and f"{report.code}{report.final}" not in FUNCTIONAL_KEYS:
            known = ANSI_SEQUENCES_KEYS.get(sequence, ())
            for key in known if isinstance(known, tuple) else ():
                if key is not Keys.Ignore:
                    emit(events.Key(key.value, None))
        else:
            for event in self._sequence_to_key_events(_spelt(report)):
                emit(KeyPress(event.key, report.text or event.character, report))


def _spelt(report: KeyReport) -> str:
    """The report as a sequence that Textual names the key of: its shortcuts are Latin ones."""
    code, modifiers, text = report.code, report.held, ""
    if report.text:
        text = f";{ord(report.text[0])}"
    elif modifiers & (CTRL | ALT) and report.base and report.is_character and code > 127:
        code = report.base
    elif modifiers & SHIFT and report.shifted:
        letter = chr(report.shifted).isalpha()
        if not (letter and modifiers & CTRL):
            code, modifiers = report.shifted, modifiers & ~SHIFT
    if text or modifiers:
        return f"\x1b[{code};{modifiers + 1 if modifiers else ''}{text}{report.final}"
    return f"\x1b[{code}{report.final}"


def alt_key(char: str) -> events.Key:
    """The key event of alt and `char`."""
    known = list(XTermParser()._sequence_to_key_events(char))
    key = known[0].key if known else char
    return events.Key(f"alt+{key}", char)
