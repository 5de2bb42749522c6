"""Entities are written seldom enough, at once where it matters, and a few at a time."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from homeassistant.core import Event, EventStateChangedData, callback
import pytest

from custom_components.wattics import updates
from custom_components.wattics.updates import Updates, async_yield_in_slices

from .common import ACCOUNT, Home, key_of, stream

MAIN = key_of("main")


class Writes:
    """Counts how often each subject was written."""

    def __init__(self, home: Home) -> None:
        """Start with nothing written."""
        self.counts: Counter[str | None] = Counter()
        self.updates = Updates(home.hass)

    def listen(self, subject: str | None) -> Callable[[], None]:
        """Count what is written of a subject."""

        def write() -> None:
            self.counts[subject] += 1

        return self.updates.async_listen(subject, write)


@pytest.fixture
def writes(home: Home) -> Writes:
    return Writes(home)


async def test_many_changes_are_written_once_in_ten_seconds(home: Home, writes: Writes) -> None:
    writes.listen("a")
    writes.listen(None)
    for _ in range(25):
        writes.updates.async_changed("a")
        writes.updates.async_changed(None)
        await home.pass_time(1)
    assert writes.counts == {"a": 2, None: 2}
    await home.pass_time(10)
    assert writes.counts == {"a": 3, None: 3}
    await home.pass_time(60)
    assert writes.counts == {"a": 3, None: 3}


async def test_only_what_changed_is_written(home: Home, writes: Writes) -> None:
    writes.listen("a")
    writes.listen("b")
    writes.updates.async_changed("a")
    await home.pass_time(11)
    assert writes.counts == {"a": 1}


async def test_a_write_at_once_stands_for_the_one_to_come(home: Home, writes: Writes) -> None:
    writes.listen("a")
    writes.updates.async_changed("a")
    writes.updates.async_write_now("a")
    assert writes.counts == {"a": 1}
    await home.pass_time(11)
    assert writes.counts == {"a": 1}


async def test_all_listeners_of_a_subject_are_called_until_they_leave(writes: Writes) -> None:
    leave = writes.listen("a")
    writes.listen("a")
    writes.updates.async_write_now("a")
    leave()
    writes.updates.async_write_now("a")
    assert writes.counts == {"a": 3}


async def test_a_listener_may_leave_while_it_is_called(home: Home, writes: Writes) -> None:
    def leave() -> None:
        remove()

    remove = writes.updates.async_listen("a", leave)
    writes.listen("a")
    writes.updates.async_changed("a")
    await home.pass_time(11)
    assert writes.counts == {"a": 1}


async def test_nothing_is_written_once_stopped(home: Home, writes: Writes) -> None:
    writes.listen("a")
    writes.updates.async_changed("a")
    writes.updates.async_stop()
    await home.pass_time(11)
    assert not writes.counts


async def test_work_is_cut_into_slices(home: Home) -> None:
    others: list[str] = []
    home.hass.loop.call_soon(others.append, "turn")
    started = home.now.timestamp()
    assert await async_yield_in_slices(started) == started
    assert others == []
    home.clock.tick(timedelta(seconds=updates._SLICE_SECONDS))
    assert await async_yield_in_slices(started) == home.now.timestamp()
    assert others == ["turn"]


async def test_states_of_a_stream_are_written_at_most_every_ten_seconds(home: Home) -> None:
    home.set("sensor.power", 1)
    await home.start(stream(interval=5))
    await home.until("12:02:00")
    changes: Counter[str] = Counter()

    @callback
    def count(event: Event[EventStateChangedData]) -> None:
        changes[event.data["entity_id"]] += 1

    home.hass.bus.async_listen("state_changed", count)
    await home.until("12:04:00")
    for subject, key in ((MAIN, "pushed"), (MAIN, "last_packet"), (ACCOUNT, "pushed")):
        entity_id = home.entity_id(subject, key)
        assert entity_id is not None
        assert 10 <= changes[entity_id] <= 13, entity_id
    assert home.entity_id(MAIN, "status") not in changes


async def test_a_changed_status_is_written_at_once(home: Home) -> None:
    home.set("sensor.power", 1)
    await home.start(stream())
    await home.until("12:01:30")
    home.set("sensor.power", "unknown")
    await home.pass_time(30.01)
    assert home.shown(MAIN, "status") == ["no_data"]
