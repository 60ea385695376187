"""Recordings as files: what was said is in them, whole, in order, within bounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vibetui.errors import Invalid
from vibetui.recording import Cast, Ended, Header, Recording, Shelf, Source, is_incomplete

SOURCE = Source("run", 1)
HEADER = Header(80, 24, 1000, "work", {"TERM": "xterm-256color"})


def _begin(path: Path, *, limit: int = 1 << 20, offset: int = 0) -> Recording:
    return Recording.begin(path, SOURCE, HEADER, began=1000.0, offset=offset, limit=limit)


def _said(path: Path, code: str = "o") -> str:
    return "".join(event.data for event in Cast(path).events() if event.code == code)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.binary(max_size=40) | st.text(max_size=9).map(str.encode), st.floats(-5, 5))
    )
)
def test_any_output_in_any_pieces_is_read_back_as_its_text(
    pieces: list[tuple[bytes, float]],
) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "a.cast"
        recording = _begin(path)
        now, offset = 1000.0, 0
        for data, later in pieces:
            now, offset = now + later, offset + len(data)
            recording.output(now, data, offset)
        recording.close()
        whole = b"".join(data for data, _ in pieces)
        # What was cut at the end waits for its rest.
        assert whole[: recording.offset].decode("utf-8", "replace") == _said(path)
        lines = path.read_bytes().decode().splitlines()
        events = [json.loads(line) for line in lines[1:]]
        times = [event[0] for event in events]
        assert times == sorted(times)
        assert json.loads(lines[0])["version"] == 2


def test_a_character_cut_between_reads_is_not_broken(tmp_path: Path) -> None:
    recording = _begin(tmp_path / "a.cast")
    recording.output(1001, "é".encode()[:1], 1)
    recording.output(1002, "é".encode()[1:], 2)
    recording.close()
    assert _said(tmp_path / "a.cast") == "é"


def test_a_recording_that_was_killed_is_taken_up_at_its_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.cast"
    recording = _begin(path)
    recording.output(1001, b"one \xc3", 5)
    recording.flush()
    with path.open("ab") as file:
        file.write(b'[2.0, "o", "two"]\n[3.0, "o", "half a li')  # written, but not vouched for
    assert _said(path) == "one two"
    again = Recording.resume(path, 1 << 20)
    assert again is not None
    assert (again.offset, again.source) == (4, SOURCE)
    again.output(1009, "é two".encode(), 10)
    again.close()
    assert _said(path) == "one é two"
    assert [event.time for event in Cast(path).events()] == [1.0, 9.0]


def test_what_ended_because_nobody_could_reach_it_can_go_on(tmp_path: Path) -> None:
    for why, goes_on in ((Ended.STOPPED, True), (Ended.EXIT, False)):
        recording = _begin(path := tmp_path / f"{why}.cast")
        recording.finish(1001, why, "The end")
        recording.close()
        again = Recording.resume(path, 1 << 20)
        assert again is not None
        assert (again.ended is None) is goes_on
        again.close()


def test_a_state_that_makes_no_sense_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.cast"
    _begin(path).close()
    state = path.with_suffix(".state")
    for nonsense in (b"", b"{}", b"[1]", b"\xff\xfe", state.read_bytes().replace(b"null", b'"?"')):
        state.write_bytes(nonsense)
        assert Recording.resume(path, 1 << 20) is None


def test_a_full_file_ends_with_a_marker_and_never_grows(tmp_path: Path) -> None:
    path = tmp_path / "a.cast"
    recording = _begin(path, limit=4096)
    for turn in range(100):
        recording.output(1001 + turn, b"x" * 100, 100 * (turn + 1))
        recording.flush()
        assert path.stat().st_size <= 4096
    assert recording.ended is Ended.LIMIT
    recording.close()
    last = list(Cast(path).events())[-1]
    assert (last.code, "full" in last.data) == ("m", True)
    again = Recording.resume(path, 4096)
    assert again is not None
    assert again.ended is Ended.LIMIT


def test_nobody_else_can_read_a_recording(tmp_path: Path) -> None:
    _begin(tmp_path / "a.cast").close()
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello\n",
        b"[]\n",
        b'{"version": 1, "width": 80, "height": 24}\n',
        b"\xff\n",
        b'{"version": 2, "width": 0, "height": 24}\n',
    ],
)
def test_what_is_no_recording_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.cast"
    path.write_bytes(content)
    with pytest.raises(Invalid, match="is no asciicast of version 2"):
        Cast(path)


def test_the_player_of_asciinema_prints_the_output_exactly(tmp_path: Path) -> None:
    path = tmp_path / "a.cast"
    output = '\x1b[31mred\x1b[0m 日本 \u2028\x85 \x00\x7f\r\n"quoted" \\ é\r\n' * 50
    data = output.encode()
    recording = _begin(path)
    for start in range(0, len(data), 7):
        piece = data[start : start + 7]
        recording.output(1000 + start / 100, piece, start + len(piece))
    recording.resized(1100, 30, 100)
    recording.mark(1100, "a note")
    recording.typed(1101, b"typed")
    recording.close()
    done = subprocess.run(
        [sys.executable, "-m", "asciinema", "cat", str(path)],
        capture_output=True,
        env={**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": "", "HOME": str(tmp_path)},
        timeout=30,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == data


def test_the_oldest_recordings_go_first_and_those_being_written_stay(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "session")
    paths = [shelf.new_path(1000.0 + number, number) for number in range(4)]
    for number, path in enumerate(paths):
        recording = _begin(path)
        recording.output(1001, b"x" * 1000, 1000)
        if number:
            recording.finish(1002, Ended.EXIT, "The program ended")
        recording.close()
    shelf.sweep(now=time.time(), most=3500, days=0, keep=is_incomplete)
    assert [kept.path for kept in shelf.kept()] == [paths[0], *paths[2:]]
    shelf.sweep(now=time.time() + 9 * 86_400, most=3500, days=7, keep=is_incomplete)
    assert [(kept.path, kept.complete) for kept in shelf.kept()] == [(paths[0], False)]
    assert sorted(path.suffix for path in shelf.directory.iterdir()) == [".cast", ".state"]


def test_what_another_run_has_left_unfinished_ends_at_its_last_whole_line(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "session")
    recording = _begin(path := shelf.new_path(1000.0, 1))
    recording.output(1001, b"one", 3)
    recording.close()
    with path.open("ab") as file:
        file.write(b'[2.0, "o", "two"]\n[3.0, "o", "half a li')
    assert shelf.take_up("another run", 1 << 20) == []
    assert _said(path) == "onetwo"
    assert path.read_bytes().endswith(b"\n")
    assert not is_incomplete(path)
