"""A screen as plain data: cells as Alacritty's reference tests write them, and what goes with them.

A row is a run-length list of ``[character, foreground, background, flags, count]``. The second half
of a wide character is an empty string. A colour is a name, a palette index or ``#rrggbb``; flags
are named and ordered as in Alacritty's ``Flags``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from enum import Enum
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from vibetui.terminals.columns import split_run
from vibetui.terminals.protocol import CellStyle, Color, Emulator, Run, Underline

Cell = tuple[str, str | int, str | int, str]
"""Character, foreground, background, flags."""

_HUES = ("Black", "Red", "Green", "Yellow", "Blue", "Magenta", "Cyan", "White")
_NAMES = (*_HUES, *(f"Bright{hue}" for hue in _HUES))
_UNDERLINES = {
    Underline.DOUBLE: "DOUBLE_UNDERLINE",
    Underline.CURLY: "UNDERCURL",
    Underline.DOTTED: "DOTTED_UNDERLINE",
    Underline.DASHED: "DASHED_UNDERLINE",
}
_FLAGS = (
    "INVERSE",
    "BOLD",
    "ITALIC",
    "UNDERLINE",
    "WRAPLINE",
    "WIDE_CHAR",
    "WIDE_CHAR_SPACER",
    "DIM",
    "HIDDEN",
    "STRIKEOUT",
    *_UNDERLINES.values(),
)


def dump(emulator: Emulator) -> dict[str, Any]:
    """The viewport of `emulator` with its cursor and modes, and what it owes; takes the latter."""
    return {
        "columns": emulator.columns,
        "screen_lines": emulator.rows,
        "history_lines": emulator.history_lines,
        "cursor": asdict(emulator.cursor),
        "modes": {name: _plain(value) for name, value in asdict(emulator.modes).items()},
        "title": emulator.title,
        "replies": emulator.take_replies().decode("latin-1"),
        "bells": emulator.take_bells(),
        "clipboard": emulator.take_clipboard(),
        "links": [link for y in range(emulator.rows) for link in _links(emulator, y)],
        "rows": [dump_row(emulator, y) for y in range(emulator.rows)],
    }


def dump_row(emulator: Emulator, y: int) -> list[list[str | int]]:
    """Row `y` of the viewport, run-length encoded."""
    cells = [pair for run in emulator.row(y) for pair in _cells(run)]
    if cells and _wrapped(emulator, y):
        (character, foreground, background, flags), count = cells.pop()
        marked = _joined({*flags.split(" | "), "WRAPLINE"})
        cells.append(((character, foreground, background, flags), count - 1))
        cells.append(((character, foreground, background, marked), 1))
    merged = ((cell, sum(n for _, n in group)) for cell, group in groupby(cells, itemgetter(0)))
    return [[*cell, count] for cell, count in merged if count]


def _wrapped(emulator: Emulator, y: int) -> bool:
    top = emulator.first_line + emulator.history_lines - emulator.scroll_offset
    return any(line.wrapped for line in emulator.texts(top + y, top + y + 1))


def _cells(run: Run) -> Iterator[tuple[Cell, int]]:
    """The cells of `run`, each with how many there are of it in a row."""
    if run.text.isascii():
        look = _look(run.style, "")
        for char, group in groupby(run.text):
            yield (char, *look), len(list(group))
        return
    for part in split_run(run):
        width = part.end - part.start
        yield (part.text, *_look(part.style, "WIDE_CHAR" if width > 1 else "")), 1
        if width > 1:
            yield ("", *_look(part.style, "WIDE_CHAR_SPACER")), width - 1


@lru_cache(maxsize=1024)
def _look(style: CellStyle, width: str) -> tuple[str | int, str | int, str]:
    marks = {
        "INVERSE": style.reverse,
        "BOLD": style.bold,
        "ITALIC": style.italic,
        "UNDERLINE": style.underline is Underline.SINGLE,
        "DIM": style.dim,
        "HIDDEN": style.conceal,
        "STRIKEOUT": style.strike,
    }
    flags = {name for name, on in marks.items() if on}
    flags.update((width, _UNDERLINES.get(style.underline, "")))
    return (
        _color(style.foreground, "Foreground"),
        _color(style.background, "Background"),
        _joined(flags),
    )


def _joined(flags: set[str]) -> str:
    return " | ".join(name for name in _FLAGS if name in flags)


def _color(color: Color, default: str) -> str | int:
    if color is None:
        return default
    if isinstance(color, int):
        return _NAMES[color] if color < len(_NAMES) else color
    return "#{:02x}{:02x}{:02x}".format(*color)


def _links(emulator: Emulator, y: int) -> Iterator[dict[str, Any]]:
    for uri, runs in groupby(emulator.row(y), lambda run: run.style.link):
        if uri:
            linked = list(runs)
            yield {"row": y, "start": linked[0].start, "end": linked[-1].end, "uri": uri}


def _plain(value: object) -> object:
    """An enumeration by its name, anything else as it is."""
    return value.name.lower() if isinstance(value, Enum) else value
