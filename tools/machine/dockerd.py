"""Starting Docker's daemon, under systemd or by ourselves, and stopping the one we started."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tools.machine import debian, state
from tools.machine.paths import DOCKERD_LOG
from tools.machine.state import Daemon
from vibetui.engines.docker.url import DEFAULT_SOCKET
from vibetui.errors import EngineError, VibeError

START_DEADLINE = 60.0
STOP_DEADLINE = 30.0
POLL_INTERVAL = 0.1
PID_FILE = Path("/var/run/docker.pid")


def private_root() -> Path | None:
    """`VIBETUI_ENGINE_ROOT`: the directory of an engine of our own beside the machine's."""
    named = os.environ.get("VIBETUI_ENGINE_ROOT")
    return Path(named).resolve() if named else None


def socket_url(private: Path | None) -> str:
    """Where the daemon that we'd start listens."""
    return f"unix://{private / 'docker.sock' if private else DEFAULT_SOCKET}"


def start(url: str, ping: Callable[[], object]) -> None:
    """Start the daemon and wait until `ping` raises no more.

    Raises:
        VibeError: it did not come up; its own last words are in the hint.
    """
    private = private_root()
    if private is None and Path("/run/systemd/system").is_dir():
        _start_unit(ping)
        return
    pid_file = private / "docker.pid" if private else PID_FILE
    if _is_alive(pid_file):
        # The package's own scripts, or somebody else, started it a moment ago.
        _wait(ping, process=None)
        return
    # A killed daemon leaves its file, and dockerd refuses to start while anything at all has that
    # pid, its own zombie included.
    pid_file.unlink(missing_ok=True)
    with contextlib.ExitStack() as undo:
        process = _spawn(url, private)
        undo.callback(_end, process)
        daemon = identify(process.pid)
        if daemon is None:
            raise VibeError("dockerd ended at once.", _last_words())
        state.save(dataclasses.replace(state.load(), daemon=daemon))
        _wait(ping, process)
        undo.pop_all()


def identify(pid: int) -> Daemon | None:
    """What tells this process from any other that will ever have its pid; None once it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    if fields[0] == "Z":
        return None
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return Daemon(pid=pid, start_ticks=int(fields[19]), boot_id=boot_id)


def stop(daemon: Daemon) -> bool:
    """Stop a daemon that we started and wait for its end; False when it is not there any more.

    Raises:
        VibeError: it is still there after `STOP_DEADLINE`.
    """
    try:
        handle = os.pidfd_open(daemon.pid)
    except ProcessLookupError:
        return False
    try:
        # The descriptor holds the process; only now can its identity not change under our hands.
        if identify(daemon.pid) != daemon:
            return False
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        ended, _, _ = select.select([handle], [], [], STOP_DEADLINE)
    finally:
        os.close(handle)
    if not ended:
        raise VibeError(
            f"dockerd (process {daemon.pid}) does not end.", f"See {DOCKERD_LOG} for the reason."
        )
    return True


def _start_unit(ping: Callable[[], object]) -> None:
    active = subprocess.run(["systemctl", "--quiet", "is-active", "docker"], check=False)
    result = subprocess.run(
        ["systemctl", "start", "docker"], capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise VibeError("systemd could not start docker.", result.stderr.strip())
    if active.returncode != 0:
        state.save(dataclasses.replace(state.load(), unit="docker"))
    _wait(ping, process=None)


def _spawn(url: str, private: Path | None) -> subprocess.Popen[bytes]:
    program = debian.find_program("dockerd")
    assert program is not None, "the caller has looked for it"
    command = [program, "--host", url]
    if private:
        private.mkdir(parents=True, exist_ok=True)
        # Two daemons in one network namespace share `docker0` and the iptables chains, and even
        # `--bridge=none` removes the other's bridge.
        command = ["unshare", "--net", *command]
        command += ["--data-root", str(private / "data"), "--exec-root", str(private / "exec")]
        command += ["--pidfile", str(private / "docker.pid")]
    command += shlex.split(os.environ.get("VIBETUI_DOCKERD_ARGS", ""))
    DOCKERD_LOG.parent.mkdir(parents=True, exist_ok=True)
    with DOCKERD_LOG.open("wb") as log:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def _wait(ping: Callable[[], object], process: subprocess.Popen[bytes] | None) -> None:
    # Nothing tells us when a daemon of somebody else's is ready, so it is asked, and the deadline
    # bounds the asking. Its end, where it is our child, is noticed at once.
    deadline = time.monotonic() + START_DEADLINE
    while True:
        try:
            ping()
            return
        except EngineError as error:
            if process and process.poll() is not None:
                raise VibeError(
                    f"dockerd ended with status {process.returncode} while starting.",
                    _last_words(),
                ) from error
            if time.monotonic() > deadline:
                raise VibeError(
                    f"dockerd did not answer within {START_DEADLINE:.0f} s.", _last_words()
                ) from error
        if process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(POLL_INTERVAL)
        else:
            time.sleep(POLL_INTERVAL)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_DEADLINE)
    state.save(dataclasses.replace(state.load(), daemon=None))


def _is_alive(pid_file: Path) -> bool:
    try:
        pid = int(pid_file.read_text())
        return "dockerd" in Path(f"/proc/{pid}/cmdline").read_text()
    except (OSError, ValueError):
        return False


def _last_words() -> str:
    try:
        lines = DOCKERD_LOG.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return "journalctl -u docker has the reason."
    return "\n".join([*lines[-5:], f"The whole story: {DOCKERD_LOG}"])
