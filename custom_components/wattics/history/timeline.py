"""What one source had, in order: out of its recorded states and, before they begin, out of its statistics."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
import math
from typing import Final, NamedTuple

from homeassistant.const import ATTR_DEVICE_CLASS, ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import State

from ..sampling.stream import Direction, Stream
from .grid import Grid
from .recorder import Pause, Statistic

ATTR_STATISTIC: Final = "statistic"
"""Of a state that stands for a figure of the statistics: always true."""
ATTR_DIAL: Final = "dial"
"""Of a state that stands for a statistic's sum: what the counter's dial showed, None where that is not known."""

_AFTERWARDS: Final = 0.001
"""What stands for a moment stands for no longer than this, in seconds."""
_PAUSED_AT_MOST: Final = 0.5
"""For no more of a statistic's period may Home Assistant not have been running."""


class Use(Enum):
    """What a source is for, which decides what of its statistics can be used."""

    MEAN = auto()
    LATEST = auto()
    REGISTER = auto()


class Piece(NamedTuple):
    """From `at` on (seconds since 1970) a source has a state; None: it is not known to have any."""

    at: float
    source_id: str
    state: State | None


@dataclass(slots=True)
class Timeline:
    """One source of a stream. `states_from` is from when on its states are known, infinity for never.

    `unit` is the one in which its statistics are kept. In `pauses` Home Assistant was not running.
    """

    source_id: str
    entity_id: str
    use: Use
    is_directed: bool = False
    maximum_age: int | None = None
    device_class: str | None = None
    unit: str | None = None
    states_from: float = math.inf
    pauses: Sequence[Pause] = ()

    def pieces(
        self, states: Sequence[State], statistics: Sequence[Statistic], grid: Grid, begin: float, end: float
    ) -> list[Piece]:
        """Return what the states of a stretch come to, and before they are known the statistics that begin in it.

        Where states begin within the period of a statistic, they count from its end on.
        """
        used = [row for row in statistics if row.start < self.states_from]
        handover = max((row.end for row in used if row.end > self.states_from), default=self.states_from)
        found = [piece for row in used for piece in self._of_statistic(row, grid)]
        found += self._of_states(states, handover, begin, end)
        found.sort(key=lambda piece: piece.at)
        return found

    def state(self, at: float, value: float, **attributes: float | None) -> State:
        """Return a state that stands for a figure of the statistics."""
        time = datetime.fromtimestamp(at, UTC)
        return State(
            self.entity_id,
            repr(value),
            {
                ATTR_STATISTIC: True,
                ATTR_UNIT_OF_MEASUREMENT: self.unit,
                ATTR_DEVICE_CLASS: self.device_class,
                **attributes,
            },
            last_changed=time,
            last_reported=time,
            last_updated=time,
        )

    def _of_states(self, states: Sequence[State], handover: float, begin: float, end: float) -> list[Piece]:
        """Return states and pauses of a stretch; of what is before the handover the last is what is known then."""
        pieces = [Piece(state.last_updated_timestamp, self.source_id, state) for state in states]
        pieces += [
            Piece(pause.start, self.source_id, None)
            for pause in self.pauses
            if max(begin, self.states_from) <= pause.start < end
        ]
        pieces.sort(key=lambda piece: piece.at)
        before = [piece for piece in pieces if piece.at <= handover][-1:]
        return [
            *(piece._replace(at=max(piece.at, handover)) for piece in before),
            *(piece for piece in pieces if piece.at > handover),
        ]

    def _of_statistic(self, row: Statistic, grid: Grid) -> Iterator[Piece]:
        begin = grid.begin_of(row.start, row.end)
        if begin is None or not self._is_known(row):
            return
        if self.use is Use.REGISTER:
            if row.total is not None:
                yield from self._moment(row.end, self.state(row.end, row.total, **{ATTR_DIAL: row.state}))
            return
        if row.mean is None or self._has_both_signs(row) or self._may_be_stale(row):
            return
        if self.use is Use.LATEST:
            # Nothing else is known of the moment in which the period ends.
            yield from self._moment(row.end, self.state(row.end, row.mean))
            return
        yield Piece(begin, self.source_id, self.state(begin, row.mean))
        yield Piece(row.end, self.source_id, None)

    def _moment(self, at: float, state: State) -> Iterator[Piece]:
        yield Piece(at, self.source_id, state)
        if at < self.states_from:
            yield Piece(at + _AFTERWARDS, self.source_id, None)

    def _is_known(self, row: Statistic) -> bool:
        """Whether Home Assistant was running for long enough, or as the dial was read: statistics have no gaps."""
        if self.use is Use.REGISTER:
            return not any(pause.start < row.end <= pause.end for pause in self.pauses)
        paused = sum(max(0.0, min(row.end, pause.end) - max(row.start, pause.start)) for pause in self.pauses)
        return paused <= _PAUSED_AT_MOST * (row.end - row.start)

    def _has_both_signs(self, row: Statistic) -> bool:
        """Whether the part in one direction can't be told from the mean: power went both ways."""
        is_one_way = row.least is not None and row.most is not None and (row.least >= 0 or row.most <= 0)
        return self.is_directed and not is_one_way

    def _may_be_stale(self, row: Statistic) -> bool:
        """Whether the source may have reported nothing for too long: statistics go on with its last value."""
        return self.maximum_age is not None and row.least == row.most


def use_of(stream: Stream, source_id: str) -> Use:
    """Return what a stream takes a source for."""
    codes = [code for code, sources in stream.parameters.items() if any(one.id == source_id for one in sources)]
    if any(map(stream.is_register, codes)):
        return Use.REGISTER
    return Use.MEAN if any(map(stream.is_mean, codes)) else Use.LATEST


def is_directed(stream: Stream, source_id: str) -> bool:
    """Whether a stream takes but one direction of a source."""
    return any(
        source.id == source_id and source.direction is not Direction.SIGNED
        for sources in stream.parameters.values()
        for source in sources
    )
