"""Client keys that sign as OpenSSH's client won't, or can't without a device."""

from __future__ import annotations

import hashlib

import asyncssh
from asyncssh.packet import Byte, String, UInt32
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_SK = b"sk-ssh-ed25519@openssh.com"
_APPLICATION = b"ssh:"


class SoftwareSecurityKey(asyncssh.SSHKeyPair):
    """A FIDO key in software (OpenSSH's PROTOCOL.u2f).

    Args:
        touched: Its signatures say that somebody touched it.
    """

    def __init__(self, *, touched: bool = True) -> None:
        self._private = ed25519.Ed25519PrivateKey.generate()
        self._flags = Byte(1 if touched else 0)
        public = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        blob = String(_SK) + String(public) + String(_APPLICATION)
        super().__init__(_SK, _SK, [_SK], [_SK], blob, None)

    def sign(self, data: bytes) -> bytes:
        """With a counter of 1."""
        flags = self._flags + UInt32(1)
        digests = hashlib.sha256(_APPLICATION).digest(), hashlib.sha256(data).digest()
        return String(_SK) + String(self._private.sign(digests[0] + flags + digests[1])) + flags


class Sha1Key(asyncssh.SSHKeyPair):
    """An RSA key that signs as clients did before 2018."""

    def __init__(self) -> None:
        self._private = rsa.generate_private_key(65537, 3072)
        numbers = self._private.public_key().public_numbers()
        name = b"ssh-rsa"
        blob = String(name) + _integer(numbers.e) + _integer(numbers.n)
        super().__init__(name, name, [name], [name], blob, None)

    def set_sig_algorithm(self, sig_algorithm: bytes) -> None:
        """Nobody asks it."""

    def sign(self, data: bytes) -> bytes:
        """With SHA-1."""
        return String(b"ssh-rsa") + String(self._private.sign(data, padding.PKCS1v15(), SHA1()))


def _integer(number: int) -> bytes:
    return String(number.to_bytes(number.bit_length() // 8 + 1, "big"))
