"""A VT parser for the pyte screen, in place of pyte's own.

pyte's stream walks character by character through a generator, prints the bodies of DCS, APC and
colon parameters, and raises on parameters that real programs send. This one cuts with regular
expressions, keeps unfinished sequences across calls, and passes on only what is well formed.
"""

from __future__ import annotations

import codecs
import re
from typing import Protocol

MAX_SEQUENCE = 4096
"""Characters of one escape sequence; a longer one is dropped."""
MAX_STRING = 1_500_000
"""Characters of one OSC body; what follows is swallowed."""

# C1 controls come as U+0080..9F, as xterm takes them in UTF-8. CAN, SUB and ESC end a sequence.
_TEXT = re.compile("[^\x00-\x1f\x7f-\x9f]+")
_OPEN = "(?:\x1b([\x00-\x17\x19\x1c-\x1f\x7f]*)\\[|\x9b)([\x00-\x17\x19\x1c-\x3f\x7f]*)"
_CSI_OPEN = re.compile(_OPEN)
_CSI = re.compile(_OPEN + "([\x40-\x7e])")
_ESCAPE_OPEN = re.compile("\x1b[\x00-\x17\x19\x1c-\x2f\x7f]*")
_ESCAPE = re.compile("\x1b([\x00-\x17\x19\x1c-\x2f\x7f]*)([\x30-\x7e])")
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_OSC_END = re.compile("[\x07\x18\x1a\x1b\x9c]")
_STRING_END = re.compile("[\x18\x1a\x1b\x9c]")
_PARTS = re.compile("([<=>?]?)([0-9:;]*)([\x20-\x2f]*)\\Z")
_STRINGS = {"]": "osc", "P": "dcs", "X": "sos", "^": "pm", "_": "apc"}


class ParserTarget(Protocol):
    """What the parser calls. None of these may raise."""

    def draw(self, data: str) -> None: ...

    def control(self, char: str) -> None: ...

    def escape(self, intermediates: str, final: str) -> None: ...

    def csi(self, prefix: str, params: str, intermediates: str, final: str) -> None: ...

    def string(self, kind: str, body: str, end: str) -> None:
        """A whole OSC, DCS, SOS, PM or APC, and what ended it: BEL or ST."""


class Parser:
    """Bytes in, calls on a `ParserTarget` out."""

    def __init__(self, target: ParserTarget) -> None:
        self._target = target
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._string = ""
        self._body: list[str] = []
        self._body_length = 0

    def feed(self, data: bytes) -> None:
        text = self._rest + self._decoder.decode(data)
        self._rest = ""
        position, end = 0, len(text)
        match_text, draw, control = _TEXT.match, self._target.draw, self._target.control
        while position < end:
            if self._string:
                position = self._in_string(text, position)
                continue
            if found := match_text(text, position):
                draw(found.group())
                position = found.end()
                continue
            char = text[position]
            if char == "\x1b" or char == "\x9b":
                position = self._sequence(text, position)
            else:
                position += 1
                if char < " ":
                    control(char)
                elif char > "\x7f":
                    self._escape("", chr(ord(char) - 0x40))

    def _sequence(self, text: str, position: int) -> int:
        if found := _CSI.match(text, position):
            early, body, final = found.groups()
            self._csi((early or "") + body, final)
            return found.end()
        if unfinished := _CSI_OPEN.match(text, position):
            if unfinished.end() == len(text):
                return self._keep(text, position)
            # A character that can't stand here ends the sequence.
            return unfinished.end()
        if found := _ESCAPE.match(text, position):
            intermediates, final = found.groups()
            self._escape(self._without_controls(intermediates), final)
            return found.end()
        if (open_ := _ESCAPE_OPEN.match(text, position)) and open_.end() == len(text):
            return self._keep(text, position)
        return position + 1

    def _escape(self, intermediates: str, final: str) -> None:
        if kind := "" if intermediates else _STRINGS.get(final, ""):
            self._string, self._body, self._body_length = kind, [], 0
        else:
            self._target.escape(intermediates, final)

    def _keep(self, text: str, position: int) -> int:
        if len(text) - position <= MAX_SEQUENCE:
            self._rest = text[position:]
        return len(text)

    def _csi(self, body: str, final: str) -> None:
        if parts := _PARTS.match(self._without_controls(body)):
            prefix, params, intermediates = parts.groups()
            self._target.csi(prefix, params, intermediates, final)

    def _without_controls(self, body: str) -> str:
        """`body` without its controls, which act at once, as on a VT100."""
        if body.isprintable():
            return body
        for control in _CONTROL.findall(body):
            if control != "\x7f":
                self._target.control(control)
        return _CONTROL.sub("", body)

    def _in_string(self, text: str, position: int) -> int:
        pattern = _OSC_END if self._string == "osc" else _STRING_END
        found = pattern.search(text, position)
        stop = found.start() if found else len(text)
        if self._body_length < (MAX_STRING if self._string == "osc" else MAX_SEQUENCE):
            self._body.append(text[position:stop])
            self._body_length += stop - position
        if not found:
            return stop
        char = found.group()
        if char == "\x1b" and stop + 1 == len(text):
            # The other half of ST may still come.
            self._rest = text[stop:]
            return len(text)
        terminated = text.startswith("\x1b\\", stop)
        kind, self._string = self._string, ""
        if terminated or char in "\x07\x9c":
            self._target.string(kind, "".join(self._body), "\x07" if char == "\x07" else "\x1b\\")
        self._body = []
        if terminated:
            return stop + 2
        # Any other escape sequence ends the string and is one of its own.
        return stop if char == "\x1b" else stop + 1
