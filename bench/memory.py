"""What a terminal with a long history takes, each emulator in a process of its own."""

from __future__ import annotations

import gc
import multiprocessing
from itertools import islice

import psutil  # type: ignore[import-untyped]

from bench.workloads import COLUMNS, ROWS, listing
from vibetui.terminals.emulators import make_emulator
from vibetui.terminals.protocol import Emulator

_LINES = 10_000


def history_bytes(kind: str) -> int:
    """Bytes that a terminal of 200x50 with 10,000 lines of a listing above it takes."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (kind,))


def _measure(kind: str) -> int:
    warm = make_emulator(kind, ROWS, COLUMNS, 0)
    _fill(warm, 100)
    gc.collect()
    process = psutil.Process()
    before: int = process.memory_full_info().uss
    emulator = make_emulator(kind, ROWS, COLUMNS, _LINES)
    _fill(emulator, _LINES + ROWS)
    assert emulator.history_lines > _LINES * 0.9
    gc.collect()
    return int(process.memory_full_info().uss) - before


def _fill(emulator: Emulator, lines: int) -> None:
    for line in islice(listing(), lines):
        emulator.feed(line)
    emulator.dirty_rows()
