"""The whole product for tests: ``vibetui serve`` on loopback with data of its own."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path

import docker

from vibetui.model import LABEL_INSTANCE


class Server:
    """A running server; `ssh` is the command line that it printed, made safe for tests."""

    def __init__(self, directory: Path, **environment: str) -> None:
        self.directory = directory
        self.data_dir = directory / "data"
        self.home = directory / "home"
        self.home.mkdir(parents=True, exist_ok=True)
        self.environment = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith("VIBETUI_") and key not in ("SSH_AUTH_SOCK", "TMUX", "TMUX_PANE")
        } | {
            "HOME": str(self.home),
            "VIBETUI_DATA_DIR": str(self.data_dir),
            "VIBETUI_HOST_KEYS_DIR": str(directory / "host_keys"),
            "VIBETUI_LISTEN_HOST": "127.0.0.1",
            "VIBETUI_LISTEN_PORT": "0",
            **environment,
        }
        self.output = ""
        self._process: subprocess.Popen[str] | None = None

    def start(self, deadline: float = 60.0) -> None:
        """Start it and wait for its greeting."""
        self.output = ""
        process = self._process = subprocess.Popen(
            [sys.executable, "-m", "vibetui", "serve"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment,
            start_new_session=True,
        )
        ready = threading.Event()

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                self.output += line
                if line.startswith("Add people:"):
                    ready.set()
            ready.set()

        self._reader = threading.Thread(target=read, daemon=True)
        self._reader.start()
        if not ready.wait(deadline) or process.poll() is not None:
            raise AssertionError(f"no greeting:\n{self.output}\n{self.log()}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it as a user would; returns the exit status."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(number)
        status = self._process.wait(30)
        self._reader.join(10)
        return status

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def port(self) -> int:
        return int((self.data_dir / "run" / "port").read_text())

    def ssh(self, *words: str) -> str:
        """The printed ``ssh`` line with a known_hosts of our own and `words` behind it."""
        found = re.search(r"^ {4}(ssh .*)$", self.output, re.MULTILINE)
        assert found, self.output
        line = shlex.split(found[1])
        options = [
            *("-F", "/dev/null"),
            *("-o", "StrictHostKeyChecking=no"),
            *("-o", "LogLevel=ERROR"),
            *("-o", f"UserKnownHostsFile={self.directory / 'known_hosts'}"),
            *("-o", "IdentitiesOnly=yes"),
        ]
        return shlex.join([line[0], *options, *line[1:], *words])

    def vibetui(self, *words: str, **options: object) -> subprocess.CompletedProcess[str]:
        """Run a ``vibetui`` command on this server's data."""
        return subprocess.run(
            [sys.executable, "-m", "vibetui", *words],
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=60,
            **options,  # type: ignore[call-overload]
        )

    def log(self) -> str:
        path = self.data_dir / "vibetui.log"
        return path.read_text() if path.exists() else ""

    def instance(self) -> str:
        return (self.data_dir / "instance").read_text().strip()

    def remove_everything(self) -> None:
        """Containers and volumes of this instance, and no others."""
        with contextlib.suppress(FileNotFoundError):
            remove_instance(self.instance())


def remove_instance(instance: str) -> None:
    """Remove the containers and volumes that carry this instance's label."""
    client = docker.from_env()
    with contextlib.closing(client):
        volumes: set[str] = set()
        for container in client.containers.list(
            all=True, filters={"label": f"{LABEL_INSTANCE}={instance}"}
        ):
            mounts = container.attrs["Mounts"]
            volumes |= {mount["Name"] for mount in mounts if mount["Type"] == "volume"}
            # A helper may be going by itself just now.
            with contextlib.suppress(docker.errors.NotFound):
                container.remove(force=True)
        # Only now: a session and its helpers have one together.
        for volume in volumes:
            client.volumes.get(volume).remove(force=True)
        for left in client.volumes.list(filters={"label": f"{LABEL_INSTANCE}={instance}"}):
            left.remove(force=True)
