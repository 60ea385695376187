"""The nouns as JSON, for the core's API. What `OpenEvent` and `VibeError` know, they do."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from vibetui.model import (
    Access,
    Account,
    Authorities,
    CopyProgress,
    Presence,
    PresenceNotice,
    Session,
    SessionChange,
    SessionNotice,
    SessionStatus,
    Share,
    Template,
    User,
    UserRole,
)

Json = dict[str, Any]


def _moment_to_json(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment_from_json(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def user_to_json(user: User) -> Json:
    return {**asdict(user), "created_at": user.created_at.isoformat()}


def user_from_json(data: Json) -> User:
    return User(
        **{
            **data,
            "created_at": datetime.fromisoformat(data["created_at"]),
            "role": UserRole(data["role"]),
        }
    )


def account_to_json(account: Account | None) -> Json:
    """``{"user": null}`` for nobody."""
    if account is None:
        return {"user": None}
    return {"user": user_to_json(account.user), "second_factor": account.second_factor}


def account_from_json(data: Json) -> Account | None:
    if data["user"] is None:
        return None
    return Account(user_from_json(data["user"]), bool(data.get("second_factor")))


def authorities_to_json(authorities: Authorities) -> Json:
    return asdict(authorities)


def authorities_from_json(data: Json) -> Authorities:
    return Authorities(tuple(data["keys"]), tuple(data["revoked"]))


def session_to_json(session: Session) -> Json:
    return {
        **asdict(session),
        "created_at": session.created_at.isoformat(),
        "last_used_at": _moment_to_json(session.last_used_at),
        "stopped_at": _moment_to_json(session.stopped_at),
    }


def session_from_json(data: Json) -> Session:
    return Session(
        **{
            **data,
            "status": SessionStatus(data["status"]),
            "access": Access(data["access"]),
            "created_at": datetime.fromisoformat(data["created_at"]),
            "last_used_at": _moment_from_json(data["last_used_at"]),
            "stopped_at": _moment_from_json(data["stopped_at"]),
        }
    )


def copy_progress_to_json(progress: CopyProgress) -> Json:
    made = None if progress.session is None else session_to_json(progress.session)
    return {"copied": progress.copied, "total": progress.total, "session": made}


def copy_progress_from_json(data: Json) -> CopyProgress:
    made = None if data["session"] is None else session_from_json(data["session"])
    return CopyProgress(int(data["copied"]), int(data["total"]), made)


def share_to_json(share: Share) -> Json:
    return {**asdict(share), "created_at": share.created_at.isoformat()}


def share_from_json(data: Json) -> Share:
    return Share(
        **{
            **data,
            "access": Access(data["access"]),
            "created_at": datetime.fromisoformat(data["created_at"]),
        }
    )


def template_to_json(template: Template) -> Json:
    return asdict(template)


def template_from_json(data: Json) -> Template:
    return Template(**data)


def notice_to_json(notice: SessionNotice) -> Json:
    return {"change": str(notice.change), "session": session_to_json(notice.session)}


def notice_from_json(data: Json) -> SessionNotice:
    return SessionNotice(SessionChange(data["change"]), session_from_json(data["session"]))


def presence_to_json(presence: Presence) -> Json:
    return {**asdict(presence), "since": presence.since.isoformat()}


def presence_from_json(data: Json) -> Presence:
    return Presence(**{**data, "since": datetime.fromisoformat(data["since"])})


def presence_notice_to_json(notice: PresenceNotice) -> Json:
    return {
        "others": [presence_to_json(other) for other in notice.others],
        "taken_by": notice.taken_by,
    }


def presence_notice_from_json(data: Json) -> PresenceNotice:
    others = tuple(presence_from_json(other) for other in data["others"])
    return PresenceNotice(others, data["taken_by"])
