"""Wakes at the boundaries of streams and says which are due, and which passed unseen."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Self

from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import CALLBACK_TYPE, Event, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from .schedule import count_boundaries, last_boundary, lateness_allowed, next_boundary
from .stream import Stream
from .zones import Zones

LONGEST_SLEEP: Final = timedelta(seconds=30)
"""Timers stand still in suspend and know nothing of a clock that was set."""

_JUST_BEFORE: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Missed:
    """Boundaries of a stream that passed unseen: `count` of them, from `first` to `last` (UTC)."""

    stream: Stream
    first: datetime
    last: datetime
    count: int


@dataclass(frozen=True, slots=True)
class _Course:
    """What streams of one interval in one zone have before them. Instants are UTC: see `schedule` on comparing."""

    interval: int
    zone: tzinfo
    next: datetime
    sampled: datetime | None = None

    def planned_anew(self, now: datetime) -> Self:
        """Return the course from `now` on. The boundary sampled last is not sampled again."""
        following = _next(now, self.interval, self.zone)
        if following == self.sampled:
            following = _next(following, self.interval, self.zone)
        return replace(self, next=following)


@dataclass(frozen=True, slots=True)
class _Passed:
    """What becomes of the boundaries of a course that have passed: at most the last one is still in time."""

    due: datetime | None
    missed: tuple[datetime, datetime] | None
    count: int
    course: _Course

    @classmethod
    def of(cls, course: _Course, now: datetime) -> Self:
        """Return what has passed of a course whose next boundary is not later than `now`."""
        interval, zone = course.interval, course.zone
        newest = _last(now, interval, zone)
        in_time = now - newest <= lateness_allowed(interval)
        newest_missed = _last(newest - _JUST_BEFORE, interval, zone) if in_time else newest
        return cls(
            newest if in_time else None,
            (course.next, newest_missed) if course.next <= newest_missed else None,
            count_boundaries(course.next - _JUST_BEFORE, newest_missed, interval, zone),
            replace(course, next=_next(now, interval, zone), sampled=newest if in_time else course.sampled),
        )


type DueCallback = Callable[[datetime, Sequence[Stream]], None]
type MissedCallback = Callable[[Sequence[Missed]], None]


class Ticker:
    """Calls `on_due` with a boundary (UTC) and all streams that are to be sampled for it, in time.

    A boundary that is noticed too late (see `lateness_allowed`) goes to `on_missed` instead: it is a hole.
    Both are called in the event loop.
    """

    def __init__(self, hass: HomeAssistant, zones: Zones, on_due: DueCallback, on_missed: MissedCallback) -> None:
        """Take the callbacks; nothing ticks before `async_start`."""
        self._hass = hass
        self._zones = zones
        self._on_due = on_due
        self._on_missed = on_missed
        self._streams: dict[str, tuple[Stream, _Course]] = {}
        self._woken = datetime.min.replace(tzinfo=UTC)
        self._updating = asyncio.Lock()
        self._job = HassJob(self._wake, "wattics sampling", cancel_on_shutdown=True)
        self._cancel_timer: CALLBACK_TYPE | None = None
        self._unsubscribe: CALLBACK_TYPE | None = None

    async def async_start(self, streams: Iterable[Stream]) -> None:
        """Begin with these streams, at their next boundaries."""
        self._unsubscribe = self._hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._zone_changed)
        await self.async_update(streams)

    @callback
    def async_stop(self) -> None:
        """Stop; neither callback is called afterwards."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._disarm()

    async def async_update(self, streams: Iterable[Stream]) -> None:
        """Replace the streams. Those whose interval and zone stay neither lose nor repeat a boundary."""
        streams = list(streams)
        # One at a time: while zones load, a later call must not be overtaken by an earlier one.
        async with self._updating:
            await self._zones.async_load(streams)
            self._replace(streams, dt_util.utcnow())
            self._arm()

    def _replace(self, streams: Iterable[Stream], now: datetime) -> None:
        before = self._streams
        self._streams = {}
        for stream in streams:
            zone = self._zones.of(stream)
            _, course = before.get(stream.subentry_id, (None, None))
            if course is None or (course.interval, course.zone) != (stream.interval, zone):
                course = _Course(stream.interval, zone, _next(now, stream.interval, zone))
            self._streams[stream.subentry_id] = stream, course

    @callback
    def _zone_changed(self, _event: Event) -> None:
        """Plan anew the streams that follow Home Assistant's zone, once what is due in the old one is done."""
        now = dt_util.utcnow()
        try:
            self._tick(now)
        finally:
            self._replace([stream for stream, _ in self._streams.values()], now)
            self._arm()

    @callback
    def _wake(self, now: datetime) -> None:
        try:
            self._tick(now)
        finally:
            self._arm()

    def _tick(self, now: datetime) -> None:
        """Report every boundary that has passed, each once."""
        if now < self._woken:
            # The clock was set back: what was planned lies too far ahead.
            self._streams = {
                key: (stream, course.planned_anew(now)) for key, (stream, course) in self._streams.items()
            }
        self._woken = now
        due, missed = self._pass_boundaries(now)
        if missed:
            self._on_missed(missed)
        for instant in sorted(due):
            self._on_due(instant, due[instant])

    def _pass_boundaries(self, now: datetime) -> tuple[Mapping[datetime, list[Stream]], list[Missed]]:
        due: defaultdict[datetime, list[Stream]] = defaultdict(list)
        missed: list[Missed] = []
        # Most streams share their course with many: reckoned once for all of them.
        known: dict[_Course, _Passed] = {}
        for key, (stream, course) in self._streams.items():
            if course.next > now:
                continue
            if (passed := known.get(course)) is None:
                passed = known[course] = _Passed.of(course, now)
            self._streams[key] = stream, passed.course
            if passed.missed is not None:
                missed.append(Missed(stream, *passed.missed, passed.count))
            if passed.due is not None:
                due[passed.due].append(stream)
        return due, missed

    def _arm(self) -> None:
        """Sleep until the next boundary, but never long.

        `async_track_point_in_utc_time` would sleep on for as long as the clock was set back.
        """
        self._disarm()
        if self._unsubscribe is None or not self._streams:
            return
        until_next = min(course.next for _, course in self._streams.values()) - dt_util.utcnow()
        delay = min(max(until_next, timedelta(0)), LONGEST_SLEEP)
        self._cancel_timer = async_call_later(self._hass, delay, self._job)

    def _disarm(self) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None


def _next(after: datetime, interval: int, zone: tzinfo) -> datetime:
    return next_boundary(after, interval, zone).astimezone(UTC)


def _last(at: datetime, interval: int, zone: tzinfo) -> datetime:
    return last_boundary(at, interval, zone).astimezone(UTC)
