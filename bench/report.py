"""Rows of a measurement and the two forms in which every script prints them."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One claim. `ratio` is value over peer; `holds` None where there is no target."""

    name: str
    value: float
    unit: str
    peer: float | None = None
    ratio: float | None = None
    target: str = ""
    holds: bool | None = None


def row(
    name: str,
    value: float,
    unit: str,
    *,
    peer: float | None = None,
    most: float | None = None,
    most_ratio: float | None = None,
    least_ratio: float | None = None,
) -> Row:
    """A row whose target is an upper bound of the value, or a bound of the ratio to the peer."""
    ratio = None if not peer else value / peer
    target, holds = "", None
    if most is not None:
        target, holds = f"<= {most:g} {unit}", value <= most
    if most_ratio is not None and ratio is not None:
        target, holds = f"<= {most_ratio:g}x", ratio <= most_ratio
    if least_ratio is not None and ratio is not None:
        target, holds = f">= {least_ratio:g}x", ratio >= least_ratio
    return Row(name, value, unit, peer, ratio, target, holds)


def median(values: Sequence[float]) -> float:
    return percentile(values, 0.5)


def percentile(values: Sequence[float], fraction: float) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(fraction * len(ordered)) - 1)]


def arguments(
    description: str, *, repeats: int, quick_repeats: int | None = None
) -> argparse.Namespace:
    """The options that every script takes; `quick` where there is a short form."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="a list of rows")
    parser.add_argument("--repeats", type=int, default=repeats, help="of each measurement")
    if quick_repeats is not None:
        parser.add_argument("--quick", action="store_true", help="less of all: to try it out")
    options = parser.parse_args()
    if quick_repeats is not None and options.quick:
        options.repeats = quick_repeats
    return options


def show(rows: Iterable[Row], *, as_json: bool) -> None:
    """Print all rows as JSON or as a table."""
    listed = list(rows)
    if as_json:
        print(json.dumps([asdict(one) for one in listed], indent=2))
        return
    print(f"{'':44} {'value':>9} {'peer':>9} {'ratio':>7}  target")
    for one in listed:
        peer = "" if one.peer is None else f"{one.peer:.3f}"
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}x"
        mark = {None: "", True: "holds", False: "MISSED"}[one.holds]
        value = f"{one.value:.3f} {one.unit}"
        print(f"{one.name:44} {value:>9} {peer:>9} {ratio:>7}  {one.target} {mark}".rstrip())
