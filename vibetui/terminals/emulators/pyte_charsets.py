"""The character sets that a program may choose for G0 to G3 (SCS, SI, SO, LS2, LS3, SS2, SS3)."""

from __future__ import annotations

from pyte import charsets

ASCII = "B"
_TABLES: dict[str, dict[int, str]] = {
    # DEC special graphics, which ncurses draws lines with (terminfo `smacs`).
    # The VT100 has a blank for `_` and a newline sign for `h`.
    "0": dict(enumerate(charsets.VT100_MAP[0x60:0x7F], 0x60)) | {0x5F: " ", 0x68: "␤"},
    "A": {0x23: "£"},
}


class Charsets:
    """What G0 to G3 hold and which of them text is drawn from."""

    def __init__(self) -> None:
        self.sets = [ASCII] * 4
        self.locked = 0
        self.single = 0
        """The set of the next character alone, where not 0."""
        self._choose()

    def designate(self, slot: int, final: str) -> None:
        self.sets[slot] = final if final in _TABLES else ASCII
        self._choose()

    def lock(self, slot: int) -> None:
        self.locked = slot
        self._choose()

    def shift_once(self, slot: int) -> None:
        self.single = slot
        self._choose()

    def copy(self) -> Charsets:
        made = Charsets()
        made.sets, made.locked, made.single = list(self.sets), self.locked, self.single
        made._choose()
        return made

    def _choose(self) -> None:
        self._table = _TABLES.get(self.sets[self.locked])
        self.plain = self._table is None and not self.single

    def translate(self, text: str) -> str:
        """`text` as the chosen sets draw it."""
        shifted = ""
        if self.single:
            shifted = text[0].translate(_TABLES.get(self.sets[self.single], {}))
            text = text[1:]
            self.single = 0
            self._choose()
        return shifted + (text.translate(self._table) if self._table else text)
