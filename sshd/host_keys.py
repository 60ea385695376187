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

NAMES = {"ssh_host_ed25519_key": "ssh-ed25519", "ssh_host_rsa_key": "ssh-rsa"}
"""The files of private keys, and their algorithms."""


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
    with explained(directory, "make"):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return [ensure_key(directory / name, algorithm) for name, algorithm in NAMES.items()]


def ensure_key(path: Path, algorithm: str) -> HostKey:
    """The key in `path`, made where there is none. Raises `VibeError` as `ensure_host_keys`."""
    if not path.exists():
        with explained(path, "write"):
            _make(path, algorithm)
    return load_key(path)


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
    write_public_half(path, key)


def write_public_half(path: Path, key: asyncssh.SSHKey) -> None:
    """Put the public half of `key` beside `path`, as ``.pub``."""
    public = public_half(path)
    public.unlink(missing_ok=True)
    _write(public, key.export_public_key("openssh"), 0o644)


def _write(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def public_half(path: Path) -> Path:
    """The file of the public key that belongs to the private one in `path`."""
    return path.with_name(f"{path.name}.pub")


def load_key(path: Path) -> HostKey:
    """The key in `path`. Raises `VibeError`: it can't be read, is no key, or others may read it."""
    with explained(path, "read"), path.open("rb") as file:
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
def explained(path: Path, verb: str) -> Iterator[None]:
    """An `OSError` as one sentence: “Can't VERB PATH: …”."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise VibeError(
            f"Can't {verb} {path}: {reason}.",
            "The server needs it to identify itself; check its owner and mode.",
        ) from error
