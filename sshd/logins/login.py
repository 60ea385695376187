"""A client's login: what it may try, what it has proved, and when that is enough.

asyncssh lets a client in as soon as one method succeeds. Here each success is a step that may leave
another to be done; the client is then told of a partial success (RFC 4252 section 5.1), and
`*_auth_supported` say what can continue.

Where people may register, the first key that is nobody's is such a step, too. The dialogue comes
after it, since OpenSSH's client never returns to its keys once they have all been refused; it does
offer the others first, so whoever has several gets in by the one that has an account.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TypeVar

import asyncssh
import structlog
from asyncssh.public_key import SSHOpenSSHCertificate
from typing_extensions import override

from sshd.auth import Background, FrontCore, Login
from sshd.logins.dialogue import (
    CodeDialogue,
    Dialogue,
    KeylessDialogue,
    PasswordDialogue,
    RegistrationDialogue,
    by_password,
)
from sshd.logins.keys import Offer, is_signed, key_of, read_offer, strong
from sshd.logins.owners import LONGEST_NAME, Owners
from sshd.logins.proof import NewKey, Proof, Step
from sshd.logins.stepped import SteppedConnection, Steps
from sshd.route import LoginName
from vibetui.errors import CoreUnavailable, Denied, VibeError
from vibetui.events import EventCode
from vibetui.inert import printable
from vibetui.settings import Registration, Settings

log = structlog.get_logger(__name__)

_MOST_OFFERS = 24
"""Requests before a client is sent away: an accepted key takes two, a refused one takes one."""
_MOST_WRONG = 3
"""Wrong answers and passwords in all."""
_MOST_DIALOGUES = 12
"""Begun, whether or not they were answered."""
_LONGEST_ANSWER = 256

_ASCII = str.maketrans({"“": '"', "”": '"', "’": "'", "…": "..."})

_Result = TypeVar("_Result")
_Challenge = bool | tuple[str, str, str, Sequence[tuple[str, bool]]]


class ClientLogin(Steps):
    """`login` is set once a client has proved enough, and never changes.

    Whoever asks anew with another user name begins from nothing; the numbers of attempts stay.
    """

    def __init__(self, core: FrontCore, background: Background, settings: Settings) -> None:
        self._core = core
        self._background = background
        self._login_settings = settings
        self._conn: SteppedConnection
        self._address = ""
        self._methods: dict[str, None] = {}
        self._offered: dict[str, None] = {}
        self._offers = 0
        self._wrong = 0
        self._dialogues = 0
        self._told: set[str] = set()
        self._failures = 0
        self.login: Login | None = None
        self.begin_auth("")

    @override
    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        assert isinstance(conn, SteppedConnection)
        self._conn = conn
        peer = conn.get_extra_info("peername")
        self._address = str(peer[0]).removeprefix("::ffff:") if peer else ""
        self._owners = Owners(self._core, self._login_settings, self._address)

    @override
    def begin_auth(self, username: str) -> bool:
        self._name = username
        self._wanted = LoginName.parse(username).account
        self._step: Step | None = None
        self._proof: Proof | None = None
        self._new_key: asyncssh.SSHKey | None = None
        self._dialogue: Dialogue | None = None
        self._advised = False
        return True

    def login_failed(self) -> None:
        """Called for each failed factor, before the client hears of it."""
        self._failures += 1

    # What can be tried now.

    @override
    def public_key_auth_supported(self) -> bool:
        return self._proof is None

    @override
    def password_auth_supported(self) -> bool:
        return self._takes_passwords and self._wanted is not None

    @override
    def kbdint_auth_supported(self) -> bool:
        if self._proof is not None:
            return True
        # A client without a key asks again and again; once is enough to say what it lacks.
        registers = self._registers and (self._new_key is not None or not self._advised)
        return self._takes_passwords or registers

    @property
    def _takes_passwords(self) -> bool:
        return self._proof is None and self._login_settings.password_login

    @property
    def _registers(self) -> bool:
        return self._login_settings.registration is not Registration.CLOSED

    # Keys and certificates.

    @override
    async def check_key(self, blob: bytes, message: bytes, signature: bytes) -> bool:
        self._begin("publickey")
        self._offers += 1
        if self._offers > _MOST_OFFERS:
            self._send_away(
                "Too many keys were offered: name yours with ssh -i FILE -o IdentitiesOnly=yes."
            )
            return False
        offer = read_offer(blob)
        if offer is None:
            return False
        key = key_of(offer)
        self._offered[key.get_fingerprint()] = None
        step = await self._said(self._reached_by(offer))
        if step is None or not message:
            return step is not None
        if not is_signed(key, message, signature):
            self.login_failed()
            return False
        self._step = step
        return True

    async def _reached_by(self, offer: Offer) -> Step | None:
        proof = await self._owners.proof(offer, self._wanted)
        if proof is not None:
            return proof
        if isinstance(offer, SSHOpenSSHCertificate) or not self._registers:
            return None
        return NewKey(offer) if self._new_key is None and strong(offer) else None

    # Passwords and dialogues.

    @override
    async def validate_password(self, username: str, password: str) -> bool:
        del username
        self._begin("password")
        if not self._may_answer([password]):
            return False
        try:
            step = await self._attempt(by_password(self._core, self._wanted or "", password))
        except VibeError:
            return False
        self._step = step
        return step is not None

    @override
    async def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> _Challenge:
        del username, lang, submethods
        self._begin("keyboard-interactive")
        self._dialogues += 1
        if self._dialogues > _MOST_DIALOGUES:
            self._send_away("Too many attempts: connect again.")
            return False
        return self._ask(self._choose_dialogue())

    def _choose_dialogue(self) -> Dialogue:
        if self._proof is not None:
            return CodeDialogue(self._core, self._proof)
        register = self._registration() if self._registers else None
        if self._takes_passwords:
            return PasswordDialogue(self._core, self._wanted, register)
        assert register is not None
        return register

    def _registration(self) -> Dialogue:
        if self._new_key is None:
            self._advised = True
            return KeylessDialogue()
        with_code = self._login_settings.registration is Registration.INVITE
        return RegistrationDialogue(
            self._core, self._new_key, with_code=with_code, wanted=self._wanted
        )

    def _ask(self, dialogue: Dialogue, told: str = "") -> _Challenge:
        self._dialogue = dialogue
        question = dialogue.question()
        return "vibetui", told or question.instruction, "", question.prompts

    @override
    async def validate_kbdint_response(self, username: str, responses: Sequence[str]) -> _Challenge:
        del username
        dialogue, self._dialogue, self._step = self._dialogue, None, None
        if dialogue is None or len(responses) != len(dialogue.question().prompts):
            return False
        if not self._may_answer(responses):
            return False
        try:
            reached = await self._attempt(dialogue.answer(responses))
        except VibeError as error:
            return self._ask(dialogue, _plain(error))
        if isinstance(reached, Proof):
            self._step = reached
            return True
        return False if reached is None else self._ask(reached)

    def _may_answer(self, answers: Sequence[str]) -> bool:
        if self._wrong < _MOST_WRONG and max(map(len, answers), default=0) <= _LONGEST_ANSWER:
            return True
        self._send_away("Too many wrong answers: connect again.")
        return False

    async def _attempt(self, answer: Awaitable[_Result]) -> _Result | None:
        """What an answer leads to; it counts as wrong until it has proved to be right.

        So does one that the client doesn't wait for. None where the core can't say, or the client
        was sent away; raises `VibeError` where it was wrong and may be tried again.
        """
        self._wrong += 1
        try:
            result = await answer
        except CoreUnavailable as error:
            self._undecided(error)
            return None
        except VibeError as error:
            if isinstance(error, Denied):
                self.login_failed()
            if self._wrong >= _MOST_WRONG:
                self._send_away("Too many wrong answers: connect again.")
                return None
            raise
        self._wrong -= 1
        return result

    # Steps.

    def _begin(self, method: str) -> None:
        self._step = None
        self._dialogue = None
        self._methods[method] = None

    @override
    async def advance(self) -> None:
        step, self._step = self._step, None
        match step:
            case None:
                self._conn.send_userauth_failure(False)
            case NewKey():
                self._new_key = step.key
                self._ask_for_more()
            case Proof() if step.account.second_factor and not step.complete:
                self._proof = step
                self._ask_for_more()
            case Proof():
                await self._accept(step)

    def _ask_for_more(self) -> None:
        self._conn.wait_for_people()
        self._conn.send_userauth_failure(True)

    async def _accept(self, proof: Proof) -> None:
        self._proof = proof
        await self._conn.let_in(proof.options)

    @override
    def auth_completed(self) -> None:
        proof = self._proof
        assert proof is not None
        login = self.login = Login(
            proof.account.user, self._address, proof.method, proof.fingerprint
        )
        log.info(
            EventCode.LOGIN,
            user_id=login.user.user_id,
            address=login.address,
            method=login.method,
            fingerprint=login.fingerprint,
        )
        self._background(
            self._core.logged_in(
                login.user.user_id,
                method=login.method,
                fingerprint=login.fingerprint,
                address=login.address,
                detail=proof.detail,
            )
        )

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self.login is not None or not self._methods:
            return
        detail: dict[str, object] = {
            "name": printable(self._name)[:LONGEST_NAME],
            "methods": list(self._methods),
            "fingerprints": list(self._offered),
        }
        user_id = None
        if self._proof is not None:
            user_id, detail["proved"] = self._proof.account.user.user_id, self._proof.method
        log.warning(EventCode.LOGIN_REFUSED, user_id=user_id, address=self._address, **detail)
        self._background(
            self._core.audit(
                EventCode.LOGIN_REFUSED, user_id=user_id, address=self._address, detail=detail
            )
        )
        if not self._failures:
            self.login_failed()

    # What the client is told.

    async def _said(self, decision: Awaitable[_Result]) -> _Result | None:
        """The decision; None where it is against the client or can't be had, which it is told."""
        try:
            return await decision
        except CoreUnavailable as error:
            self._undecided(error)
        except VibeError as error:
            self._banner(_plain(error))
        return None

    def _undecided(self, error: CoreUnavailable) -> None:
        log.warning("login.undecided", address=self._address, message=error.message)
        self._banner("vibetui is restarting; try again in a moment.")

    def _banner(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.add(sentence)
            self._conn.send_auth_banner(f"{sentence}\r\n")

    def _send_away(self, sentence: str) -> None:
        self._conn.disconnect(asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, sentence)


def _plain(error: VibeError) -> str:
    """What OpenSSH's client shows as it is: it escapes all but ASCII in what it is told here."""
    return printable(f"{error.message} {error.hint}".strip()).translate(_ASCII)
