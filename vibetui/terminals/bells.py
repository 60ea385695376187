"""Bells and titles in a terminal's output, found without a screen."""

from __future__ import annotations

import re

_LONGEST_TITLE = 1024

_IN_TEXT = re.compile(rb"\x07|\x1b[\]PX^_]|\x1b\Z")
_IN_STRING = re.compile(rb"[\x07\x18\x1a]|\x1b\\|\x1b(?=[^\\])|\x1b\Z")


def harmless(title: str) -> str:
    """A title that programs made, without what would do something to a terminal."""
    return "".join(char for char in title if char.isprintable())


class BellEar:
    """Listens to output as it comes, cut anywhere.

    Attributes:
        rang: The bell rang since this was last set to false.
        title: As the program set it last (OSC 0 or 2), without control characters.
    """

    def __init__(self) -> None:
        self.rang = False
        self.title = ""
        self._string: bytearray | None = None
        """The control string under way: its introducer, and the body as far as a title goes."""
        self._tail = b""

    def feed(self, data: bytes) -> None:
        """Listen to the next bytes."""
        data, at = self._tail + data, 0
        self._tail = b""
        while at < len(data):
            ended = self._string is not None
            found = (_IN_STRING if ended else _IN_TEXT).search(data, at)
            if self._string is not None and len(self._string) < _LONGEST_TITLE:
                self._string += data[at : found.start() if found else len(data)][:_LONGEST_TITLE]
            if found is None:
                return
            if found[0] == b"\x1b" and found.end() == len(data):
                self._tail = b"\x1b"
                return
            at = found.end()
            if ended:
                self._end_string()
                # An escape that ends a string begins something else.
                at -= found[0] == b"\x1b"
            elif found[0] == b"\x07":
                self.rang = True
            else:
                self._string = bytearray(found[0][1:])

    def _end_string(self) -> None:
        string, self._string = bytes(self._string or b""), None
        if string.startswith((b"]0;", b"]2;")):
            self.title = harmless(string[3:].decode("utf-8", "replace"))
