"""JetBrains Gateway: what is known of its steps, by a library client and stand-in programs.

Gateway has an SSH client of its own. On one connection it asks for the system and the home
directory with many short commands, uploads a helper (``remote-dev-worker``), renames it into place,
runs it, starts the IDE's backend with it, and reaches that by a forwarded port.
"""

from __future__ import annotations

import io
import posixpath

import paramiko

from tests.e2e.clients.library import logged_in
from tests.e2e.reach import HOST, Reach

_WORKER = b"""#!/usr/bin/env python3
import json, socket, subprocess, sys
BACKEND = '''
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    peer, _ = listener.accept()
    with peer:
        peer.sendall(b"backend " + peer.recv(64))
'''
if sys.argv[1] == "host-status":
    print(json.dumps({"os": "linux", "worker": "ready"}))
else:
    backend = subprocess.Popen(
        [sys.executable, "-c", BACKEND], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )
    print(backend.stdout.readline().decode(), end="")
"""


def said(client: paramiko.SSHClient, command: str) -> str:
    """What a command that succeeds prints."""
    _, stdout, stderr = client.exec_command(command, timeout=30)
    text = stdout.read().decode()
    assert stdout.channel.recv_exit_status() == 0, stderr.read()
    return text.strip()


def answered(client: paramiko.SSHClient, port: int) -> bytes:
    transport = client.get_transport()
    assert transport is not None
    with transport.open_channel("direct-tcpip", ("127.0.0.1", port), (HOST, 1)) as channel:
        channel.settimeout(30)
        channel.sendall(b"hello")
        return channel.recv(64)


def test_gateway_brings_its_worker_starts_a_backend_and_comes_back_to_it(web: Reach) -> None:
    with logged_in(web) as gateway:
        assert said(gateway, "uname -s -m").startswith("Linux ")
        home = said(gateway, "echo $HOME")
        assert said(gateway, "/bin/sh -c 'command -v python3'")
        for number in range(10):
            assert said(gateway, f"echo {number}") == str(number)
        folder = posixpath.join(home, ".cache/JetBrains/RemoteDev/remote-dev-worker")
        said(gateway, f"mkdir -p {folder}")
        worker = posixpath.join(folder, "remote-dev-worker_0123")
        with gateway.open_sftp() as sftp:
            sftp.putfo(io.BytesIO(_WORKER), f"{worker}.1.tmp")
            sftp.chmod(f"{worker}.1.tmp", 0o755)
            sftp.posix_rename(f"{worker}.1.tmp", worker)
        assert '"worker": "ready"' in said(gateway, f"{worker} host-status")
        port = int(said(gateway, f"{worker} start"))
        assert answered(gateway, port) == b"backend hello"
    with logged_in(web) as gateway:
        assert answered(gateway, port) == b"backend hello"
