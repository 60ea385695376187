"""What VS Code's Remote-SSH sends, with a stand-in for the server that it installs.

As its own log shows it (`Remote-SSH: Show Log`): a script goes to the standard input of ``bash``
or of the login shell, finds or installs a server in the home directory, starts it on a port of
127.0.0.1 and prints that between two markers; the editor then talks to the port by the ``-D`` of
the same ssh process, which stays. After a cut the next script finds the server that still runs.
"""

from __future__ import annotations

import io
import socket
import struct
import tarfile
from typing import IO

MARK = "5f3c9a0be114"
"""Remote-SSH makes one up for each connection."""

_SERVER = b"""#!/usr/bin/env python3
import http.server, os
class Editor(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = b"%d" % os.getpid()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Editor)
print("Extension host agent listening on", server.server_port, flush=True)
server.serve_forever()
"""

_BOOTSTRAP = """\
folder=$HOME/.vscode-server commit=0123456789abcdef0123456789abcdef01234567
bin=$folder/bin/$commit log=$folder/.$commit.log pidfile=$folder/.$commit.pid
say() {
    echo "%(mark)s: start"
    echo "exitCode==$1=="
    echo "listeningOn==$2=="
    echo "osReleaseId==$(sed -n 's/^ID=//p' /etc/os-release)=="
    echo "arch==$(uname -m)=="
    echo "platform==linux=="
    echo "%(mark)s: end"
}
echo "%(mark)s: running"
mkdir -p "$bin"
if [ ! -x "$bin/code-server" ]; then
    echo "%(mark)s:trigger_server_download"
    echo "destFolder==$bin=="
    echo "%(mark)s:trigger_server_download_end"
    until [ -f "$bin/vscode-server.tar.gz.done" ]; do sleep 0.05; done
    tar -xzf "$bin/vscode-server.tar.gz" -C "$bin" || { say 37 ""; exit 0; }
fi
if kill -0 "$(cat "$pidfile" 2>/dev/null)" 2>/dev/null; then
    echo "Found running server..."
else
    "$bin/code-server" > "$log" 2>&1 < /dev/null &
    echo $! > "$pidfile"
fi
until port=$(sed -n 's/^Extension host agent listening on //p' "$log") && [ -n "$port" ]; do
    sleep 0.05
done
say 0 "$port"
while true; do sleep 180; printf ' '; done
"""


def bootstrap() -> bytes:
    """The script."""
    return (_BOOTSTRAP % {"mark": MARK}).encode()


def server_archive() -> bytes:
    """What it has the client bring, since there is no way to the internet here."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo("code-server")
        entry.size, entry.mode = len(_SERVER), 0o755
        archive.addfile(entry, io.BytesIO(_SERVER))
    return packed.getvalue()


def said_until(stream: IO[bytes], last: str) -> list[str]:
    """Lines, up to the one that is `last`. Raises `AssertionError` where that never comes."""
    lines: list[str] = []
    for line in stream:
        lines.append(line.decode().rstrip("\n"))
        if lines[-1] == last:
            return lines
    raise AssertionError(f"no {last!r} in {lines}")


def found(lines: list[str], key: str) -> str:
    """The value of ``key==value==``."""
    values = [line.split("==")[1] for line in lines if line.startswith(f"{key}==")]
    assert len(values) == 1, lines
    return values[0]


def through_socks(proxy: socket.socket, port: int) -> socket.socket:
    """Port `port` of the far 127.0.0.1 by a SOCKS5 proxy (RFC 1928)."""
    proxy.sendall(b"\x05\x01\x00")
    assert _exactly(proxy, 2) == b"\x05\x00"
    proxy.sendall(b"\x05\x01\x00\x01" + socket.inet_aton("127.0.0.1") + struct.pack(">H", port))
    assert _exactly(proxy, 10)[1] == 0, "the proxy couldn't connect"
    return proxy


def _exactly(sock: socket.socket, size: int) -> bytes:
    taken = b""
    while len(taken) < size:
        piece = sock.recv(size - len(taken))
        assert piece, "hung up"
        taken += piece
    return taken
