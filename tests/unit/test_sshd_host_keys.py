"""Host keys: made once, kept, and private."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from pathlib import Path

import pytest

from sshd.host_keys import ensure_host_keys
from vibetui.errors import VibeError


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
