"""A descriptor is the permission: who holds it gets in, and nobody else."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from vibetui.core.doors import address, make_door

NOBODY = 65534


def connect(descriptor: int) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(5)
    try:
        sock.connect(address(descriptor))
    except OSError:
        sock.close()
        raise
    return sock


def test_a_door_has_no_name_and_its_descriptor_opens_it(tmp_path: Path) -> None:
    listener, descriptor = make_door(tmp_path)
    listener.settimeout(5)
    assert list(tmp_path.iterdir()) == []
    with listener, connect(descriptor) as inside:
        accepted, _ = listener.accept()
        inside.sendall(b"knock")
        with accepted:
            assert accepted.recv(10) == b"knock"
    os.close(descriptor)


def test_a_door_can_be_made_under_a_path_longer_than_a_socket_address(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    listener, descriptor = make_door(deep)
    with listener, connect(descriptor):
        pass
    os.close(descriptor)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become somebody else")
def test_a_process_that_gave_root_up_gets_in_with_a_descriptor_it_was_sent(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o700)
    listener, descriptor = make_door(tmp_path)
    listener.settimeout(5)
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        try:
            listener.close()
            os.close(descriptor)
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            _, (received,), _, _ = socket.recv_fds(theirs, 1, 1)
            connect(received).sendall(b"nobody knocks")
        finally:
            os._exit(0)
    socket.send_fds(ours, [b"x"], [descriptor])
    with listener:
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.recv(100) == b"nobody knocks"
    assert os.waitpid(pid, 0)[1] == 0
    os.close(descriptor)
    ours.close()
    theirs.close()


def test_a_door_whose_listener_is_gone_refuses_at_once(tmp_path: Path) -> None:
    listener, descriptor = make_door(tmp_path)
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        connect(descriptor)
    os.close(descriptor)
