"""How often an app's process looks for garbage."""

from __future__ import annotations

import gc

_NEW_OBJECTS = 50_000
"""Some twenty full frames' worth. With CPython's 700, a frame of 5 ms took 9 now and then."""


def settle() -> None:
    """What is there by now stays: it is never looked through again, and the rest seldom."""
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 10, 10)
