"""OpenSSH user certificates: whose they are, and whether they are accepted (PROTOCOL.certkeys)."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

from asyncssh.public_key import CERT_TYPE_USER, SSHOpenSSHCertificate

from sshd.auth import FrontCore
from sshd.logins.keys import signed_with_sha1, strong
from sshd.logins.proof import Proof
from sshd.logins.trust import read_trust
from vibetui.errors import Denied
from vibetui.inert import printable
from vibetui.model import Account

_MOST_PRINCIPALS = 16
"""That are looked up for a client which leaves it to the certificate who is meant."""


async def by_certificate(
    core: FrontCore, certificate: SSHOpenSSHCertificate, wanted: str | None, address: str
) -> Proof | None:
    """Whose `certificate` is; None where none of our authorities has signed it.

    Args:
        wanted: The account in the login name, which must be a principal. None: exactly one
            principal has to be an account, for their order says nothing about who is meant.
        address: The client's.

    Raises:
        Denied: it isn't accepted, and why; nobody hears that of a stranger's certificate.
        CoreUnavailable: nobody can tell.
    """
    trust = await read_trust(core)
    if not trust.signs(certificate.signing_key):
        return None
    if trust.revocations.revoke_certificate(certificate):
        raise _refused("it was revoked")
    _check(certificate, address)
    account = await _account(core, certificate.principals, wanted)
    return Proof(
        account,
        "certificate",
        certificate.key.get_fingerprint(),
        f"id {printable(certificate._key_id)[:64]}, serial {certificate._serial}",
        certificate.options,
    )


def _check(certificate: SSHOpenSSHCertificate, address: str) -> None:
    try:
        certificate.validate(CERT_TYPE_USER, None)
    except ValueError as error:
        raise _refused(str(error).lower()) from error
    options: dict[str, Any] = dict(certificate.options)
    if signed_with_sha1(certificate) or not strong(certificate.signing_key):
        raise _refused("its authority signs with an algorithm that is too weak")
    if not strong(certificate.key):
        raise _refused("the key in it is too weak")
    if "force-command" in options:
        raise _refused("it is for one command alone, which this server can't promise")
    if "source-address" in options:
        client = ip_address(address.partition("%")[0])
        if not any(client in network for network in options["source-address"]):
            raise _refused("it isn't meant for your address")
    if not certificate.principals:
        raise _refused("it names no account")


async def _account(core: FrontCore, principals: Sequence[str], wanted: str | None) -> Account:
    if wanted is not None:
        found = await core.account(wanted) if wanted in principals else None
        if found is None:
            raise _refused(f"it isn't for an account {printable(wanted)[:64]}")
        return found
    if len(principals) > _MOST_PRINCIPALS:
        raise _several()
    accounts = [await core.account(name) for name in dict.fromkeys(principals)]
    existing = [account for account in accounts if account is not None]
    if not existing:
        raise _refused("it isn't for any account here")
    if len(existing) > 1:
        raise _several()
    return existing[0]


def _several() -> Denied:
    return Denied("Your certificate is for several accounts.", "Name yours: ACCOUNT@HOST")


def _refused(reason: str) -> Denied:
    return Denied(f"Your certificate isn't accepted: {reason}.")
