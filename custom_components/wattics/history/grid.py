"""Which statistics fit a stream's boundaries: none is ever split, so nothing is interpolated or made denser."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from ..sampling.schedule import last_boundary, next_boundary
from ..sampling.stream import Stream
from ..sampling.zones import Zones
from .recorder import HOUR, Statistic

_JUST_BEFORE: Final = timedelta(seconds=1)
_PERIODS: Final = 4096
"""As many periods are remembered: the sources of a stream have the same ones."""


class Grid:
    """The boundaries of a stream, in seconds since 1970."""

    def __init__(self, stream: Stream, zones: Zones) -> None:
        """Take the zones, loaded for the stream."""
        self._interval = stream.interval
        self._zone = zones.of(stream)
        self.begin_of = lru_cache(_PERIODS)(self._begin_of)
        """Tells from when on, for the intervals of the stream, a period's statistic holds: see `_begin_of`."""

    def _begin_of(self, start: float, end: float) -> float | None:
        """Return from when on the statistic of a period holds, until its end; None if it can't be used.

        It holds for the period where no boundary lies inside, and is one of several of an interval then. Where
        several intervals make the period, it is known once: it holds for the last of them.
        """
        begin, finish = datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)
        if self._next(begin) >= end:
            return start
        if self._last(begin) == start and self._last(finish) == end:
            return self._last(finish - _JUST_BEFORE)
        return None

    def _next(self, after: datetime) -> float:
        return next_boundary(after, self._interval, self._zone).timestamp()

    def _last(self, at: datetime) -> float:
        return last_boundary(at, self._interval, self._zone).timestamp()


def finest(hours: list[Statistic], minutes: list[Statistic]) -> list[Statistic]:
    """Return the statistics of a source in order: those of 5 minutes for each hour that they are known for.

    An hour of which only a part is known in 5 minutes is taken as a whole where there is such a statistic.
    """
    of_hour: dict[float, list[Statistic]] = {}
    for statistic in minutes:
        of_hour.setdefault(_hour(statistic), []).append(statistic)
    for statistic in hours:
        if statistic.start not in {one.start for one in of_hour.get(statistic.start, ())}:
            of_hour[statistic.start] = [statistic]
    return [statistic for hour in sorted(of_hour) for statistic in of_hour[hour]]


def _hour(statistic: Statistic) -> float:
    return statistic.start - statistic.start % HOUR
