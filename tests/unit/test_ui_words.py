"""How the app says things, and which names it takes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui_support import NOW, session
from vibetui.errors import Invalid
from vibetui.model import SessionStatus
from vibetui.naming import LOBBY_VERBS, MAX_LENGTH, check_name
from vibetui.ui.names import problem_with, suggest
from vibetui.ui.prefix import key_bytes, key_name
from vibetui.ui.wording import ago, farewell, took


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=3), "3 min ago"),
        (timedelta(hours=5, minutes=59), "5 h ago"),
        (timedelta(hours=30), "yesterday"),
        (timedelta(days=12), "12 days ago"),
        (timedelta(days=45), "28 Jan 2026"),
    ],
)
def test_last_used_is_said_as_people_say_it(passed: timedelta, said: str) -> None:
    assert ago(NOW - passed, NOW) == said


def test_a_session_never_used_says_so() -> None:
    assert ago(None, NOW) == "never"


@pytest.mark.parametrize(
    ("seconds", "said"), [(-1, "0.0 s"), (0.34, "0.3 s"), (42.9, "42 s"), (125, "2 min 05 s")]
)
def test_durations_are_short(seconds: float, said: str) -> None:
    assert took(seconds) == said


def test_leaving_says_what_goes_on() -> None:
    api, web = (session(name, SessionStatus.RUNNING) for name in ("api", "web"))
    assert "None of your sessions is running" in farewell([session("idle")])
    assert "Session api keeps running" in farewell([api, session("idle")])
    assert "2 sessions keep running" in farewell([api, web])


names = st.one_of(
    st.text(alphabet="abcXYZ019._- /é\n", max_size=MAX_LENGTH + 2),
    st.sampled_from([said for verb in LOBBY_VERBS for said in (verb, verb.title())]),
)


@given(names)
def test_the_form_takes_exactly_the_names_that_the_core_takes(name: str) -> None:
    try:
        check_name(name)
    except Invalid:
        assert problem_with(name, ())
    else:
        assert problem_with(name, ()) == ""


def test_a_suggested_name_is_free_and_allowed() -> None:
    first = suggest((), lambda words: words[0])
    second = suggest({first}, lambda words: words[0])
    assert first != second
    assert problem_with(second, {first}) == ""


def test_the_prefix_has_three_spellings() -> None:
    assert key_name("ctrl+]") == "ctrl+right_square_bracket"
    assert key_bytes("ctrl+]") == b"\x1d"
    assert key_bytes("ctrl+a") == b"\x01"
