"""What each control sequence does to the pyte screen, and what is answered to queries."""

from __future__ import annotations

from collections.abc import Callable

from vibetui.terminals.emulators.pyte_screen import PyteScreen
from vibetui.terminals.emulators.text import clean_title, decode_clipboard

_MAX_REPLIES = 1 << 16
_MAX_NUMBER = 65_535
_SHAPES = ("block", "block", "block", "underline", "underline", "bar", "bar")


def numbers(params: str) -> list[int]:
    """Parameters as numbers, 0 for those left out; sub-parameters are dropped."""
    found: list[int] = []
    for part in params.split(";")[:32]:
        digits = part.partition(":")[0][:9]
        found.append(min(int(digits or 0), _MAX_NUMBER))
    return found


class Commands:
    """A `ParserTarget` that drives one `PyteScreen`."""

    def __init__(self, screen: PyteScreen) -> None:
        self._screen = screen
        self.title = ""
        self.bells = 0
        self.clipboard: str | None = None
        self.cursor_shape, self.cursor_blinking = "block", False
        self._replies = bytearray()
        self._controls: dict[str, Callable[[], None]] = {
            "\x07": self._ring,
            "\x08": screen.backspace,
            "\t": screen.tab,
            "\n": screen.linefeed,
            "\x0b": screen.linefeed,
            "\x0c": screen.linefeed,
            "\r": screen.carriage_return,
            "\x0e": screen.shift_out,
            "\x0f": screen.shift_in,
        }
        self._escapes: dict[str, Callable[[], None]] = {
            "7": screen.save_cursor,
            "8": screen.restore_cursor,
            "D": screen.index,
            "E": self._next_line,
            "H": screen.set_tab_stop,
            "M": screen.reverse_index,
            "Z": self._device_attributes,
            "c": self._reset,
            "=": lambda: screen.set_mode(66, private=True),
            ">": lambda: screen.reset_mode(66, private=True),
        }
        # One numeric parameter, which counts as 1 where it is 0 or left out.
        self._counted: dict[str, Callable[[int], None]] = {
            "@": screen.insert_characters,
            "A": screen.cursor_up,
            "B": screen.cursor_down,
            "C": screen.cursor_forward,
            "D": screen.cursor_back,
            "E": screen.cursor_down1,
            "F": screen.cursor_up1,
            "G": screen.cursor_to_column,
            "I": screen.tab_forward,
            "L": screen.insert_lines,
            "M": screen.delete_lines,
            "P": screen.delete_characters,
            "S": screen.scroll_up,
            "T": screen.scroll_down,
            "X": screen.erase_characters,
            "Z": screen.tab_back,
            "`": screen.cursor_to_column,
            "a": screen.cursor_forward,
            "b": screen.repeat,
            "d": screen.cursor_to_line,
            "e": screen.cursor_down,
        }
        self._queries: dict[tuple[str, str, str], Callable[[list[int]], None]] = {
            ("", "", "H"): self._position,
            ("", "", "f"): self._position,
            ("", "", "J"): lambda args: screen.erase_in_display(args[0]),
            ("?", "", "J"): lambda args: screen.erase_in_display(args[0]),
            ("", "", "K"): lambda args: screen.erase_in_line(args[0]),
            ("?", "", "K"): lambda args: screen.erase_in_line(args[0]),
            ("", "", "g"): lambda args: screen.clear_tab_stop(args[0]),
            ("", "", "h"): lambda args: screen.set_mode(*args),
            ("", "", "l"): lambda args: screen.reset_mode(*args),
            ("?", "", "h"): lambda args: screen.set_mode(*args, private=True),
            ("?", "", "l"): lambda args: screen.reset_mode(*args, private=True),
            ("", "", "r"): self._margins,
            ("", "", "s"): lambda _: screen.save_cursor(),
            ("", "", "u"): lambda _: screen.restore_cursor(),
            ("", "", "c"): lambda _: self._device_attributes(),
            (">", "", "c"): lambda _: self.reply("\x1b[>1;0;0c"),
            ("=", "", "c"): lambda _: self.reply("\x1bP!|00000000\x1b\\"),
            (">", "", "q"): lambda _: self.reply("\x1bP>|vibetui(pyte)\x1b\\"),
            ("", "", "n"): self._status,
            ("", "", "t"): self._window,
            ("", "!", "p"): lambda _: screen.soft_reset(),
            ("", "$", "p"): lambda args: self._report_mode(args[0], private=False),
            ("?", "$", "p"): lambda args: self._report_mode(args[0], private=True),
            ("", " ", "q"): self._cursor_style,
        }

    def draw(self, data: str) -> None:
        self._screen.draw(data)

    def control(self, char: str) -> None:
        if action := self._controls.get(char):
            action()

    def escape(self, intermediates: str, final: str) -> None:
        if not intermediates:
            if action := self._escapes.get(final):
                action()
        elif intermediates in ("(", ")"):
            self._screen.designate("()".index(intermediates), final)
        elif (intermediates, final) == ("#", "8"):
            self._screen.alignment_display()

    def csi(self, prefix: str, params: str, intermediates: str, final: str) -> None:
        if not prefix and not intermediates:
            if final == "m":
                self._screen.sgr(params)
                return
            if counted := self._counted.get(final):
                counted(numbers(params)[0] or 1)
                return
        if action := self._queries.get((prefix, intermediates, final)):
            action(numbers(params))

    def string(self, kind: str, body: str) -> None:
        if kind != "osc":
            return
        number, _, rest = body.partition(";")
        if number in ("0", "2"):
            self.title = clean_title(rest)
        elif number == "52":
            text = decode_clipboard(rest.partition(";")[2])
            if text is not None:
                self.clipboard = text

    def reply(self, text: str) -> None:
        if len(self._replies) < _MAX_REPLIES:
            self._replies += text.encode()

    def take_replies(self) -> bytes:
        replies = bytes(self._replies)
        self._replies.clear()
        return replies

    def _ring(self) -> None:
        self.bells += 1

    def _next_line(self) -> None:
        self._screen.carriage_return()
        self._screen.index()

    def _reset(self) -> None:
        self._screen.reset()
        self._screen.history.clear()
        self.title = ""
        self.cursor_shape, self.cursor_blinking = "block", False

    def _position(self, args: list[int]) -> None:
        self._screen.cursor_position(args[0], args[1] if len(args) > 1 else 1)

    def _margins(self, args: list[int]) -> None:
        top = args[0] or 1
        lines: int = self._screen.lines
        bottom = min(args[1] if len(args) > 1 and args[1] else lines, lines)
        if top < bottom:
            self._screen.margins = None
            self._screen.set_margins(top, bottom)
            if (top, bottom) == (1, lines):
                self._screen.margins = None
            self._screen.cursor_position()

    def _device_attributes(self) -> None:
        self.reply("\x1b[?62;22c")

    def _status(self, args: list[int]) -> None:
        screen = self._screen
        if args[0] == 5:
            self.reply("\x1b[0n")
        elif args[0] == 6:
            top = screen.margins.top if screen.margins and screen.has_private(6) else 0
            column = min(screen.cursor.x, screen.columns - 1) + 1
            self.reply(f"\x1b[{screen.cursor.y - top + 1};{column}R")

    def _window(self, args: list[int]) -> None:
        if args[0] == 18:
            self.reply(f"\x1b[8;{self._screen.lines};{self._screen.columns}t")
        elif args[0] == 14:
            self.reply(f"\x1b[4;{self._screen.lines * 16};{self._screen.columns * 8}t")

    def _report_mode(self, number: int, *, private: bool) -> None:
        state = self._screen.mode_state(number, private=private)
        self.reply(f"\x1b[{'?' if private else ''}{number};{state}$y")

    def _cursor_style(self, args: list[int]) -> None:
        style = args[0]
        if style < len(_SHAPES):
            self.cursor_shape = _SHAPES[style]
            self.cursor_blinking = style in (1, 3, 5)
