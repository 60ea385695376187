"""Requests of administrators, as they travel."""

from __future__ import annotations

import traceback

import pytest

from vibetui.core.administration import Administration
from vibetui.core.administration.wire import methods_of
from vibetui.errors import Invalid


def test_a_request_that_makes_no_sense_is_refused_without_repeating_its_secrets() -> None:
    password = "-".join(("correct", "horse"))  # Not in a line of code that a traceback shows.
    method = methods_of(Administration)["set_password"]
    with pytest.raises(Invalid) as raised:
        method.unpacked({"name": "ada", "password": [password]})
    assert password not in "".join(traceback.format_exception(raised.value))
    assert raised.value.__cause__ is None
