"""``vibetui terminal-dump``: what an emulator makes of a file of bytes, as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import click

from vibetui.errors import Invalid

_MAX_SIZE = 2000
_MAX_PIECE = 1 << 30


def _count(option: str, most: int) -> Callable[[str], int]:
    """A parser of whole numbers that says in one sentence what is wrong with anything else."""

    def parse(value: str) -> int:
        if value.isdecimal() and 1 <= int(value) <= most:
            return int(value)
        raise Invalid(f"{option} is {value!r}, but takes a whole number from 1 to {most}.")

    return parse


@click.command("terminal-dump")
@click.option(
    "--emulator",
    "kind",
    default="auto",
    metavar="NAME",
    show_default=True,
    help="ghostty, pyte, or auto, which takes ghostty where it is installed.",
)
@click.option(
    "--columns",
    type=_count("--columns", _MAX_SIZE),
    default="80",
    metavar="C",
    show_default=True,
    help="Width of the screen.",
)
@click.option(
    "--rows",
    type=_count("--rows", _MAX_SIZE),
    default="24",
    metavar="R",
    show_default=True,
    help="Height of the screen.",
)
@click.option(
    "--chunk",
    type=_count("--chunk", _MAX_PIECE),
    default="65536",
    metavar="N",
    show_default=True,
    help="Bytes to feed at a time; 1 cuts every sequence wherever it can be cut.",
)
@click.argument("file")
def terminal_dump(kind: str, columns: int, rows: int, chunk: int, file: str) -> None:
    """Feed the bytes of FILE to an emulator and print the screen as one JSON object.

    - reads standard input. Record a program's output with script(1), as in
    `script -qc vim output.bytes`, and dump it: a rendering fault can then be reported as a file
    and a screen. Nothing is sent to a terminal, and neither a server nor settings are needed.

    \b
    rows     for each row a run-length list of [character, foreground,
             background, flags, count]; '' is the second half of a wide
             character, flags and colours are named as Alacritty does
    cursor   row and column from 0, visible, shape, blinking
    modes    what the program has switched on
    title    as set by OSC 0 or 2
    replies  what the terminal would have answered, a character a byte
    Beside these: columns, screen_lines, history_lines, bells, clipboard
    (the last OSC 52 write, or null) and links (OSC 8).
    """
    from vibetui.terminals.dump import dump
    from vibetui.terminals.emulators import make_emulator

    emulator = make_emulator(kind, rows, columns)
    try:
        for piece in _pieces(file, chunk):
            emulator.feed(piece)
        click.echo(json.dumps(dump(emulator)))
    finally:
        emulator.close()


def _pieces(file: str, size: int) -> Iterator[bytes]:
    try:
        if file == "-":
            yield from _read(sys.stdin.buffer, size)
        else:
            with Path(file).open("rb") as source:
                yield from _read(source, size)
    except OSError as error:
        raise Invalid(f"{file!r} can't be read: {error.strerror}.") from error


def _read(source: BinaryIO, size: int) -> Iterator[bytes]:
    while piece := source.read(size):
        yield piece
