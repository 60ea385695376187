"""What the user's terminal can do: guessed from its name at once, corrected by its own answers.

OpenSSH passes TERM on and usually nothing else, and most terminals call themselves
``xterm-256color``. So the terminal is asked, and the first frame is painted without waiting.

Sources: "XTerm Control Sequences" (DA1, DECRQSS, XTGETTCAP, XTVERSION) and the kitty keyboard
protocol.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

from rich.color import ColorSystem

QUESTIONS = (
    "\x1b[H"  # A terminal that prints what it doesn't know does so where the first frame will be.
    "\x1b[>0q"  # XTVERSION
    "\x1bP+q524742\x1b\\\x1bP+q5463\x1b\\"  # XTGETTCAP: RGB, Tc
    "\x1b[0;4:3m\x1b[48;2;1;2;3m\x1bP$qm\x1b\\\x1b[0m"  # DECRQSS: were these two taken?
    "\x1b[?u"
    "\x1b[c"  # DA1, which every terminal answers: nothing more will come.
)


class Colors(IntEnum):
    """How many colours a terminal shows."""

    NONE = 0
    SIXTEEN = 1
    PALETTE = 2
    TRUE = 3

    @property
    def system(self) -> ColorSystem | None:
        """As Rich names it."""
        return None if self is Colors.NONE else ColorSystem(int(self))


@dataclass(frozen=True, slots=True)
class Client:
    """A user's terminal.

    Attributes:
        colors: What it shows.
        underlines: It draws every kind of underline, in a colour of its own (SGR 4:n and 58).
        kitty_keyboard: It speaks the kitty keyboard protocol.
        answered: It has said all that it will say.
        multiplexer: Something like tmux stands between, which passes some questions on.
    """

    colors: Colors = Colors.SIXTEEN
    underlines: bool = False
    kitty_keyboard: bool = False
    answered: bool = False
    multiplexer: bool = False

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Client:
        """What the variables say that came with the connection."""
        term = environment.get("TERM", "").lower()
        multiplexer = term.startswith(("screen", "tmux"))
        modern = bool(_MODERN.search(term))
        if not multiplexer:
            modern = modern or environment.get("LC_TERMINAL") == "iTerm2"
            modern = modern or environment.get("TERM_PROGRAM", "").lower() in _MODERN_PROGRAMS
        promised = environment.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit")
        colors = Colors.TRUE if modern or promised else _colors(term)
        return cls(colors=colors, underlines=modern, multiplexer=multiplexer)

    @property
    def asks_nothing(self) -> bool:
        """It is of a kind that knows no questions."""
        return self.colors is Colors.NONE

    def after(self, answer: str) -> Client:
        """What is known after one of its answers; any other sequence changes nothing.

        Args:
            answer: A whole control sequence or control string, without the latter's terminator.
        """
        if match := _VERSION.match(answer):
            return self._named(match[1])
        if match := _CAPABILITY.match(answer):
            # GNU screen passes the question on, and the answer is not about what screen can do.
            return self if self.multiplexer else replace(self, colors=Colors.TRUE)
        if match := _SETTING.match(answer):
            return replace(
                self,
                colors=Colors.TRUE if _DIRECT.search(match[1]) else self.colors,
                underlines=self.underlines or "4:3" in match[1].split(";"),
            )
        if _KEYBOARD.fullmatch(answer):
            # Whatever speaks it is younger than true colours; Alacritty says nothing else.
            return replace(self, kitty_keyboard=True, colors=Colors.TRUE, underlines=True)
        if _ATTRIBUTES.fullmatch(answer):
            return replace(self, answered=True)
        return self

    def _named(self, version: str) -> Client:
        # tmux brings colours and underlines down to what the terminal around it has.
        if _MODERN.search(version.lower()):
            return replace(self, colors=Colors.TRUE, underlines=True)
        return self


_MODERN = re.compile(
    r"kitty|ghostty|wezterm|\bfoot\b|alacritty|contour|iterm2|\bvte\b|konsole|mintty|\btmux \d"
    r"|xterm\.js|\brio\b|-direct|truecolor"
)
_MODERN_PROGRAMS = frozenset({"iterm.app", "wezterm", "ghostty", "vscode", "rio", "kitty"})

_VERSION = re.compile(r"\x1bP>\|([ -~]{1,100})")
_CAPABILITY = re.compile(r"\x1bP1\+r(?:524742|5463)\b", re.IGNORECASE)
_SETTING = re.compile(r"\x1bP1\$r([\d;:]*)m")
_DIRECT = re.compile(r"48(?:;2;1;2;3|:2:(?:\d*:)?1:2:3)\b")
_KEYBOARD = re.compile(r"\x1b\[\?\d+u")
_ATTRIBUTES = re.compile(r"\x1b\[\?[\d;]+c")


def _colors(term: str) -> Colors:
    if not term or term == "dumb" or term.startswith("vt") or term.endswith(("-m", "-mono")):
        return Colors.NONE
    return Colors.PALETTE if term.endswith("256color") else Colors.SIXTEEN
