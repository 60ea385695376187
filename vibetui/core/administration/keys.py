"""Public keys: an administrator's view of everybody's, and everybody's of their own."""

from __future__ import annotations

from vibetui.core.accounts import parse_public_keys
from vibetui.core.administration.base import Desk
from vibetui.errors import Conflict, Invalid, NotFound
from vibetui.events import EventCode
from vibetui.model import PublicKey, User

_LONGEST_LABEL = 64
_MOST_OWN_KEYS = 100
_DIGEST = "SHA256:"
_NO_KEY = "There is no such key."


def check_label(label: str) -> str:
    """The label itself, without blanks around it. Raises `Invalid`."""
    label = label.strip()
    if not label.isprintable() or not 0 < len(label) <= _LONGEST_LABEL:
        raise Invalid("That can't be a key's label.", f"It takes 1 to {_LONGEST_LABEL} characters.")
    return label


def _whole_fingerprint(text: str) -> str:
    return text if text.startswith(_DIGEST) else f"{_DIGEST}{text}"


class KeyAdministration(Desk):
    """As `Administration` says."""

    async def remove_key(self, fingerprint: str) -> None:
        key, owner = await self._key(fingerprint)
        await self._store.remove_key(key.fingerprint)
        if not await self._store.keys_of(owner.user_id):
            self._end_logins(owner.user_id)
        await self._record(EventCode.KEY_REMOVED, account=owner.name, fingerprint=key.fingerprint)

    async def label_key(self, fingerprint: str, label: str) -> PublicKey:
        label = check_label(label)
        key, owner = await self._key(fingerprint)
        labelled = await self._store.label_key(key.fingerprint, label)
        await self._record(
            EventCode.KEY_LABELLED,
            account=owner.name,
            fingerprint=key.fingerprint,
            label=label,
        )
        return labelled

    async def _key(self, fingerprint: str) -> tuple[PublicKey, User]:
        key = await self._store.key_by_fingerprint(_whole_fingerprint(fingerprint))
        owner = None if key is None else await self._store.user(key.user_id)
        if key is None or owner is None:
            raise NotFound(_NO_KEY, "List them: vibetui key list")
        return key, owner


class LocalOwnKeys(Desk):
    """As `OwnKeys` says, for the account of the actor."""

    @property
    def _user_id(self) -> str:
        assert self._actor.user_id is not None
        return self._actor.user_id

    async def keys(self) -> list[PublicKey]:
        return await self._store.keys_of(self._user_id)

    async def add(self, key_lines: str) -> list[PublicKey]:
        given = parse_public_keys(key_lines, self._user_id)
        if not given:
            raise Invalid("There is no public key in that.", "Give the line of a .pub file.")
        async with self._turn:
            known = {key.fingerprint for key in await self.keys()}
            fresh = [key for key in given if key.fingerprint not in known]
            if len(known) + len(fresh) > _MOST_OWN_KEYS:
                raise Conflict(
                    f"An account has {_MOST_OWN_KEYS} keys at most.",
                    "Remove some that aren't used.",
                )
            await self._store.add_keys(fresh)
        if fresh:
            fingerprints = [key.fingerprint for key in fresh]
            await self._record(EventCode.KEY_ADDED, fingerprints=fingerprints)
        return given

    async def remove(self, fingerprint: str) -> None:
        async with self._turn:
            key = await self._own(fingerprint)
            if len(await self.keys()) == 1 and not await self._another_way_in():
                raise Conflict(
                    "That is your only key: without it you couldn't come in any more.",
                    "Add another one first: ssh vibe@HOST key add < KEY.pub",
                )
            await self._store.remove_key(key.fingerprint)
        await self._record(EventCode.KEY_REMOVED, fingerprint=key.fingerprint)

    async def _another_way_in(self) -> bool:
        return self._settings.password_login and await self._store.has_password(self._user_id)

    async def label(self, fingerprint: str, label: str) -> PublicKey:
        label = check_label(label)
        key = await self._own(fingerprint)
        labelled = await self._store.label_key(key.fingerprint, label)
        await self._record(EventCode.KEY_LABELLED, fingerprint=key.fingerprint, label=label)
        return labelled

    async def _own(self, fingerprint: str) -> PublicKey:
        key = await self._store.key_by_fingerprint(_whole_fingerprint(fingerprint))
        if key is None or key.user_id != self._user_id:
            raise NotFound("You have no such key.", "List yours: ssh vibe@HOST key list")
        return key
