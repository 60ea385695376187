"""Keys and certificates that are no longer accepted, in the text form of ``ssh-keygen -k``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import asyncssh
from asyncssh.public_key import SSHOpenSSHCertificate

from vibetui.errors import Invalid


@dataclass
class Revocations:
    """What `ssh-keygen(1)`, "KEY REVOCATION LISTS", calls a KRL specification.

    Serials and ids count for the certificates of every authority.
    """

    fingerprints: set[str] = field(default_factory=set)
    serials: list[range] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)

    @classmethod
    def parse(cls, lines: Iterable[str]) -> Revocations:
        """Raises `Invalid` for a line that can't be understood: it may revoke anything."""
        found = cls()
        for line in lines:
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            try:
                found._add(text)
            except (ValueError, asyncssh.KeyImportError) as error:
                raise _unreadable(text) from error
        return found

    def _add(self, text: str) -> None:
        kind, mark, rest = text.partition(":")
        rest = rest.strip()
        match kind.strip() if mark else "":
            case "serial":
                self.serials.append(_serials(rest))
            case "id":
                self.ids.add(rest)
            case "hash":
                self.fingerprints.add(_fingerprint(rest))
            case "key" | "sha1" | "sha256":
                self.fingerprints.add(_key(rest).get_fingerprint())
            case _:
                self._add_bare(text)

    def _add_bare(self, text: str) -> None:
        if not _is_certificate(text):
            self.fingerprints.add(asyncssh.import_public_key(text).get_fingerprint())
            return
        certificate = asyncssh.import_certificate(text)
        assert isinstance(certificate, SSHOpenSSHCertificate)
        if certificate._serial:
            self.serials.append(range(certificate._serial, certificate._serial + 1))
        else:
            self.ids.add(certificate._key_id)

    def revoke_key(self, key: asyncssh.SSHKey) -> bool:
        """Whether `key` is revoked, be it a user's or an authority's."""
        return key.get_fingerprint() in self.fingerprints

    def revoke_certificate(self, certificate: SSHOpenSSHCertificate) -> bool:
        """Whether it, the key in it or the authority is revoked."""
        return (
            self.revoke_key(certificate.key)
            or self.revoke_key(certificate.signing_key)
            or certificate._key_id in self.ids
            or any(certificate._serial in serials for serials in self.serials)
        )


def _serials(text: str) -> range:
    first, mark, last = text.partition("-")
    low = _number(first)
    high = _number(last) if mark else low
    if high < low:
        raise ValueError("the range is empty")
    return range(low, high + 1)


def _number(text: str) -> int:
    """As strtoull(3) with base 0, but for octal, which nobody means."""
    text = text.strip()
    return int(text, 16) if text.lower().startswith("0x") else int(text)


def _fingerprint(text: str) -> str:
    if not text.startswith("SHA256:"):
        raise ValueError("only SHA256 fingerprints are known")
    return text.rstrip("=")


def _is_certificate(text: str) -> bool:
    return "-cert-v01@openssh.com" in text.partition(" ")[0]


def _key(text: str) -> asyncssh.SSHKey:
    if _is_certificate(text):
        return asyncssh.import_certificate(text).key
    return asyncssh.import_public_key(text)


def _unreadable(text: str) -> Invalid:
    if text.startswith("SSHKRL"):
        return Invalid(
            "The list of revoked keys is in the binary form.",
            "Name the text that ssh-keygen -k made it from in revoked_keys_file.",
        )
    return Invalid(
        f"The list of revoked keys has a line that can't be understood: “{text[:40]}”.",
        "Correct it in the file that revoked_keys_file names.",
    )
