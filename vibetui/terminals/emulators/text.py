"""What both emulators need to say about text: nothing that they give out may act on a terminal."""

from __future__ import annotations

import base64
import binascii
import re

MAX_TITLE = 1024
MAX_LINK = 2083
"""Characters of a URI, as in VTE; cut short, a link would lead elsewhere."""
MAX_CLIPBOARD = 1 << 20
"""Characters of one OSC 52 write that are honoured; the rest is dropped."""

_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""They would turn around what stands beside a title in the session list (UAX #9)."""
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def printable(text: str) -> str:
    """`text` with every C0 and C1 control replaced by a space.

    A cell that held U+009B would reach the user's terminal as a CSI.
    """
    if text.isprintable():
        return text
    return _CONTROLS.sub(" ", text)


def clean_title(text: str) -> str:
    """A window title without controls, at most `MAX_TITLE` characters."""
    return _DIRECTIONS.sub("", _CONTROLS.sub("", text[:MAX_TITLE]))


def clean_link(uri: str) -> str:
    """The URI of an OSC 8 link, or nothing where it is too long or has controls in it."""
    return uri if len(uri) <= MAX_LINK and uri.isprintable() else ""


def decode_clipboard(encoded: str) -> str | None:
    """The text of an OSC 52 write, or None where it is a query or not base64."""
    if len(encoded) > MAX_CLIPBOARD * 4 // 3 + 4:
        return None
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None
