"""A fuzzy finder as people know them, on Python's curses: one argument, what is typed already."""

from __future__ import annotations

import curses
import sys

_FILES = [
    f"{folder}/{name}"
    for folder in ("vibetui/terminals", "vibetui/ui/widgets", "vibetui/agent/src", "sshd", "tests")
    for name in ("terminal.py", "protocol.py", "selection.py", "server.py", "main.c", "README.md")
]


def _matches(query: str, path: str) -> list[int] | None:
    """Where the letters of `query` are in `path`, in their order."""
    places: list[int] = []
    for letter in query:
        place = path.find(letter, places[-1] + 1 if places else 0)
        if place < 0:
            return None
        places.append(place)
    return places


def _show(screen: curses.window, query: str) -> None:
    curses.use_default_colors()
    for pair, color in enumerate((curses.COLOR_RED, curses.COLOR_GREEN, 110, 144, 236), 1):
        curses.init_pair(pair, color, 236 if pair == 5 else -1)
    found = [(path, places) for path in _FILES if (places := _matches(query, path)) is not None]
    rows, columns = screen.getmaxyx()
    for index, (path, places) in enumerate(found[: rows - 3]):
        y = rows - 3 - index
        chosen = curses.A_BOLD if index == 0 else curses.A_NORMAL
        screen.addstr(y, 0, "▌" if index == 0 else " ", curses.color_pair(1))
        screen.addstr(y, 2, path, chosen)
        for place in places:
            screen.addstr(y, 2 + place, path[place], curses.color_pair(2) | chosen)
    screen.addstr(rows - 2, 2, f"{len(found)}/{len(_FILES)}", curses.color_pair(4))
    screen.addstr(rows - 2, 9, "─" * (columns - 10), curses.A_DIM)
    screen.addstr(rows - 1, 0, "> ", curses.color_pair(3))
    screen.addstr(rows - 1, 2, query, curses.A_BOLD)
    screen.refresh()
    screen.getch()


if __name__ == "__main__":
    curses.wrapper(_show, sys.argv[1])
