"""When a stream is due: at every instant whose local time of day is a whole multiple of the interval.

So where clocks change, repeated local times count twice and skipped ones not at all. All arithmetic is on
whole seconds since 1970: datetimes of one zone compare by the wall clock, which runs backwards once a year.
For the same reason, turn what is returned here to UTC before comparing it.

No zone has changed its clock twice within five days since 1970: what is said of `_STRETCH` rests on that.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
import math
from typing import Final

SHORTEST_INTERVAL: Final = 5
LONGEST_INTERVAL: Final = 24 * 60 * 60
"""Bounds of an interval, in seconds."""

_DAY: Final = LONGEST_INTERVAL
_STRETCH: Final = 5 * _DAY
"""Seconds within which the clock changes at most once."""

_LEAST_LATENESS: Final = timedelta(seconds=2)
_MOST_LATENESS: Final = timedelta(seconds=60)


def is_valid_interval(seconds: int) -> bool:
    """Whether a stream may have this interval: 5 s to 24 h, and it divides 24 h."""
    return SHORTEST_INTERVAL <= seconds <= LONGEST_INTERVAL and _DAY % seconds == 0


def lateness_allowed(interval: int) -> timedelta:
    """Return how late a boundary may still be sampled: by 10 % of the interval, at least 2 s, at most 60 s."""
    return min(max(timedelta(seconds=interval) / 10, _LEAST_LATENESS), _MOST_LATENESS)


def next_boundary(after: datetime, interval: int, zone: tzinfo) -> datetime:
    """Return the first boundary later than an aware instant, in `zone`."""
    return datetime.fromtimestamp(_next(math.floor(after.timestamp()), interval, zone), zone)


def last_boundary(at: datetime, interval: int, zone: tzinfo) -> datetime:
    """Return the last boundary that is not later than an aware instant, in `zone`."""
    second = math.floor(at.timestamp())
    while True:
        offset = _offset(second, zone)
        boundary = second - (second + offset) % interval
        if _offset(boundary, zone) == offset:
            return datetime.fromtimestamp(boundary, zone)
        second = _change(boundary, second, zone) - 1


def boundaries(start: datetime, end: datetime, interval: int, zone: tzinfo) -> Iterator[datetime]:
    """Yield the boundaries later than `start` and not later than `end`, both aware, in `zone`."""
    last = end.timestamp()
    boundary = _next(math.floor(start.timestamp()), interval, zone)
    while boundary <= last:
        yield datetime.fromtimestamp(boundary, zone)
        boundary = _next(boundary, interval, zone)


def count_boundaries(start: datetime, end: datetime, interval: int, zone: tzinfo) -> int:
    """Return how many boundaries are later than `start` and not later than `end`, without walking them."""
    count = 0
    second, last = math.floor(start.timestamp()) + 1, math.floor(end.timestamp())
    while second <= last:
        offset = _offset(second, zone)
        until = min(second + _STRETCH, last)
        if _offset(until, zone) != offset:
            until = _change(second, until, zone) - 1
        count += (until + offset) // interval - (second - 1 + offset) // interval
        second = until + 1
    return count


def _next(second: int, interval: int, zone: tzinfo) -> int:
    """Return the first boundary later than a second."""
    first = second + 1
    while True:
        offset = _offset(first, zone)
        boundary = first + -(first + offset) % interval
        if _offset(boundary, zone) == offset:
            return boundary
        first = _change(first, boundary, zone)


def _offset(second: int, zone: tzinfo) -> int:
    """Return how many seconds the zone's clock is ahead of UTC."""
    offset = datetime.fromtimestamp(second, zone).utcoffset()
    return offset.days * _DAY + offset.seconds if offset else 0


def _change(before: int, after: int, zone: tzinfo) -> int:
    """Return the first second of the offset that is in force at `after`, and not yet at `before`."""
    offset = _offset(after, zone)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(middle, zone) == offset:
            after = middle
        else:
            before = middle
    return after
