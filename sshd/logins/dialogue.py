"""What is asked by keyboard-interactive authentication (RFC 4256)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import asyncssh
from asyncssh.saslprep import SASLPrepError, saslprep

from sshd.auth import FrontCore
from sshd.logins.proof import Proof
from vibetui.errors import Denied, Invalid

HIDDEN, SHOWN = False, True


@dataclass(frozen=True, slots=True)
class Question:
    """One round.

    Attributes:
        instruction: One sentence, or none.
        prompts: Each with whether what is typed may be seen.
    """

    instruction: str
    prompts: tuple[tuple[str, bool], ...]


class Dialogue(Protocol):
    """Some rounds about one thing."""

    def question(self) -> Question:
        """What is asked."""
        ...

    async def answer(self, answers: Sequence[str]) -> Proof | Dialogue | None:
        """What the answers, as many as there were prompts, lead to; None: to nothing.

        Raises `VibeError` where they are wrong; then the question may be asked again.
        """
        ...


class CodeDialogue:
    """The second factor of whoever has proved the first."""

    def __init__(self, core: FrontCore, first: Proof) -> None:
        self._core = core
        self._first = first

    def question(self) -> Question:
        return Question("", (("Code of your authenticator app: ", HIDDEN),))

    async def answer(self, answers: Sequence[str]) -> Proof:
        code = "".join(answers[0].split())
        if not await self._core.check_code(self._first.account.user.user_id, code):
            raise Denied("That code is wrong or was used already; wait for the next one.")
        return replace(self._first, method=f"{self._first.method}+totp", complete=True)


class PasswordDialogue:
    """A password, for clients that know this way of asking alone.

    Args:
        wanted: The account in the login name; None: that is asked, too.
        instead: What nothing but empty answers lead to.
    """

    def __init__(self, core: FrontCore, wanted: str | None, instead: Dialogue | None) -> None:
        self._core = core
        self._wanted = wanted
        self._instead = instead

    def question(self) -> Question:
        password = ("Password: ", HIDDEN)
        if self._wanted is not None:
            return Question("", (password,))
        instruction = "" if self._instead is None else "Leave both empty to make an account."
        return Question(instruction, (("Account: ", SHOWN), password))

    async def answer(self, answers: Sequence[str]) -> Proof | Dialogue:
        if self._instead is not None and not any(answers):
            return self._instead
        *named, password = answers
        return await by_password(self._core, self._wanted or named[0].strip(), password)


async def by_password(core: FrontCore, name: str, password: str) -> Proof:
    """Raises `Denied`, in the same words whether the account or the password is wrong."""
    try:
        prepared = saslprep(password)
    except SASLPrepError:
        prepared = ""
    account = await core.check_password(name, prepared) if prepared else None
    if account is None:
        raise Denied("That account and that password don't go together.")
    return Proof(account, "password")


class RegistrationDialogue:
    """A new account for a key that is nobody's yet, and whose owner has proved to be there.

    Args:
        with_code: An invite code is asked for.
        wanted: The account in the login name: no other can be made then.
    """

    def __init__(
        self, core: FrontCore, key: asyncssh.SSHKey, *, with_code: bool, wanted: str | None
    ) -> None:
        self._core = core
        self._key = key
        self._with_code = with_code
        self._wanted = wanted

    def question(self) -> Question:
        code = (("Invite code: ", SHOWN),) if self._with_code else ()
        offered = "" if self._wanted is None else f" [{self._wanted[:40]}]"
        return Question(
            "Your key is not known here: make an account for it.",
            (*code, (f"Choose a name{offered}: ", SHOWN)),
        )

    async def answer(self, answers: Sequence[str]) -> Proof:
        name = answers[-1].strip() or self._wanted or ""
        if self._wanted not in (None, name):
            raise Invalid("That isn't the name in your login name.", "Connect as vibe@HOST.")
        code = answers[0].strip() if self._with_code else None
        line = self._key.export_public_key().decode().strip()
        account = await self._core.register(name, code, line)
        return Proof(account, "registration", self._key.get_fingerprint())


class KeylessDialogue:
    """Says what a client lacks; there is nothing to answer."""

    def question(self) -> Question:
        return Question(
            "An account here belongs to a key, and you offered none that will do: make one with"
            " ssh-keygen -t ed25519 and connect again.",
            (),
        )

    async def answer(self, answers: Sequence[str]) -> None:
        del answers
