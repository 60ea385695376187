"""Text that others wrote, made harmless to whoever looks at it."""

from __future__ import annotations


def printable(text: str) -> str:
    """`text` on one line, with what could steer a terminal made blank: it may be a container's."""
    return "".join(character if character.isprintable() else " " for character in text)
