"""Doors: listening Unix sockets without a name, for which a descriptor is the permission.

A door is bound, opened with ``O_PATH`` and unlinked at once. Whoever was handed the descriptor
connects through ``/proc/self/fd/N``, which Linux resolves to the inode whatever its name was
(proc(5)); that holds after setuid too, because a process may always follow its own descriptors.
Nobody else can reach it: there is no path, and no secret to leak.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

BACKLOG = 1024
"""Connections that wait while a core restarts."""


def make_door(directory: Path) -> tuple[socket.socket, int]:
    """A listening socket and the descriptor that opens it. The caller owns both.

    Args:
        directory: Where the name is for an instant; must exist, and be on a local file system.
    """
    place = Path(tempfile.mkdtemp(prefix=".door-", dir=directory))  # mkdtemp makes it 0700.
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        inside = os.open(place, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            # sun_path holds 108 bytes; through the descriptor the directory's length is no matter.
            name = f"/proc/self/fd/{inside}/door"
            listener.bind(name)
            # Connecting needs write permission on the inode, also for an unprivileged holder.
            Path(name).chmod(0o666)
            listener.listen(BACKLOG)
            return listener, os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        finally:
            os.close(inside)
    except BaseException:
        listener.close()
        raise
    finally:
        shutil.rmtree(place, ignore_errors=True)


def address(target: Path | int) -> str:
    """What to connect to: a socket's path, or a door's descriptor."""
    return f"/proc/self/fd/{target}" if isinstance(target, int) else str(target)
