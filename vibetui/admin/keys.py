"""``key``: public keys. Without a name they are one's own, where one has an account."""

from __future__ import annotations

from typing import Any

import click

from vibetui.admin.caller import Caller, answer
from vibetui.admin.options import as_json, yes
from vibetui.admin.words import iso, shown
from vibetui.errors import Invalid, NotFound
from vibetui.model import PublicKey

_fingerprint = click.argument("fingerprint")


@click.group(no_args_is_help=False)
def key() -> None:
    """Public keys: each has a label, and says when it was last used."""


@key.command("list")
@click.argument("name", required=False)
@as_json
@click.pass_obj
async def list_keys(caller: Caller, name: str | None, as_json: bool) -> None:
    """List the keys of the account NAME; without it, by ssh your own, else everybody's."""
    found = await _found(caller, name)
    data = [
        {**key_as_json(key), **({} if owner is None else {"account": owner})}
        for owner, key in found
    ]
    await answer(caller, as_json, data, *(line for pair in found for line in _lines(*pair)))


async def _found(caller: Caller, name: str | None) -> list[tuple[str | None, PublicKey]]:
    own = await caller.own_keys()
    if name is None and own is not None:
        return [(None, key) for key in await own.keys()]
    async with caller.administration() as administration:
        accounts = await administration.accounts()
    chosen = [each for each in accounts if name in (None, each.user.name)]
    if name is not None and not chosen:
        raise NotFound(f"There is no account “{name}”.", "List them: vibetui user list")
    return [(each.user.name, key) for each in chosen for key in each.keys]


@key.command("add")
@click.argument("name", required=False)
@click.argument("file", default="-")
@as_json
@click.pass_obj
async def add(caller: Caller, name: str | None, file: str, as_json: bool) -> None:
    """Add the keys in FILE, or of standard input, to the account NAME; by ssh, to your own."""
    own = await caller.own_keys()
    if name is None or (name == "-" and own is not None):
        if own is None:
            raise Invalid("Whose key is it?", "Name the account: vibetui key add NAME FILE")
        keys = await own.add(await caller.read_text(file))
    else:
        lines = await caller.read_text(file)
        async with caller.administration() as administration:
            keys = await administration.add_keys(name, lines)
    said = [f"{key.fingerprint} {key.comment}".rstrip() for key in keys]
    await answer(caller, as_json, [key_as_json(key) for key in keys], *said)


@key.command("remove")
@_fingerprint
@yes
@as_json
@click.pass_obj
async def remove(caller: Caller, fingerprint: str, yes: bool, as_json: bool) -> None:
    """Remove a key: nobody logs in with it any more."""
    if not yes:
        await caller.confirm(f"Remove the key {fingerprint}?")
    own = await caller.own_keys()
    try:
        if own is None:
            raise NotFound("The operator has no keys of their own.")
        await own.remove(fingerprint)
    except NotFound:
        async with caller.administration() as administration:
            await administration.remove_key(fingerprint)
    await answer(caller, as_json, {"fingerprint": fingerprint}, f"{fingerprint} is removed.")


@key.command("label")
@_fingerprint
@click.argument("words", metavar="LABEL", nargs=-1, required=True)
@as_json
@click.pass_obj
async def label(caller: Caller, fingerprint: str, words: tuple[str, ...], as_json: bool) -> None:
    """Call a key LABEL, for example after the machine that it is on."""
    # ssh sends what it is given in one line: quotation marks don't reach us.
    label = " ".join(words)
    own = await caller.own_keys()
    try:
        if own is None:
            raise NotFound("The operator has no keys of their own.")
        labelled = await own.label(fingerprint, label)
    except NotFound:
        async with caller.administration() as administration:
            labelled = await administration.label_key(fingerprint, label)
    said = f"{labelled.fingerprint} is called {labelled.comment} now."
    await answer(caller, as_json, key_as_json(labelled), said)


def key_as_json(key: PublicKey) -> dict[str, Any]:
    """For scripts; `comment` is the label."""
    return {
        "fingerprint": key.fingerprint,
        "algorithm": key.algorithm,
        "comment": key.comment,
        "added_at": iso(key.added_at),
        "last_used_at": iso(key.last_used_at),
    }


def _lines(owner: str | None, key: PublicKey) -> list[str]:
    whose = "" if owner is None else f"{owner}: "
    label = f"{whose}{key.comment or '(no label)'}"
    return [
        f"{key.fingerprint} {key.algorithm}",
        f"  {label}, added {shown(key.added_at)}, last used {shown(key.last_used_at)}",
    ]
