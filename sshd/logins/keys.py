"""Public keys and certificates as clients offer them, and their signatures."""

from __future__ import annotations

import asyncssh
from asyncssh.packet import PacketDecodeError, SSHPacket
from asyncssh.public_key import (
    SSHOpenSSHCertificate,
    decode_ssh_certificate,
    decode_ssh_public_key,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_ALGORITHMS = frozenset(
    {
        "ssh-ed25519",
        "ssh-rsa",
        *(f"ecdsa-sha2-nistp{bits}" for bits in (256, 384, 521)),
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    }
)
_SIGNATURES = frozenset(
    {
        "rsa-sha2-256",
        "rsa-sha2-512",
        "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
        *(_ALGORITHMS - {"ssh-rsa"}),
    }
)
"""``ssh-rsa`` as a signature is SHA-1."""

_SMALLEST_RSA = 3072

Offer = asyncssh.SSHKey | SSHOpenSSHCertificate


def read_offer(blob: bytes) -> Offer | None:
    """The key, or the OpenSSH certificate, in a request (RFC 4252 section 7).

    None where it is of a kind that isn't taken, damaged, or a certificate with a critical option
    that isn't known.
    """
    try:
        if _first_string(blob).endswith(b"-cert-v01@openssh.com"):
            certificate = decode_ssh_certificate(blob)
            return certificate if isinstance(certificate, SSHOpenSSHCertificate) else None
        return decode_ssh_public_key(blob)
    except (ValueError, PacketDecodeError):
        return None


def key_of(offer: Offer) -> asyncssh.SSHKey:
    """The key itself, or that in the certificate."""
    return offer.key if isinstance(offer, SSHOpenSSHCertificate) else offer


def strong(key: asyncssh.SSHKey) -> bool:
    """Whether it is of a kind that an account may have."""
    if key.get_algorithm() not in _ALGORITHMS:
        return False
    public = key.pyca_key if key.get_algorithm() == "ssh-rsa" else None
    return not isinstance(public, RSAPublicKey) or public.key_size >= _SMALLEST_RSA


def is_signed(key: asyncssh.SSHKey, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is this key's, and not made with SHA-1."""
    try:
        algorithm = _first_string(signature).decode("ascii", "replace")
    except PacketDecodeError:
        return False
    key.set_touch_required(True)
    return algorithm in _SIGNATURES and key.verify(message, signature)


def signed_with_sha1(certificate: SSHOpenSSHCertificate) -> bool:
    """Whether its authority is an RSA key that didn't use SHA-2.

    The signature is the last string of a certificate: its algorithm's name, then as many bytes as
    the authority's modulus (RFC 8332 section 3).
    """
    public = certificate.signing_key.pyca_key
    if not isinstance(public, RSAPublicKey):
        return False
    size = (public.key_size + 7) // 8
    name = certificate.public_data[-size - 4 - 12 : -size - 4]
    return name not in (b"rsa-sha2-256", b"rsa-sha2-512")


def _first_string(blob: bytes) -> bytes:
    return SSHPacket(blob).get_string()
