"""paramiko, connected."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager

import paramiko

from tests.e2e.reach import HOST, Reach


@contextmanager
def logged_in(reach: Reach, login: str | None = None) -> Iterator[paramiko.SSHClient]:
    """A connection, into the session unless `login` says otherwise; the server's key is known."""
    kind, blob = reach.host_key.read_text().split()[:2]
    known = paramiko.PKey.from_type_string(kind, base64.b64decode(blob))
    client = paramiko.SSHClient()
    client.get_host_keys().add(f"[{HOST}]:{reach.port}", kind, known)
    try:
        client.connect(
            HOST,
            reach.port,
            login or reach.login,
            key_filename=str(reach.key),
            allow_agent=False,
            look_for_keys=False,
            timeout=30,
        )
        yield client
    finally:
        client.close()
