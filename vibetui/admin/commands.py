"""All of them, and what ``help`` says of them."""

from __future__ import annotations

from vibetui.admin.audit import audit
from vibetui.admin.invites import invite
from vibetui.admin.keys import key
from vibetui.admin.sessions import session, template
from vibetui.admin.users import user

COMMANDS = {
    command.name or "": command for command in (user, key, invite, session, template, audit)
}
"""Each command returns the coroutine that does it; its context's object is the `Caller`."""

HELP_FOR_EVERYBODY = (
    ("key list", "your keys, their labels, and when each was last used"),
    ("key add < KEY.pub", "let another key of yours in"),
    ("key remove FINGERPRINT --yes", "let a key of yours in no more"),
    ("key label FINGERPRINT TEXT", "call a key something else"),
)
HELP_FOR_ADMINISTRATORS = (
    ("user list|add|remove|role|password|totp", "accounts"),
    ("key list|add NAME", "the keys of an account"),
    ("invite [--uses N] [--expires 24h]", "make an invite code"),
    ("invite list|revoke", "invitations"),
    ("session list|stop|rm OWNER+NAME", "everybody's sessions"),
    ("template list", "what sessions are made from"),
    ("audit tail [-f] [--user U] [--code C]", "who did what"),
)
