"""Where output can be cut: between characters and between control sequences."""

from __future__ import annotations

import re

_UNFINISHED = re.compile(
    rb"(?:\x1b(?:[PX^_\]][^\x07\x18\x1a\x1b]*\x1b?|\[[0-?]*[ -/]*|[ -/]*)"
    rb"|[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z"
)


def unfinished(data: bytes | memoryview) -> bytes:
    """The control sequence, string or UTF-8 character that `data` breaks off in (ECMA-48)."""
    match = _UNFINISHED.search(data)
    return bytes(match[0]) if match else b""
