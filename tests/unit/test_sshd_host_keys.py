"""Host keys: made once, kept, and private."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from pathlib import Path

import pytest

from sshd.host_key_rotation import finish, next_keys, rotate
from sshd.host_keys import ensure_host_keys
from sshd.sshfp import sshfp_records
from vibetui.errors import Conflict, Invalid, VibeError


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys") / "host_keys"
    ensure_host_keys(directory)
    return directory


def test_the_first_start_makes_two_private_keys(made: Path) -> None:
    keys = ensure_host_keys(made)
    assert [key.algorithm for key in keys] == ["ssh-ed25519", "ssh-rsa"]
    for key in keys:
        assert stat.S_IMODE(key.path.stat().st_mode) == 0o600
    assert {path.name for path in made.iterdir()} == {
        "ssh_host_ed25519_key",
        "ssh_host_ed25519_key.pub",
        "ssh_host_rsa_key",
        "ssh_host_rsa_key.pub",
    }


def test_openssh_reads_them_and_sees_the_same_fingerprints(made: Path) -> None:
    for key in ensure_host_keys(made):
        words = ["ssh-keygen", "-l", "-f", str(key.path)]
        said = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
        assert said[1] == key.fingerprint
        assert said[0] in ("256", "3072")


def test_later_starts_change_nothing(made: Path) -> None:
    before = {path: path.read_bytes() for path in made.iterdir()}
    ensure_host_keys(made)
    assert {path: path.read_bytes() for path in made.iterdir()} == before


def test_two_servers_that_start_at_once_agree(tmp_path: Path) -> None:
    found: list[list[str]] = []

    def start() -> None:
        found.append([key.fingerprint for key in ensure_host_keys(tmp_path / "new")])

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(each == found[0] for each in found)
    assert not [path for path in (tmp_path / "new").iterdir() if path.name.startswith(".")]


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    (key, _) = ensure_host_keys(tmp_path)
    key.path.chmod(0o644)
    with pytest.raises(VibeError, match="can be read by others") as raised:
        ensure_host_keys(tmp_path)
    assert "chmod 600" in raised.value.hint


def test_a_key_that_is_no_key_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "ssh_host_ed25519_key"
    path.touch(mode=0o600)
    path.write_text("not a key")
    with pytest.raises(VibeError, match="not a private key"):
        ensure_host_keys(tmp_path)
    assert path.read_text() == "not a key"


def test_a_directory_that_can_not_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(VibeError, match="Can't make"):
        ensure_host_keys(tmp_path / "file" / "host_keys")


def test_a_key_that_can_not_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "ssh_host_ed25519_key").mkdir()
    with pytest.raises(VibeError, match=r"Can't read .*: is a directory") as raised:
        ensure_host_keys(tmp_path)
    assert os.strerror(21) not in raised.value.hint


def test_sshfp_records_are_those_of_openssh(made: Path) -> None:
    keys = ensure_host_keys(made)
    for key, record in zip(keys, sshfp_records("host.example.org", keys), strict=True):
        words = ["ssh-keygen", "-r", "host.example.org", "-f", f"{key.path}.pub"]
        said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        assert record in said.splitlines()


@pytest.mark.parametrize("host", ["", "two words", "-option", "line\nbreak"])
def test_sshfp_records_are_for_a_host(made: Path, host: str) -> None:
    with pytest.raises(Invalid):
        sshfp_records(host, ensure_host_keys(made))


def test_the_next_keys_wait_beside_those_in_use_and_replace_them(tmp_path: Path) -> None:
    first = ensure_host_keys(tmp_path)
    assert next_keys(tmp_path) == []
    with pytest.raises(Conflict):
        finish(tmp_path)
    following = rotate(tmp_path)
    assert [key.fingerprint for key in ensure_host_keys(tmp_path)] == [
        key.fingerprint for key in first
    ]
    with pytest.raises(Conflict):
        rotate(tmp_path)
    used = finish(tmp_path)
    assert [key.fingerprint for key in used] == [key.fingerprint for key in following]
    assert next_keys(tmp_path) == []
    for key in used:
        for path in (key.path, key.path.with_name(f"{key.path.name}.old")):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            shown = [
                subprocess.run(
                    ["ssh-keygen", "-l", "-f", file], check=True, capture_output=True, text=True
                ).stdout.split()[1]
                for file in (str(path), f"{path}.pub")
            ]
            assert shown[0] == shown[1]
    assert not [path for path in tmp_path.iterdir() if ".next" in path.name]
