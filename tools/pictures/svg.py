"""A terminal's screen as a drawing (SVG)."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from vibetui.terminals.columns import split_run
from vibetui.terminals.protocol import CellStyle, Color, Emulator, Run, Underline

CELL_WIDTH, CELL_HEIGHT = 7, 15
_FONT_SIZE, _BASELINE = 11.6, 11.5
_FOREGROUND, _BACKGROUND = "#d4d4d8", "#16161d"
_PALETTE = (
    *("#1d1f28", "#e5484d", "#46a758", "#e2a336", "#3e7bfa", "#b05ad8", "#2fa7b5", "#c8c8d0"),
    *("#6b6f80", "#ff6369", "#63c174", "#ffcb47", "#6ea0ff", "#d087f0", "#5fd0dd", "#ffffff"),
)
_DASHES = {Underline.DOTTED: "1 2", Underline.DASHED: "4 2"}


def drawing(emulator: Emulator, x: int, y: int) -> str:
    """The whole screen as a group whose upper left corner is at (`x`, `y`)."""
    width, height = emulator.columns * CELL_WIDTH, emulator.rows * CELL_HEIGHT
    pieces = [f'<rect width="{width}" height="{height}" fill="{_BACKGROUND}"/>']
    for row in range(emulator.rows):
        for run in emulator.row(row):
            pieces += _run(run, row)
    pieces += _cursor(emulator)
    return f'<g transform="translate({x} {y})">{"".join(pieces)}</g>'


def document(body: str, width: int, height: int) -> str:
    """A whole file."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
        f"<style>text {{ font: {_FONT_SIZE}px 'DejaVu Sans Mono', monospace;"
        " white-space: pre; }</style>"
        f"{body}</svg>"
    )


def _run(run: Run, row: int) -> Iterator[str]:
    style = run.style
    ink, paper = _colors(style)
    left, top = run.start * CELL_WIDTH, row * CELL_HEIGHT
    width = (run.end - run.start) * CELL_WIDTH
    if paper != _BACKGROUND:
        yield f'<rect x="{left}" y="{top}" width="{width}" height="{CELL_HEIGHT}" fill="{paper}"/>'
    if style.conceal:
        return
    look = f'fill="{ink}"'
    look += ' font-weight="bold"' if style.bold else ""
    look += ' font-style="italic"' if style.italic else ""
    look += ' opacity="0.55"' if style.dim else ""
    for piece in _pieces(run):
        x = piece.start * CELL_WIDTH
        length = (piece.end - piece.start) * CELL_WIDTH
        fitted = f' textLength="{length}"' if len(piece.text) > 1 else ""
        text = escape(piece.text, quote=False)
        yield f'<text x="{x}" y="{top + _BASELINE}"{fitted} {look}>{text}</text>'
    yield from _lines(style, ink, left, top, width)


def _pieces(run: Run) -> Iterator[Run]:
    """ASCII text in one piece, all else cell by cell; blanks at the ends are left out."""
    if run.text.isascii():
        text = run.text.rstrip(" ")
        start = run.start + len(text) - len(text.lstrip(" "))
        if text := text.lstrip(" "):
            yield Run(start, start + len(text), text, run.style)
        return
    yield from (cell for cell in split_run(run) if cell.text.strip(" "))


def _lines(style: CellStyle, ink: str, left: int, top: int, width: int) -> Iterator[str]:
    color = ink if style.underline_color is None else _color(style.underline_color, ink)
    heights = [(top + CELL_HEIGHT - 1.5, color)] if style.underline else []
    if style.underline is Underline.DOUBLE:
        heights.append((top + CELL_HEIGHT - 3.5, color))
    if style.strike:
        heights.append((top + CELL_HEIGHT / 2, ink))
    if style.overline:
        heights.append((top + 0.5, ink))
    for y, stroke in heights:
        if style.underline is Underline.CURLY and stroke == color:
            waves = "q 1.75 -2.5 3.5 0 t 3.5 0 " * (width // CELL_WIDTH)
            yield f'<path d="M {left} {y - 0.5} {waves}" fill="none" stroke="{stroke}"/>'
            continue
        dashes = _DASHES.get(style.underline)
        extra = f' stroke-dasharray="{dashes}"' if dashes else ""
        yield f'<path d="M {left} {y} h {width}" stroke="{stroke}"{extra}/>'


def _cursor(emulator: Emulator) -> Iterator[str]:
    cursor = emulator.cursor
    if cursor.visible:
        x, y = cursor.column * CELL_WIDTH, cursor.row * CELL_HEIGHT
        yield (
            f'<rect x="{x}" y="{y}" width="{CELL_WIDTH}" height="{CELL_HEIGHT}"'
            f' fill="{_FOREGROUND}" opacity="0.7"/>'
        )


def _colors(style: CellStyle) -> tuple[str, str]:
    ink, paper = _color(style.foreground, _FOREGROUND), _color(style.background, _BACKGROUND)
    return (paper, ink) if style.reverse else (ink, paper)


def _color(color: Color, default: str) -> str:
    if color is None:
        return default
    if isinstance(color, tuple):
        return "#{:02x}{:02x}{:02x}".format(*color)
    if color < 16:
        return _PALETTE[color]
    if color >= 232:
        return "#" + f"{8 + 10 * (color - 232):02x}" * 3
    steps = (0, 95, 135, 175, 215, 255)
    red, green, blue = (color - 16) // 36, (color - 16) // 6 % 6, (color - 16) % 6
    return f"#{steps[red]:02x}{steps[green]:02x}{steps[blue]:02x}"
