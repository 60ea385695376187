"""Terminals: the emulators, the keyboard and the mouse as bytes, and `Terminal`, one live shell."""
