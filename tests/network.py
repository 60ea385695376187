"""A machine of its own for a client: a network namespace, and a cable to pull. Needs root."""

from __future__ import annotations

import random
import subprocess
from types import TracebackType


class Laptop:
    """Commands run there reach this machine at `server`, while the cable is in."""

    def __init__(self) -> None:
        number = random.randrange(1 << 14)
        self._name = f"vibe-{number}"
        self._cable = f"vibe{number}a"
        # 198.18.0.0/15 is set aside for tests of network equipment (RFC 2544).
        network = f"198.18.{number >> 6}.{(number & 63) * 4}".rsplit(".", 1)
        self.server = f"{network[0]}.{int(network[1]) + 1}"
        self._address = f"{network[0]}.{int(network[1]) + 2}"

    def __enter__(self) -> Laptop:
        end = f"vibe{self._name[5:]}b"
        _run("ip", "netns", "add", self._name)
        try:
            _run("ip", "link", "add", self._cable, "type", "veth", "peer", end, "netns", self._name)
            _run("ip", "address", "add", f"{self.server}/30", "dev", self._cable)
            self._inside("ip", "address", "add", f"{self._address}/30", "dev", end)
            self._inside("ip", "link", "set", end, "up")
            self.plug_in()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A veth goes with its other end, and that one with its namespace.
        _run("ip", "netns", "delete", self._name)

    def unplug(self) -> None:
        """From now on nothing arrives, and nobody is told."""
        _run("ip", "link", "set", self._cable, "down")

    def plug_in(self) -> None:
        """The inverse of `unplug`."""
        _run("ip", "link", "set", self._cable, "up")

    def command(self, line: str) -> str:
        """A shell command line that runs `line`, a simple command, on the laptop."""
        return f"ip netns exec {self._name} {line}"

    def _inside(self, *words: str) -> None:
        _run("ip", "netns", "exec", self._name, *words)


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, timeout=20)
