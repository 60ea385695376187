"""Each emulator does what `terminal_vectors` tells, or differs as it is known to."""

from __future__ import annotations

import pytest

from tests.conformance.terminal_vectors import AREAS, COLUMNS, ROWS, Vector
from tests.conformance.terminal_vectors_vt400 import VT400_AREAS
from tests.terminal_support import EMULATORS, emulator, screen

VECTORS = [
    pytest.param(vector, id=f"{area}: {vector.about}")
    for area, vectors in {**AREAS, **VT400_AREAS}.items()
    for vector in vectors
]


def seen(kind: str, vector: Vector, piece: int) -> Vector:
    """`vector` as `kind` has it, fed in pieces of so many bytes."""
    terminal = emulator(kind, rows=ROWS, columns=COLUMNS)
    data = vector.feed.encode()
    for start in range(0, len(data), piece):
        terminal.feed(data[start : start + piece])
    cursor = terminal.cursor
    made = Vector(
        vector.about,
        vector.feed,
        None if vector.screen is None else "|".join(screen(terminal)),
        None if vector.at is None else (cursor.row + 1, cursor.column + 1),
        None if vector.reply is None else terminal.take_replies().decode("latin-1"),
        vector.differs,
    )
    terminal.close()
    return made


@pytest.mark.parametrize("kind", EMULATORS)
@pytest.mark.parametrize("vector", VECTORS)
def test_a_vector(kind: str, vector: Vector) -> None:
    whole = seen(kind, vector, 1 << 16)
    if reason := vector.differs.get(kind):
        assert whole != vector, f"now as told, though marked: {reason}"
    else:
        assert whole == vector
    assert seen(kind, vector, 1) == whole


@pytest.mark.parametrize("kind", EMULATORS)
@pytest.mark.parametrize("base", ["e", "👨"])
@pytest.mark.parametrize("mark", ["\u0301", "\u20dd"])
def test_a_mark_that_comes_later_is_painted(kind: str, base: str, mark: str) -> None:
    terminal = emulator(kind, rows=ROWS, columns=COLUMNS)
    terminal.feed(base.encode())
    assert screen(terminal)
    terminal.dirty_rows()
    terminal.feed(mark.encode())
    assert list(terminal.dirty_rows()) == [0]
    assert screen(terminal) == [base + mark]
    terminal.close()
