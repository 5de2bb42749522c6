"""Boundaries against a walk over every instant, and on the days when clocks change."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
import math
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.wattics.sampling.schedule import (
    boundaries,
    count_boundaries,
    is_valid_interval,
    last_boundary,
    lateness_allowed,
    next_boundary,
)

DAY = 24 * 60 * 60
INTERVALS = [seconds for seconds in range(5, DAY + 1) if DAY % seconds == 0]
ZONES = [
    "UTC",
    "Europe/Rome",
    "America/New_York",
    "America/Havana",  # midnight happens twice
    "America/Santiago",  # midnight is skipped
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Kathmandu",  # 45 minutes
    "Asia/Kolkata",
    "Australia/Lord_Howe",  # half an hour of daylight saving time
    "Pacific/Apia",  # 30 December 2011 never was
    "Pacific/Chatham",
    "America/St_Johns",
]


def _changes(zone: ZoneInfo) -> Iterator[int]:
    """Yield the instants (seconds since 1970) at which the zone's clock changes, 1990 to 2036."""
    first, last = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (1990, 2037))
    for before, after in pairwise(range(first, last, DAY)):
        offsets = {datetime.fromtimestamp(second, zone).utcoffset() for second in (before, after)}
        if len(offsets) > 1:
            yield next(
                second
                for second in range(before, after + 1, 60)
                if datetime.fromtimestamp(second, zone).utcoffset()
                != datetime.fromtimestamp(before, zone).utcoffset()
            )


CHANGES = {name: list(_changes(ZoneInfo(name))) for name in ZONES}


