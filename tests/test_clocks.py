"""Clocks that are set, change with the season, or stand still: stamps stay true, in order, none comes twice."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from homeassistant.helpers import issue_registry as ir
import pytest

from tests.collector import Status

from .common import ACCOUNT, START, Home, key_of, stream

MAIN = key_of("main")


@pytest.fixture(autouse=True)
def _sources(home: Home) -> None:
    home.set("sensor.power", 1)


def _issues(home: Home) -> set[str]:
    return {issue_id for domain, issue_id in ir.async_get(home.hass).issues if domain == "wattics"}


def _stamps(home: Home, stream_id: str = "main") -> list[str]:
    """Return the times of the packets that arrived, as their meters show them."""
    return [packet.instant.isoformat() for packet in home.packets(stream_id)]


def _assert_order(home: Home) -> None:
    for stream_id in {packet.stream_id for packet in home.packets()}:
        instants = [packet.instant.timestamp() for packet in home.packets(stream_id)]
        assert all(earlier < later for earlier, later in pairwise(instants))
    assert home.collector.discarded == []
    assert home.collector.refused == []


async def test_set_back_by_an_hour(home: Home) -> None:
    """Nothing is made that Wattics would discard; the hour passes, and all is well again by itself."""
    await home.start(stream(interval=300))
    await home.until("13:05:30")
    before = home.instants()
    await home.jump(START + timedelta(minutes=5))
    await home.until("12:10:10")
    assert home.shown(MAIN, "status", "problem", "queued") == ["clock", "on", "0"]
    assert _issues(home) == {f"clock_set_back_{MAIN}"}
    requests = len(home.collector.statistics.requests)
    await home.until("13:09:59")
    assert home.shown(MAIN, "status") == ["clock"]
    assert home.instants() == before
    assert len(home.collector.statistics.requests) <= requests + 1  # but for a read-back
    await home.until("13:15:30")
    assert home.instants() == [*before, "13:10:00", "13:15:00"]
    assert home.shown(MAIN, "status", "problem") == ["ok", "off"]
    assert _issues(home) == set()
    _assert_order(home)


async def test_set_back_while_packets_wait(home: Home) -> None:
    """Those that wait are sent as they are: they were true when they were made."""
    fault = home.collector.inject(Status(503, times=None))
    await home.start(stream())
    await home.until("12:10:30")
    await home.jump(START + timedelta(minutes=2))
    await home.until("12:05:30")
    fault.clear()
    await home.press(ACCOUNT, "retry")
    await home.until("12:12:30")
    assert home.instants() == [f"12:{minute:02}:00" for minute in range(1, 13)]
    _assert_order(home)


async def test_set_back_over_a_restart(home: Home) -> None:
    """What was queued before is known after a restart, too."""
    entry = await home.start(stream())
    await home.until("12:10:30")
    await home.unload(entry)
    await home.jump(START + timedelta(minutes=5))
    await home.load(entry)
    await home.until("12:06:30")
    assert home.shown(MAIN, "status") == ["clock"]
    await home.until("12:11:30")
    assert home.instants() == [f"12:{minute:02}:00" for minute in range(1, 12)]
    assert home.shown(MAIN, "status") == ["ok"]
    _assert_order(home)


async def test_set_forward_by_a_day(home: Home) -> None:
    """The boundaries in between are holes: nothing is invented for them."""
    await home.start(stream(interval=300))
    await home.until("12:05:30")
    await home.jump(START + timedelta(days=1, minutes=6))
    await home.until("12:15:30")
    assert [f"{packet.instant.astimezone(UTC):%d %H:%M}" for packet in home.packets()] == [
        "23 12:05",
        "24 12:10",
        "24 12:15",
    ]
    assert home.shown(MAIN, "status") == ["ok"]
    assert home.state(MAIN, "last_packet").attributes["gaps"] == 288
    _assert_order(home)


@pytest.mark.parametrize(
    ("start", "quarters", "expected"),
    [
        # The clock goes from 03:00 back to 02:00: these times come twice.
        (
            datetime(2026, 10, 24, 23, 45, 1, tzinfo=UTC),
            9,
            [
                *(f"2026-10-25T02:{minute:02}:00+02:00" for minute in (0, 15, 30, 45)),
                *(f"2026-10-25T02:{minute:02}:00+01:00" for minute in (0, 15, 30, 45)),
                "2026-10-25T03:00:00+01:00",
            ],
        ),
        # The clock goes from 02:00 on to 03:00: the times between are never.
        (
            datetime(2027, 3, 28, 0, 15, 1, tzinfo=UTC),
            4,
            [
                *(f"2027-03-28T01:{minute:02}:00+01:00" for minute in (30, 45)),
                *(f"2027-03-28T03:{minute:02}:00+02:00" for minute in (0, 15)),
            ],
        ),
    ],
)
async def test_the_clock_changes_with_the_season(
    home: Home, start: datetime, quarters: int, expected: list[str]
) -> None:
    await home.jump(start)
    await home.start(stream(interval=900), stream("zulu", interval=900, time_zone="UTC"))
    await home.pass_time(quarters * 900 + 10)
    assert _stamps(home) == expected
    assert [datetime.fromisoformat(stamp) for stamp in _stamps(home, "zulu")] == [
        datetime.fromisoformat(stamp) for stamp in expected
    ]
    assert home.shown(MAIN, "status") == ["ok"]
    _assert_order(home)


async def test_an_offline_night_in_which_the_clock_changes(home: Home) -> None:
    """Packets of the repeated hour wait side by side and go in the order in which they were made."""
    await home.jump(datetime(2026, 10, 24, 23, 45, 1, tzinfo=UTC))
    await home.collector.stop()
    entry = await home.start(stream(interval=900))
    await home.pass_time(3600)
    await home.unload(entry)
    await home.load(entry)
    await home.pass_time(3600)
    await home.collector.start()
    await home.press(ACCOUNT, "retry")
    await home.pass_time(915)
    stamps = _stamps(home)
    assert stamps[0] == "2026-10-25T02:00:00+02:00"
    assert stamps[-1] == "2026-10-25T03:00:00+01:00"
    assert len(stamps) == 9
    _assert_order(home)


async def test_packets_that_wait_keep_the_zone_they_were_made_in(home: Home) -> None:
    fault = home.collector.inject(Status(503, times=None))
    entry = await home.start(stream())
    await home.until("12:03:30")
    before = [one.body for one in await entry.runtime_data.outbox.peek("main", None, 9)]
    await home.hass.config.async_update(time_zone="Asia/Kolkata")
    await home.until("12:05:30")
    fault.clear()
    await home.press(ACCOUNT, "retry")
    await home.until("12:05:50")
    assert [arrival.body for arrival in home.collector.accepted][:3] == before
    assert [str(packet.instant.utcoffset()) for packet in home.packets()] == [*["1:00:00"] * 3, *["5:30:00"] * 2]
    assert home.instants() == [f"12:0{minute}:00" for minute in range(1, 6)]
    _assert_order(home)


async def test_a_zone_that_lies_behind_makes_no_stream_late(home: Home) -> None:
    """By the wall clock it is hours earlier there; by the instant, which counts, it is not."""
    await home.start(stream())
    await home.until("12:02:30")
    await home.hass.config.async_update(time_zone="America/Los_Angeles")
    await home.until("12:04:30")
    assert _stamps(home)[-2:] == ["2026-11-23T04:03:00-08:00", "2026-11-23T04:04:00-08:00"]
    assert home.shown(MAIN, "status") == ["ok"]
    _assert_order(home)


async def test_suspend(home: Home) -> None:
    """Timers stand still for hours; the first boundary after that is sampled, none before is made up."""
    await home.start(stream())
    await home.until("12:01:59")
    await home.jump(START + timedelta(hours=6, seconds=29))
    await home.until("18:02:30")
    assert home.instants() == ["12:01:00", "18:01:00", "18:02:00"]
    assert home.shown(MAIN, "status", "problem") == ["ok", "off"]
    _assert_order(home)


@pytest.mark.parametrize(("late", "arrives"), [(4.5, True), (7.0, False)])
async def test_a_boundary_that_is_noticed_late(home: Home, late: float, arrives: bool) -> None:
    """Up to a tenth of the interval it still gets its own stamp; later it is a hole."""
    await home.start(stream())
    await home.until("12:01:59")
    await home.jump(START + timedelta(minutes=1, seconds=59 + late))
    await home.until("12:03:30")
    assert home.instants() == ["12:01:00", *(["12:02:00"] if arrives else []), "12:03:00"]
    assert home.state(MAIN, "last_packet").attributes["gaps"] == (0 if arrives else 1)
    _assert_order(home)


async def test_a_clock_that_jumps_to_and_fro(home: Home) -> None:
    """Whatever the clock does, what arrives is in order and every status ends well."""
    await home.start(stream(), stream("fast", interval=5))
    for minutes in (3, -2, 10, -1, -5, 1, 4):
        await home.pass_time(65)
        await home.jump(home.now + timedelta(minutes=minutes, seconds=7))
    await home.pass_time(900)
    assert home.shown(MAIN, "status", "problem", "queued") == ["ok", "off", "0"]
    assert home.shown(key_of("fast"), "status", "problem") == ["ok", "off"]
    assert _issues(home) == set()
    _assert_order(home)
