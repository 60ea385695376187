"""Debian's packages: what is missing, installing it, and taking back what we installed."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tools.machine import state
from tools.machine.paths import CACHE
from vibetui.errors import VibeError

LISTS = Path("/var/lib/apt/lists")
LISTS_STALE_AFTER = 24 * 3600.0
LOG = CACHE / "apt.log"


def find_program(name: str) -> str | None:
    """Like `which`, also where a user's PATH has no `sbin`."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin")


def can_install() -> bool:
    """Whether this is Debian or Ubuntu and we are root."""
    return os.geteuid() == 0 and Path("/etc/debian_version").exists() and bool(_apt())


def install(packages: Sequence[str]) -> None:
    """Install packages and write down which of them, dependencies included, were not there.

    Raises:
        VibeError: apt failed; its last words are in the hint.
    """
    if _lists_are_stale():
        _run("update")
    simulated = _run("--simulate", "install", *packages).splitlines()
    touched = [line.split()[1] for line in simulated if line.startswith("Inst ")]
    new = [name for name in touched if not _is_installed(name)]
    known = state.load()
    # Before, not after: an installation that is interrupted half-way is ours all the same.
    state.save(dataclasses.replace(known, packages=tuple(dict.fromkeys((*known.packages, *new)))))
    _run("install", *packages)


def purge(packages: Sequence[str]) -> list[str]:
    """Purge those that nothing else has come to need; return the ones that had to stay."""
    wanted = {name for name in packages if _is_installed(name)}
    kept: set[str] = set()
    while wanted:
        removed = {
            line.split()[1].split(":")[0]
            for line in _run("--simulate", "purge", *sorted(wanted)).splitlines()
            if line.startswith(("Remv ", "Purg "))
        }
        dependents = removed - {name.split(":")[0] for name in packages}
        if not dependents:
            _run("purge", *sorted(wanted))
            break
        keep = {name for name in wanted if _takes_along(name, dependents)} or set(wanted)
        kept |= keep
        wanted -= keep
    return sorted(kept)


def _takes_along(package: str, others: set[str]) -> bool:
    simulated = _run("--simulate", "purge", package)
    return any(
        line.startswith(("Remv ", "Purg ")) and line.split()[1].split(":")[0] in others
        for line in simulated.splitlines()
    )


def _apt() -> str | None:
    return find_program("apt-get")


def _lists_are_stale() -> bool:
    newest = max(
        (path.stat().st_mtime for path in LISTS.glob("*Packages*")),
        default=0.0,
    )
    return time.time() - newest > LISTS_STALE_AFTER


def _is_installed(package: str) -> bool:
    query = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return query.stdout == "installed"


def _run(*arguments: str) -> str:
    command = [_apt() or "apt-get", "-q", "-y", "--no-install-recommends", *arguments]
    environment = os.environ | {
        "DEBIAN_FRONTEND": "noninteractive",
        "LC_ALL": "C",
        # Without an init, a package's scripts would start its daemon where nobody holds it.
        "RUNLEVEL": "1",
    }
    LOG.parent.mkdir(parents=True, exist_ok=True)
    result = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    with LOG.open("a") as log:
        log.write(f"$ {' '.join(command)}\n{result.stdout}")
    if result.returncode != 0:
        last = "\n".join(result.stdout.splitlines()[-5:])
        raise VibeError(f"apt-get {arguments[0]} failed.", f"{last}\nThe whole story: {LOG}")
    return result.stdout
