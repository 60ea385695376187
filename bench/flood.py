"""``cat`` of a large file, timed from Enter to the marker that comes after it on the screen."""

from __future__ import annotations

import io
import itertools
import shlex
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from bench.containers import container_of
from bench.pty_program import PtyProgram
from bench.workloads import COLUMNS, ROWS, WORKLOADS, at_least
from tests.server import Server

PROMPT = r"^ *dev@[\w.-]+:/workspace\$"
PREFIX = "\x1d"
_SETTLED = 0.3
"""Seconds without output before the next command is typed."""
_number = itertools.count(1)


class Shell:
    """A shell somewhere behind a PTY of 200x50 whose output goes nowhere."""

    def __init__(self, program: PtyProgram, directory: str) -> None:
        self.program = program
        self._directory = directory

    def __enter__(self) -> Shell:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.program.__exit__(kind, error, trace)

    def cat(self, name: str, deadline: float = 600.0) -> float:
        """Seconds until all of the file `name` has been shown."""
        number = next(_number)
        # The echo of the command must not hold the marker itself.
        end = f"printf '\\033[?1049l\\033[0m\\r\\nE%s-{number}.\\r\\n' ND"
        self.program.drain(_SETTLED)
        began = self.program.send(f"cat {self._directory}/{name}; {end}\n")
        return self.program.drain_until(b"END-%d." % number, deadline) - began

    @contextmanager
    def flooded(self, command: str) -> Iterator[None]:
        """Run `command`, which never ends, its output thrown away by another process."""
        self.program.drain(_SETTLED)
        with self.program.sink():
            self.program.send(f"{command}\n")
            yield
            self.program.send("\x03")


@contextmanager
def zoomed(pane: Shell) -> Iterator[Shell]:
    """The pane's shell with the user's whole terminal to itself."""
    program = pane.program
    program.drain(_SETTLED)
    program.send(PREFIX)
    program.drain_until(b"Zoom", 10.0)
    program.send("z")
    program.drain(_SETTLED)
    yield pane
    program.send(PREFIX)
    program.drain(_SETTLED)


def plain_shell(directory: Path) -> Shell:
    """A shell on a PTY of this machine."""
    command = ["bash", "--norc", "--noprofile"]
    return Shell(PtyProgram(command, rows=ROWS, columns=COLUMNS), str(directory))


@contextmanager
def tmux_shell(directory: Path) -> Iterator[Shell]:
    """A shell in tmux on this machine, with neither SSH nor a container in between."""
    tmux = ["tmux", "-S", str(directory / "tmux")]
    command = ["env", "-u", "TMUX", *tmux, "-f", "/dev/null", "new-session"]
    command += ["bash --norc --noprofile"]
    with Shell(PtyProgram(command, rows=ROWS, columns=COLUMNS), str(directory)) as shell:
        yield shell
        subprocess.run([*tmux, "kill-server"], check=True)


def open_session(
    server: Server, name: str, *, rows: int = ROWS, columns: int = COLUMNS, key: Path | None = None
) -> PtyProgram:
    """A new session at its prompt, through OpenSSH's client; `key` is another account's."""
    command = shlex.split(server.ssh())
    if key is not None:
        command[command.index("-i") + 1] = str(key)
    program = PtyProgram(command, rows=rows, columns=columns, environment=server.environment)
    program.wait_for(r"(?s)(Last used|No sessions yet).*q Quit", 30.0)
    program.send("n")
    program.wait_for("New session")
    program.send("\x15" + name)
    program.wait_for(rf"│ +{name} ")
    program.send("\r")
    program.wait_for(PROMPT, 30.0)
    return program


def pane_shell(server: Server, name: str, *, key: Path | None = None) -> Shell:
    """A new session's pane; `key` is another account's."""
    return Shell(open_session(server, name, key=key), "/workspace")


def write_files(directory: Path, size: int) -> None:
    """The workloads as files."""
    for name, pieces in WORKLOADS.items():
        (directory / name).write_bytes(at_least(pieces(), size))


def copy_files(directory: Path, server: Server, session: str) -> None:
    """Put the workloads into a session's /workspace."""
    with container_of(server.instance(), session) as container:
        for name in WORKLOADS:
            packed = io.BytesIO()
            with tarfile.open(fileobj=packed, mode="w") as archive:
                archive.add(directory / name, name)
            container.put_archive("/workspace", packed.getvalue())
