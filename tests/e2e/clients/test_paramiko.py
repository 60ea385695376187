"""paramiko, which Ansible, Fabric and many scripts are made of."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import paramiko
import pytest

from tests.e2e import steps
from tests.e2e.clients.library import logged_in
from tests.e2e.reach import HOST, Reach, spoken
from tests.sshd_support import eventually

MEGABYTE = bytes(range(256)) * 4096


@pytest.fixture(scope="module")
def inside(web: Reach) -> Iterator[paramiko.SSHClient]:
    """One connection for the module: every test has channels of its own."""
    with logged_in(web) as made:
        yield made


def test_a_command_comes_back_with_its_streams_and_status(inside: paramiko.SSHClient) -> None:
    stdin, stdout, stderr = inside.exec_command("cat; echo to stderr >&2; exit 7", timeout=30)
    stdin.write(b"given")
    stdin.channel.shutdown_write()
    assert stdout.read() == b"given"
    assert b"to stderr" in stderr.read()
    assert stdout.channel.recv_exit_status() == 7


def test_many_commands_share_one_connection(inside: paramiko.SSHClient) -> None:
    running = [inside.exec_command(f"echo {number}", timeout=30)[1] for number in range(10)]
    assert [each.read() for each in running] == [b"%d\n" % number for number in range(10)]


def test_files_go_there_and_back_and_are_listed(inside: paramiko.SSHClient) -> None:
    with inside.open_sftp() as sftp:
        sftp.mkdir("paramiko")
        sftp.putfo(io.BytesIO(MEGABYTE), "paramiko/file")
        assert sftp.listdir("paramiko") == ["file"]
        assert sftp.stat("paramiko/file").st_size == len(MEGABYTE)
        back = io.BytesIO()
        sftp.getfo("paramiko/file", back)
        assert back.getvalue() == MEGABYTE
        with sftp.open("paramiko/file", "r+") as file:
            file.seek(256)
            file.write(b"here")
            file.seek(255)
            assert file.read(6) == b"\xffhere\x04"
        sftp.rename("paramiko/file", "paramiko/moved")
        sftp.remove("paramiko/moved")
        sftp.rmdir("paramiko")
        with pytest.raises(FileNotFoundError):
            sftp.stat("paramiko")


def test_a_port_inside_is_reached(echoing: Reach, inside: paramiko.SSHClient) -> None:
    transport = inside.get_transport()
    assert transport is not None
    with transport.open_channel("direct-tcpip", ("127.0.0.1", 7007), (HOST, 1)) as channel:
        channel.settimeout(30)
        assert spoken(channel, MEGABYTE) == MEGABYTE


def test_what_is_not_listened_on_is_refused(inside: paramiko.SSHClient) -> None:
    transport = inside.get_transport()
    assert transport is not None
    with pytest.raises(paramiko.ChannelException):
        transport.open_channel("direct-tcpip", ("127.0.0.1", 7999), (HOST, 1))


def test_a_shell_on_a_terminal_shows_the_apps_first_screen(web: Reach) -> None:
    shown = bytearray()
    with logged_in(web, "vibe") as lobby:
        channel = lobby.invoke_shell(term="xterm-256color", width=80, height=24)
        channel.settimeout(30)

        def list_is_shown() -> bool:
            shown.extend(channel.recv(65536))
            return steps.LIST.encode() in shown

        eventually(list_is_shown, "the session list")
        channel.send(b"q")
        while data := channel.recv(65536):
            shown.extend(data)
        assert channel.recv_exit_status() == 0
    assert re.search(rb"\x1b\[\?1049h", shown)
