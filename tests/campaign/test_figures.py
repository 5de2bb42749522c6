"""The measurements in their short form: the promises hold, and each can be seen broken."""

from functools import partial
from pathlib import Path

import pytest

from . import backlog, fleet, million, neighbours, week
from .figures import resident

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_a_backlog_arrives_in_order(tmp_path: Path) -> None:
    streams, ticks = 10, 60

    figures = await backlog.measure(tmp_path, streams, ticks)

    assert figures["packets"] == streams * ticks
    assert figures["missing or out of order"] == 0
    assert figures["growth"] < backlog.MOST_GROWTH


def test_a_backlog_that_does_not_arrive_in_order() -> None:
    bodies = [packet.encode().decode() for tick in range(3) for packet in backlog.tick(tick, 2)]
    wrong = partial(backlog.missing_or_out_of_order, streams=2, ticks=3)

    assert wrong(bodies) == 0
    assert wrong(bodies[:-1]) == 1
    assert wrong([bodies[2], bodies[0], *bodies[3:], bodies[1]]) == 2


@pytest.mark.parametrize(
    "wrong", [{"missing or out of order": 1}, {"discarded": 1}, {"growth": backlog.MOST_GROWTH}]
)
def test_a_week_that_does_not_come_out_well(wrong: dict[str, float]) -> None:
    figures = {"missing or out of order": 0, "discarded": 0, "growth": 20.0}

    assert week.is_well(figures)
    assert not week.is_well({**figures, **wrong})


def test_refused_streams_hold_up_no_other(tmp_path: Path) -> None:
    """A refused stream may not take a connection for as long as it waits: that would take minutes."""
    figures = neighbours.measure(tmp_path, packets=20)

    assert figures["refusals 400"] >= 4
    assert figures["refusals 404"] >= 2


async def test_how_often_an_installation_knocks(tmp_path: Path) -> None:
    figures = await fleet.measure(tmp_path, seeds=3)

    assert list(fleet.broken_promises(figures)) == []


def test_a_fleet_that_does_not_spread() -> None:
    assert fleet.most_within(1.0, [0.0, 0.5, 1.0, 1.25, 2.25]) == 3
    assert fleet.peak_percent(1000, 1) == pytest.approx(11, abs=2)


@pytest.mark.parametrize("packets", [500, 20_000])
def test_a_start_with_many_packets(tmp_path: Path, packets: int) -> None:
    """Neither time nor memory grow with what waits."""
    figures = million.measure(tmp_path / "start", packets)

    assert figures["packets waiting"] == packets
    assert figures["milliseconds to open"] < 1000
    assert figures["milliseconds to queue one more tick"] < 1000
    assert figures["megabytes of memory that all this took"] < 10


def test_memory_is_measured() -> None:
    before = resident()
    ballast = bytearray(b"x") * 20_000_000

    assert len(ballast) / 1_000_000 <= resident() - before + 1 <= 40
