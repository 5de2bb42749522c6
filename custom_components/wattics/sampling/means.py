"""The running means of one stream: all end at its boundaries, whenever somebody looks."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from homeassistant.core import State

from .mean import Mean
from .reader import Reader
from .register import NOT_RENAMED
from .schedule import last_boundary, next_boundary
from .stream import Source, Stream
from .zones import Zones

_JUST_BEFORE: Final = timedelta(seconds=1)
_SECOND: Final = 1_000_000


def microseconds(seconds: float) -> int:
    """Return seconds since 1970 as whole microseconds."""
    return round(seconds * _SECOND)


class StreamMeans:
    """The means of a stream's parameters, source by source. Times are whole microseconds since 1970."""

    def __init__(self, stream: Stream, zones: Zones, reader: Reader, now: int) -> None:
        """Begin in the middle of an interval, with nothing known of what was before `now`."""
        self._stream = stream
        self._zones = zones
        self._reader = reader
        self._means = {
            (code, source): Mean(now)
            for code, sources in stream.parameters.items()
            if stream.is_mean(code)
            for source in sources
        }
        self._of_source: defaultdict[str, list[tuple[str, Source, Mean]]] = defaultdict(list)
        for (code, source), mean in self._means.items():
            self._of_source[source.id].append((code, source, mean))
        self._closed: Mapping[tuple[str, Source], Decimal | None] = {}
        self._begin = self._last(now)
        self._until = self._next(now)

    def take_over(self, other: StreamMeans, renamed: Mapping[str, str] = NOT_RENAMED) -> None:
        """Go on with the means of sources that another form of the same stream had in the same way.

        `renamed` holds the ids that sources have now by those that they may have had before.
        """
        if (other._begin, other._until, other._stream.unit) != (self._begin, self._until, self._stream.unit):
            return
        known = {
            (code, replace(source, id=renamed.get(source.id, source.id))): mean
            for (code, source), mean in other._means.items()
        }
        for key, mean in self._means.items():
            if (before := known.get(key)) is not None:
                mean.at, mean.known, mean.total = before.at, before.known, before.total
                mean.value, mean.expires = before.value, before.expires

    def observe(self, source_id: str, state: State | None, at: int) -> None:
        """From `at` on a source has this state."""
        self._reach(at)
        for code, source, mean in self._of_source[source_id]:
            value = self._reader.read(self._stream, code, source, state)
            mean.observe(value if isinstance(value, Decimal) else None, at, self._expiry(state))

    def end(self, at: int) -> Mapping[tuple[str, Source], Decimal | None]:
        """Return the means of the interval that ends at the boundary `at`, None where too little is known."""
        if at >= self._until:
            self._reach(at)
        if self._begin != at:
            # Home Assistant's zone or the clock was changed: the interval ends earlier than was planned.
            self._close(at)
        return self._closed

    def look(self, at: int) -> Mapping[tuple[str, Source], Decimal | None]:
        """Return what the means would be if the interval ended at `at`; nothing is changed by that."""
        return {key: replace(mean).close(at, at - self._begin) for key, mean in self._means.items()}

    def _expiry(self, state: State | None) -> int | None:
        """Return when a state is too old."""
        age = self._stream.maximum_age
        return None if state is None or age is None else microseconds(state.last_reported_timestamp + age)

    def _reach(self, at: int) -> None:
        """End the interval, and skip those that passed without a look, if a boundary has passed."""
        if at < self._until:
            return
        boundary = self._last(at)
        if boundary > self._until:
            previous = self._last(boundary, _JUST_BEFORE)
            if previous > self._begin:
                self._close(previous)
        self._close(boundary)

    def _close(self, at: int) -> None:
        length = at - self._begin
        self._closed = {key: mean.close(at, length) for key, mean in self._means.items()}
        self._begin = at
        self._until = self._next(at)

    def _last(self, at: int, before: timedelta = timedelta(0)) -> int:
        return _of(last_boundary(_datetime(at) - before, self._stream.interval, self._zones.of(self._stream)))

    def _next(self, at: int) -> int:
        return _of(next_boundary(_datetime(at), self._stream.interval, self._zones.of(self._stream)))


def _datetime(at: int) -> datetime:
    return datetime.fromtimestamp(at / _SECOND, UTC)


def _of(instant: datetime) -> int:
    return microseconds(instant.timestamp())
