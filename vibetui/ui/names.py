"""Names for sessions: what is wrong with one, and suggestions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from vibetui.errors import Invalid
from vibetui.naming import check_name

_FIRST = ("amber", "brave", "calm", "clear", "fresh", "gentle", "keen", "lucid", "quiet", "swift")
_SECOND = ("badger", "cedar", "finch", "harbor", "heron", "maple", "otter", "river", "sparrow")


def problem_with(name: str, taken: Collection[str]) -> str:
    """One sentence saying what is wrong with `name`, or an empty string."""
    if not name:
        return "A session needs a name."
    if name in taken:
        return f"You have a session called {name} already."
    try:
        check_name(name)
    except Invalid as error:
        return error.hint or error.message
    return ""


def suggest(taken: Collection[str], choose: Callable[[Sequence[str]], str]) -> str:
    """A name that is free, like ``calm-otter``."""
    base = f"{choose(_FIRST)}-{choose(_SECOND)}"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name
