"""Compile vibe-agent for every machine: ``python -m vibetui.agent.build``.

The wheel's build hook calls it too, in an environment that has nothing but ziglang.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from vibetui.agent.binary import BINARIES, MACHINES
from vibetui.errors import VibeError

SOURCES = Path(__file__).parent / "src"
_FLAGS = ("-std=c17", "-Wall", "-Wextra", "-Werror", "-static", "-Os", "-s")


def build(machines: Sequence[str] = MACHINES) -> list[Path]:
    """Compile what is not up to date, the machines beside each other.

    Returns the binaries that were made anew. Raises `VibeError` where the compiler is missing or
    refuses.
    """
    BINARIES.mkdir(exist_ok=True)
    digest = _digest()
    stale = [machine for machine in machines if not _is_current(machine, digest)]
    with tempfile.TemporaryDirectory(dir=BINARIES, prefix=".build-") as scratch:
        # Files, not pipes: a compiler with much to say must not wait for us to read it.
        logs = {machine: Path(scratch) / f"{machine}.log" for machine in stale}
        compilers = {
            machine: _compile(machine, Path(scratch) / machine, logs[machine]) for machine in stale
        }
        codes = {machine: compiler.wait() for machine, compiler in compilers.items()}
        for machine, code in codes.items():
            if code != 0:
                raise VibeError(
                    f"The container agent could not be compiled for {machine}.",
                    logs[machine].read_text(errors="replace").strip(),
                )
            _stamp(machine).unlink(missing_ok=True)
            (Path(scratch) / machine).replace(_binary(machine))
            _stamp(machine).write_text(digest)
    return [_binary(machine) for machine in stale]


def _binary(machine: str) -> Path:
    return BINARIES / f"vibe-agent-{machine}"


def _stamp(machine: str) -> Path:
    return BINARIES / f"{machine}.sha256"


def _digest() -> str:
    """Of everything that the binary depends on."""
    digest = hashlib.sha256(" ".join(_FLAGS).encode())
    for path in sorted(SOURCES.glob("*.[ch]")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _is_current(machine: str, digest: str) -> bool:
    stamp = _stamp(machine)
    return _binary(machine).is_file() and stamp.is_file() and stamp.read_text() == digest


def _compile(machine: str, output: Path, log: Path) -> subprocess.Popen[bytes]:
    try:
        importlib.metadata.version("ziglang")
    except importlib.metadata.PackageNotFoundError:
        raise VibeError(
            "The container agent can't be compiled: the package ziglang is missing.",
            "Run `pip install ziglang`, or `make setup`.",
        ) from None
    command = [sys.executable, "-m", "ziglang", "cc", "-target", f"{machine}-linux-musl"]
    sources = sorted(str(path) for path in SOURCES.glob("*.c"))
    with log.open("wb") as stream:
        return subprocess.Popen(
            [*command, *_FLAGS, "-o", str(output), *sources],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        )


def main() -> int:
    parser = argparse.ArgumentParser(description="Compile the container agent.")
    parser.add_argument("machines", nargs="*", help=f"default: {' '.join(MACHINES)}")
    wanted = parser.parse_args().machines or MACHINES
    if unknown := set(wanted) - set(MACHINES):
        parser.error(f"no such machine: {', '.join(sorted(unknown))}")
    try:
        made = build(wanted)
    except VibeError as error:
        print(f"{error.message}\n{error.hint}", file=sys.stderr)
        return 1
    for path in made:
        print(f"built {path.name} ({path.stat().st_size // 1024} KiB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
