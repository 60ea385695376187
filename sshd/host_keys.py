"""The keys by which clients recognise this server: made once, then only read."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from vibetui.errors import VibeError

_RSA_BITS = 3072


@dataclass(frozen=True, slots=True)
class HostKey:
    """One host key, loaded."""

    algorithm: str
    """The SSH name: ``ssh-ed25519`` or ``ssh-rsa``."""
    fingerprint: str
    """``SHA256:`` + unpadded base64, as ``ssh-keygen -l`` prints it."""
    path: Path
    key: asyncssh.SSHKey


def ensure_host_keys(directory: Path) -> list[HostKey]:
    """The server's ed25519 and RSA keys in `directory`, made where they are missing.

    A private key is a file of mode 0600, complete from the moment it has its name; one that
    exists is never replaced, so two servers that start together agree on one. Its public half
    lies beside it as ``.pub``.

    Raises:
        VibeError: the directory can't be written, or a key can't be read or is readable by others.
    """
    with _explained(directory, "make"):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return [
        _ensure(directory / "ssh_host_ed25519_key", "ssh-ed25519"),
        _ensure(directory / "ssh_host_rsa_key", "ssh-rsa"),
    ]


def _ensure(path: Path, algorithm: str) -> HostKey:
    if not path.exists():
        with _explained(path, "write"):
            _make(path, algorithm)
    return _load(path)


def _make(path: Path, algorithm: str) -> None:
    sizes = {"key_size": _RSA_BITS} if algorithm == "ssh-rsa" else {}
    key = asyncssh.generate_private_key(algorithm, comment="vibetui", **sizes)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    _write(temporary, key.export_private_key("openssh"), 0o600)
    try:
        # link(2) and not rename(2): it fails where somebody else's key has the name by now.
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        temporary.unlink()
    public = path.with_name(f"{path.name}.pub")
    public.unlink(missing_ok=True)
    _write(public, key.export_public_key("openssh"), 0o644)


def _write(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _load(path: Path) -> HostKey:
    with _explained(path, "read"), path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        data = file.read()
    if mode & 0o077:
        raise VibeError(
            f"The host key {path} can be read by others (mode {mode:04o}).",
            f"Run `chmod 600 {path}`, or remove it to have a new one made.",
        )
    try:
        key = asyncssh.import_private_key(data)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise VibeError(
            f"The host key {path} is not a private key that can be used.",
            "Put a backup in its place, or remove it to have a new one made"
            " (clients will then warn about the change).",
        ) from error
    return HostKey(key.get_algorithm(), key.get_fingerprint(), path, key)


@contextmanager
def _explained(path: Path, verb: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise VibeError(
            f"Can't {verb} {path}: {reason}.",
            "The server needs it to identify itself; check its owner and mode.",
        ) from error
