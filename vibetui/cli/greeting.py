"""What ``vibetui serve`` prints once it can be reached: the exact line to type."""

from __future__ import annotations

import shlex
import socket
from pathlib import Path

from sshd.host_keys import ensure_host_keys
from vibetui.cli.first_user import FirstUser, made_identity
from vibetui.settings import Settings


def ssh_line(host: str, port: int, identity: Path | None) -> str:
    """The command that reaches this server."""
    words = ["ssh"]
    if port != 22:
        words += ["-p", str(port)]
    if identity is not None:
        words += ["-i", str(identity)]
    return shlex.join([*words, f"vibe@{host}"])


def print_greeting(settings: Settings, port: int, first: FirstUser | None) -> None:
    """To standard output, flushed: scripts wait for these lines."""
    identity = made_identity(settings)
    line_identity = identity if identity.exists() else None
    if first is not None and first.identity is not None:
        print(f"You have no SSH key, so one was made for you: {first.identity}")
    if first is not None:
        print(f"The first account is {first.name!r}, with {first.keys} key(s) of yours.")
    for key in ensure_host_keys(settings.host_keys_path):
        print(f"Host key: {key.algorithm} {key.fingerprint}")
    print("vibetui is ready. Type in another terminal:")
    print()
    everywhere = settings.listen_host in ("", "::", "0.0.0.0")
    here = "localhost" if everywhere else settings.listen_host
    print(f"    {ssh_line(here, port, line_identity)}")
    print()
    if everywhere:
        print(f"From another machine: {ssh_line(socket.gethostname(), port, None)}")
    print("Add people: vibetui user add NAME --key FILE.pub    Stop: ctrl+c", flush=True)
