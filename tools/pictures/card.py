"""Bytes that show every style a terminal has."""

from __future__ import annotations

_STYLES = {
    "1": "bold",
    "2": "dim",
    "3": "italic",
    "4": "underline",
    "21": "double",
    "4:3": "curly",
    "4:4": "dotted",
    "4:5": "dashed",
    "7": "reverse",
    "9": "strike",
    "53": "overline",
    "4:3;58:2::255:80:80": "coloured",
}


def card() -> bytes:
    """A page of 40 columns."""
    lines: list[str] = []
    names = [f"\x1b[{code}m{name:9}\x1b[0m" for code, name in _STYLES.items()]
    lines += [" ".join(names[start : start + 4]) for start in range(0, len(names), 4)]
    lines.append("")
    lines += [_row([f"48;5;{first + number}" for number in range(8)]) for first in (0, 8)]
    for first in range(16, 232, 36):
        lines.append(_row([f"48;5;{number}" for number in range(first, first + 36)], " "))
    lines.append(_row([f"48;2;{7 * n};80;{255 - 7 * n}" for n in range(36)], " "))
    lines.append(_row([f"48;5;{number}" for number in range(232, 256)], " "))
    lines += [
        "",
        "┌─┬─┐ ╔═╦═╗ ▁▂▃▄▅▆▇█ ⠁⠃⠇⡇⣇⣧⣷⣿",
        "├─┼─┤ ╠═╬═╣ Ünïcödé → ✓ e\u0301 λ Ж",
        "└─┴─┘ ╚═╩═╝",
    ]
    lines.append("\x1b]8;;https://example.org/\x1b\\a link\x1b]8;;\x1b\\, and the end")
    return "\r\n".join(lines).encode() + b"\r\n"


def _row(styles: list[str], text: str = "    ") -> str:
    return "".join(f"\x1b[{style}m{text}" for style in styles) + "\x1b[0m"
