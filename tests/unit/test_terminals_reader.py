"""Whatever the user does to the text, and whatever is printed meanwhile, nothing raises."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.terminal_support import EMULATORS, emulator
from vibetui.terminals.copy_cursor import MOTIONS
from vibetui.terminals.lines import Point
from vibetui.terminals.links import link_at
from vibetui.terminals.reader import Reader
from vibetui.terminals.selection import Selection, Unit
from vibetui.ui.widgets.terminal_drag import Drag, Press
from vibetui.ui.widgets.terminal_hints import pane_hints
from vibetui.ui.widgets.terminal_marks import marks_by_row, with_marks

FAMILY = "👩\u200d👩\u200d👧"
PRINTED = st.sampled_from(
    [
        b"one two\r\n",
        b"x" * 50,
        "界面 ".encode() * 7,
        FAMILY.encode() + b" http://a.bc/d\r\n",
        "e\u0301tude ❤\ufe0f🇩🇪👍🏽\r\n".encode(),
        b"\r\n" * 30,
        b"\x1b[?1049h",
        b"\x1b[?1049l",
        b"\x1b[2J\x1b[H",
        b"\x1b[3J",
        b"\x1bc",
        b"\x1b[5;9r\x1b[9H\n\n\x1b[r",
        b"\x1b[?2027h",
        b"\x1b[2L\x1b[3P",
        b"\x1b[3A\rover",
    ]
)
KEYS = st.sampled_from(
    [*MOTIONS, *" vVoynN/?qfex界", "ctrl+v", "enter", "escape", "backspace", "ctrl+w", "tab"]
)
PLACE = st.tuples(st.integers(-3, 15), st.integers(-3, 50))
STEPS = st.one_of(
    st.tuples(st.just("print"), PRINTED),
    st.tuples(st.just("key"), KEYS),
    st.tuples(st.just("enter"), st.booleans()),
    st.tuples(st.just("press"), PLACE),
    st.tuples(st.just("drag"), PLACE),
    st.tuples(st.just("hover"), PLACE),
    st.tuples(st.just("scroll"), st.integers(-40, 40)),
    st.tuples(st.just("resize"), st.tuples(st.integers(1, 14), st.integers(1, 44))),
    st.tuples(st.just("step"), st.none()),
)


class Hands:
    """Does to a reader what keys and a mouse do."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.drag = reader, Drag()

    def point(self, place: tuple[int, int]) -> Point:
        row = min(max(place[0], 0), self.reader.lines.emulator.rows - 1)
        return self.reader.lines.clamp(Point(self.reader.lines.top + row, place[1]))

    def do(self, what: str, how: object) -> None:
        reader = self.reader
        match what, how:
            case "print", bytes() as data:
                reader.lines.emulator.feed(data)
            case "key", str() as key:
                reader.key(key, key if len(key) == 1 else None)
            case "enter", bool() as searching:
                reader.enter(searching=searching)
            case "press", (int() as y, int() as x):
                self.drag.press(reader, Press(self.point((y, x)), 0.0, extends=y % 2 == 0))
            case "drag", (int() as y, int() as x):
                self.drag.move(reader, self.point((y, x)))
            case "hover", (int() as y, int() as x):
                reader.link = link_at(reader.lines, self.point((y, x)))
            case "scroll", int() as lines:
                reader.scroll(lines)
            case "resize", (int() as rows, int() as columns):
                reader.lines.emulator.resize(rows, columns)
                reader.renumbered()
            case _:
                reader.step()


def look(reader: Reader, *, output: bool) -> None:
    """Paint a frame, and check that what is painted is on the screen."""
    terminal = reader.lines.emulator
    if reader.busy:
        reader.before_frame(output=output)
    for y, marks in marks_by_row(reader.lines, reader.marks()).items():
        assert 0 <= y < terminal.rows
        before, after = terminal.row(y), with_marks(terminal.row(y), marks)
        assert "".join(run.text for run in after) == "".join(run.text for run in before)
        assert after[-1].end == terminal.columns
    if reader.cursor is not None:
        assert 0 <= reader.cursor.at.line - reader.lines.top < terminal.rows
        assert 0 <= reader.cursor.at.column < terminal.columns
    if reader.selection is not None:
        reader.selection.text(reader.lines)
    pane_hints(reader)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(EMULATORS), st.lists(STEPS, max_size=40))
def test_nothing_raises(kind: str, steps: list[tuple[str, object]]) -> None:
    reader = Reader(emulator(kind, 10, 40, 60))
    hands = Hands(reader)
    for what, how in steps:
        hands.do(what, how)
        look(reader, output=what == "print")


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(EMULATORS),
    st.lists(PRINTED, max_size=10),
    st.tuples(PLACE, PLACE),
    st.sampled_from(Unit),
)
def test_a_selection_is_what_is_set_off(
    kind: str, printed: list[bytes], places: tuple[tuple[int, int], tuple[int, int]], unit: Unit
) -> None:
    terminal = emulator(kind, 10, 40, 60)
    terminal.feed(b"".join(printed))
    reader = Reader(terminal)
    hands = Hands(reader)
    one, other = map(hands.point, places)
    reader.selection = Selection(reader.lines, one, other, unit)
    copied = reader.selection.text(reader.lines)
    set_off = ""
    for y, marks in sorted(marks_by_row(reader.lines, reader.marks()).items()):
        changed = [run for run in with_marks(terminal.row(y), marks) if run.style.reverse]
        assert changed
        set_off += "".join(run.text for run in changed)
    span, top = reader.selection.span, reader.lines.top
    if top <= span.start.line and span.end.line < top + terminal.rows:
        assert "".join(copied.split()) == "".join(set_off.split())
