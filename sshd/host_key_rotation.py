"""New host keys, without a warning at any client that comes by in time.

As OpenSSH means it (PROTOCOL, section 2.5, ``hostkeys-00@openssh.com``): the next keys lie beside
those in use for a while, and the server announces both. A client that knows the present key learns
the next ones by it; then they change places.
"""

from __future__ import annotations

from pathlib import Path

from sshd.host_keys import (
    NAMES,
    HostKey,
    ensure_host_keys,
    ensure_key,
    explained,
    load_key,
    public_half,
    write_public_half,
)
from vibetui.errors import Conflict

_NEXT, _OLD = ".next", ".old"


def next_keys(directory: Path) -> list[HostKey]:
    """The keys that are announced and not yet used; none but between `rotate` and `finish`.

    Raises:
        VibeError: a key can't be read, or is readable by others.
    """
    return [load_key(path) for path in _next_paths(directory) if path.exists()]


def rotate(directory: Path) -> list[HostKey]:
    """Make the next keys: a server that starts from now on announces them beside its own.

    Raises:
        Conflict: there are some already.
        VibeError: as `ensure_host_keys`.
    """
    ensure_host_keys(directory)
    if next_keys(directory):
        raise Conflict(
            "The next host keys are made already, and wait for their turn.",
            "When clients have had time to learn them: vibetui hostkey rotate --finish",
        )
    return [
        ensure_key(path, algorithm)
        for path, algorithm in zip(_next_paths(directory), NAMES.values(), strict=True)
    ]


def finish(directory: Path) -> list[HostKey]:
    """Have the next keys take the place of those in use, which are kept as ``….old``.

    Interrupted half-way, it is done by calling it again.

    Raises:
        Conflict: there are no next keys.
        VibeError: a file can't be read or renamed.
    """
    if not next_keys(directory):
        raise Conflict("There are no next host keys.", "Make them first: vibetui hostkey rotate")
    for name in NAMES:
        path = directory / name
        following = _beside(path, _NEXT)
        if following.exists():
            with explained(path, "replace"):
                _replace(path, following)
    return ensure_host_keys(directory)


def _next_paths(directory: Path) -> list[Path]:
    return [_beside(directory / name, _NEXT) for name in NAMES]


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f"{path.name}{ending}")


def _replace(path: Path, following: Path) -> None:
    old = _beside(path, _OLD)
    old.unlink(missing_ok=True)
    old.hardlink_to(path)
    # The public halves first: while the private key waits, all of this can be done again.
    write_public_half(old, load_key(path).key)
    write_public_half(path, load_key(following).key)
    following.replace(path)
    public_half(following).unlink(missing_ok=True)
