"""Take all pictures, and say where the pane differs from a plain terminal."""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.containers import container_of
from bench.flood import PROMPT, open_session
from bench.pty_program import PtyProgram
from tests.server import Server
from tools.pictures import finder, textual_app
from tools.pictures.card import card
from tools.pictures.programs import PROGRAMS, Program
from tools.pictures.svg import CELL_HEIGHT, CELL_WIDTH, document, drawing
from vibetui.terminals.columns import split_run
from vibetui.terminals.protocol import Emulator

_ROWS, _COLUMNS = 30, 100
_ABOVE = 1
"""The title bar's rows."""
_QUIET = 0.7
"""Seconds without output after which a screen is complete."""
_MARGIN, _CAPTION = 10, 22
_SESSION = "pictures"
_ROOT = Path(__file__).parents[2]
_PICTURES = _ROOT / "docs" / "pictures"
_SITE = (
    *("textual", "rich", "pygments", "platformdirs", "typing_extensions"),
    *("markdown-it-py", "mdurl", "mdit-py-plugins", "linkify-it-py"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="of pictures; all without")
    chosen = parser.parse_args().names
    wrong = False
    with tempfile.TemporaryDirectory() as made, _server(Path(made)) as server:
        pane = open_session(server, _SESSION, rows=_ROWS, columns=_COLUMNS)
        with pane, container_of(server.instance(), _SESSION) as container:
            container.put_archive("/workspace", _files())
            rows = _pane_rows(pane)
            for program in PROGRAMS:
                if not chosen or program.name in chosen:
                    plain = _plain_shell(str(container.id), rows)
                    with plain:
                        wrong |= not _picture(program, plain, pane)
    sys.exit(wrong)


@contextlib.contextmanager
def _server(directory: Path) -> Iterator[Server]:
    server = Server(directory)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        server.remove_everything()


def _files() -> bytes:
    """What the programs show, as an archive for /workspace."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for source in (finder, textual_app):
            path = Path(str(source.__file__))
            archive.add(path, path.name)
        archive.add(str(finder.__file__), "sample.py")
        archive.add(_ROOT / "docs" / "architecture.md", "text.md")
        entry = tarfile.TarInfo("card")
        entry.size = len(card())
        archive.addfile(entry, io.BytesIO(card()))
        for name in _SITE:
            for file in importlib.metadata.files(name) or ():
                if file.suffix != ".pyc" and ".." not in file.parts:
                    archive.add(str(file.locate()), f"site/{file}")
    return packed.getvalue()


def _pane_rows(pane: PtyProgram) -> int:
    pane.send("stty size\r")
    pane.wait_for(r"^\d+ 100$")
    found = re.search(r"^(\d+) 100$", pane.screen(), re.MULTILINE)
    assert found
    return int(found[1])


def _plain_shell(container: str, rows: int) -> PtyProgram:
    command = ["docker", "exec", "-it", "-u", "1000", "-w", "/workspace"]
    for setting in ("TERM=xterm-256color", "COLORTERM=truecolor", "LANG=C.UTF-8"):
        command += ["-e", setting]
    plain = PtyProgram([*command, container, "bash", "-l"], rows=rows, columns=_COLUMNS)
    plain.wait_for(PROMPT)
    return plain


def _picture(program: Program, plain: PtyProgram, pane: PtyProgram) -> bool:
    """Take one; whether both places show the same."""
    for shell, place in ((plain, "plain"), (pane, "pane")):
        shell.send("\x15" + program.command.replace("{place}", place) + "\r")
        shell.wait_for(program.shown, 20.0)
        shell.settle(_QUIET)
    found = _differences(program, plain.emulator, pane.emulator)
    print(f"{program.name}: {len(found)} cells differ")
    for difference in found[:5]:
        print(f"  {difference}")
    _write(program.name, plain.emulator, pane.emulator)
    for shell in (plain, pane):
        shell.send(program.leave)
        shell.settle(_QUIET)
        shell.send("\x15clear\r")
        shell.settle(_QUIET)
    return not found


def _differences(program: Program, plain: Emulator, pane: Emulator) -> list[str]:
    """Cells of the pane that a plain terminal shows otherwise."""
    differing: list[str] = []
    for y in range(plain.rows):
        left, right = _cells(plain, y), _cells(pane, y + _ABOVE)
        if program.varies and [text for text, _ in left] != [text for text, _ in right]:
            continue
        differing += [
            f"row {y}, column {x}: {one} and {other}"
            for x, (one, other) in enumerate(zip(left, right, strict=True))
            if one != other
        ]
    return differing


def _cells(emulator: Emulator, y: int) -> list[tuple[str, object]]:
    cells: list[tuple[str, object]] = [("", None)] * emulator.columns
    for run in emulator.row(y):
        for cell in split_run(run):
            cells[cell.start] = (cell.text, cell.style)
    return cells


def _write(name: str, plain: Emulator, pane: Emulator) -> None:
    """Both side by side, as a PNG."""
    panel = _COLUMNS * CELL_WIDTH
    width, height = 2 * panel + 3 * _MARGIN, _ROWS * CELL_HEIGHT + _CAPTION + _MARGIN
    body = f'<rect width="{width}" height="{height}" fill="#3a3b47"/>'
    captions = ((plain, "a plain terminal"), (pane, "the pane, over ssh"))
    for index, (emulator, caption) in enumerate(captions):
        x = _MARGIN + index * (panel + _MARGIN)
        body += f'<text x="{x}" y="15" fill="#ffffff">{name} in {caption}</text>'
        above = _ABOVE * CELL_HEIGHT if emulator is plain else 0
        body += drawing(emulator, x, _CAPTION + above)
    with tempfile.TemporaryDirectory() as made:
        source, profile = Path(made) / "picture.svg", Path(made) / "profile"
        source.write_text(document(body, width, height))
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"]
        command += ["--no-first-run", "--disable-background-networking", "--hide-scrollbars"]
        command += ["--disable-component-update", "--disable-sync", f"--user-data-dir={profile}"]
        command += [f"--window-size={width},{height}"]
        command += [f"--screenshot={_PICTURES / f'{name}.png'}", str(source)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)


if __name__ == "__main__":
    main()
