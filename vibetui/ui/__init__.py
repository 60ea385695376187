"""The app on Textual: screens and widgets over the core's protocol and the terminals."""

from vibetui.ui.app import VibeApp

__all__ = ["VibeApp"]
