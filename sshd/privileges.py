"""Giving root up, for good."""

from __future__ import annotations

import ctypes
import os
import pwd

from sshd.reachable import import_through, open_code_directories
from vibetui.errors import VibeError

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38

# Loaded at import: after root is gone the loader might no longer reach its files.
_libc = ctypes.CDLL(None, use_errno=True)


def drop_root(account: str) -> tuple[int, ...]:
    """Become `account` where this process is root; otherwise do nothing.

    Returns descriptors that have to stay open for imports to go on working.

    Raises:
        VibeError: there is no such account, or it is root itself.
    """
    if os.geteuid() != 0:
        return ()
    hint = "Set unprivileged_user in vibetui.toml to an account that owns nothing."
    try:
        entry = pwd.getpwnam(account)
    except KeyError:
        raise VibeError(f"There is no account {account!r} on this machine.", hint) from None
    if entry.pw_uid == 0:
        raise VibeError(f"The account {account!r} is root.", hint)
    directories = open_code_directories()
    os.setgroups([])
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    return import_through(directories)


def signal_on_parent_death(number: int) -> None:
    """Have the kernel send `number` to this process when its parent ends.

    Forgotten by the kernel on a change of user, so call it after `drop_root`.
    """
    _prctl(_PR_SET_PDEATHSIG, number)


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
