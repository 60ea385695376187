"""How long a user waits: for the session list, and from Enter to the prompt.

Everything through a real OpenSSH client on a PTY, beside ``docker run -it`` of the same image, in
turns so that a busy moment of the machine hits both.
"""

from __future__ import annotations

import contextlib
import shlex
import sys
import tempfile
from pathlib import Path

import docker

from bench.pty_program import PtyProgram
from bench.report import Row, arguments, median, percentile, row, show
from tests.server import Server
from vibetui.model import LABEL_INSTANCE

IMAGE = "vibetui/base:latest"
LIST = r"(?s)(Last used|No sessions yet).*q Quit"
"""The whole of it: its last row may come before what stood above is painted over."""
PROMPT = r"^ *dev@[\w.-]+:/workspace\$"
PREFIX = "\x1d"


class Samples:
    """Seconds, by what was measured."""

    def __init__(self) -> None:
        self.list: list[float] = []
        self.new: list[float] = []
        self.stopped: list[float] = []
        self.running: list[float] = []
        self.docker_run: list[float] = []


def docker_run() -> float:
    """From ``docker run -it`` to the first byte of the container's shell."""
    command = ["docker", "run", "-it", "--rm", IMAGE, "bash"]
    with PtyProgram(command) as program:
        took = program.wait_first_byte() - program.started
        program.send("exit\n")
        with contextlib.suppress(EOFError):
            program.wait_for("never on the screen", 10.0)
    return took


def kill_container(instance: str, name: str) -> None:
    """Stop a session's container behind the product's back, at once."""
    with contextlib.closing(docker.from_env()) as client:
        for container in client.containers.list(filters={"label": f"{LABEL_INSTANCE}={instance}"}):
            if container.attrs["Config"]["Hostname"] == name:
                container.kill()


def one_round(server: Server, name: str, samples: Samples) -> None:
    """Each measurement once."""
    with PtyProgram(shlex.split(server.ssh()), environment=server.environment) as ssh:
        samples.list.append(ssh.wait_for(LIST) - ssh.started)
        ssh.send("n")
        ssh.wait_for("New session")
        ssh.send("\x15" + name)
        ssh.wait_for(rf"│ +{name} ")
        samples.new.append(-ssh.send("\r") + ssh.wait_for(PROMPT))

        to_list(ssh)
        samples.running.append(-ssh.send("\r") + ssh.wait_for(PROMPT))

        to_list(ssh)
        kill_container(server.instance(), name)
        ssh.wait_for(rf"{name} .*stopped")
        samples.stopped.append(-ssh.send("\r") + ssh.wait_for(PROMPT))
        ssh.send(PREFIX)
        ssh.wait_for("Back to your sessions")
        ssh.send("q")
        with contextlib.suppress(EOFError):
            ssh.wait_for("never on the screen", 10.0)
    kill_container(server.instance(), name)
    samples.docker_run.append(docker_run())


def to_list(ssh: PtyProgram) -> None:
    ssh.send(PREFIX)
    ssh.wait_for("Back to your sessions")
    ssh.send("d")
    ssh.wait_for(LIST)


def rows(samples: Samples) -> list[Row]:
    """The claims, each by its median, with the 95th percentile beside it."""
    peer, peer_p95 = median(samples.docker_run), percentile(samples.docker_run, 0.95)
    made = [
        row("ssh to the session list", median(samples.list), "s", most=0.5),
        row("ssh to the session list, p95", percentile(samples.list, 0.95), "s"),
    ]
    for name, values, most in (
        ("new session, Enter to prompt", samples.new, 1.1),
        ("stopped session, Enter to prompt", samples.stopped, 1.0),
        ("running session, Enter to prompt", samples.running, 0.2),
    ):
        made.append(row(name, median(values), "s", peer=peer, most_ratio=most))
        made.append(row(f"{name}, p95", percentile(values, 0.95), "s", peer=peer_p95))
    made.append(row("docker run -it to its first byte (the peer)", peer, "s"))
    return made


def main() -> None:
    options = arguments("Seconds that a user waits.", repeats=15)
    samples = Samples()
    with tempfile.TemporaryDirectory() as directory:
        server = Server(Path(directory))
        server.start()
        try:
            for number in range(options.repeats + 1):
                if number == 1:
                    samples = Samples()  # The first round warms caches of both sides.
                one_round(server, f"bench-{number}", samples)
                print(".", end="", file=sys.stderr, flush=True)
        finally:
            server.stop()
            server.remove_everything()
    print(file=sys.stderr)
    show(rows(samples), as_json=options.json)


if __name__ == "__main__":
    main()
