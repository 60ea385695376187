"""Sharing as its owner and whoever it is shared with see it."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from tests.ui_support import (
    NOW,
    StagedCore,
    pane_text,
    running_agent,
    session,
    shown,
    staged_app,
    until,
)
from vibetui.agent import Role, TerminalSpec, TerminalStream
from vibetui.errors import SharingEnded
from vibetui.model import Access, SessionChange, SessionNotice, SessionStatus, Share
from vibetui.ui import VibeApp

CAT = TerminalSpec(argv=("/bin/cat",), env={}, cwd="/", rows=24, columns=80)
WORK = session("work", SessionStatus.RUNNING)


def theirs(access: Access, status: SessionStatus = SessionStatus.STOPPED) -> StagedCore:
    return StagedCore(sessions=[replace(session("web", status), owner="alice", access=access)])


def said(app: VibeApp, words: str) -> bool:
    return any(words in toast.title for toast in app._notifications)


async def test_the_owner_invites_changes_and_ends() -> None:
    core = StagedCore(sessions=[WORK])
    app = staged_app(core)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "1 running" in shown(app))
        await pilot.press("S")
        await until(pilot, lambda: "Nobody else can see it" in shown(app))
        await pilot.press(*"bob", "enter")
        await until(pilot, lambda: "viewer" in shown(app) and core.calls[-1][0] == "share")
        assert core.calls[-1] == ("share", "idwork", "bob", "viewer")
        await until(pilot, lambda: bool(app.screen.query_one("#shares").display))
        await pilot.press("shift+tab")
        await until(pilot, lambda: "w makes bob a writer" in shown(app))
        await pilot.press("w")
        await until(pilot, lambda: core.calls[-1] == ("share", "idwork", "bob", "writer"))
        await pilot.press("d")
        await until(pilot, lambda: "Nobody else can see it" in shown(app))
        assert core.calls[-1] == ("unshare", "idwork", "bob")


async def test_the_dialog_says_who_is_here_where_and_who_leads_live() -> None:
    with running_agent() as path:
        core = StagedCore(sessions=[replace(WORK, shared_with=2)], agent_socket=path)
        for name, access in (("bob", Access.VIEWER), ("carol", Access.WRITER)):
            share = Share("idwork", name, name, access, NOW)
            core.shared.setdefault("idwork", []).append(share)
        app = staged_app(core)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: "1 running" in shown(app))
            await pilot.press("S")
            await until(pilot, lambda: "carol" in shown(app))
            opener = await core.attach("idwork")
            first, second = [await opener.open_terminal(CAT) for _ in range(2)]
            opener.close()
            bobs = await attached(core, Role.VIEWER, "bob", first)
            carols = await attached(core, Role.WRITER, "carol", second)
            await until(pilot, lambda: "in terminal 1" in shown(app))
            await until(pilot, lambda: "leads terminal 2" in shown(app))
            bobs.close()
            carols.close()
            await until(pilot, lambda: "in terminal" not in shown(app))


async def attached(core: StagedCore, role: Role, who: str, terminal: int) -> TerminalStream:
    connection = await core.attach("idwork")
    await connection.bind(role, who)
    return await connection.attach(terminal)


async def test_a_name_that_nobody_has_is_said_in_the_dialog_and_stays_to_be_corrected() -> None:
    app = staged_app(StagedCore(sessions=[WORK]))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "1 running" in shown(app))
        await pilot.press("S")
        await until(pilot, lambda: "Nobody else" in shown(app))
        await pilot.press(*"bobb", "enter")
        await until(pilot, lambda: "no user called “bobb”" in shown(app))
        await pilot.press("backspace")
        await until(pilot, lambda: "no user called" not in shown(app))


async def test_the_list_says_whose_a_session_is_and_that_ones_own_is_shared() -> None:
    core = theirs(Access.VIEWER)
    core.sessions.append(replace(WORK, shared_with=2))
    app = staged_app(core)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "2 sessions" in shown(app))
        assert re.search(r"web alice's +○ stopped · view", shown(app))
        assert "work ⇄2" in shown(app)


async def test_what_a_sharer_may_not_do_is_a_sentence_and_not_a_dialog() -> None:
    core = theirs(Access.VIEWER, SessionStatus.RUNNING)
    app = staged_app(core)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "1 running" in shown(app))
        for key in ("x", "r", "S"):
            await pilot.press(key)
        for what in ("stop", "rename", "share"):
            await until(pilot, partial(said, app, f"Only alice can {what} this session."))
        assert not core.calls


async def test_who_watches_is_told_to_ask_for_a_start_and_a_writer_starts() -> None:
    core = theirs(Access.VIEWER)
    app = staged_app(core)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "1 session" in shown(app))
        await pilot.press("s")
        await until(pilot, partial(said, app, "who watches can't start it"))
        assert not core.calls
        raised = replace(core.sessions[0], access=Access.WRITER)
        core.sessions[0] = raised
        core.notify(SessionNotice(SessionChange.UPDATED, raised))
        await until(pilot, lambda: "· view" not in shown(app))
        await pilot.press("s")
        await until(pilot, lambda: ("open", "idweb") in core.calls)


async def test_somebody_elses_session_is_left_and_not_deleted() -> None:
    core = theirs(Access.WRITER)
    core.shared["idweb"] = [Share("idweb", "ada", "ada", Access.WRITER, NOW)]
    app = staged_app(core)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Leave" in shown(app))
        await pilot.press("d")
        await until(pilot, lambda: "Leave web?" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: "No sessions yet" in shown(app))
    assert core.calls == [("unshare", "idweb", "ada")]


async def test_whose_access_changes_is_in_once_again_and_with_the_new_access() -> None:
    with running_agent() as path:
        core = theirs(Access.WRITER, SessionStatus.RUNNING)
        core.agent_socket = path
        core.finish.set()
        app = staged_app(core)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: "1 running" in shown(app))
            await pilot.press("enter")
            await until(pilot, lambda: "$" in pane_text(app))
            before = core.sessions[0]
            core.sessions[0] = replace(before, access=Access.VIEWER)
            for _ in range(3):
                app.put_out(before, SharingEnded())
            await until(pilot, partial(said, app, "alice has changed what you may do here."))
            await until(pilot, lambda: "alice's · watching" in shown(app))
            await until(pilot, lambda: "$" in pane_text(app))
            assert len([one for one in app.screen_stack if one is not app.screen]) == 2


async def test_whose_access_ends_is_told_in_the_list() -> None:
    core = theirs(Access.VIEWER, SessionStatus.RUNNING)
    app = staged_app(core)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "1 running" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "web" in shown(app) and "Quit" not in shown(app))
        gone = core.sessions.pop()
        app.put_out(gone, SharingEnded())
        await until(pilot, lambda: "No sessions yet" in shown(app))
        assert said(app, "The owner has ended the sharing of this session.")


async def test_ones_own_session_may_be_called_as_a_shared_one_is() -> None:
    app = staged_app(theirs(Access.WRITER))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.feed.loaded)
        assert app.feed.names == set()
