"""Reads what the recorder has of a stream, a stretch at a time: as much as fits into memory, whatever there is."""

from collections.abc import Iterable, Mapping, Sequence
import math
from typing import Final

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er

from ..sampling.stream import Stream
from ..sampling.zones import Zones
from . import recorder
from .grid import Grid, finest
from .recorder import HOUR, Recorder, Statistic
from .timeline import Piece, Timeline, is_directed, use_of

LONGEST: Final = 31 * 24 * HOUR
MOST_ROWS: Final = 10_000
"""So many rows, about, are read at a time."""
MOST_BOUNDARIES: Final = 2_000
"""Over no more of them goes a stretch, but for an hour's."""

_A_MOMENT: Final = 0.0005
"""What happens at a boundary belongs to what is before it."""


def timelines(hass: HomeAssistant, stream: Stream) -> list[Timeline]:
    """Return the sources of a stream, with nothing known of what there is of them."""
    registry = er.async_get(hass)
    found: dict[str, Timeline] = {}
    for source in (source for sources in stream.parameters.values() for source in sources):
        entity_id = er.async_resolve_entity_id(registry, source.id) or source.id
        state = hass.states.get(entity_id)
        found[source.id] = Timeline(
            source.id,
            entity_id,
            use_of(stream, source.id),
            is_directed(stream, source.id),
            stream.maximum_age,
            state.attributes.get("device_class") if state is not None else None,
        )
    return list(found.values())


class StreamReading:
    """Reads the sources of one stream from an instant on, in order. Times are seconds since 1970."""

    def __init__(
        self, reader: Recorder, stream: Stream, zones: Zones, sources: Iterable[Timeline], position: float
    ) -> None:
        """Begin at `position`; `async_begin` must come first."""
        self._recorder = reader
        self._grid = Grid(stream, zones)
        self._begun = False
        self._units: dict[str, str | None] = {}
        self._longest = min(LONGEST, max(HOUR, MOST_BOUNDARIES * stream.interval))
        self._length = HOUR
        self._start = position
        self.timelines = list(sources)
        self.position = position
        """Up to here all was read."""

    async def async_begin(self) -> None:
        """Look up what there is. Raises RecorderUnavailable."""
        pauses = await self._recorder.async_read(recorder.pauses)
        entity_ids = [timeline.entity_id for timeline in self.timelines]
        self._units = await self._recorder.async_read(recorder.statistic_units, entity_ids)
        for timeline in self.timelines:
            timeline.unit = self._units.get(timeline.entity_id)
            timeline.pauses = pauses
            timeline.states_from = await self._recorder.async_read(
                recorder.known_from, timeline.entity_id, self._start
            )

    async def async_next(self, end: float) -> list[Piece]:
        """Read on, not beyond `end`, and return what the sources had. Raises RecorderUnavailable."""
        begin = self.position
        until = min(self._end_of_stretch(), end)
        pieces, rows = await self._recorder.async_read(self._read, begin, until)
        self.position = until
        self._begun = True
        self._adapt(rows, until - begin)
        return pieces

    def _end_of_stretch(self) -> float:
        """Return where the next stretch ends: at a full hour, so that no statistic goes beyond it."""
        end = self.position + self._length
        return max(end - end % HOUR, self.position - self.position % HOUR + HOUR)

    def _adapt(self, rows: int, length: float) -> None:
        """Read more at a time where there is little, and less where there is much."""
        if rows > MOST_ROWS:
            self._length = max(HOUR, length / 2)
        elif rows < MOST_ROWS / 4:
            self._length = min(self._longest, 2 * max(length, HOUR))

    def _read(self, hass: HomeAssistant, begin: float, end: float) -> tuple[list[Piece], int]:
        """Return what there is from `begin` to `end`, and how many rows that were. Blocks."""
        statistics, rows = self._read_statistics(hass, begin, end)
        found: list[Piece] = []
        for timeline in self.timelines:
            states = self._read_states(hass, timeline, begin, end)
            rows += len(states)
            pieces = timeline.pieces(
                states, statistics.get(timeline.entity_id, ()), self._grid, begin + _A_MOMENT, end + _A_MOMENT
            )
            found += pieces if self._begun else self._from_the_start(pieces)
        return found, rows

    def _from_the_start(self, pieces: Sequence[Piece]) -> list[Piece]:
        """Return pieces from the start on: the last one of those before it says what there was at the start."""
        before = [piece._replace(at=self._start) for piece in pieces if piece.at <= self._start + _A_MOMENT]
        return [*before[-1:], *(piece for piece in pieces if piece.at > self._start + _A_MOMENT)]

    def _read_statistics(
        self, hass: HomeAssistant, begin: float, end: float
    ) -> tuple[Mapping[str, Sequence[Statistic]], int]:
        """Return the statistics that begin in a stretch, of sources whose states are not known that early."""
        wanted = {
            timeline.entity_id: timeline.unit
            for timeline in self.timelines
            if timeline.states_from > begin and timeline.entity_id in self._units
        }
        if not wanted:
            return {}, 0
        # The one that ends at the very start tells how the dials stood there.
        start = begin if self._begun else begin - begin % HOUR - HOUR
        hours = recorder.statistics(hass, wanted, start, end, "hour")
        minutes = recorder.statistics(hass, wanted, start, end, "5minute")
        found = {entity_id: finest(hours[entity_id], minutes[entity_id]) for entity_id in wanted}
        return found, sum(map(len, hours.values())) + sum(map(len, minutes.values()))

    def _read_states(self, hass: HomeAssistant, timeline: Timeline, begin: float, end: float) -> list[State]:
        """Return the states of a source in a stretch; of the first one also what it had before."""
        if timeline.states_from > end or math.isinf(timeline.states_from):
            return []
        is_first = not self._begun
        if is_first and timeline.maximum_age is not None:
            begin -= timeline.maximum_age
            is_first = False
        with_begin = is_first and self._was_running_since(hass, timeline, begin)
        found = recorder.states(hass, timeline.entity_id, begin + _A_MOMENT, end + _A_MOMENT, begin=with_begin)
        if timeline.maximum_age is not None:
            reports = recorder.reports(hass, timeline.entity_id, begin + _A_MOMENT, end + _A_MOMENT)
            found = [_reported(state, reports.get(state.last_updated_timestamp)) for state in found]
        return found

    def _was_running_since(self, hass: HomeAssistant, timeline: Timeline, at: float) -> bool:
        """Whether what a source had before `at` is from this side of the last pause of Home Assistant."""
        begun = max((pause.end for pause in timeline.pauses if pause.start <= at), default=None)
        return begun is None or (begun <= at and recorder.has_changed(hass, timeline.entity_id, begun, at))


def _reported(state: State, at: float | None) -> State:
    """Return a state with the time of its last report that is known."""
    if at is None or at <= state.last_updated_timestamp:
        return state
    return State(
        state.entity_id,
        state.state,
        state.attributes,
        last_changed=state.last_changed,
        last_reported=recorder.to_datetime(at),
        last_updated=state.last_updated,
    )
