"""What the sources of streams say at one instant, as packets."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Self

from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..delivery.packet import Packet
from . import values
from .follower import Follower
from .means import StreamMeans, microseconds
from .reader import Measurement, ProblemKind, Reader, SourceProblem
from .registers import StreamRegisters
from .stream import Reading, Source, Stream
from .zones import Zones


@dataclass(frozen=True, slots=True)
class Sample:
    """What one stream gave at one boundary, `instant` (aware).

    `packet` is None when no parameter had a value: a gap. `registers` holds those of its parameters, by code.
    """

    stream: Stream
    instant: datetime
    packet: Packet | None
    problems: tuple[SourceProblem, ...]
    registers: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Packed:
    """A packet to be queued, and what each of its registers rose by since the packet before, by code."""

    packet: Packet
    intervals: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class _Followed:
    """What is known of a stream between samples."""

    stream: Stream
    means: StreamMeans
    registers: StreamRegisters

    @classmethod
    def of(cls, stream: Stream, zones: Zones, reader: Reader) -> Self:
        return cls(stream, StreamMeans(stream, zones, reader, _now()), StreamRegisters(stream, reader))

    @property
    def source_ids(self) -> set[str]:
        """The sources whose every state matters, not only the one at the boundary."""
        return {
            source.id
            for code, sources in self.stream.parameters.items()
            if self.stream.is_mean(code) or self.stream.is_register(code)
            for source in sources
        }


class Sampler:
    """Samples streams from Home Assistant's state machine, and follows what their sources do between samples."""

    def __init__(
        self, hass: HomeAssistant, zones: Zones, on_urgent: Callable[[Stream], None] = lambda _: None
    ) -> None:
        """Take the zones, loaded for the streams that will be sampled.

        `on_urgent` gets a stream whose registers must be stored at once.
        """
        self._hass = hass
        self._zones = zones
        self._on_urgent = on_urgent
        self._reader = Reader()
        self._follower = Follower(hass)
        self._followed: dict[str, _Followed] = {}

    @callback
    def async_follow(self, stream: Stream, stored: Mapping[str, str] | None) -> None:
        """Watch the sources of a stream from now on; what is known of it, or of it before a change, is kept.

        `stored` holds its registers as they were stored, by code; None if that is not known yet.
        """
        self._reader.forget(stream.subentry_id)
        followed = _Followed.of(stream, self._zones, self._reader)
        before = self._followed.get(stream.subentry_id)
        if before is not None:
            followed.means.take_over(before.means)
        if before is not None and before.stream.stream_id == stream.stream_id:
            followed.registers.take_over(before.registers)
        elif stored is not None:
            followed.registers.restore(stored)
        self._follow(followed)

    @callback
    def async_restore(self, stream: Stream, stored: Mapping[str, str]) -> None:
        """Go on with registers as they were stored, whatever has been counted since."""
        followed = self._followed[stream.subentry_id]
        registers = StreamRegisters(stream, self._reader)
        registers.restore(stored)
        self._follow(replace(followed, registers=registers))

    @callback
    def async_forget(self, subentry_id: str) -> None:
        """Let go of a stream that is no more."""
        self._follower.async_forget(subentry_id)
        self._followed.pop(subentry_id, None)
        self._reader.forget(subentry_id)

    @callback
    def async_stop(self) -> None:
        """Watch nothing any more; registers can still be packed."""
        self._follower.async_stop()

    def sample(self, instant: datetime, streams: Sequence[Stream]) -> list[Sample]:
        """Sample streams for the boundary `instant` (aware): each packet carries it in its stream's zone.

        A stream that is not followed has neither means nor registers: what its sources say at this moment stands
        for them. What a register rose by since the packet before is put in by `pack`.
        """
        registry = er.async_get(self._hass)
        return [self._sample(instant, stream, registry) for stream in streams]

    def pack(self, sample: Sample) -> Packed | None:
        """Return the packet of a sample that is about to be queued, None for a gap; it packs its registers.

        A packet follows the one before: call this in the order of the samples, for each that gets queued.
        """
        if sample.packet is None or (followed := self._followed.get(sample.stream.subentry_id)) is None:
            return None if sample.packet is None else Packed(sample.packet, {})
        intervals = {code: followed.registers[code].pack(value) for code, value in sample.registers.items()}
        if sample.stream.reading is not Reading.INTERVAL:
            return Packed(sample.packet, intervals)
        risen = {code: float(interval) for code, interval in intervals.items()}
        return Packed(replace(sample.packet, values={**sample.packet.values, **risen}), intervals)

    def unpack(self, sample: Sample, packed: Packed) -> None:
        """Take back what `pack` did: the packet was not queued."""
        if (followed := self._followed.get(sample.stream.subentry_id)) is not None:
            for code, interval in packed.intervals.items():
                followed.registers[code].unpack(interval)

    def stored(self, subentry_id: str) -> Iterable[tuple[str, str]]:
        """Return what is to be stored of a stream's registers: code and text."""
        followed = self._followed.get(subentry_id)
        return followed.registers.store() if followed is not None and followed.registers.is_restored else ()

    def is_restored(self, subentry_id: str) -> bool:
        """Whether a stream is followed and it is known what was stored of its registers."""
        followed = self._followed.get(subentry_id)
        return followed is not None and followed.registers.is_restored

    def _follow(self, followed: _Followed) -> None:
        stream, source_ids = followed.stream, followed.source_ids
        self._followed[stream.subentry_id] = followed
        self._follower.async_follow(
            stream.subentry_id,
            source_ids,
            partial(self._observe, followed),
            reports=stream.maximum_age is not None or any(map(stream.is_register, stream.parameters)),
        )
        registry = er.async_get(self._hass)
        now = dt_util.utcnow().timestamp()
        for source_id in source_ids:
            self._observe(followed, source_id, self._state(source_id, registry), now)

    def _observe(self, followed: _Followed, source_id: str, state: State | None, at: float) -> None:
        followed.means.observe(source_id, state, microseconds(at))
        if followed.registers.observe(source_id, state, at):
            self._on_urgent(followed.stream)

    def _sample(self, instant: datetime, stream: Stream, registry: er.EntityRegistry) -> Sample:
        followed = self._followed.get(stream.subentry_id)
        means = followed.means.end(microseconds(instant.timestamp())) if followed is not None else {}
        found: dict[str, float] = {}
        registers: dict[str, Decimal] = {}
        problems: list[SourceProblem] = []
        for code, sources in stream.parameters.items():
            measured = [self._measure(instant, stream, code, source, means, registry) for source in sources]
            figure = self._figure(instant, stream, code, measured)
            if not isinstance(figure, Decimal):
                problems += figure
            elif (value := values.rounded(figure)) is None:
                problems += _problems(stream, code, ProblemKind.NO_VALUE)
            else:
                found[code] = value
                if followed is not None and stream.is_register(code):
                    registers[code] = figure
        packet = Packet(stream.stream_id, instant.astimezone(self._zones.of(stream)), found) if found else None
        return Sample(stream, instant, packet, tuple(problems), registers)

    def _figure(
        self, instant: datetime, stream: Stream, code: str, measured: Sequence[Measurement]
    ) -> Decimal | list[SourceProblem]:
        """Return what a parameter comes to, from what its sources gave, or why to nothing."""
        if problems := [one for one in measured if isinstance(one, SourceProblem)]:
            return problems
        followed = self._followed.get(stream.subentry_id)
        if followed is None or not stream.is_register(code):
            return values.add(one for one in measured if isinstance(one, Decimal))
        register = followed.registers.read(code, instant.timestamp())
        return register if register is not None else _problems(stream, code, ProblemKind.LOST)

    def _measure(
        self,
        instant: datetime,
        stream: Stream,
        code: str,
        source: Source,
        means: Mapping[tuple[str, Source], Decimal | None],
        registry: er.EntityRegistry,
    ) -> Measurement:
        """Return what a source gave: its mean where there are means, else what it says now."""
        if (mean := means.get((code, source))) is not None:
            return mean
        now = self._read(instant, stream, code, source, registry)
        if (code, source) not in means or isinstance(now, SourceProblem):
            return now
        return SourceProblem(code, source.id, ProblemKind.PARTLY)

    def _read(
        self, instant: datetime, stream: Stream, code: str, source: Source, registry: er.EntityRegistry
    ) -> Measurement:
        """Return what a source says now, or why it says nothing."""
        state = self._state(source.id, registry)
        measured = self._reader.read(stream, code, source, state)
        if isinstance(measured, SourceProblem) or state is None:
            return measured
        if stream.is_register(code):
            return measured if measured >= 0 else SourceProblem(code, source.id, ProblemKind.NEGATIVE)
        if (
            stream.maximum_age is not None
            and instant.timestamp() - state.last_reported_timestamp > stream.maximum_age
        ):
            return SourceProblem(code, source.id, ProblemKind.TOO_OLD, values.unit_of(state))
        return measured

    def _state(self, source_id: str, registry: er.EntityRegistry) -> State | None:
        entity_id = er.async_resolve_entity_id(registry, source_id)
        return self._hass.states.get(entity_id) if entity_id else None


def _problems(stream: Stream, code: str, kind: ProblemKind) -> list[SourceProblem]:
    return [SourceProblem(code, source.id, kind) for source in stream.parameters[code]]


def _now() -> int:
    return microseconds(dt_util.utcnow().timestamp())
