"""How far a pull is said to be."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vibetui.engines.docker.pull import PullMeter

KIB = 1024


def downloading(layer: str, current: int, total: int) -> dict[str, Any]:
    detail = {"current": current, "total": total}
    return {"id": layer, "status": "Downloading", "progressDetail": detail}


def test_the_fraction_is_bytes_over_the_bytes_of_all_layers() -> None:
    meter = PullMeter()
    meter.feed({"id": "latest", "status": "Pulling from library/thing"})
    for layer in ("a", "b"):
        assert meter.feed({"id": layer, "status": "Pulling fs layer"}).fraction is None
    assert meter.feed(downloading("a", 10, 100)).fraction is None, "b's size is unknown yet"
    assert meter.feed(downloading("b", 0, 300)).fraction == 10 / 400
    assert meter.feed(downloading("a", 100, 100)).fraction == 100 / 400
    assert meter.feed({"id": "b", "status": "Download complete"}).fraction == 1


def test_layers_that_are_here_already_count_for_nothing() -> None:
    meter = PullMeter()
    meter.feed({"id": "old", "status": "Already exists"})
    meter.feed({"id": "new", "status": "Pulling fs layer"})
    assert meter.feed(downloading("new", 50, 100)).fraction == 0.5


def test_extracting_does_not_pull_the_bar_back() -> None:
    meter = PullMeter()
    meter.feed({"id": "a", "status": "Pulling fs layer"})
    meter.feed(downloading("a", 100, 100))
    meter.feed({"id": "a", "status": "Download complete"})
    detail = {"current": 1, "total": 100}
    line = {"id": "a", "status": "Extracting", "progressDetail": detail}
    assert meter.feed(line).fraction == 1


def test_the_detail_says_layers_and_megabytes() -> None:
    meter = PullMeter()
    meter.feed({"id": "a", "status": "Pulling fs layer"})
    assert meter.feed(downloading("a", 5_000_000, 10_000_000)).detail == "0 of 1 layers, 5 of 10 MB"


lines = st.one_of(
    st.builds(
        downloading,
        st.sampled_from("abc"),
        st.integers(0, 2 * KIB),
        st.integers(1, KIB),
    ),
    st.builds(
        lambda layer, status: {"id": layer, "status": status},
        st.sampled_from("abc"),
        st.sampled_from(["Pulling fs layer", "Waiting", "Download complete", "Pull complete"]),
    ),
    st.just({"status": "Digest: sha256:0"}),
)


@given(st.lists(lines, max_size=40))
def test_the_fraction_only_grows_and_stays_within_its_bounds(feed: list[dict[str, Any]]) -> None:
    meter, last = PullMeter(), 0.0
    for line in feed:
        fraction = meter.feed(line).fraction
        if fraction is not None:
            assert last <= fraction <= 1
            last = fraction
