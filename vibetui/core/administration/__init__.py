"""What administrators may ask for: here over the store, or over a socket of the core."""

from __future__ import annotations

from vibetui.core.administration.protocol import (
    AccountInfo,
    Administration,
    AuditFilter,
    AuditLine,
    NewInvite,
    OwnKeys,
    SecondFactor,
)

__all__ = [
    "AccountInfo",
    "Administration",
    "AuditFilter",
    "AuditLine",
    "NewInvite",
    "OwnKeys",
    "SecondFactor",
]
