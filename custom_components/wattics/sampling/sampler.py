"""What the sources of streams say at one instant, as packets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial

from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..delivery.packet import Packet
from . import values
from .follower import Follower
from .means import StreamMeans, microseconds
from .reader import Measurement, ProblemKind, Reader, SourceProblem
from .stream import Source, Stream
from .zones import Zones


@dataclass(frozen=True, slots=True)
class Sample:
    """What one stream gave at one boundary, `instant` (aware).

    `packet` is None when no parameter had a value: a gap.
    """

    stream: Stream
    instant: datetime
    packet: Packet | None
    problems: tuple[SourceProblem, ...]


class Sampler:
    """Samples streams from Home Assistant's state machine, and follows what their sources do between samples."""

    def __init__(self, hass: HomeAssistant, zones: Zones) -> None:
        """Take the zones, loaded for the streams that will be sampled."""
        self._hass = hass
        self._zones = zones
        self._reader = Reader()
        self._follower = Follower(hass)
        self._means: dict[str, StreamMeans] = {}

    @callback
    def async_follow(self, stream: Stream) -> None:
        """Watch the sources of a stream from now on; what is known of it, or of it before a change, is kept."""
        self._reader.forget(stream.subentry_id)
        means = StreamMeans(stream, self._zones, self._reader, _now())
        if (before := self._means.get(stream.subentry_id)) is not None:
            means.take_over(before)
        self._means[stream.subentry_id] = means
        source_ids = {
            source.id for code, sources in stream.parameters.items() if stream.is_mean(code) for source in sources
        }
        self._follower.async_follow(
            stream.subentry_id,
            source_ids,
            partial(self._observe, means),
            reports=stream.maximum_age is not None,
        )
        registry = er.async_get(self._hass)
        for source_id in source_ids:
            means.observe(source_id, self._state(source_id, registry), _now())

    @callback
    def async_forget(self, subentry_id: str) -> None:
        """Let go of a stream that is no more."""
        self._follower.async_forget(subentry_id)
        self._means.pop(subentry_id, None)
        self._reader.forget(subentry_id)

    @callback
    def async_stop(self) -> None:
        """Watch nothing any more."""
        self._follower.async_stop()
        self._means.clear()

    def sample(self, instant: datetime, streams: Sequence[Stream]) -> list[Sample]:
        """Sample streams for the boundary `instant` (aware): each packet carries it in its stream's zone.

        A stream that is not followed has no means: what its sources say at this moment stands for them.
        """
        registry = er.async_get(self._hass)
        return [self._sample(instant, stream, registry) for stream in streams]

    def _observe(self, means: StreamMeans, source_id: str, state: State | None, at: float) -> None:
        means.observe(source_id, state, microseconds(at))

    def _sample(self, instant: datetime, stream: Stream, registry: er.EntityRegistry) -> Sample:
        means = self._means.get(stream.subentry_id)
        ended = means.end(microseconds(instant.timestamp())) if means is not None else {}
        found: dict[str, float] = {}
        problems: list[SourceProblem] = []
        for code, sources in stream.parameters.items():
            measured: list[Measurement] = []
            for source in sources:
                now = self._read(instant, stream, code, source, registry)
                measured.append(_mean(ended[code, source], code, source, now) if (code, source) in ended else now)
            numbers = [one for one in measured if isinstance(one, Decimal)]
            if len(numbers) < len(measured):
                problems += [one for one in measured if isinstance(one, SourceProblem)]
            elif (total := values.total(numbers)) is not None:
                found[code] = total
            else:
                problems += [SourceProblem(code, source.id, ProblemKind.NO_VALUE) for source in sources]
        packet = Packet(stream.stream_id, instant.astimezone(self._zones.of(stream)), found) if found else None
        return Sample(stream, instant, packet, tuple(problems))

    def _read(
        self, instant: datetime, stream: Stream, code: str, source: Source, registry: er.EntityRegistry
    ) -> Measurement:
        """Return what a source says now, or why it says nothing."""
        state = self._state(source.id, registry)
        measured = self._reader.read(stream, code, source, state)
        if isinstance(measured, SourceProblem) or state is None or stream.is_register(code):
            return measured
        if (
            stream.maximum_age is not None
            and instant.timestamp() - state.last_reported_timestamp > stream.maximum_age
        ):
            return SourceProblem(code, source.id, ProblemKind.TOO_OLD, values.unit_of(state))
        return measured

    def _state(self, source_id: str, registry: er.EntityRegistry) -> State | None:
        entity_id = er.async_resolve_entity_id(registry, source_id)
        return self._hass.states.get(entity_id) if entity_id else None


def _mean(mean: Decimal | None, code: str, source: Source, now: Measurement) -> Measurement:
    """Return the mean, or why there is none: what is wrong with the source now, if anything is."""
    if mean is not None:
        return mean
    return now if isinstance(now, SourceProblem) else SourceProblem(code, source.id, ProblemKind.PARTLY)


def _now() -> int:
    return microseconds(dt_util.utcnow().timestamp())
