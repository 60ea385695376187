"""Pasted text and the focus, as the bytes that a program reads for them."""

from __future__ import annotations

import re

from vibetui.terminals.protocol import Modes

START, END = "\x1b[200~", "\x1b[201~"
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def encode_paste(text: str, modes: Modes) -> bytes:
    """`text` as typed, between brackets where the program asked for them (DEC mode 2004).

    Control characters but tab and return are dropped: an end marker inside the text would let
    what follows it act as keys, and an escape could be a command to the program.
    """
    for marker in (START, END):
        text = text.replace(marker, "")
    text = _CONTROLS.sub("", text.replace("\r\n", "\r").replace("\n", "\r"))
    if not text:
        return b""
    if modes.bracketed_paste:
        text = f"{START}{text}{END}"
    return text.encode("utf-8", "replace")


def line_count(text: str) -> int:
    """The lines that a paste of `text` has; a line break at its end begins none."""
    text = text.rstrip("\r\n")
    return text.count("\n") + text.count("\r") - text.count("\r\n") + 1


def first_lines(text: str, most: int, longest: int = 200) -> list[str]:
    """How `text` begins, without control characters."""
    head = _with_newlines(text[: most * longest]).rstrip("\n")
    return [_CONTROLS.sub("", line)[:longest] for line in head.split("\n")[:most]]


def joined_lines(text: str) -> str:
    """`text` as one line, as a shell would have it: where a line says that it goes on, it does."""
    lines = (line.strip() for line in _with_newlines(text).split("\n"))
    return " ".join(line.removesuffix("\\").rstrip() for line in lines if line)


def _with_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def encode_focus(focused: bool, modes: Modes) -> bytes:
    """The report of the focus coming or going (DEC mode 1004); empty where not asked for."""
    if not modes.focus_events:
        return b""
    return b"\x1b[I" if focused else b"\x1b[O"
