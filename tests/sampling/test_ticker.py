"""The ticker on Home Assistant's timers, with the clock in the test's hand."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import get_scheduled_timer_handles
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed_exact

from custom_components.wattics.sampling.stream import Stream
from custom_components.wattics.sampling.ticker import Missed, Ticker
from custom_components.wattics.sampling.zones import Zones

START = datetime(2026, 11, 23, 14, 1, tzinfo=UTC)


class Ticking:
    """A ticker whose calls are kept, and a clock to move."""

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
        """Stand at `START`."""
        self.hass = hass
        self.freezer = freezer
        self.due: list[tuple[datetime, list[str]]] = []
        self.missed: list[Missed] = []
        self.ticker = Ticker(hass, Zones(), self.on_due, self.on_missed)

    def on_due(self, instant: datetime, streams: Sequence[Stream]) -> None:
        """Keep what is due, by name."""
        self.due.append((instant, [stream.name for stream in streams]))

    def on_missed(self, missed: Sequence[Missed]) -> None:
        """Keep what was missed."""
        self.missed += missed

    def move(self, instant: datetime) -> None:
        """Move the clock without a timer noticing: suspend, or a clock that is set."""
        self.freezer.move_to(instant)

    def wake(self, instant: datetime) -> None:
        """Let the ticker's timer run out at an instant."""
        self.move(instant)
        async_fire_time_changed_exact(self.hass, instant, fire_all=True)

    async def run(self, end: datetime) -> None:
        """Let time pass until `end`, each timer running out when it should."""
        while (now := dt_util.utcnow()) < end:
            sleep = timedelta(seconds=_sleep(self.hass))
            assert timedelta(0) < sleep <= timedelta(seconds=30)
            # A timer's time is a float of seconds: it runs out within the millisecond.
            if now + sleep > end:
                self.move(end)
                return
            self.wake(now + sleep + timedelta(milliseconds=1))


def _timers(hass: HomeAssistant) -> list[asyncio.TimerHandle]:
    return [
        handle
        for handle in get_scheduled_timer_handles(hass.loop)
        if not handle.cancelled() and "wattics sampling" in str(getattr(handle, "_args", ""))
    ]


def _sleep(hass: HomeAssistant) -> float:
    """Return the seconds after which the ticker's one timer runs out."""
    (timer,) = _timers(hass)
    return timer.when() - hass.loop.time()


