"""What OpenSSH's own client never offers, and lines of a revocation list."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

import asyncssh
import pytest
from asyncssh.public_key import SSHOpenSSHCertificate

from sshd.auth import FrontCore
from sshd.logins.certificates import by_certificate
from sshd.logins.revocation import Revocations
from vibetui.errors import Denied, Invalid
from vibetui.model import Account, Authorities, User

CA, KEY = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))


class TrustingCore:
    """Trusts `CA`, and has an account for every name."""

    async def authorities(self) -> Authorities:
        return Authorities((CA.export_public_key().decode(),))

    async def account(self, name: str) -> Account:
        return Account(User(name, name, datetime.now(UTC)))


async def account_of(certificate: asyncssh.SSHCertificate) -> str | None:
    assert isinstance(certificate, SSHOpenSSHCertificate)
    core = cast(FrontCore, TrustingCore())
    proof = await by_certificate(core, certificate, None, "192.0.2.1")
    return None if proof is None else proof.account.user.name


async def test_a_hosts_certificate_is_no_users() -> None:
    assert await account_of(CA.generate_user_certificate(KEY, "x", principals=["ada"])) == "ada"
    with pytest.raises(Denied, match="invalid certificate type"):
        await account_of(CA.generate_host_certificate(KEY, "x", principals=["ada"]))


async def test_an_address_in_ipv6_is_compared_with_networks_of_either_kind() -> None:
    certificate = CA.generate_user_certificate(
        KEY, "x", principals=["ada"], source_address=["192.0.2.0/24", "2001:db8::/32"]
    )
    assert isinstance(certificate, SSHOpenSSHCertificate)
    core = cast(FrontCore, TrustingCore())
    for address in ("192.0.2.1", "2001:db8::1"):
        assert await by_certificate(core, certificate, "ada", address)
    for address in ("198.51.100.1", "fe80::1%eth0"):
        with pytest.raises(Denied, match="your address"):
            await by_certificate(core, certificate, "ada", address)


@pytest.mark.parametrize(
    "line",
    [
        *("serial: 9-3", "serial: x", "serial:", "hash: MD5:00", "key: nonsense", "key:"),
        *("ssh-ed25519 AAAA", "ssh-ed25519-cert-v01@openssh.com AAAA", "ids: x", "x"),
    ],
)
def test_a_line_that_says_nothing_known_spoils_the_list(line: str) -> None:
    with pytest.raises(Invalid):
        Revocations.parse(["serial: 1", line])


def test_what_a_list_does_not_name_is_not_revoked() -> None:
    lines = ["", "# a comment", "serial: 1-5", "id: a b: c", "hash: SHA256:AAAA="]
    revoked = Revocations.parse(lines)
    certificates = [
        CA.generate_user_certificate(KEY, name, serial=serial, principals=["ada"])
        for name, serial in [("x", 5), ("a b: c", 9), ("x", 6), ("a b", 9)]
    ]
    assert [
        revoked.revoke_certificate(each)
        for each in certificates
        if isinstance(each, SSHOpenSSHCertificate)
    ] == [True, True, False, False]
