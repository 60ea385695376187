"""What the pyte screen answers to queries. It says no more than ghostty does, or xterm."""

from __future__ import annotations

import re

from vibetui.terminals.emulators.pyte_grid import DECLRMM
from vibetui.terminals.emulators.pyte_rectangles import Rectangles
from vibetui.terminals.emulators.pyte_screen import PyteScreen
from vibetui.terminals.emulators.pyte_sgr import sgr_of

_MAX_REPLIES = 1 << 16
HIGHEST_LEVEL = 65
_REPORTS_MODES = 63
_CELL_WIDTH, _CELL_HEIGHT = 8, 16
_DEC_STATUS = {
    15: "\x1b[?13n",  # no printer
    25: "\x1b[?20n",  # user-defined keys unlocked
    26: "\x1b[?27;1n",  # a North American keyboard
    55: "\x1b[?50n",  # no locator
    56: "\x1b[?57;0n",
    62: "\x1b[0*{",  # no room for macros
    75: "\x1b[?70n",  # no errors on the line
    85: "\x1b[?83n",  # no other sessions
}

_HEXADECIMAL = re.compile("([0-9a-fA-F]{2}){1,64}")
_CAPABILITIES = {
    "TN": "xterm-256color",
    "Co": "256",
    "colors": "256",
    "RGB": "8",
    "Tc": "",
    "Su": "",
    "Smulx": "\\E[4:%p1%dm",
    "Ms": "\\E]52;%p1%s;%p2%s\\007",
}
"""Of terminfo, what programs ask for to learn of colours, underlines and the clipboard."""
_MAX_CAPABILITIES = 32


class Reports:
    """Answers, kept until they are taken.

    Attributes:
        level: The conformance level that the program set (DECSCL).
        cursor_style: As DECSCUSR numbers it.
    """

    def __init__(self, screen: PyteScreen, rectangles: Rectangles) -> None:
        self._screen, self._rectangles = screen, rectangles
        self._replies = bytearray()
        self.level = HIGHEST_LEVEL
        self.cursor_style = 2

    def reply(self, text: str) -> None:
        if len(self._replies) < _MAX_REPLIES:
            self._replies += text.encode()

    def take(self) -> bytes:
        replies = bytes(self._replies)
        self._replies.clear()
        return replies

    def device_attributes(self, args: list[int]) -> None:
        """DA and DECID: a VT220 with colours."""
        if args[0] == 0:
            self.reply("\x1b[?62;22c")

    def secondary_attributes(self, args: list[int]) -> None:
        if args[0] == 0:
            self.reply("\x1b[>1;0;0c")

    def tertiary_attributes(self, args: list[int]) -> None:
        if args[0] == 0:
            self.reply("\x1bP!|00000000\x1b\\")

    def version(self, args: list[int]) -> None:
        """XTVERSION."""
        if args[0] == 0:
            self.reply("\x1bP>|vibetui\x1b\\")

    def terminal_parameters(self, args: list[int]) -> None:
        """DECREQTPARM."""
        if args[0] < 2:
            self.reply(f"\x1b[{args[0] + 2};1;1;128;128;1;0x")

    def status(self, args: list[int]) -> None:
        """DSR and CPR."""
        if args[0] == 5:
            self.reply("\x1b[0n")
        elif args[0] == 6:
            self.reply(f"\x1b[{self._position()}R")

    def dec_status(self, args: list[int]) -> None:
        """DECDSR and DECXCPR; a VT220 has no pages to tell of."""
        if args[0] == 6:
            self.reply(f"\x1b[?{self._position()}R")
        elif args[0] == 63:
            self.reply(f"\x1bP{args[1] if len(args) > 1 else 0}!~0000\x1b\\")
        elif args[0] in _DEC_STATUS:
            self.reply(_DEC_STATUS[args[0]])

    def _position(self) -> str:
        row, column = self._screen.origin
        return f"{self._screen.y - row + 1};{self._screen.x - column + 1}"

    def window(self, number: int) -> None:
        """XTWINOPS: sizes alone; a title that is told is what a program has typed into a shell."""
        rows, columns = self._screen.lines, self._screen.columns
        answers = {
            11: "1",
            13: "3;0;0",
            14: f"4;{rows * _CELL_HEIGHT};{columns * _CELL_WIDTH}",
            15: f"5;{rows * _CELL_HEIGHT};{columns * _CELL_WIDTH}",
            16: f"6;{_CELL_HEIGHT};{_CELL_WIDTH}",
            18: f"8;{rows};{columns}",
            19: f"9;{rows};{columns}",
        }
        if number in answers:
            self.reply(f"\x1b[{answers[number]}t")

    def mode(self, number: int, *, private: bool) -> None:
        """DECRQM."""
        if self.level < _REPORTS_MODES:
            return
        state = self._screen.mode_state(number, private=private)
        self.reply(f"\x1b[{'?' if private else ''}{number};{state}$y")

    def keyboard(self) -> None:
        self.reply(f"\x1b[?{self._screen.keyboard_flags}u")

    def checksum(self, args: list[int]) -> None:
        """DECRQCRA: id, page, rectangle."""
        total = self._rectangles.checksum(args[2:])
        self.reply(f"\x1bP{args[0]}!~{total:04X}\x1b\\")

    def capabilities(self, names: str) -> None:
        """XTGETTCAP: names in hexadecimal, each answered by itself."""
        for name in names.split(";")[:_MAX_CAPABILITIES]:
            if not _HEXADECIMAL.fullmatch(name):
                continue
            value = _CAPABILITIES.get(bytes.fromhex(name).decode("latin-1"))
            if value is None:
                self.reply(f"\x1bP0+r{name.upper()}\x1b\\")
            else:
                told = f"={value.encode().hex().upper()}" if value else ""
                self.reply(f"\x1bP1+r{name.upper()}{told}\x1b\\")

    def setting(self, name: str) -> None:
        """DECRQSS."""
        screen = self._screen
        values = {
            "m": sgr_of(screen.style),
            "r": f"{screen.top + 1};{screen.bottom + 1}",
            " q": str(self.cursor_style),
            '"q': str(int(screen.protecting and screen.protection == "dec")),
            '"p': f"{self.level};1",
            "t": str(max(screen.lines, 24)),
            "*|": str(screen.lines),
            "*x": str(self._rectangles.extent),
            "$}": "0",
            "$~": "0",
        }
        if DECLRMM in screen.private:
            values["s"] = f"{screen.left + 1};{screen.right + 1}"
        if name in values:
            self.reply(f"\x1bP1$r{values[name]}{name}\x1b\\")
        else:
            self.reply("\x1bP0$r\x1b\\")
