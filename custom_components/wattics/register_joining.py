"""Registers that are joined to what Wattics has: after their file was damaged, or an older one was restored.

No register falls at Wattics. So a stream whose file may be an older one is read back before anything that was
sampled in this run is sent, and a register that was lost has no value before its last figure is known. Sampling
waits for neither.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
import logging
import time
from typing import Final, override

from homeassistant.util import dt as dt_util

from .delivery.errors import OutboxError
from .delivery.joining import Joining, Joint
from .delivery.outbox import Outbox, milliseconds
from .delivery.packet import Packet
from .flows.words import literal
from .intake import Intake
from .register_changes import kept
from .sampling.registers import StreamRegisters
from .sampling.stream import Reading, Stream
from .sampling.values import EXACT, rounded
from .updates import async_yield_in_slices

_LOGGER = logging.getLogger(__name__)

INTERVALS_UNTIL_DOUBT: Final = 3
"""A file whose newest sample is older may be one that was restored."""

_SLICE: Final = 256


@dataclass(frozen=True, slots=True)
class Joined:
    """A register that was joined: what it was, or what the meters show where it was lost, and what it is now."""

    stream: Stream
    code: str
    before: Decimal
    after: Decimal

    @property
    def line(self) -> str:
        """Both figures in a line of text."""
        name = f"{literal(self.stream.name)} ({literal(self.stream.stream_id)}) {literal(self.code)}"
        return f"{name}: {rounded(self.before)} → {rounded(self.after)}"


@dataclass(frozen=True, slots=True)
class _Steps:
    """What is done to the registers of one stream, by code."""

    joined: Mapping[str, Decimal]
    """Figures from which they go on."""
    raised: Mapping[str, Decimal]
    """By how much they are raised, with packets that were made already."""
    skipped: Sequence[str]
    """Those whose next interval begins now: Wattics has what they rose by since they were kept."""

    def __bool__(self) -> bool:
        return bool(self.joined or self.raised or self.skipped)

    def take(self, registers: StreamRegisters, at: float) -> None:
        """Do it."""
        for code, figure in self.joined.items():
            registers[code].join(figure, at)
        for code, amount in self.raised.items():
            registers[code].raise_by(amount, at)
        for code in self.skipped:
            registers[code].skip(at)


class RegisterJoining(Joining):
    """Joins the registers of one account."""

    def __init__(
        self,
        intake: Intake,
        outbox: Outbox,
        on_await: Callable[[Iterable[str]], None],
        on_joined: Callable[[Sequence[Joined]], None],
    ) -> None:
        """`on_await` gets the ids of streams that are to be read back, `on_joined` what was done then."""
        self._intake = intake
        self._outbox = outbox
        self._on_await = on_await
        self._on_joined = on_joined
        self._unread: list[Stream] | None = None
        self._newest: dict[str, int | None] = {}
        """Of streams that are to be read back: the newest sample that the outbox knew of when this run began."""

    async def async_begin(self) -> None:
        """Find out which streams have to be read back: of all or, called again, of those not read before."""
        streams = list(self._intake.streams.values()) if self._unread is None else self._unread
        self._unread = []
        if not streams:
            return
        now = milliseconds(dt_util.utcnow().timestamp())
        started = time.monotonic()
        for stream in streams:
            if (registers := self._intake.sampler.registers(stream.subentry_id)) is None:
                self._unread.append(stream)
                continue
            record = self._outbox.streams.get(stream.stream_id)
            newest = record.newest if record is not None else None
            is_lost = bool(registers.lost)
            if is_lost:
                await self._async_find_waiting(stream, registers)
            is_old = newest is not None and now - newest > stream.interval * 1000 * INTERVALS_UNTIL_DOUBT
            if list(registers) and (is_old or is_lost):
                self._newest[stream.stream_id] = newest
            started = await async_yield_in_slices(started)
        self._on_await(list(self._newest))

    @override
    def awaits(self, stream_id: str) -> bool:
        return stream_id in self._newest

    @override
    async def take(self, stream_id: str, last: Packet | None) -> None:
        async with self._intake.writing:
            key = self._intake.keys.get(stream_id)
            registers = self._intake.sampler.registers(key) if key is not None else None
            if key is None or registers is None:
                self._newest.pop(stream_id, None)
                return
            stream = self._intake.streams[key]
            if last is not None:
                await self._async_join(stream, registers, last)
            if not registers.lost:
                self._newest.pop(stream_id, None)

    async def _async_find_waiting(self, stream: Stream, registers: StreamRegisters) -> None:
        """Let lost registers go on from what waits in the outbox: it is newer than what Wattics has."""
        async with self._intake.writing:
            try:
                newest = await self._outbox.peek_newest(stream.stream_id)
                figures = Packet.decode(newest.body).values if newest is not None else {}
                found = {code: _decimal(figures[code]) for code in registers.lost if code in figures}
                await self._async_take(stream, registers, _Steps(found, {}, ()), None)
            except OutboxError as error:
                _LOGGER.error("What waits of %s can't be read: %s", stream.stream_id, error)

    async def _async_join(self, stream: Stream, registers: StreamRegisters, last: Packet) -> None:
        newest = self._newest[stream.stream_id]
        has_more = newest is not None and newest < milliseconds(last.instant.timestamp()) <= _now()
        joined: dict[str, Decimal] = {}
        raised: dict[str, Decimal] = {}
        skipped: list[str] = []
        for code in registers:
            if code not in last.values:
                continue
            figure = _decimal(last.values[code])
            if registers[code].is_lost:
                joined[code] = figure
            elif newest is None or not has_more:
                continue
            elif stream.reading is Reading.INTERVAL:
                skipped.append(code)
            elif (first := await self._async_first_of_run(stream.stream_id, newest, code)) is not None:
                if _is_more(figure, first):
                    raised[code] = EXACT.subtract(figure, first)
            elif _is_more(figure, registers[code].total):
                joined[code] = figure
        await self._async_take(stream, registers, _Steps(joined, raised, skipped), newest)

    async def _async_first_of_run(self, stream_id: str, newest: int, code: str) -> Decimal | None:
        """Return a register as it is in the first waiting packet of this run that has it, None without one."""
        after: int | None = newest
        while packets := await self._outbox.peek(stream_id, after, _SLICE):
            for packet in packets:
                values = Packet.decode(packet.body).values
                if code in values:
                    return _decimal(values[code])
            after = packets[-1].instant
        return None

    async def _async_take(
        self, stream: Stream, registers: StreamRegisters, steps: _Steps, newest: int | None
    ) -> None:
        """Do what is to be done: first on the disk, with what waits there. Raises OutboxError."""
        if not steps:
            return
        before = {code: registers[code].total or registers[code].dials for code in (*steps.joined, *steps.raised)}
        at = dt_util.utcnow().timestamp()
        joined = registers.copy()
        steps.take(joined, at)
        await self._outbox.join(
            Joint(stream.stream_id, kept(stream, joined), newest or 0, steps.raised, not joined.lost)
        )
        steps.take(registers, at)
        self._intake.sampled[stream.subentry_id].offsets.raise_by(steps.raised)
        self._on_joined(
            [Joined(stream, code, figure, registers[code].total or figure) for code, figure in before.items()]
        )


def _decimal(value: float) -> Decimal:
    """Return a value of a packet: by way of its text, 0.1 is meant as 0.1."""
    return Decimal(repr(value))


def _is_more(figure: Decimal, register: Decimal | None) -> bool:
    """Whether Wattics has more than a register, as that is sent."""
    return register is not None and float(figure) > (rounded(register) or 0.0)


def _now() -> int:
    return milliseconds(dt_util.utcnow().timestamp())
