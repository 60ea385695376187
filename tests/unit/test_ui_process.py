"""The app as a process: what it needs after it has been forked, and how it ends when it fails."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.ui_support import StagedCore, staged_app
from vibetui.model import Session
from vibetui.ui.app import CRASHED

_SECOND_RUN = """
import asyncio, sys
from vibetui.settings import Settings
from vibetui.ui import warm

warm.warm()
opened, modules = [], set(sys.modules)
sys.addaudithook(lambda event, args: opened.append(args[0]) if event == "open" else None)
asyncio.run(warm._rehearse(Settings()))
files = [path for path in opened if isinstance(path, str) and path.endswith((".py", ".tcss"))]
print(files, sorted(set(sys.modules) - modules))
print({name.partition(".")[0] for name in modules} & {"docker", "sqlalchemy", "asyncssh"})
"""


def test_a_warmed_process_runs_the_app_without_reading_its_files() -> None:
    run = subprocess.run(
        [sys.executable, "-c", _SECOND_RUN], capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stdout.splitlines() == ["[] []", "set()"]


class BrokenCore(StagedCore):
    """Has a bug."""

    async def list_sessions(self) -> list[Session]:
        raise RuntimeError("a bug")


async def test_a_bug_ends_in_a_sentence_and_not_in_a_traceback(
    capfd: pytest.CaptureFixture[str],
) -> None:
    app = staged_app(BrokenCore())
    assert await app.run_async(headless=True) == CRASHED
    assert app.return_code == 1
    out, err = capfd.readouterr()
    assert "RuntimeError" not in err
    assert "ui.crashed" in out + err
