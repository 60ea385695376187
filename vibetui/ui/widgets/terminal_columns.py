"""Keeps each character in its column where terminals differ about the width of the one before it.

A flag has two columns in one terminal and four in another; a joined emoji two, four or eight; a
Thai or Indic vowel none or one. What is printed after it would stand somewhere else than the
program in the container believes. So such a character is printed onto blanks of its own, and what
comes next is put into its column (CHA, ECMA-48 section 8.3.9).
"""

from __future__ import annotations

import re

from vibetui.terminals.columns import char_width, split_run
from vibetui.terminals.protocol import Run

_UNCERTAIN = re.compile(
    "["
    "\u0300-\u036f\u0483-\u0489\u0591-\u109f\u1100-\u11ff\u135d-\u135f\u1700-\u1dff"
    "\u200b-\u200f\u20d0-\u20f0\u231a-\u23ff\u2600-\u27bf\u2b1b-\u2b55\u302a-\u302f\u3099\u309a"
    "\ua66f-\uabff\ufe00-\ufe2f\U00010a00-\U00011fff\U0001e000-\U000e0fff"
    "]"
)
"""Combining marks, scripts that join, selectors, and what may be an emoji."""


def in_columns(run: Run, left: int) -> str:
    """The text of `run`, each character in its column.

    Args:
        run: Of a row.
        left: The column of the user's terminal in which the row begins.
    """
    if run.text.isascii() or not _UNCERTAIN.search(run.text):
        return run.text
    if sum(map(char_width, run.text)) != run.end - run.start:
        return _in_column(run, left)  # Where in it the characters are is not known.
    return "".join(
        _in_column(cell, left) if _UNCERTAIN.search(cell.text) else cell.text
        for cell in split_run(run)
    )


def _in_column(run: Run, left: int) -> str:
    blank = " " * (run.end - run.start)
    return f"{blank}{_go_to(left + run.start)}{run.text}{_go_to(left + run.end)}"


def _go_to(column: int) -> str:
    return f"\x1b[{column + 1}G"
