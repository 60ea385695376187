"""Accounts: names, OpenSSH public keys, and adding both. Knows no SSH library."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import pwd
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vibetui.errors import Invalid
from vibetui.model import PublicKey, User, new_id
from vibetui.naming import EVERYBODY

if TYPE_CHECKING:
    from vibetui.store import Store

_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")

_MAKE_ONE = "Make a key with: ssh-keygen -t ed25519"

_FIELDS = {
    "ssh-ed25519": 1,
    "ssh-rsa": 2,
    "ecdsa-sha2-nistp256": 2,
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
    "sk-ssh-ed25519@openssh.com": 2,
    "sk-ecdsa-sha2-nistp256@openssh.com": 3,
}
"""Algorithms that are accepted, with how many strings follow the algorithm's name in the blob
(RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709 section 4, OpenSSH's PROTOCOL.u2f)."""

_SMALLEST_RSA = 3072


def operator_name() -> str:
    """The OS account that runs this process; ``uidN`` where the system has no name for it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid{os.getuid()}"


def check_user_name(name: str) -> str:
    """The name itself. Raises `Invalid`. The operator's own OS name is always allowed."""
    if name == operator_name():
        return name
    if name == EVERYBODY:
        raise Invalid(f"“{name}” can't be a user name: as a login name it means everybody.")
    if _NAME.fullmatch(name):
        return name
    raise Invalid(
        f"“{name}” can't be a user name.",
        "Use 1 to 32 lowercase letters, digits, hyphens and underscores, a letter first.",
    )


def parse_public_key(line: str, user_id: str) -> PublicKey:
    """One line of a ``.pub`` file as a key of `user_id`, added now.

    Raises:
        Invalid: it isn't a public key, or not one that is accepted here.
    """
    words = line.split(None, 2)
    if "PRIVATE KEY" in line:
        raise Invalid("That is a private key.", "Give the file that ends in .pub instead.")
    if len(words) < 2 or words[0] not in _FIELDS:
        raise _not_accepted(words)
    algorithm, encoded = words[0], words[1]
    try:
        blob = base64.b64decode(encoded, validate=True)
        fields = _strings(blob)
    except (binascii.Error, ValueError) as error:
        raise _garbled() from error
    if len(fields) != 1 + _FIELDS[algorithm] or fields[0] != algorithm.encode():
        raise _garbled()
    _check_strength(algorithm, fields)
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return PublicKey(
        fingerprint=f"SHA256:{digest}",
        user_id=user_id,
        algorithm=algorithm,
        blob=base64.b64encode(blob).decode(),
        comment=words[2].strip() if len(words) > 2 else "",
        added_at=datetime.now(UTC),
    )


def parse_public_keys(text: str, user_id: str, *, skip_unusable: bool = False) -> list[PublicKey]:
    """The keys of `text`, a line each, in order and each once; blank and ``#`` lines are passed.

    Args:
        skip_unusable: Pass over what `parse_public_key` refuses, too: for keys that were found
            rather than given.
    """
    found: dict[str, PublicKey] = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            key = parse_public_key(line.strip(), user_id)
        except Invalid:
            if not skip_unusable:
                raise
        else:
            found.setdefault(key.fingerprint, key)
    return list(found.values())


async def add_account(
    store: Store, name: str, key_lines: str, *, skip_unusable: bool = False
) -> tuple[User, list[PublicKey]]:
    """Add the account `name` with the keys of `key_lines`, or the keys to it if it exists.

    For the operator: the very first account is an admin's. All or nothing. A key that is the
    account's already is no error.

    Returns:
        The account, and the keys of `key_lines`.

    Raises:
        Invalid: the name, or a line, or there is no key at all.
        Conflict: a key belongs to another account.
    """
    user = await store.user_by_name(name)
    fresh = user is None
    if user is None:
        user = User(user_id=new_id(), name=check_user_name(name), created_at=datetime.now(UTC))
    keys = parse_public_keys(key_lines, user.user_id, skip_unusable=skip_unusable)
    if not keys:
        raise Invalid("There is no public key in that.", _MAKE_ONE)
    if fresh:
        user = await store.found_account(user, keys)
    else:
        known = {key.fingerprint for key in await store.keys_of(user.user_id)}
        await store.add_keys(key for key in keys if key.fingerprint not in known)
    return user, keys


def _strings(blob: bytes) -> list[bytes]:
    """RFC 4251 section 5: a uint32 length, then so many bytes. Raises `ValueError`."""
    fields, at = [], 0
    while at < len(blob):
        end = at + 4 + int.from_bytes(blob[at : at + 4], "big")
        if at + 4 > len(blob) or end > len(blob):
            raise ValueError("a field is cut short")
        fields.append(blob[at + 4 : end])
        at = end
    return fields


def _check_strength(algorithm: str, fields: list[bytes]) -> None:
    if algorithm == "ssh-rsa":
        bits = int.from_bytes(fields[2], "big").bit_length()
        if bits < _SMALLEST_RSA:
            raise Invalid(f"An RSA key of {bits} bits is too weak.", _MAKE_ONE)
    if algorithm == "ssh-ed25519" and len(fields[1]) != 32:
        raise _garbled()


def _garbled() -> Invalid:
    return Invalid("That public key is damaged.", "Copy the whole line of the .pub file, unbroken.")


def _not_accepted(words: list[str]) -> Invalid:
    accepted = f"Accepted are: {', '.join(_FIELDS)}."
    if words and "-cert-v01@" in words[0]:
        return Invalid("That is a certificate, not a public key.", accepted)
    if any(word in _FIELDS for word in words[1:]) or (len(words) > 2 and "ssh-" in words[2]):
        # Ignoring `from=` or `restrict` would open what its author meant to close.
        return Invalid("Options before a key are not supported.", "Give the bare .pub line.")
    if words and words[0].startswith(("ssh-", "ecdsa-", "sk-")):
        return Invalid(f"Keys of the type {words[0]} are not accepted.", accepted)
    return Invalid("That is not an OpenSSH public key.", "Give the file that ends in .pub.")
