"""Output of programs, made the same way each time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import count

ROWS, COLUMNS = 50, 200

_LS_COLORS = ("01;34", "01;32", "00", "01;36", "00;31", "38;5;208", "38;2;12;200;90")
_WORDS = (
    *("def", "return", "self", "import", "for", "class"),
    *("x = 1", "# comment", "'string'", "foo(bar)"),
)


def numbers() -> Iterator[bytes]:
    """As ``seq``: short plain lines."""
    for start in count(1, 1000):
        yield b"".join(b"%d\r\n" % number for number in range(start, start + 1000))


def listing() -> Iterator[bytes]:
    """As ``ls -lR --color``."""
    chance = random.Random(1)
    while True:
        name = f"file_{chance.getrandbits(24):06x}.{chance.choice(('py', 'txt', 'so', 'md'))}"
        size, minute = chance.randrange(10**8), chance.randrange(60)
        details = f"-rw-r--r-- 1 root root {size:8} Nov 23 11:{minute:02}"
        yield f"{details} \x1b[0m\x1b[{chance.choice(_LS_COLORS)}m{name}\x1b[0m\r\n".encode()


def editor() -> Iterator[bytes]:
    """As an editor that redraws a coloured screen again and again."""
    chance = random.Random(2)
    yield b"\x1b[?1049h\x1b[2J"
    for top in count():
        frame = ["\x1b[?25l\x1b[H"]
        for y in range(ROWS - 1):
            frame.append(f"\x1b[{y + 1};1H\x1b[38;5;130m{top + y:4} \x1b[m")
            x = 5
            while x < COLUMNS - 22:
                word = chance.choice(_WORDS)
                frame.append(f"\x1b[38;5;{chance.randrange(256)}m{word}\x1b[m ")
                x += len(word) + 1
            frame.append("\x1b[K")
        frame.append(f"\x1b[{ROWS};1H\x1b[7m-- INSERT -- {top}\x1b[m")
        frame.append(f"\x1b[{chance.randrange(ROWS) + 1};{chance.randrange(COLUMNS) + 1}H\x1b[?25h")
        yield "".join(frame).encode()


WORKLOADS: dict[str, Callable[[], Iterator[bytes]]] = {
    "seq": numbers,
    "ls": listing,
    "vim": editor,
}


def at_least(pieces: Iterator[bytes], size: int) -> bytes:
    """The first pieces that together have `size` bytes."""
    taken = bytearray()
    for piece in pieces:
        taken += piece
        if len(taken) >= size:
            break
    return bytes(taken)
