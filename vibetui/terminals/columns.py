"""Where the columns of a run's text are: wide characters take two, combining marks none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from wcwidth import wcwidth

from vibetui.terminals.protocol import CellStyle, Run

_JOINER = "\u200d"


@lru_cache(maxsize=4096)
def char_width(char: str) -> int:
    """Columns of one code point: 0, 1 or 2; unprintable ones count as 0."""
    return max(0, wcwidth(char))


def _joins(cluster: str, char: str) -> bool:
    """Whether a terminal that knows grapheme clusters puts `char` into the one before it."""
    if not char_width(char) or (cluster[-1] == _JOINER and not char.isascii()):
        return True
    if "\U0001f3fb" <= char <= "\U0001f3ff":  # Skin tones.
        return char_width(cluster[0]) == 2
    flags = "\U0001f1e6" <= char <= "\U0001f1ff"
    return flags and len(cluster) == 1 and "\U0001f1e6" <= cluster <= "\U0001f1ff"


def _clusters(text: str) -> list[tuple[str, int]]:
    """The user's characters and the columns of their code points."""
    found: list[tuple[str, int]] = []
    for char in text:
        width = char_width(char)
        if found and _joins(found[-1][0], char):
            found[-1] = (found[-1][0] + char, found[-1][1] + width)
        else:
            found.append((char, max(width, 1)))
    return found


def split_run(run: Run) -> Iterator[Run]:
    """One run for each cell of the terminal: a character with the marks that belong to it.

    An emoji that is joined of four has two columns or eight, as the program chose (DEC mode 2027);
    the run's own columns tell. The last cell takes up what is left.
    """
    text, columns = run.text, run.end - run.start
    if len(text) == columns and text.isascii():
        return _placed(run, [(char, 1) for char in text])
    cells: list[tuple[str, int]] = []
    for char in text:
        width = char_width(char)
        if not width and cells:
            cells[-1] = (cells[-1][0] + char, cells[-1][1])
        else:
            cells.append((char, max(width, 1)))
    return _placed(run, cells if sum(width for _, width in cells) == columns else _joined(text))


def characters(run: Run) -> Iterator[Run]:
    """As `split_run`, but an emoji that is joined of several is one even in many columns."""
    if run.text.isascii():
        return split_run(run)
    clusters = _clusters(run.text)
    whole = sum(width for _, width in clusters) == run.end - run.start
    return _placed(run, clusters if whole else _joined(run.text))


def _joined(text: str) -> list[tuple[str, int]]:
    return [(t, 2 if "\ufe0f" in t else min(width, 2)) for t, width in _clusters(text)]


def _placed(run: Run, pieces: Sequence[tuple[str, int]]) -> Iterator[Run]:
    x = run.start
    for index, (text, width) in enumerate(pieces):
        end = x + width if index + 1 < len(pieces) else max(run.end, x + 1)
        yield Run(x, end, text, run.style)
        x = end


def restyle(
    runs: Sequence[Run], start: int, end: int, change: Callable[[CellStyle], CellStyle]
) -> tuple[Run, ...]:
    """`runs` with what overlaps the columns `start` to before `end` in a changed style."""
    done: list[Run] = []
    for run in runs:
        if run.end <= start or run.start >= end:
            done.append(run)
        elif start <= run.start and run.end <= end:
            done.append(Run(run.start, run.end, run.text, change(run.style)))
        else:
            done += _restyle_part(run, start, end, change)
    return tuple(done)


def _restyle_part(
    run: Run, start: int, end: int, change: Callable[[CellStyle], CellStyle]
) -> Iterator[Run]:
    parts: list[list[Run]] = [[], [], []]
    for cell in characters(run):
        parts[0 if cell.end <= start else 2 if cell.start >= end else 1].append(cell)
    for part, cells in enumerate(parts):
        if cells:
            style = change(run.style) if part == 1 else run.style
            text = "".join(cell.text for cell in cells)
            yield Run(cells[0].start, cells[-1].end, text, style)


def restyle_cell(runs: Sequence[Run], column: int, style: CellStyle) -> tuple[Run, ...]:
    """`runs` with the character at `column` in another style."""
    return restyle(runs, column, column + 1, lambda _: style)


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


def cropped(runs: Sequence[Run], start: int, end: int) -> tuple[Run, ...]:
    """The columns from `start` to before `end`, counted from there; half a character is blank."""
    kept: list[Run] = []
    for run in runs:
        if run.end <= start or run.start >= end:
            continue
        if start <= run.start and run.end <= end:
            kept.append(Run(run.start - start, run.end - start, run.text, run.style))
            continue
        text = ""
        for cell in split_run(run):
            inside = min(cell.end, end) - max(cell.start, start)
            whole = start <= cell.start and cell.end <= end
            text += cell.text if whole else " " * max(inside, 0)
        first, last = max(run.start, start), min(run.end, end)
        kept.append(Run(first - start, last - start, text, run.style))
    return tuple(kept)
