"""The app's colours.

Everything outside the terminal pane names both its colours, so that the app looks the same on a
light and on a dark terminal; the pane alone keeps the terminal's own. The app runs with
``ansi_color=True`` (the filter that it switches off costs 2-3 ms a frame and repaints the
container's colours), under which Textual's own widgets fall back to ANSI colours: ``app.tcss``
gives each of those that we use its colours back.
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
    foreground="#d7dcea",
    background="#12151c",
    surface="#1a1f2a",
    panel="#242b3a",
    variables={
        "muted": "#8b94ab",
        "faint": "#68728c",
        "raised": "#303a4f",
        "cursor": "#2b3a5c",
        "border": "#82aaff",
        "border-blurred": "#3a445a",
        "input-cursor-background": "#d7dcea",
        "input-cursor-foreground": "#12151c",
        "input-selection-background": "#3d5488",
        "block-hover-background": "#1f2635",
        "ansi-background": "#242b3a",
        "ansi-foreground": "#d7dcea",
        "scrollbar": "#3a445a",
        "scrollbar-hover": "#566079",
        "scrollbar-active": "#82aaff",
        "scrollbar-background": "#12151c",
        "scrollbar-background-hover": "#12151c",
        "scrollbar-background-active": "#12151c",
        "scrollbar-corner-color": "#12151c",
    },
)
