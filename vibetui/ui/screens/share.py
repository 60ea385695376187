"""Who else may see a session: letting people in, as what, and ending it."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from contextlib import aclosing, suppress
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from vibetui.errors import VibeError
from vibetui.model import Access, Session, Share
from vibetui.ui.screens.base import Dialog
from vibetui.ui.whereabouts import follow
from vibetui.ui.widgets.line_input import LineInput
from vibetui.ui.wording import ACCESS_WORDS

_NAME, _ACCESS = 22, 9
"""Columns."""

_OTHER = {Access.WRITER: Access.VIEWER, Access.VIEWER: Access.WRITER}


class ShareDialog(Dialog[None]):
    """Asks the core at once for each thing that is chosen, and shows what has become of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shares: list[Share] = []
        self._here: dict[str, str] = {}
        self._read_once = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(f"Share {self._session.name}", classes="dialog-title", markup=False)
            yield Static("Reading who shares it…", id="nobody", classes="dialog-text")
            yield ShareRows(id="shares")
            yield Static("Invite somebody who has an account here", classes="dialog-label")
            yield LineInput(id="invited", placeholder="Their user name")
            yield Static(id="problem", classes="dialog-problem", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button("As viewer", id="viewer", variant="primary", compact=True)
                yield Button("As writer", id="writer", compact=True)
                yield Button("Close", id="close", compact=True)
            yield Static(id="share-foot", classes="dialog-foot", markup=False)

    def on_mount(self) -> None:
        self.query_one("#shares").display = False
        self._invitable()
        self.query_one("#invited").focus()
        self.run_worker(self._read(), group="share")
        self.run_worker(self._follow(), group="here")

    @on(Input.Changed)
    def _invitable(self) -> None:
        self.query_one("#problem", Static).update("")
        for button in ("#viewer", "#writer"):
            self.query_one(button, Button).disabled = not self._invited

    @property
    def _invited(self) -> str:
        return self.query_one("#invited", Input).value.strip()

    @on(Input.Submitted)
    @on(Button.Pressed, "#viewer")
    def _as_viewer(self) -> None:
        self._invite(Access.VIEWER)

    @on(Button.Pressed, "#writer")
    def _as_writer(self) -> None:
        self._invite(Access.WRITER)

    @on(Button.Pressed, "#close")
    def _close(self) -> None:
        self.dismiss(None)

    def _invite(self, access: Access) -> None:
        if name := self._invited:
            self.run_worker(self._let_in(name, access), group="share")

    async def _let_in(self, name: str, access: Access) -> None:
        core = self.vibe.core
        if await self._did(core.share_session(self._session.session_id, name, access)):
            self.query_one("#invited", Input).value = ""

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.change()

    def change(self) -> None:
        """Make the person under the cursor a writer or, if they are one, a viewer."""
        if (share := self._chosen) is not None:
            other = _OTHER[share.access]
            call = self.vibe.core.share_session(self._session.session_id, share.name, other)
            self.run_worker(self._did(call), group="share")

    def end(self) -> None:
        """End it for the person under the cursor."""
        if (share := self._chosen) is not None:
            call = self.vibe.core.unshare_session(self._session.session_id, share.name)
            self.run_worker(self._did(call), group="share")

    def on_descendant_focus(self) -> None:
        self._show_foot()

    @on(OptionList.OptionHighlighted)
    def _show_foot(self) -> None:
        """Say what the keys do where one is."""
        foot, share = "A viewer sees the terminals; a writer types, too.", self._chosen
        if share is not None:
            foot += " shift+tab: the list."
        if share is not None and self.focused is self.query_one(ShareRows):
            other = _OTHER[share.access]
            foot = f"w makes {share.name} a {ACCESS_WORDS[other]} · d ends it · esc closes"
        self.query_one("#share-foot", Static).update(foot)

    @property
    def _chosen(self) -> Share | None:
        index = self.query_one(ShareRows).highlighted
        return None if index is None or index >= len(self._shares) else self._shares[index]

    async def _did(self, call: Awaitable[object]) -> bool:
        try:
            await call
        except VibeError as error:
            self._say(error)
            return False
        await self._read()
        return True

    async def _read(self) -> None:
        try:
            self._shares = await self.vibe.core.shares(self._session.session_id)
        except VibeError as error:
            self._say(error)
            return
        self._read_once = True
        self._show()

    async def _follow(self) -> None:
        """Nobody is here in a session that doesn't run."""
        with suppress(VibeError):
            async with aclosing(follow(self.vibe.core, self._session.session_id)) as changes:
                async for self._here in changes:
                    self._show()
        self._here = {}
        self._show()

    def _say(self, error: VibeError) -> None:
        self.query_one("#problem", Static).update(f"{error.message} {error.hint}".strip())

    def _show(self) -> None:
        rows, nobody = self.query_one(ShareRows), self.query_one("#nobody", Static)
        rows.display, nobody.display = bool(self._shares), not self._shares
        if self._read_once:
            nobody.update("Nobody else can see it.")
        rows.show(self._shares, self._here)
        if not self._shares and self.focused is rows:
            self.query_one("#invited").focus()
        self._show_foot()


class ShareRows(OptionList):
    """The people, one a row."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "change", show=False),
        Binding("d,delete", "end", show=False),
    ]

    def show(self, shares: list[Share], here: Mapping[str, str]) -> None:
        """Show these and where they are; the cursor stays where it is, or on the last."""
        place = self.highlighted or 0
        self.set_options(
            Option(
                Content.assemble(
                    Content(share.name)
                    .truncate(_NAME - 1, ellipsis=True)
                    .pad_right(max(_NAME - len(share.name), 1)),
                    (ACCESS_WORDS[share.access].ljust(_ACCESS), "$muted"),
                    (here.get(share.name, ""), "$success"),
                ),
                share.user_id,
            )
            for share in shares
        )
        if shares:
            self.highlighted = min(place, len(shares) - 1)

    def action_change(self) -> None:
        """Writer or viewer."""
        self._dialog.change()

    def action_end(self) -> None:
        """No longer."""
        self._dialog.end()

    @property
    def _dialog(self) -> ShareDialog:
        assert isinstance(self.screen, ShareDialog)
        return self.screen
