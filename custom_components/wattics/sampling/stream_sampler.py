"""What one stream gives at a boundary: the same whether its states come as they happen or out of a record."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Self

from homeassistant.core import State

from ..delivery.packet import Packet
from . import values
from .means import StreamMeans, microseconds
from .reader import Measurement, ProblemKind, Reader, SourceProblem
from .registers import StreamRegisters
from .stream import Reading, Source, Stream
from .zones import Zones

type StateOf = Callable[[str], State | None]
"""Tells the state that a source has, by the id under which the source is stored."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one stream gave at one boundary, `instant` (aware).

    `packet` is None when no parameter had a value: a gap. `registers` holds those of its parameters, by code, and
    `offsets` what each of them is above its dials.
    """

    stream: Stream
    instant: datetime
    packet: Packet | None
    problems: tuple[SourceProblem, ...]
    registers: Mapping[str, Decimal]
    offsets: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Packed:
    """A packet to be queued, and what each of its registers rose by since the packet before, by code."""

    packet: Packet
    intervals: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class StreamSampler:
    """What is known of a stream between samples: its means and registers.

    Without them what the sources say at one moment stands for means, and the sum of dials for registers.
    """

    stream: Stream
    zones: Zones
    reader: Reader
    means: StreamMeans | None = None
    registers: StreamRegisters | None = None

    @classmethod
    def begin(cls, stream: Stream, zones: Zones, reader: Reader, now: int) -> Self:
        """Begin at `now` (whole microseconds since 1970), with nothing known of what was before."""
        means, registers = StreamMeans(stream, zones, reader, now), StreamRegisters(stream, reader)
        return cls(stream, zones, reader, means, registers)

    def take_over(self, other: StreamSampler, renamed: Mapping[str, str]) -> None:
        """Go on with what is known of another form of the same stream.

        `renamed` holds the ids that sources have now by those that they may have had before.
        """
        if self.means is not None and other.means is not None:
            self.means.take_over(other.means, renamed)
        is_same = self.stream.stream_id == other.stream.stream_id
        if self.registers is not None and other.registers is not None and is_same:
            self.registers.take_over(other.registers, renamed)

    def without_registers(self) -> Self:
        """Return one that has the same means, and registers of which nothing is known."""
        return replace(self, registers=StreamRegisters(self.stream, self.reader))

    def restore(self, stored: Mapping[str, str | None], renamed: Mapping[str, str]) -> None:
        """Go on with registers as they were stored, by code: None for one that was lost.

        See `take_over` for `renamed`.
        """
        if self.registers is not None:
            self.registers.restore(stored, renamed)

    @property
    def is_restored(self) -> bool:
        """Whether it is known what was stored of the registers."""
        return self.registers is not None and self.registers.is_restored

    def stored(self) -> Iterable[tuple[str, str]]:
        """Return what is to be stored of the registers: code and text."""
        return self.registers.store() if self.registers is not None and self.registers.is_restored else ()

    @property
    def source_ids(self) -> set[str]:
        """The sources whose every state matters, not only the one at the boundary."""
        return {
            source.id
            for code, sources in self.stream.parameters.items()
            if self.stream.is_mean(code) or self.stream.is_register(code)
            for source in sources
        }

    def observe(self, source_id: str, state: State | None, at: float, *, is_report: bool = True) -> bool:
        """From `at` on, in seconds since 1970, a source has this state, or reports it again.

        Without `is_report` it has had it, maybe for long. Returns whether the registers must be stored at once.
        """
        if self.means is not None:
            self.means.observe(source_id, state, microseconds(at))
        return self.registers is not None and self.registers.observe(source_id, state, at, is_report=is_report)

    def sample(self, instant: datetime, state_of: StateOf) -> Sample:
        """Sample the stream for the boundary `instant` (aware); its sources have the states of `state_of`.

        What a register rose by since the packet before is put in by `pack`.
        """
        means = self.means.end(microseconds(instant.timestamp())) if self.means is not None else {}
        return self._sample(instant, means, self.registers, state_of)

    def look(self, now: datetime, state_of: StateOf) -> Sample:
        """Return what a sample would be if the interval ended at `now`, packed; nothing is changed by that."""
        means = self.means.look(microseconds(now.timestamp())) if self.means is not None else {}
        registers = self.registers.copy() if self.registers is not None else None
        sample = self._sample(now, means, registers, state_of)
        packed = _pack(sample, registers)
        return replace(sample, packet=packed.packet if packed is not None else None)

    def _sample(
        self,
        instant: datetime,
        means: Mapping[tuple[str, Source], Decimal | None],
        registers: StreamRegisters | None,
        state_of: StateOf,
    ) -> Sample:
        found: dict[str, float] = {}
        figures: dict[str, Decimal] = {}
        problems: list[SourceProblem] = []
        for code, sources in self.stream.parameters.items():
            measured = [self._measure(instant, code, source, means, state_of) for source in sources]
            figure = self._figure(instant, code, measured, registers)
            if not isinstance(figure, Decimal):
                problems += figure
            elif (value := values.rounded(figure)) is None:
                problems += _problems(self.stream, code, ProblemKind.NO_VALUE)
            else:
                found[code] = value
                if registers is not None and self.stream.is_register(code):
                    figures[code] = figure
        local = instant.astimezone(self.zones.of(self.stream))
        packet = Packet(self.stream.stream_id, local, found) if found else None
        offsets = {code: registers[code].offset or Decimal(0) for code in figures} if registers is not None else {}
        return Sample(self.stream, instant, packet, tuple(problems), figures, offsets)

    def pack(self, sample: Sample) -> Packed | None:
        """Return the packet of a sample that is about to be queued, None for a gap; it packs its registers.

        A packet follows the one before: call this in the order of the samples, for each that gets queued.
        """
        return _pack(sample, self.registers)

    def unpack(self, packed: Packed) -> None:
        """Take back what `pack` did: the packet was not queued."""
        if self.registers is not None:
            for code, interval in packed.intervals.items():
                if code in self.registers:
                    self.registers[code].unpack(interval)

    def _figure(
        self,
        instant: datetime,
        code: str,
        measured: Sequence[Measurement],
        registers: StreamRegisters | None,
    ) -> Decimal | list[SourceProblem]:
        """Return what a parameter comes to, from what its sources gave, or why to nothing."""
        if problems := [one for one in measured if isinstance(one, SourceProblem)]:
            return problems
        if registers is None or not self.stream.is_register(code):
            return values.add(one for one in measured if isinstance(one, Decimal))
        register = registers.read(code, instant.timestamp())
        return register if register is not None else _problems(self.stream, code, ProblemKind.LOST)

    def _measure(
        self,
        instant: datetime,
        code: str,
        source: Source,
        means: Mapping[tuple[str, Source], Decimal | None],
        state_of: StateOf,
    ) -> Measurement:
        """Return what a source gave: its mean where there are means, else what it says now."""
        if (mean := means.get((code, source))) is not None:
            return mean
        now = self._read(instant, code, source, state_of(source.id))
        if (code, source) not in means or isinstance(now, SourceProblem):
            return now
        return SourceProblem(code, source.id, ProblemKind.PARTLY)

    def _read(self, instant: datetime, code: str, source: Source, state: State | None) -> Measurement:
        """Return what a source says by its state, or why it says nothing."""
        stream = self.stream
        measured = self.reader.read(stream, code, source, state)
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


def _problems(stream: Stream, code: str, kind: ProblemKind) -> list[SourceProblem]:
    return [SourceProblem(code, source.id, kind) for source in stream.parameters[code]]


def _pack(sample: Sample, registers: StreamRegisters | None) -> Packed | None:
    """Return the packet of a sample, None for a gap, with what its registers rose by."""
    if sample.packet is None or registers is None:
        return None if sample.packet is None else Packed(sample.packet, {})
    # A parameter may have gone while the sample was on the way.
    known = {code: value for code, value in sample.registers.items() if code in registers}
    intervals = {code: registers[code].pack(value) for code, value in known.items()}
    if sample.stream.reading is not Reading.INTERVAL:
        return Packed(sample.packet, intervals)
    risen = {code: float(interval) for code, interval in intervals.items()}
    found = {
        code: risen.get(code, value)
        for code, value in sample.packet.values.items()
        if code in risen or code not in sample.registers
    }
    return Packed(replace(sample.packet, values=found), intervals) if found else None
