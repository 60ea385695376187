"""The terminal pane beside tmux and beside no pane at all.

Through a real server, a container and OpenSSH's client on a PTY of 200x50 whose output is thrown
away. tmux runs on this machine in a PTY of the same size, without SSH and container: what it
lacks is to our disadvantage. Rounds are interleaved, so that a busy moment hits all.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.flood import copy_files, pane_shell, plain_shell, tmux_shell, write_files, zoomed
from bench.memory import history_bytes
from bench.paint import longest_callback, paint_times
from bench.report import Row, arguments, median, percentile, row, show
from bench.typing_latency import key_times
from bench.workloads import WORKLOADS
from tests.server import Server

_AGAINST_TMUX = {"seq": 1.3, "ls": 2.5, "vim": 2.5}


class Samples:
    """What was measured, in seconds, by what it was."""

    def __init__(self) -> None:
        self.floods: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.keys: dict[str, list[float]] = {}
        self.paints: dict[str, list[float]] = {}
        self.callbacks: dict[str, float] = {}
        self.memory: dict[str, int] = {}


@contextmanager
def server(directory: Path, emulator: str) -> Iterator[Server]:
    """The whole product with data of its own, and a second account beside the first."""
    running = Server(directory, VIBETUI_EMULATOR=emulator)
    running.start()
    try:
        key = second_key(running)
        subprocess.run(["ssh-keygen", "-qt", "ed25519", "-N", "", "-f", key], check=True)
        added = running.vibetui("user", "add", "second", "--key", f"{key}.pub")
        assert added.returncode == 0, added.stderr
        yield running
    finally:
        running.stop()
        running.remove_everything()


def second_key(running: Server) -> Path:
    """Where the second account's private key is."""
    return running.directory / "second"


def measure_floods(samples: Samples, running: Server, directory: Path, repeats: int) -> None:
    """The three workloads through the pane, tmux and a plain PTY, in turns."""
    with (
        pane_shell(running, "flood") as pane,
        tmux_shell(directory) as tmux,
        plain_shell(directory) as plain,
    ):
        copy_files(directory, running, "flood")
        places = {"pane": pane, "tmux": tmux, "plain": plain}
        for _ in range(repeats):
            for name in WORKLOADS:
                for place, shell in places.items():
                    samples.floods[place, name].append(shell.cat(name))
            with zoomed(pane) as zoom:
                for name in WORKLOADS:
                    samples.floods["zoom", name].append(zoom.cat(name))
            _tell()


def measure_keys(samples: Samples, running: Server, directory: Path, keys: int) -> None:
    """One user's keys: alone, in tmux, and with another user's pane flooded."""
    pyte = running.environment["VIBETUI_EMULATOR"] == "pyte"
    with (
        pane_shell(running, "noisy") as noisy,
        pane_shell(running, "quiet", key=second_key(running)) as quiet,
        tmux_shell(directory) as tmux,
    ):
        in_tmux = key_times(tmux.program, keys)
        idle = key_times(quiet.program, keys)
        copy_files(directory, running, "noisy")
        flood = "while :; do cat /workspace/ls; done" if pyte else "yes"
        with noisy.flooded(flood):
            busy = key_times(quiet.program, keys)
    samples.keys |= {"pyte": busy} if pyte else {"tmux": in_tmux, "idle": idle, "yes": busy}
    _tell()


def rows(samples: Samples, size: int) -> Iterator[Row]:
    """The claims, each beside its peer."""
    speed = {key: size / 1e6 / median(times) for key, times in samples.floods.items()}
    for name, least in _AGAINST_TMUX.items():
        yield row(
            f"cat of {name}, against tmux",
            speed["pane", name],
            "MB/s",
            peer=speed["tmux", name],
            least_ratio=least,
        )
    for name in _AGAINST_TMUX:
        peer = speed["plain", name]
        yield row(f"cat of {name}, against a plain PTY", speed["pane", name], "MB/s", peer=peer)
    for name in _AGAINST_TMUX:
        peer = speed["plain", name]
        yield row(
            f"zoomed cat of {name}, against a plain PTY", speed["zoom", name], "MB/s", peer=peer
        )
    for kind, times in samples.paints.items():
        yield row(f"paint of a {kind}, p50", median(times) * 1e3, "ms")
        yield row(f"paint of a {kind}, p95", percentile(times, 0.95) * 1e3, "ms", most=8)
    for kind, longest in samples.callbacks.items():
        yield row(f"longest callback in a flood, {kind}", longest * 1e3, "ms", most=10)
    yield from _key_rows(samples.keys)
    for kind, taken in samples.memory.items():
        most = 15 if kind == "pyte" else None  # 10,000 x 200 cells of 8 bytes are 16 MB.
        yield row(f"10,000 lines of history, {kind}", taken / 1e6, "MB", most=most)


def _key_rows(keys: dict[str, list[float]]) -> Iterator[Row]:
    p50 = {name: median(times) * 1e3 for name, times in keys.items()}
    p99 = {name: percentile(times, 0.99) * 1e3 for name, times in keys.items()}
    yield row("key to screen, p50, against tmux", p50["idle"], "ms", peer=p50["tmux"])
    yield row("key to screen, p99, against tmux", p99["idle"], "ms", peer=p99["tmux"])
    yield row("the same, another's yes, p50", p50["yes"], "ms", peer=p50["idle"])
    yield row("the same, another's yes, p99", p99["yes"], "ms", peer=p99["idle"], most_ratio=2)
    yield row("the same, another's cat with pyte, p99", p99["pyte"], "ms", most=50)


def _tell() -> None:
    print(".", end="", file=sys.stderr, flush=True)


def measure(options: argparse.Namespace) -> Iterator[Row]:
    """All of it."""
    samples = Samples()
    size = (5 if options.quick else 50) * 1_000_000
    keys = 60 if options.quick else 300
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        write_files(directory, size)
        with server(directory / "ghostty", "ghostty") as running:
            measure_floods(samples, running, directory, options.repeats)
            measure_keys(samples, running, directory, keys)
        with server(directory / "pyte", "pyte") as running:
            measure_keys(samples, running, directory, keys)
    samples.paints = paint_times(keys)
    for kind, flood in (("ghostty", 8_000_000), ("pyte", 1_000_000)):
        samples.callbacks[kind] = longest_callback(kind, flood)
    samples.memory = {kind: history_bytes(kind) for kind in ("ghostty", "pyte")}
    print(file=sys.stderr)
    return rows(samples, size)


def main() -> None:
    options = arguments("The pane's speed.", repeats=5, quick_repeats=1)
    show(measure(options), as_json=options.json)


if __name__ == "__main__":
    main()