@st.composite
def _cases(draw: st.DrawFn) -> tuple[str, int, int, int]:
    """Return zone, interval, and a window's start and length in seconds: mostly one that ends near a change."""
    name = draw(st.sampled_from(ZONES))
    interval = draw(st.sampled_from(INTERVALS) | st.sampled_from([1800, 3600, 7200, 10800, 21600, 43200, DAY]))
    length = draw(st.integers(0, min(3 * DAY, 2000 * interval)))
    if CHANGES[name]:
        change = draw(st.sampled_from(CHANGES[name]))
        from_change = draw(st.sampled_from([-1, 0, 1]) | st.integers(-interval, interval))
        return name, interval, change + from_change - draw(st.sampled_from([0, length // 2, length])), length
    return name, interval, draw(st.integers(0, 2**31)), length


def _walk(zone: ZoneInfo, interval: int, start: int, end: int) -> list[int]:
    """Return the boundaries in (start, end] by looking at the wall clock at every instant that could be one."""
    # Offsets are whole minutes in these zones and years, so a boundary is a multiple of this in UTC, too.
    step = math.gcd(interval, 60)
    found = []
    for second in range(start - start % step + step, end + 1, step):
        clock = datetime.fromtimestamp(second, zone).time()
        if (clock.hour * 3600 + clock.minute * 60 + clock.second) % interval == 0:
            found.append(second)
    return found


def _seconds(instants: Iterator[datetime] | list[datetime]) -> list[float]:
    return [instant.timestamp() for instant in instants]


@settings(max_examples=400, deadline=None)
@given(_cases())
@example(("America/Havana", DAY, 1793480400, 2 * DAY))
@example(("Pacific/Apia", DAY, 1325080800, 3 * DAY))
def test_boundaries_are_those_of_the_wall_clock(case: tuple[str, int, int, int]) -> None:
    name, interval, first, length = case
    zone = ZoneInfo(name)
    start, end = datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(first + length, UTC)
    expected = _walk(zone, interval, first, first + length)

    found = list(boundaries(start, end, interval, zone))

    assert _seconds(found) == expected
    assert count_boundaries(start, end, interval, zone) == len(expected)
    if expected:
        assert next_boundary(start, interval, zone).timestamp() == expected[0]
        assert last_boundary(end, interval, zone).timestamp() == expected[-1]
        assert {instant.tzinfo for instant in found} == {zone}


@settings(max_examples=200, deadline=None)
@given(_cases(), st.integers(0, 999_999))
def test_next_is_later_and_last_is_not(case: tuple[str, int, int, int], microsecond: int) -> None:
    name, interval, second, _ = case
    zone = ZoneInfo(name)
    instant = datetime.fromtimestamp(second, UTC) + timedelta(microseconds=microsecond)

    following = next_boundary(instant, interval, zone)
    last = last_boundary(instant, interval, zone)

    assert following.timestamp() > instant.timestamp() >= last.timestamp()
    assert next_boundary(last, interval, zone).timestamp() == following.timestamp()
    assert last_boundary(following, interval, zone).timestamp() == following.timestamp()


def _local(name: str, start: str, end: str, interval: int) -> list[str]:
    """Return the boundaries between two UTC instants as local times with offset."""
    return [
        instant.strftime("%d %H:%M %z")
        for instant in boundaries(
            datetime.fromisoformat(start), datetime.fromisoformat(end), interval, ZoneInfo(name)
        )
    ]


def test_repeated_hour_counts_twice() -> None:
    assert _local("Europe/Rome", "2026-10-24T23:30Z", "2026-10-25T02:00Z", 1800) == [
        "25 02:00 +0200",
        "25 02:30 +0200",
        "25 02:00 +0100",
        "25 02:30 +0100",
        "25 03:00 +0100",
    ]


def test_skipped_hour_counts_not_at_all() -> None:
    assert _local("Europe/Rome", "2026-03-29T00:00Z", "2026-03-29T01:30Z", 1800) == [
        "29 01:30 +0100",
        "29 03:00 +0200",
        "29 03:30 +0200",
    ]


def test_half_an_hour_of_daylight_saving_time() -> None:
    assert _local("Australia/Lord_Howe", "2026-04-04T13:30Z", "2026-04-04T16:30Z", 3600) == [
        "05 01:00 +1100",
        "05 02:00 +1030",
        "05 03:00 +1030",
    ]
    assert _local("Australia/Lord_Howe", "2026-10-03T14:30Z", "2026-10-03T17:00Z", 3600) == [
        "04 03:00 +1100",
        "04 04:00 +1100",
    ]


@pytest.mark.parametrize(
    ("name", "start", "end", "midnights"),
    [
        ("America/Santiago", "2026-09-05T00:00Z", "2026-09-07T12:00Z", ["05 00:00 -0400", "07 00:00 -0300"]),
        ("Africa/Cairo", "2026-04-22T12:00Z", "2026-04-25T12:00Z", ["23 00:00 +0200", "25 00:00 +0300"]),
        ("America/Havana", "2026-10-31T12:00Z", "2026-11-01T12:00Z", ["01 00:00 -0400", "01 00:00 -0500"]),
        (
            "Pacific/Apia",
            "2011-12-29T00:00Z",
            "2011-12-31T12:00Z",
            ["29 00:00 -1000", "31 00:00 +1400", "01 00:00 +1400"],
        ),
        ("Asia/Kathmandu", "2026-01-01T00:00Z", "2026-01-02T00:00Z", ["02 00:00 +0545"]),
    ],
)
def test_midnights(name: str, start: str, end: str, midnights: list[str]) -> None:
    assert _local(name, start, end, DAY) == midnights


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_count_of_a_day(day: str, hours: int) -> None:
    zone = ZoneInfo("Europe/Rome")
    start = datetime.fromisoformat(day).replace(tzinfo=zone)
    end = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=zone)

    assert count_boundaries(start, end, 300, zone) == hours * 12


def test_count_of_years_is_that_of_its_boundaries() -> None:
    """In Santiago one midnight a year is skipped, and none comes twice."""
    zone = ZoneInfo("America/Santiago")
    start, end = datetime(1995, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)

    count = count_boundaries(start, end, DAY, zone)

    assert count == sum(1 for _ in boundaries(start, end, DAY, zone)) < (end - start) // timedelta(days=1) - 30
    assert count_boundaries(end, start, DAY, zone) == 0


def test_offset_of_seconds() -> None:
    """Liberia's clocks were 44 min 30 s behind until 1972."""
    zone = ZoneInfo("Africa/Monrovia")

    assert next_boundary(datetime(1971, 5, 1, tzinfo=UTC), 60, zone).isoformat() == "1971-04-30T23:16:00-00:44:30"


@pytest.mark.parametrize(
    ("seconds", "valid"),
    [
        (5, True),
        (7, False),
        (10, True),
        (300, True),
        (DAY, True),
        (4, False),
        (0, False),
        (-5, False),
        (2 * DAY, False),
    ],
)
def test_valid_intervals(seconds: int, valid: bool) -> None:
    assert is_valid_interval(seconds) is valid


@pytest.mark.parametrize(
    ("interval", "seconds"), [(5, 2), (10, 2), (20, 2), (30, 3), (300, 30), (600, 60), (3600, 60), (DAY, 60)]
)
def test_lateness(interval: int, seconds: int) -> None:
    assert lateness_allowed(interval) == timedelta(seconds=seconds)
