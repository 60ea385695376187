"""What is pictured: how it is started, and how one sees that it is there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Program:
    """A full-screen program.

    Attributes:
        name: Of the picture's file.
        command: For a shell in /workspace.
        shown: A regular expression that its screen matches when it is complete.
        leave: What is typed to end it.
        varies: It tells the time or the load: rows whose text isn't the same aren't compared.
    """

    name: str
    command: str
    shown: str
    leave: str
    varies: bool = False


_TMUX = (
    "tmux -L {place} -f /dev/null new-session 'cat card; exec sleep 100' \\; set -g status-right ''"
    " \\; split-window -h 'vim -R -c \"syntax on\" +12 sample.py'"
    " \\; split-window -v 'less -N text.md' \\; bind-key x kill-server"
)

PROGRAMS = (
    Program("vim", "vim -c 'syntax on' -c 'set number hlsearch' +/def sample.py", "/def", ":q!\r"),
    Program("htop", "htop", "F10Quit", "q", varies=True),
    Program("tmux", _TMUX, r"(?s)text\.md.*\[0\] 0:", "\x02x"),
    Program("less", "less -N +/terminal text.md", r"^ +\d+ .*terminal", "q"),
    Program("finder", "python3 finder.py ter", r"^> ter", "q"),
    Program("textual", "PYTHONPATH=site python3 textual_app.py", "(?s)62%.*Quit", "\x11"),
    Program("styles", "clear; cat card; read -sn1", "the end", "x"),
)
