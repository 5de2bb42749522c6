"""Makes the packets that sampling would have made, with the same means, registers and rules."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple, override

from homeassistant.core import State

from ..delivery.packet import Packet
from ..sampling import values
from ..sampling.means import StreamMeans, microseconds
from ..sampling.reader import Reader
from ..sampling.registers import StreamRegisters
from ..sampling.schedule import boundaries
from ..sampling.stream import Source, Stream
from ..sampling.stream_sampler import Sample, StreamSampler
from ..sampling.zones import Zones
from .timeline import ATTR_DIAL, ATTR_STATISTIC, Piece, Timeline, Use


@dataclass(slots=True)
class Progress:
    """What is known at a boundary, to go on from there: registers and, of counters, the last statistic's dial."""

    registers: Mapping[str, str] = field(default_factory=dict)
    dials: dict[str, float | None] = field(default_factory=dict)
    """By the id of each source of which a statistic was read last, not a state."""


@dataclass(frozen=True, slots=True)
class Junction:
    """How registers are joined to what Wattics has, or gets from the live ones, by code.

    `shift` is added to them; before that they are `most` at most.
    """

    shift: Mapping[str, Decimal] = field(default_factory=dict)
    most: Mapping[str, Decimal] = field(default_factory=dict)

    def figure(self, code: str, figure: Decimal) -> Decimal:
        """Return a register without its shift, but limited."""
        return min(figure, self.most.get(code, figure))


class Made(NamedTuple):
    """The packets of a stretch, and for how many of them statistics were used."""

    packets: list[Packet]
    out_of_statistics: int


class RecordedRegisters(StreamRegisters):
    """Registers that are fed out of the recorder, after they were fed by the states themselves for a while."""

    @override
    def observe(self, source_id: str, state: State | None, at: float) -> bool:
        for code, _ in self._of_source[source_id]:
            changed_at = self[code].changed_at(source_id)
            if changed_at is not None and at < changed_at:
                return False  # it has been counted
        return super().observe(source_id, state, at)

    @override
    def _fingerprint(self, code: str, source: Source, state: State) -> str:
        fingerprint = super()._fingerprint(code, source, state)
        return f"{fingerprint} sum" if ATTR_DIAL in state.attributes else fingerprint


class PacketMaker:
    """Goes through what the sources of one stream had, from a boundary on. Times are seconds since 1970."""

    def __init__(
        self,
        stream: Stream,
        zones: Zones,
        timelines: Iterable[Timeline],
        position: float,
        progress: Progress,
        junction: Junction,
    ) -> None:
        """Begin at the boundary `position` with what is known there, of the registers only."""
        reader = Reader()
        self._stream = stream
        self._zone = zones.of(stream)
        self._timelines = {timeline.source_id: timeline for timeline in timelines}
        self._junction = junction
        self._dials = dict(progress.dials)
        self._states: dict[str, State | None] = {}
        self._pending: list[Piece] = []
        self._open: set[str] = set()
        self._uses_statistics = False
        self._registers = RecordedRegisters(stream, reader)
        self._registers.restore(progress.registers)
        means = StreamMeans(stream, zones, reader, microseconds(position))
        self._sampler = StreamSampler(stream, zones, reader, means, self._registers)
        self._fed = position
        self.position = position
        """The last boundary that was gone past."""
        self.first: dict[str, Decimal] = {}
        """Each register, without its shift, at the first boundary where it was known, by code."""
        self.last: dict[str, Decimal] = {}
        """At the last one."""

    @property
    def registers(self) -> StreamRegisters:
        """The registers, without their shift."""
        return self._registers

    @property
    def progress(self) -> Progress:
        """What is to be known to go on at the position."""
        return Progress(dict(self._registers.store()), dict(self._dials))

    def make(self, pieces: Iterable[Piece], until: float) -> Made:
        """Return the packets of all boundaries up to `until`, to which the pieces go, or somewhat further."""
        self._pending = sorted([*self._pending, *pieces], key=lambda piece: piece.at)
        packets: list[Packet] = []
        out_of_statistics = 0
        begin, end = (datetime.fromtimestamp(at, UTC) for at in (self.position, until))
        for boundary in boundaries(begin, end, self._stream.interval, self._zone):
            instant = boundary.astimezone(UTC)
            self.position = instant.timestamp()
            self._feed(self.position)
            sample = self._sampler.sample(instant, self._states.get)
            self.first = {**sample.registers, **self.first}
            self.last |= sample.registers
            if (packed := self._sampler.pack(self._joined(sample))) is not None:
                packets.append(packed.packet)
                out_of_statistics += self._uses_statistics
            self._uses_statistics = False
        return Made(packets, out_of_statistics)

    def registers_at(self, at: float) -> dict[str, Decimal]:
        """Return what the registers come to at the end of all, where they are known."""
        self._feed(at)
        codes = filter(self._stream.is_register, self._stream.parameters)
        found = ((code, self._registers.read(code, at)) for code in codes)
        return {code: register for code, register in found if register is not None}

    def _joined(self, sample: Sample) -> Sample:
        """Return a sample with its registers as they follow what Wattics has, and lead to what it gets."""
        if sample.packet is None or not sample.registers:
            return sample
        figures = {code: self._junction.figure(code, figure) for code, figure in sample.registers.items()}
        shifted: dict[str, Any] = {
            code: values.rounded(values.add((figure, self._junction.shift.get(code, Decimal(0)))))
            for code, figure in figures.items()
        }
        packet = replace(sample.packet, values={**sample.packet.values, **shifted})
        return replace(sample, packet=packet, registers=figures)

    def go_on(self, until: float) -> Iterator[tuple[float, Mapping[str, Decimal]]]:
        """Go on without packets; yield boundaries with the registers that they have."""
        begin, end = (datetime.fromtimestamp(at, UTC) for at in (self._fed, until))
        for boundary in boundaries(begin, end, self._stream.interval, self._zone):
            at = boundary.timestamp()
            yield at, self.registers_at(at)
        self._feed(until)

    def _feed(self, until: float) -> None:
        count = 0
        for piece in self._pending:
            if piece.at > until:
                break
            self._observe(piece)
            count += 1
        del self._pending[:count]
        self._fed = max(self._fed, until)

    def _observe(self, piece: Piece) -> None:
        at, source_id, state = piece
        self._note_statistics(source_id, state)
        self._states[source_id] = state
        for dial in self._dials_between(source_id, state):
            self._sampler.observe(source_id, self._timelines[source_id].state(at, dial), at)
        self._sampler.observe(source_id, state, at)

    def _note_statistics(self, source_id: str, state: State | None) -> None:
        """Take note of statistics that are used for the next packet: for means as their period ends."""
        if source_id in self._open:
            self._open.discard(source_id)
            self._uses_statistics = True
        if state is None or ATTR_STATISTIC not in state.attributes:
            return
        if self._timelines[source_id].use is Use.MEAN:
            self._open.add(source_id)
        else:
            self._uses_statistics = True

    def _dials_between(self, source_id: str, state: State | None) -> Sequence[float]:
        """Return the dial by which a counter goes over from states to statistics, or back, where it does."""
        if state is None:
            return ()
        if ATTR_DIAL not in state.attributes:
            dial = self._dials.pop(source_id, None)
        else:
            is_first = source_id not in self._dials
            self._dials[source_id] = state.attributes[ATTR_DIAL]
            dial = self._dials[source_id] if is_first else None
        return () if dial is None else (dial,)
