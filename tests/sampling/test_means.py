"""Means against a reference that keeps every state and integrates it anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

from homeassistant.core import State
from hypothesis import given, strategies as st
import pytest

from custom_components.wattics.sampling.means import StreamMeans, microseconds
from custom_components.wattics.sampling.reader import Reader
from custom_components.wattics.sampling.stream import Direction, Method, Source, Stream
from custom_components.wattics.sampling.zones import Zones

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
INTERVAL = 60
CODE = "aP_1"
SOURCE = Source("sensor.power")


@dataclass(frozen=True, slots=True)
class Change:
    """A state (None: no value) from `at` on, in microseconds since `START`."""

    at: int
    watts: Decimal | None


def _stream(*sources: Source, maximum_age: int | None = None) -> Stream:
    return Stream(
        "01",
        "abc",
        "Main",
        INTERVAL,
        MappingProxyType({CODE: sources}),
        method=Method.MEAN,
        maximum_age=maximum_age,
    )


def _state(watts: Decimal | None, at: datetime) -> State:
    text = "unavailable" if watts is None else str(watts)
    return State(
        "sensor.power",
        text,
        {"unit_of_measurement": "W"},
        last_changed=at,
        last_reported=at,
        last_updated=at,
    )


def _after(at: int) -> datetime:
    return START + timedelta(microseconds=at)


def _instant(at: int) -> int:
    return microseconds(START.timestamp()) + at


def _means(stream: Stream, at: int = 0) -> StreamMeans:
    return StreamMeans(stream, Zones(), Reader(), _instant(at))


def _show(means: StreamMeans, watts: int | None, at: int, *, source: Source = SOURCE) -> None:
    means.observe(source.id, _state(None if watts is None else Decimal(watts), _after(at)), _instant(at))


def _ended(means: StreamMeans, at: int, source: Source = SOURCE) -> Decimal | None:
    return means.end(_instant(at))[CODE, source]


def _reference(changes: Sequence[Change], direction: Direction, begin: int, end: int) -> Fraction | None:
    known, total = 0, Fraction(0)
    following = [*(change.at for change in changes[1:]), end]
    for change, until in zip(changes, following, strict=True):
        span = min(until, end) - max(change.at, begin)
        if change.watts is not None and span > 0:
            known += span
            total += Fraction(direction.apply(change.watts)) * span
    return total / known if 2 * known >= end - begin and known else None


SECOND = 1_000_000
WATTS = st.none() | st.decimals(-20_000, 20_000, places=3)
TRACE = st.lists(st.tuples(st.integers(0, 6 * INTERVAL * SECOND), WATTS), max_size=40)


@given(TRACE, st.sampled_from(Direction), st.sets(st.integers(1, 6), min_size=1), st.integers(0, 5 * SECOND))
def test_exact(
    trace: list[tuple[int, Decimal | None]], direction: Direction, looked_at: set[int], lateness: int
) -> None:
    """Whatever changes when, whoever looks late or only at some of the boundaries."""
    source = Source("sensor.power", direction=direction)
    means = _means(_stream(source))
    changes = [Change(0, None), *(Change(*one) for one in sorted(trace, key=lambda one: one[0]))]
    looks = [(minute * INTERVAL * SECOND, minute * INTERVAL * SECOND + lateness) for minute in sorted(looked_at)]
    waiting = list(changes)
    for boundary, looked in looks:
        while waiting and waiting[0].at < looked:
            change = waiting.pop(0)
            means.observe(source.id, _state(change.watts, _after(change.at)), _instant(change.at))
        mean = means.end(_instant(boundary))[CODE, source]
        expected = _reference(changes, direction, boundary - INTERVAL * SECOND, boundary)
        assert (None if mean is None else round(Fraction(mean), 300)) == (
            None if expected is None else round(expected, 300)
        )


def test_direction_comes_before_the_mean() -> None:
    imported, exported = (Source("sensor.power", direction=direction) for direction in list(Direction)[1:])
    means = _means(_stream(imported, exported))
    _show(means, 1000, 0)
    _show(means, -1000, 30 * SECOND)

    ended = means.end(_instant(60 * SECOND))

    assert [ended[CODE, imported], ended[CODE, exported]] == [500, 500]


@pytest.mark.parametrize(("known_for", "mean"), [(29, None), (30, 100), (59, 100)])
def test_time_without_a_value_does_not_count(known_for: int, mean: int | None) -> None:
    means = _means(_stream(SOURCE))
    _show(means, 100, 0)
    _show(means, None, known_for * SECOND)

    assert _ended(means, 60 * SECOND) == mean


@pytest.mark.parametrize(("begun", "mean"), [(30, 100), (31, None)])
def test_begun_in_the_middle_of_an_interval(begun: int, mean: int | None) -> None:
    means = _means(_stream(SOURCE), begun * SECOND)
    _show(means, 100, begun * SECOND)

    assert _ended(means, 60 * SECOND) == mean


def test_a_value_that_is_too_old_does_not_count() -> None:
    means = _means(_stream(SOURCE, maximum_age=40))
    _show(means, 100, 0)
    assert _ended(means, 60 * SECOND) == 100  # for 40 s
    assert _ended(means, 120 * SECOND) is None

    # A steady value that is reported is as good as new.
    _show(means, 100, 120 * SECOND)
    _show(means, 100, 150 * SECOND)
    _show(means, 400, 179 * SECOND)
    assert _ended(means, 180 * SECOND) == 105


def test_boundaries_that_nobody_looked_at() -> None:
    means = _means(_stream(SOURCE))
    _show(means, 100, 0)
    _show(means, 200, 330 * SECOND)  # five boundaries later

    assert _ended(means, 360 * SECOND) == 150


def test_an_hour_that_comes_twice() -> None:
    """The clock was set back: nothing is counted for the time until it is where it was."""
    means = _means(_stream(SOURCE), 3600 * SECOND)
    _show(means, 100, 3600 * SECOND)
    _show(means, 300, 10 * SECOND)

    assert _ended(means, 60 * SECOND) == 300
    _show(means, 500, 90 * SECOND)
    assert _ended(means, 120 * SECOND) == 400


def test_what_stays_of_a_changed_stream_keeps_its_mean() -> None:
    kept, gone, new = Source("sensor.a"), Source("sensor.b"), Source("sensor.b", factor=Decimal(2))
    before, after = _means(_stream(kept, gone)), _means(_stream(kept, new), 50 * SECOND)
    for source in (kept, gone):
        _show(before, 100, 0, source=source)
    after.take_over(before)
    for source in (kept, new):
        _show(after, 700, 50 * SECOND, source=source)

    ended = after.end(_instant(60 * SECOND))

    assert [ended[CODE, kept], ended[CODE, new]] == [200, None]


def test_a_changed_interval_begins_anew() -> None:
    before, after = (
        _means(_stream(SOURCE)),
        StreamMeans(
            Stream("01", "abc", "Main", 120, MappingProxyType({CODE: (SOURCE,)}), method=Method.MEAN),
            Zones(),
            Reader(),
            _instant(59 * SECOND),
        ),
    )
    _show(before, 100, 0)
    after.take_over(before)
    _show(after, 700, 59 * SECOND)

    assert _ended(after, 120 * SECOND) == 700
