"""Boundaries that nobody sampled, or not in full: what the recorder has of them goes before what follows."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from ..delivery.database import milliseconds
from ..delivery.outbox import Outbox
from ..delivery.periods import Kind, Period
from ..delivery.registers import Register
from ..sampling.schedule import count_boundaries, last_boundary
from ..sampling.stream import Stream
from ..sampling.ticker import Missed
from ..sampling.zones import Zones
from ..status import instant_of
from .maker import Progress
from .state import State

_JUST_BEFORE: Final = timedelta(seconds=1)


class Gaps:
    """Finds the gaps of one account, as periods to be read."""

    def __init__(self, outbox: Outbox, zones: Zones) -> None:
        """Take the zones, loaded for the streams that will be asked for."""
        self._outbox = outbox
        self._zones = zones
        self._anchors: dict[str, dict[str, str]] = {}

    def packed(self, registers: Iterable[Register]) -> None:
        """Take note of registers that were stored with a packet: a gap that follows it begins with them.

        What is stored of them later, because it can't wait, knows already of what comes after the packet.
        """
        for register in registers:
            self._anchors.setdefault(register.stream_id, {})[register.code] = register.state

    def before(self, streams: Iterable[Stream], now: datetime, keep: timedelta) -> list[Period]:
        """Return what passed between the newest samples of streams and now, but not what is older than `keep`.

        Call before anything is counted: what was stored of registers last is what they were when sampling ended.
        """
        self.packed(Register(*key, text) for key, text in self._outbox.registers.items())
        found = (self._before(stream, now, keep) for stream in streams)
        return [period for period in found if period is not None]

    def missed(self, missed: Missed) -> Period:
        """Return what passed while the clock, or the machine, stood still."""
        stream = missed.stream
        return self._period(
            stream, self._last(stream, missed.first - _JUST_BEFORE), missed.last, self._anchor(stream)
        )

    def partly(self, stream: Stream, instant: datetime) -> Period:
        """Return an interval of which too little is known for a mean: its registers are known, and stay out."""
        left_out = tuple(filter(stream.is_register, stream.parameters))
        start = self._last(stream, instant - _JUST_BEFORE)
        return self._period(stream, start, instant, State(left_out=left_out))

    def _before(self, stream: Stream, now: datetime, keep: timedelta) -> Period | None:
        record = self._outbox.streams.get(stream.stream_id)
        if record is None or record.newest is None:
            return None
        known = max(
            record.newest, record.acknowledged or record.newest, *(history.end for history in record.histories)
        )
        start = max(instant_of(known), now - keep)
        end = self._last(stream, now)
        if not count_boundaries(start, end, stream.interval, self._zones.of(stream)):
            return None
        return self._period(stream, self._last(stream, start), end, self._anchor(stream))

    def _anchor(self, stream: Stream) -> State:
        """Return the registers as they were stored with the last packet: they go on from there."""
        return State(Progress(dict(self._anchors.get(stream.stream_id, {}))), is_anchored=True)

    def _period(self, stream: Stream, start: datetime, end: datetime, state: State) -> Period:
        return Period(
            stream.stream_id,
            Kind.GAP,
            milliseconds(start.timestamp()),
            milliseconds(end.timestamp()),
            state.dump(),
        )

    def _last(self, stream: Stream, at: datetime) -> datetime:
        return last_boundary(at, stream.interval, self._zones.of(stream)).astimezone(UTC)
