"""Finds the app's one key among bytes that are otherwise passed on unread."""

from __future__ import annotations

import re

from vibetui.terminals.keyboard import encode_key, parse_key
from vibetui.terminals.kitty_keyboard import KeyEvent, parse_report
from vibetui.terminals.protocol import Modes
from vibetui.terminals.screen_state import ScreenState

_BITS = {"shift": 1, "alt": 2, "ctrl": 4, "super": 8}
_BEGUN_REPORT = re.compile(rb"\x1b(?:\[[\d:;]*)?\Z")
_BEGUN_MARK = re.compile(rb"\x1b\[(?:2(?:0[01]?)?)?\Z")


class PrefixFinder:
    """The prefix as a plain byte, as a report of the kitty keyboard or of modifyOtherKeys.

    In what is pasted it is no key.

    Args:
        prefix: As in the settings: ``ctrl+]``.
        state: What the program has switched on.
    """

    def __init__(self, prefix: str, state: ScreenState) -> None:
        self._state = state
        modifiers, self._base = parse_key(prefix)
        self._modifiers = sum(_BITS.get(name, 0) for name in modifiers)
        plain = re.escape(encode_key(prefix, None, Modes()))
        self._tokens = re.compile(
            rb"(?P<plain>%s)|\x1b\[20(?P<mark>[01])~|(?P<report>\x1b\[[\d:;]+[u~])" % plain
        )
        self._held = b""
        self._pasting = False

    @property
    def holds(self) -> bool:
        """Something has begun that may become the prefix."""
        return bool(self._held)

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """Split what was typed at the prefix.

        Returns:
            What to pass on, and what came after the prefix: None as long as it didn't come.
        """
        data, self._held = self._held + data, b""
        self._pasting &= self._state.bracketed_paste
        for match in self._tokens.finditer(data):
            if match["mark"]:
                self._pasting = match["mark"] == b"0" and self._state.bracketed_paste
            elif not self._pasting and (match["plain"] or self._is_prefix(match["report"])):
                return data[: match.start()], data[match.end() :]
        begun = self._begun(data)
        self._held = data[len(data) - begun :]
        return data[: len(data) - begun], None

    def release(self) -> bytes:
        """What was held: nothing came that completes it."""
        held, self._held = self._held, b""
        return held

    def _begun(self, data: bytes) -> int:
        # Only where it may matter: held for nothing, an escape would be late.
        if self._state.enhanced_keyboard:
            match = _BEGUN_REPORT.search(data)
        elif self._state.bracketed_paste:
            match = _BEGUN_MARK.search(data)
        else:
            match = None
        return len(match[0]) if match else 0

    def _is_prefix(self, sequence: bytes) -> bool:
        report = parse_report(sequence.decode("ascii"))
        if report is None or report.event is KeyEvent.RELEASE or not report.is_character:
            return False
        # On another layout than the US one the key in the same place counts, as in the app.
        characters = {chr(code) for code in (report.code, report.base) if code}
        return self._base in characters and report.held == self._modifiers
