"""Pseudo-terminals for UI processes."""

from __future__ import annotations

import os
import termios
import tty

DEFAULT_SIZE = (80, 24)
"""Columns and rows for a client that doesn't say (RFC 4254 section 6.2 allows 0)."""
_LARGEST = 0xFFFF


def open_pty(columns: int, rows: int) -> tuple[int, int]:
    """A new pseudo-terminal: its master, which doesn't block, and its slave.

    Input is raw from the start, so that what is typed before the app is up is neither echoed
    nor edited, and ctrl+c is a key like any other; output still turns ``\\n`` into ``\\r\\n``.
    """
    master, slave = os.openpty()
    os.set_blocking(master, False)
    modes = termios.tcgetattr(slave)
    modes[tty.IFLAG] &= ~(termios.ICRNL | termios.IXON | termios.IXOFF)
    modes[tty.LFLAG] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
    termios.tcsetattr(slave, termios.TCSANOW, modes)
    set_size(master, columns, rows)
    return master, slave


def set_size(master: int, columns: int, rows: int) -> None:
    """Set the size; the kernel tells the foreground processes (SIGWINCH) where it changed."""
    termios.tcsetwinsize(master, sane_size(columns, rows)[::-1])


def sane_size(columns: int, rows: int) -> tuple[int, int]:
    """`columns` x `rows`, each replaced by the default's where it is 0."""
    return (
        min(columns or DEFAULT_SIZE[0], _LARGEST),
        min(rows or DEFAULT_SIZE[1], _LARGEST),
    )
