"""Plays steps on an emulator in a process of its own and checks what must hold after each.

A native library that crashes takes the process with it; the parent then knows on which steps.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import re
import select
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any

from vibetui.terminals.columns import char_width, split_run
from vibetui.terminals.emulators import make_emulator
from vibetui.terminals.protocol import Emulator, Run

MARKER = "QZXJ"
"""Stands in the bodies of control strings and nowhere else, so it must never be seen."""
DEADLINE = 20.0
"""Seconds for all steps of one example."""
HISTORY = 50

Steps = Sequence[Sequence[Any]]
"""("feed", bytes as latin-1), ("resize", rows, columns) or ("scroll", offset)."""

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_ROOT = Path(__file__).parents[2]


class Worker:
    """The process that an emulator lives in; started anew when it died or hung."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._process: subprocess.Popen[bytes] | None = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed on exit)

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()
        self._errors.close()

    def play(self, steps: Steps) -> None:
        """Raises AssertionError with the steps where the emulator raises, lies, hangs or dies."""
        process = self._process or self._start()
        assert process.stdin
        assert process.stdout
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(steps).encode() + b"\n")
            process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], DEADLINE)
        answer = process.stdout.readline() if ready else b""
        if answer.strip() == b'""':
            return
        if answer:
            raise AssertionError(json.loads(answer))
        status = self._end()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace")[-2000:]
        why = f"died with status {status}" if ready else f"was still busy after {DEADLINE} s"
        raise AssertionError(f"{self._kind} {why} on {steps!r}\n{said}")

    def _start(self) -> subprocess.Popen[bytes]:
        self._errors.seek(0)
        self._errors.truncate()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.conformance.terminal_fuzz", self._kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=_ROOT,
        )
        return self._process

    def _end(self) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        assert process.stdin
        assert process.stdout
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(1)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        return process.returncode


def play(kind: str, steps: Steps) -> None:
    """Play `steps` here and now."""
    emulator = make_emulator(kind, 10, 40, HISTORY)
    shown = [_plain(emulator.row(y)) for y in range(emulator.rows)]
    emulator.dirty_rows()
    for step in steps:
        if step[0] == "feed":
            emulator.feed(step[1].encode("latin-1"))
        elif step[0] == "resize":
            emulator.resize(step[1], step[2])
            assert (emulator.rows, emulator.columns) == (step[1], step[2])
        else:
            emulator.scroll_to(step[1])
        check_rows(emulator)
        check_lines(emulator)
        shown = check_dirty(emulator, shown)
        check_state(emulator)
    emulator.close()


def check_rows(emulator: Emulator) -> None:
    """Every row is covered by runs of text that can't act on a terminal."""
    for y in range(emulator.rows):
        runs = emulator.row(y)
        assert runs[0].start == 0
        assert runs[-1].end == emulator.columns
        assert all(left.end == right.start for left, right in pairwise(runs))
        for run in runs:
            assert run.start < run.end
            assert not _CONTROLS.search(run.text + run.style.link), run
            cells = list(split_run(run))
            assert cells[-1].end == run.end, run
            assert all(left.end == right.start for left, right in pairwise(cells)), run
        text = "".join(run.text for run in runs)
        assert MARKER not in text, text


def check_lines(emulator: Emulator) -> None:
    """The numbered lines, their texts and the viewport's rows tell the same."""
    first, history = emulator.first_line, emulator.history_lines
    assert history >= 0
    assert 0 <= emulator.scroll_offset <= history
    count = history + emulator.rows
    texts = emulator.texts(first - 3, first + count + 3)
    assert len(texts) == count
    lines = [emulator.line(first + index) for index in range(count)]
    for line, text in zip(lines, texts, strict=True):
        shown = "".join(run.text for run in line)
        assert _read(text.text) == _read(shown), (text, shown)
    top = history - emulator.scroll_offset
    for y in range(emulator.rows):
        assert _plain(emulator.row(y)) == _plain(lines[top + y]), y


def check_dirty(emulator: Emulator, shown: list[Any]) -> list[Any]:
    """Whoever repaints just the rows marked as changed has all of the screen."""
    dirty = list(emulator.dirty_rows())
    assert dirty == sorted(set(dirty))
    assert all(0 <= y < emulator.rows for y in dirty)
    shown = [*shown, *[()] * emulator.rows][: emulator.rows]
    for y in dirty:
        shown[y] = _plain(emulator.row(y))
    assert shown == [_plain(emulator.row(y)) for y in range(emulator.rows)]
    return shown


def check_state(emulator: Emulator) -> None:
    """The cursor is on the screen, the title is clean, and replies say nothing but answers."""
    cursor = emulator.cursor
    assert 0 <= cursor.row < emulator.rows
    assert 0 <= cursor.column < emulator.columns
    assert cursor.shape in ("block", "bar", "underline")
    assert not _CONTROLS.search(emulator.title)
    assert emulator.modes is not None
    replies = emulator.take_replies()
    assert len(replies) <= 1 << 20
    # A reply is typed into the program: an echo of the question would be a command of its author's.
    assert not set(replies) & {10, 13}
    assert MARKER.encode() not in replies
    assert emulator.take_bells() >= 0
    emulator.take_clipboard()


def _read(text: str) -> str:
    """`text` without its blank end, and without marks on blanks: ghostty leaves them out."""
    read = ""
    for char in text:
        if char_width(char) or read[-1:] != " ":
            read += char
    return read.rstrip()


def _plain(runs: Sequence[Run]) -> tuple[Any, ...]:
    """Cells with their styles, however they are cut into runs."""
    return tuple((cell.text, cell.end, cell.style) for run in runs for cell in split_run(run))


def _serve(kind: str) -> None:
    faulthandler.enable()
    for line in sys.stdin:
        steps = json.loads(line)
        said = ""
        try:
            play(kind, steps)
        except BaseException:
            said = f"{kind} on {steps!r}\n{traceback.format_exc()}"
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1])
