"""Keeps text out of control strings, where libghostty-vt would take half of it for their end."""

from __future__ import annotations

import re

_BODY = rb"(?:[^\x1b\x18\x1a\x80-\xff]+|[\x80-\xff]{2,}|[\x80-\x9b\x9d-\xff])*"
_STRING = re.compile(rb"\x1b[PX^_]" + _BODY)
_NOT_ASCII = re.compile(rb"[\x80-\xff]{2,}|[\x80-\x9b\x9d-\xff]")
_BEGIN = b"\x1b_"


class StringCleaner:
    """Removes what isn't ASCII from the bodies of DCS, SOS, PM and APC, cut anywhere.

    In UTF-8, 0x80 to 0x9F are the second halves of ``À`` to ``ß``. To the library they are controls
    that end the string, and the rest of its body would be shown. By itself, 0x9C remains the end
    that it is in ISO 2022.
    """

    def __init__(self) -> None:
        self._before = b""

    def clean(self, data: bytes) -> bytes:
        before = self._before
        whole = before + data if before else data
        self._before = _unfinished(whole)
        if data.isascii():
            return data
        cleaned = _STRING.sub(_ascii_only, whole)
        return cleaned[2:] if before.startswith(_BEGIN) else cleaned[len(before) :]


def _ascii_only(match: re.Match[bytes]) -> bytes:
    return _NOT_ASCII.sub(b"", match[0])


def _unfinished(whole: bytes) -> bytes:
    """What the next bytes must be read after: an ESC, the beginning of a string, or nothing."""
    last = whole.rfind(b"\x1b")
    if last < 0:
        return b""
    if last == len(whole) - 1:
        return b"\x1b"
    found = _STRING.match(whole, last)
    if found is None or found.end() < len(whole):
        return b""
    # In the middle of a character, 0x9C next is that one's end and not the string's.
    return _BEGIN + (b"\x80" if whole[-1] >= 0x80 else b"")
