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

_TEXT = re.compile("[^\x00-\x1f\x7f-\x9f]+")
_CSI = re.compile("\x1b\\[([\x00-\x17\x19\x1c-\x3f\x7f]*)([\x40-\x7e])")
_CSI_OPEN = re.compile("\x1b\\[[\x00-\x17\x19\x1c-\x3f\x7f]*\\Z")
_ESCAPE = re.compile("\x1b([\x20-\x2f]*)([\x30-\x7e])")
_ESCAPE_OPEN = re.compile("\x1b[\x20-\x2f]*\\Z")
_CSI_BROKEN = re.compile("\x1b\\[[\x00-\x17\x19\x1c-\x3f\x7f]*")
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

    def string(self, kind: str, body: str) -> None:
        """A whole OSC, DCS, SOS, PM or APC."""


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
        match_text, draw = _TEXT.match, self._target.draw
        while position < end:
            if self._string:
                position = self._in_string(text, position)
                continue
            if found := match_text(text, position):
                draw(found.group())
                position = found.end()
                continue
            char = text[position]
            if char == "\x1b":
                position = self._escape(text, position)
            else:
                position += 1
                if char < " ":
                    self._target.control(char)

    def _escape(self, text: str, position: int) -> int:
        if found := _CSI.match(text, position):
            self._csi(found.group(1), found.group(2))
            return found.end()
        if text.startswith("\x1b[", position):
            if _CSI_OPEN.match(text, position):
                return self._keep(text, position)
            # A character that can't stand here ends the sequence unfinished.
            broken = _CSI_BROKEN.match(text, position)
            return broken.end() if broken else position + 1
        if found := _ESCAPE.match(text, position):
            intermediates, final = found.groups()
            kind = "" if intermediates else _STRINGS.get(final, "")
            if kind:
                self._string, self._body, self._body_length = kind, [], 0
            else:
                self._target.escape(intermediates, final)
            return found.end()
        if _ESCAPE_OPEN.match(text, position):
            return self._keep(text, position)
        return position + 1

    def _keep(self, text: str, position: int) -> int:
        if len(text) - position <= MAX_SEQUENCE:
            self._rest = text[position:]
        return len(text)

    def _csi(self, body: str, final: str) -> None:
        if not body.isprintable():
            # Controls inside a sequence act at once, as on a VT100.
            for control in _CONTROL.findall(body):
                if control != "\x7f":
                    self._target.control(control)
            body = _CONTROL.sub("", body)
        if parts := _PARTS.match(body):
            prefix, params, intermediates = parts.groups()
            self._target.csi(prefix, params, intermediates, final)

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
        finished = char in "\x07\x9c" or text.startswith("\x1b\\", stop)
        kind, self._string = self._string, ""
        if finished:
            self._target.string(kind, "".join(self._body))
        self._body = []
        if text.startswith("\x1b\\", stop):
            return stop + 2
        # Any other escape sequence ends the string and is one of its own.
        return stop if char == "\x1b" else stop + 1