@pytest.fixture
async def ticking(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> AsyncIterator[Ticking]:
    await hass.config.async_set_time_zone("UTC")
    freezer.move_to(START)
    ticking = Ticking(hass, freezer)
    yield ticking
    ticking.ticker.async_stop()
    assert _timers(hass) == []


def _stream(name: str, interval: int = 300, time_zone: str | None = None) -> Stream:
    return Stream(f"id of {name}", name, name, interval, {}, time_zone)


def _at(clock: str, day: int = 23) -> datetime:
    return datetime.fromisoformat(f"2026-11-{day:02}T{clock}Z")


def _due(*calls: tuple[str, Iterable[str]]) -> list[tuple[datetime, list[str]]]:
    return [(_at(clock), list(names)) for clock, names in calls]


async def test_streams_due_at_one_instant_come_together(ticking: Ticking) -> None:
    await ticking.ticker.async_start([_stream("a"), _stream("b", 600), _stream("c", time_zone="Asia/Kathmandu")])

    await ticking.run(_at("14:12"))

    assert ticking.due == _due(("14:05", "ac"), ("14:10", "abc"))
    assert all(instant.tzinfo is UTC for instant, _ in ticking.due)
    assert ticking.missed == []


async def test_streams_of_other_zones_are_due_by_their_own_clock(ticking: Ticking) -> None:
    await ticking.ticker.async_start([_stream("utc", 3600), _stream("kathmandu", 3600, "Asia/Kathmandu")])

    await ticking.run(_at("16:01"))

    assert ticking.due == _due(
        ("14:15", ["kathmandu"]), ("15:00", ["utc"]), ("15:15", ["kathmandu"]), ("16:00", ["utc"])
    )


async def test_never_sleeps_for_more_than_30_seconds(ticking: Ticking) -> None:
    await ticking.ticker.async_start([_stream("a", 24 * 3600)])
    assert _sleep(ticking.hass) == pytest.approx(30)

    ticking.wake(_at("14:01:30"))
    assert _sleep(ticking.hass) == pytest.approx(30)

    ticking.wake(datetime(2026, 11, 23, 23, 59, 50, tzinfo=UTC))
    assert _sleep(ticking.hass) == pytest.approx(10)


async def test_early_timer_waits_on(ticking: Ticking) -> None:
    await ticking.ticker.async_start([_stream("a")])

    ticking.wake(_at("14:04:59.999"))
    assert ticking.due == []
    assert _sleep(ticking.hass) == pytest.approx(0.001, abs=1e-4)
    ticking.wake(_at("14:05"))
    assert ticking.due == _due(("14:05", "a"))


@pytest.mark.parametrize(("interval", "seconds"), [(5, 2), (30, 3), (300, 30), (600, 60), (24 * 3600, 60)])
async def test_late_tick_stamps_its_boundary(ticking: Ticking, interval: int, seconds: int) -> None:
    boundary = _at("00:00", day=24)
    ticking.move(boundary - timedelta(seconds=3))
    await ticking.ticker.async_start([_stream("a", interval)])

    ticking.wake(boundary + timedelta(seconds=seconds))

    assert ticking.due == [(boundary, ["a"])]
    assert ticking.missed == []


@pytest.mark.parametrize(("interval", "seconds"), [(5, 2), (30, 3), (300, 30), (600, 60), (24 * 3600, 60)])
async def test_too_late_is_a_hole(ticking: Ticking, interval: int, seconds: int) -> None:
    boundary, stream = _at("00:00", day=24), _stream("a", interval)
    ticking.move(boundary - timedelta(seconds=3))
    await ticking.ticker.async_start([stream])

    ticking.wake(boundary + timedelta(seconds=seconds, microseconds=1))
    ticking.wake(boundary + timedelta(seconds=seconds, microseconds=2))

    assert ticking.due == []
    assert ticking.missed == [Missed(stream, boundary, boundary, 1)]


async def test_suspend_leaves_holes_and_goes_on(ticking: Ticking) -> None:
    """The timer stood still for an hour, and its rest ran out 20 s after a boundary."""
    a, b = _stream("a"), _stream("b", 30)
    await ticking.ticker.async_start([a, b])

    ticking.wake(_at("15:05:20"))
    await ticking.run(_at("15:05:31"))

    assert ticking.missed == [
        Missed(a, _at("14:05"), _at("15:00"), 12),
        Missed(b, _at("14:01:30"), _at("15:05"), 128),
    ]
    assert ticking.due == _due(("15:05", "a"), ("15:05:30", "b"))


async def test_years_of_suspend_are_counted_at_once(ticking: Ticking) -> None:
    await ticking.ticker.async_start([_stream(f"{number}", 5, "Europe/Rome") for number in range(1000)])

    ticking.wake(START + timedelta(days=20 * 365))

    assert {missed.count for missed in ticking.missed} == {20 * 365 * 24 * 720 - 1}
    assert [len(names) for _, names in ticking.due] == [1000]


async def test_small_step_back_does_not_sample_twice(ticking: Ticking) -> None:
    await ticking.ticker.async_start([_stream("a")])
    ticking.wake(_at("14:05:00.010"))

    ticking.wake(_at("14:04:58"))
    await ticking.run(_at("14:10:01"))

    assert ticking.due == _due(("14:05", "a"), ("14:10", "a"))
    assert ticking.missed == []


async def test_large_step_back_resumes_within_30_seconds(ticking: Ticking) -> None:
    """The repeated boundaries are sampled again; what becomes of them is not the ticker's to say."""
    await ticking.ticker.async_start([_stream("a", 1800)])
    ticking.wake(_at("14:30:00.010"))

    ticking.wake(_at("13:15"))
    await ticking.run(_at("15:01"))

    assert ticking.due == _due(("14:30", "a"), ("13:30", "a"), ("14:00", "a"), ("14:30", "a"), ("15:00", "a"))
    assert ticking.missed == []


async def test_update_keeps_unchanged_streams_on_course(ticking: Ticking) -> None:
    await ticking.ticker.async_start([_stream("a"), _stream("b"), _stream("gone"), _stream("shorter", 3600)])
    ticking.move(_at("14:05:00.500"))

    await ticking.ticker.async_update([_stream("a"), _stream("b"), _stream("shorter", 60), _stream("new")])
    ticking.wake(_at("14:05:00.501"))
    await ticking.ticker.async_update([_stream("a"), _stream("b"), _stream("shorter", 60), _stream("new")])
    await ticking.run(_at("14:05:30"))
    ticking.wake(_at("14:06:00"))
    await ticking.run(_at("14:06:30"))

    assert ticking.due == _due(("14:05", "ab"), ("14:06", ["shorter"]))
    await ticking.ticker.async_update([_stream("b"), _stream("new")])
    await ticking.run(_at("14:10:01"))
    assert ticking.due[2:] == _due(("14:10", ["b", "new"]))
    assert ticking.missed == []


async def test_update_takes_the_stream_as_it_is_now(ticking: Ticking) -> None:
    await ticking.ticker.async_start([_stream("a")])
    renamed = Stream("id of a", "a", "renamed", 300, {})
    await ticking.ticker.async_update([renamed])

    await ticking.run(_at("14:05:01"))

    assert ticking.due == _due(("14:05", ["renamed"]))


async def test_later_update_wins_over_an_earlier_one_that_loads_a_zone(
    ticking: Ticking, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading = asyncio.Event()
    load = dt_util.async_get_time_zone

    async def load_slowly(name: str) -> tzinfo | None:
        await loading.wait()
        return await load(name)

    monkeypatch.setattr(dt_util, "async_get_time_zone", load_slowly)
    await ticking.ticker.async_start([])
    earlier = asyncio.create_task(ticking.ticker.async_update([_stream("earlier", time_zone="Europe/Rome")]))
    later = asyncio.create_task(ticking.ticker.async_update([_stream("later")]))
    await asyncio.sleep(0)
    loading.set()
    await asyncio.gather(earlier, later)

    await ticking.run(_at("14:05:01"))

    assert ticking.due == _due(("14:05", ["later"]))


async def test_no_streams_no_timer(ticking: Ticking) -> None:
    await ticking.ticker.async_start([_stream("a")])
    await ticking.ticker.async_update([])

    assert _timers(ticking.hass) == []


async def test_stopped_ticker_stays_silent(ticking: Ticking) -> None:
    await ticking.ticker.async_start([_stream("a")])
    ticking.ticker.async_stop()
    await ticking.ticker.async_update([_stream("a"), _stream("b")])

    ticking.wake(_at("14:05"))
    await ticking.hass.config.async_update(time_zone="Asia/Kathmandu")
    await ticking.hass.async_block_till_done()

    assert ticking.due == []
    assert _timers(ticking.hass) == []


async def test_home_assistants_zone_changes(ticking: Ticking) -> None:
    """Its streams follow at once, those with a zone of their own do not, and what is due is not lost."""
    await ticking.ticker.async_start([_stream("follows", 3600), _stream("own", 3600, "UTC")])
    ticking.move(_at("15:00:00.100"))

    await ticking.hass.config.async_update(time_zone="Asia/Kathmandu")
    await ticking.hass.async_block_till_done()
    await ticking.run(_at("16:00:01"))

    assert ticking.due == _due(("15:00", ["follows", "own"]), ("15:15", ["follows"]), ("16:00", ["own"]))
    assert ticking.missed == []


async def test_other_changes_of_home_assistants_settings_change_nothing(ticking: Ticking) -> None:
    await ticking.ticker.async_start([_stream("a")])

    await ticking.hass.config.async_update(location_name="Cellar")
    await ticking.hass.async_block_till_done()
    await ticking.run(_at("14:05:01"))

    assert ticking.due == _due(("14:05", "a"))


@pytest.mark.parametrize("name", ["Mars/Olympus", "/etc/passwd"])
async def test_unknown_zone_falls_back_and_warns_once(
    ticking: Ticking, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    await ticking.ticker.async_start([_stream("a", 3600, name), _stream("b", 3600, name)])
    await ticking.ticker.async_update([_stream("a", 3600, name)])

    await ticking.run(_at("15:00:01"))

    assert ticking.due == _due(("15:00", "a"))
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert f"Time zone {name} of stream a is not known" in warnings[0]


async def test_failing_callback_does_not_stop_the_ticker(ticking: Ticking) -> None:
    await ticking.ticker.async_start([_stream("a")])

    def fail(_instant: datetime, _streams: Sequence[Stream]) -> None:
        raise RuntimeError("no room")

    ticking.ticker._on_due = fail
    ticking.move(_at("14:05"))
    with pytest.raises(RuntimeError, match="no room"):
        ticking.ticker._wake(_at("14:05"))
    ticking.ticker._on_due = ticking.on_due
    await ticking.run(_at("14:10:01"))

    assert ticking.due == _due(("14:10", "a"))


@pytest.mark.parametrize(
    ("start", "hours"),
    [
        ("2026-03-29T00:30Z", ["01:00", "02:00", "03:00"]),
        ("2026-10-24T23:30Z", ["00:00", "01:00", "02:00"]),
    ],
)
async def test_both_days_of_the_year_on_which_clocks_change(
    ticking: Ticking, start: str, hours: list[str]
) -> None:
    """In UTC every hour comes once: the skipped one is none, the repeated one is two."""
    begin = datetime.fromisoformat(start)
    ticking.move(begin)
    await ticking.ticker.async_start([_stream("rome", 3600, "Europe/Rome")])

    await ticking.run(begin + timedelta(hours=2, minutes=40))

    assert [instant.strftime("%H:%M") for instant, _ in ticking.due] == hours
    assert ticking.missed == []
