"""The app's colours.

Everything outside the terminal pane names both its colours, so that the app looks the same on a
light and on a dark terminal; the pane alone keeps the terminal's own. The app runs with
``ansi_color=True`` (the filter that it switches off costs 2-3 ms a frame and repaints the
container's colours), under which Textual's own widgets fall back to ANSI colours: ``app.tcss``
gives each of those that we use its colours back.

OpenSSH does not pass COLORTERM on, so most people see 256 colours. Rich maps a colour of under 15 %
saturation to the grey ramp and any other to the 6x6x6 cube, where a dark blue-grey becomes navy:
hence grounds that are almost neutral.
"""

from __future__ import annotations

from textual.theme import Theme

VIBE_THEME = Theme(
    name="vibe",
    dark=True,
    primary="#82aaff",
    secondary="#a9b8e8",
    accent="#c3a6ff",
    success="#8fd694",
    warning="#f2c879",
    error="#ff8a8f",
    foreground="#d8dae0",
    background="#121316",
    surface="#1b1c20",
    panel="#2c2e35",
    variables={
        "muted": "#8f94a3",
        "faint": "#6d727f",
        "raised": "#363a42",
        "cursor": "#3d4452",
        "border": "#82aaff",
        "border-blurred": "#454a55",
        "input-cursor-background": "#d8dae0",
        "input-cursor-foreground": "#121316",
        "input-selection-background": "#3d5f87",
        "block-hover-background": "#1f2126",
        "ansi-background": "#2c2e35",
        "ansi-foreground": "#d8dae0",
        "scrollbar": "#454a55",
        "scrollbar-hover": "#5f6470",
        "scrollbar-active": "#82aaff",
        "scrollbar-background": "#121316",
        "scrollbar-background-hover": "#121316",
        "scrollbar-background-active": "#121316",
        "scrollbar-corner-color": "#121316",
    },
)
