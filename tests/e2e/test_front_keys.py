"""Which signatures get in."""

from __future__ import annotations

from collections.abc import Iterator

import asyncssh
import pytest
from asyncssh.public_key import decode_ssh_public_key

from tests.software_keys import Sha1Key, SoftwareSecurityKey
from tests.sshd_support import USER, FrontUnderTest


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontUnderTest]:
    with FrontUnderTest(tmp_path_factory.mktemp("front")) as running:
        yield running


async def gets_in(front: FrontUnderTest, pair: asyncssh.SSHKeyPair) -> bool:
    """With a key that the core knows as ada's."""
    key = decode_ssh_public_key(pair.public_data)
    front.core.keys[key.get_fingerprint()] = USER
    try:
        connection = await asyncssh.connect(
            "127.0.0.1",
            front.port,
            username="vibe",
            client_keys=[pair],
            known_hosts=None,
            config=None,
            agent_path=None,
        )
    except asyncssh.PermissionDenied:
        return False
    async with connection:
        return True


async def test_a_security_key_that_was_touched_gets_in(front: FrontUnderTest) -> None:
    assert await gets_in(front, SoftwareSecurityKey())


async def test_a_security_key_that_nobody_touched_is_refused(front: FrontUnderTest) -> None:
    assert not await gets_in(front, SoftwareSecurityKey(touched=False))


async def test_a_signature_with_sha1_is_refused(front: FrontUnderTest) -> None:
    key = asyncssh.generate_private_key("ssh-rsa", key_size=3072)
    assert await gets_in(front, asyncssh.load_keypairs([key])[0])
    assert not await gets_in(front, Sha1Key())
