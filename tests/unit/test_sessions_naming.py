"""What sessions may be called, and whose containers are."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vibetui.engines import ContainerState
from vibetui.errors import Invalid
from vibetui.model import LABEL_SESSION, Session, SessionStatus
from vibetui.naming import hostname
from vibetui.sessions import LOBBY_VERBS, check_name
from vibetui.sessions.ownership import instance_id, is_of, labels_of


@pytest.mark.parametrize("name", ["a", "web", "my-api.v2", "0_x", "A" * 40])
def test_ordinary_names_are_accepted(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        (["", "a b", "a/b", "é", "x\n", "a;b", "$(x)", "\x1b[31m"], "Use letters, digits"),
        (["-x", ".x", "_"], "Begin with a letter"),
        (["A" * 41], "at most 40"),
    ],
)
def test_other_names_are_refused_with_the_rule(names: list[str], rule: str) -> None:
    for name in names:
        with pytest.raises(Invalid) as caught:
            check_name(name)
        assert rule in caught.value.hint


@pytest.mark.parametrize("verb", [*LOBBY_VERBS, "LS"])
def test_a_command_of_the_lobby_is_no_name(verb: str) -> None:
    with pytest.raises(Invalid, match="command"):
        check_name(verb)


@pytest.mark.parametrize(("name", "host"), [("my_api.v2", "my-api-v2"), ("x_", "x"), ("a", "a")])
def test_the_host_name_is_the_sessions_as_far_as_hosts_may_be_called_so(
    name: str, host: str
) -> None:
    assert hostname(name) == host


SESSION = Session("s1", "u1", "web", "base", None, SessionStatus.STOPPED, datetime.now(UTC), None)


def test_labels_decide_whose_a_container_is() -> None:
    ours = ContainerState("id", "whatever", True, "running", None, "", labels_of(SESSION, "here"))
    assert is_of(ours, SESSION, "here")
    assert not is_of(ours, SESSION, "another instance")
    assert not is_of(replace(ours, labels={LABEL_SESSION: "s1"}), SESSION, "here")
    assert not is_of(ours, replace(SESSION, session_id="s2"), "here")


def test_all_who_come_first_at_once_agree_on_the_instance(tmp_path: Path) -> None:
    found: list[str] = []
    everybody = [
        threading.Thread(target=lambda: found.append(instance_id(tmp_path / "data")))
        for _ in range(8)
    ]
    for one in everybody:
        one.start()
    for one in everybody:
        one.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["instance"]
