"""Any text and any terminals make a layout in which every terminal is shown exactly once."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibetui.terminals.layout import LARGEST_RATIO, LEAST_RATIO, MOST_BYTES, Layout, Split, Tab

NUMBERS = st.lists(st.integers(1, 9), unique=True)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
ALMOST = st.fixed_dictionaries(
    {
        "panes": st.lists(st.integers(0, 9) | JUNK, max_size=5) | JUNK,
        "split": st.sampled_from(["columns", "rows"]) | JUNK,
        "ratio": st.floats() | JUNK,
    }
)
TEXTS = (
    st.text()
    | st.builds(json.dumps, JUNK)
    | st.builds(lambda tabs: json.dumps({"tabs": tabs}), st.lists(ALMOST | JUNK, max_size=5) | JUNK)
)


@given(TEXTS, NUMBERS)
def test_every_terminal_is_shown_once_whatever_the_text_says(text: str, running: list[int]) -> None:
    layout = Layout.read(text, running)
    assert sorted(layout.terminals) == sorted(running)
    for tab in layout.tabs:
        assert len(tab.panes) in (1, 2)
        assert LEAST_RATIO <= tab.ratio <= LARGEST_RATIO


@given(TEXTS, NUMBERS)
def test_what_is_written_is_read_again(text: str, running: list[int]) -> None:
    layout = Layout.read(text, running)
    again = Layout.read(layout.text(), running)
    assert [tab.panes for tab in again.tabs] == [tab.panes for tab in layout.tabs]
    for tab, other in zip(again.tabs, layout.tabs, strict=True):
        assert len(tab.panes) == 1 or tab == other


@given(NUMBERS, st.data())
def test_no_deed_loses_or_doubles_a_terminal(running: list[int], data: st.DataObject) -> None:
    layout = Layout.read("", running)
    one = st.sampled_from([*running, 77])
    for _ in range(5):
        first, second = data.draw(one), data.draw(one)
        deeds = (
            lambda at, one=first, by=second: at.moved(one, by - 5),
            lambda at, one=first, two=second: at.joined(one, two, Split.ROWS),
            lambda at, one=first: at.parted(one),
            lambda at, one=first: at.resized(one, 0.3),
        )
        layout = data.draw(st.sampled_from(deeds))(layout)
        assert sorted(layout.terminals) == sorted(running)


def test_as_many_terminals_as_an_agent_has_fit_its_text() -> None:
    panes = [(4294967295 - 2 * i, 4294967294 - 2 * i) for i in range(64)]
    layout = Layout(tuple(Tab(pair, Split.COLUMNS, 0.333) for pair in panes))
    text = layout.text()
    assert len(text) <= MOST_BYTES
    assert Layout.read(text, layout.terminals).terminals == layout.terminals


@pytest.mark.parametrize(("by", "order"), [(1, (2, 1, 3)), (-1, (1, 2, 3)), (9, (2, 3, 1))])
def test_a_tab_is_moved_as_far_as_there_are_others(by: int, order: tuple[int, ...]) -> None:
    assert Layout.read("", [1, 2, 3]).moved(1, by).terminals == order


def test_a_pane_joins_another_and_parts_from_it() -> None:
    joined = Layout.read("", [1, 2, 3]).joined(3, 1, Split.ROWS)
    assert joined.tabs == (Tab((1, 3), Split.ROWS), Tab((2,)))
    assert joined.joined(2, 1, Split.ROWS) == joined
    assert joined.parted(1).terminals == (3, 1, 2)
