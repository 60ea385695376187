"""Where the columns of a run's text are: wide characters take two, combining marks none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from wcwidth import wcwidth

from vibetui.terminals.protocol import CellStyle, Run


@lru_cache(maxsize=4096)
def char_width(char: str) -> int:
    """Columns of one code point: 0, 1 or 2; unprintable ones count as 0."""
    return max(0, wcwidth(char))


def split_run(run: Run) -> Iterator[Run]:
    """One run for each character of `run` with the marks that belong to it.

    The last one takes up what is left where the widths don't add up to the run's.
    """
    if len(run.text) == run.end - run.start and run.text.isascii():
        for x, char in enumerate(run.text, run.start):
            yield Run(x, x + 1, char, run.style)
        return
    cells: list[tuple[int, str]] = []
    x = run.start
    for char in run.text:
        width = char_width(char)
        if not width and cells:
            cells[-1] = (cells[-1][0], cells[-1][1] + char)
            continue
        cells.append((x, char))
        x += max(width, 1)
    for index, (start, text) in enumerate(cells):
        end = cells[index + 1][0] if index + 1 < len(cells) else run.end
        yield Run(start, max(end, start + 1), text, run.style)


def restyle_cell(runs: Sequence[Run], column: int, style: CellStyle) -> tuple[Run, ...]:
    """`runs` with the character at `column` in another style."""
    done: list[Run] = []
    for run in runs:
        if not run.start <= column < run.end:
            done.append(run)
            continue
        cells = list(split_run(run))
        hit = next((i for i, cell in enumerate(cells) if column < cell.end), len(cells) - 1)
        before, cell, after = cells[:hit], cells[hit], cells[hit + 1 :]
        if before:
            done.append(Run(run.start, cell.start, "".join(c.text for c in before), run.style))
        done.append(Run(cell.start, cell.end, cell.text, style))
        if after:
            done.append(Run(cell.end, run.end, "".join(c.text for c in after), run.style))
    return tuple(done)


def write_over(runs: Sequence[Run], column: int, text: str, style: CellStyle) -> tuple[Run, ...]:
    """`runs` with `text`, which must be one column a character, from `column` on."""
    end = column + len(text)
    kept: list[Run] = []
    for run in runs:
        if run.end <= column or run.start >= end:
            kept.append(run)
            continue
        for cell in split_run(run):
            if cell.end <= column or cell.start >= end:
                kept.append(cell)
            elif cell.start < column:
                kept.append(Run(cell.start, column, " " * (column - cell.start), cell.style))
            elif cell.end > end:
                kept.append(Run(end, cell.end, " " * (cell.end - end), cell.style))
    kept.append(Run(column, end, text, style))
    kept.sort(key=lambda run: run.start)
    return tuple(kept)
