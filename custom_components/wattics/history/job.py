"""One period of one stream: read, made into packets and queued, a stretch at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
import logging
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..delivery.database import milliseconds
from ..delivery.outbox import Outbox
from ..delivery.packet import Packet
from ..delivery.periods import History
from ..delivery.registers import Register as KeptRegister
from ..intake import Intake
from ..sampling.registers import StreamRegisters
from ..sampling.stream import Reading, Stream
from ..sampling.zones import Zones
from .joining import Joining
from .junction import Live, apply, behind_of, join, junction_of, rewritten
from .maker import Junction, PacketMaker
from .making import Making
from .reading import StreamReading, timelines
from .recorder import Recorder
from .state import State

_LOGGER = logging.getLogger(__name__)

ROOM: Final = 0.9
"""Only so much of the outbox's room is used for what is read of the past."""


class NoRoom(Exception):
    """The outbox has no room for what was read."""


class NotReady(Exception):
    """It is not known yet how the registers of the stream were kept."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a job works with."""

    hass: HomeAssistant
    recorder: Recorder
    intake: Intake
    outbox: Outbox
    zones: Zones


class Job:
    """Reads a period in steps. A job that ends before its period is read leaves the rest to another one."""

    def __init__(self, surroundings: Surroundings, stream: Stream, history: History) -> None:
        """Take a period as the outbox has it. Raises ValueError for one that was not made by this program."""
        self._with = surroundings
        self._state = State.load(history.state)
        self._pass: Joining | Making | None = None
        self.stream = stream
        self.history = history

    async def async_step(self, most_bytes: int) -> bool:
        """Read on for a stretch; return whether there is more.

        Raises RecorderUnavailable, OutboxError, NotReady and, if what was made would take more than its share of
        `most_bytes` with all that is in the outbox, NoRoom; the step can be tried again then.
        """
        if self._pass is None:
            self._pass = await self._async_begin()
        if isinstance(self._pass, Making):
            return await self._async_queue(self._pass, most_bytes)
        if not await self._pass.async_step():
            await self._async_join(self._pass)
            self._pass = None
        return True

    async def _async_begin(self) -> Joining | Making:
        await self._with.zones.async_load([self.stream])
        if self._state.junction is None and any(map(self.stream.is_register, self.stream.parameters)):
            return await self._async_begin_joining()
        left_out = self._state.left_out
        stream = self._with_parameters([code for code in self.stream.parameters if code not in left_out])
        reading = await self._async_reading(stream)
        maker = self._maker(stream, reading, self._state.junction or Junction())
        return Making(self._with.hass, reading, maker, self.history.end / 1000)

    async def _async_begin_joining(self) -> Joining:
        registers = self._with.intake.registers(self.stream.subentry_id)
        if registers is None:
            raise NotReady
        now = dt_util.utcnow().timestamp()
        values = {code: registers[code].value for code in registers}
        live = {code: value for code, value in values.items() if value is not None}
        stream = self._with_parameters(live)
        reading = await self._async_reading(stream)
        maker = self._maker(stream, reading, Junction())
        return Joining(self._with.hass, reading, maker, self.history.end / 1000, now, live)

    def _with_parameters(self, codes: Sequence[str] | Mapping[str, object]) -> Stream:
        """Return the stream with some of its parameters only."""
        return replace(self.stream, parameters={code: self.stream.parameters[code] for code in codes})

    async def _async_reading(self, stream: Stream) -> StreamReading:
        sources = timelines(self._with.hass, stream)
        position = self.history.position / 1000
        reading = StreamReading(self._with.recorder, stream, self._with.zones, sources, position)
        await self._with.recorder.async_commit()
        await reading.async_begin()
        return reading

    def _maker(self, stream: Stream, reading: StreamReading, junction: Junction) -> PacketMaker:
        return PacketMaker(
            stream,
            self._with.zones,
            reading.timelines,
            self.history.position / 1000,
            self._state.progress,
            junction,
        )

    async def _async_join(self, joining: Joining) -> None:
        """Join what was read to the live registers, and to the packets that wait behind the period."""
        intake, outbox = self._with.intake, self._with.outbox
        async with intake.writing:
            registers = intake.sampler.registers(self.stream.subentry_id)
            if registers is None:
                raise NotReady
            packets = await outbox.histories.behind(self.history)
            live = _live(registers, joining)
            read = {code: one for code, one in joining.read().items() if code in live}
            joints = {
                code: join(
                    one,
                    live[code],
                    behind_of(packets, code),
                    is_interval=self.stream.reading is Reading.INTERVAL,
                    is_anchored=self._state.is_anchored and code in self._state.progress.registers,
                    floor=self._state.floors.get(code),
                )
                for code, one in read.items()
            }
            codes = filter(self.stream.is_register, self.stream.parameters)
            left_out = tuple(code for code in codes if code not in live)
            state = replace(self._state, junction=junction_of(joints, read), left_out=left_out)
            history = self.history._replace(state=state.dump())
            now = dt_util.utcnow().timestamp()
            joined = registers.copy()
            apply(joined, joints, joining.maker.registers, now)
            kept = [KeptRegister(self.stream.stream_id, code, text) for code, text in joined.store()]
            # First on the disk.
            await outbox.histories.join(history, rewritten(packets, joints), kept)
            apply(registers, joints, joining.maker.registers, now)
            intake.sampler.async_look_again(self.stream.subentry_id)
            self._state, self.history = state, history

    async def _async_queue(self, making: Making, most_bytes: int) -> bool:
        made = await making.async_made()
        packets = [packet for packet in made.packets if self._is_wanted(packet)]
        size = sum(len(packet.encode()) for packet in packets)
        if packets and self._with.outbox.size + size > ROOM * most_bytes:
            raise NoRoom
        state = replace(
            self._state,
            progress=making.maker.progress,
            out_of_statistics=self._state.out_of_statistics + made.out_of_statistics,
        )
        is_read = making.is_at_end
        history = self.history._replace(
            position=self.history.end if is_read else milliseconds(making.maker.position),
            state=state.dump(),
            made=self.history.made + len(packets),
            read_at=milliseconds(dt_util.utcnow().timestamp()) if is_read else None,
        )
        await self._with.outbox.histories.queue(history, packets)
        self._state, self.history = state, history
        making.taken()
        return not is_read

    def _is_wanted(self, packet: Packet) -> bool:
        later_than = self._state.later_than
        return later_than is None or milliseconds(packet.instant.timestamp()) > later_than


def _live(registers: StreamRegisters, joining: Joining) -> dict[str, Live]:
    """Return the live registers as they were when the reading began, with up to where they have been told."""
    found: dict[str, Live] = {}
    for code, value in joining.live.items():
        if code in registers:
            packed = registers[code].packed
            found[code] = Live(value, value if packed is None else packed)
    return found
