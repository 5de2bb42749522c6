"""From boundaries to the outbox: streams are sampled when due, and what they gave is on disk before it is sent."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
import logging
import time
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from .const import CONF_KEEP_DAYS, CONF_MAX_MEGABYTES, DEFAULT_KEEP_DAYS, DEFAULT_MAX_MEGABYTES, MEGABYTE
from .delivery.errors import OutboxError
from .delivery.outbox import Outbox, milliseconds
from .delivery.packet import Packet
from .register_keeping import RegisterKeeping
from .sampling.reader import ProblemKind
from .sampling.registers import StreamRegisters
from .sampling.sampler import Sampler
from .sampling.schedule import count_boundaries
from .sampling.stream import Stream
from .sampling.stream_sampler import Packed, Sample
from .sampling.ticker import Missed, Ticker
from .sampling.zones import Zones
from .status import Sampled
from .steadiness import Steadiness
from .updates import async_yield_in_slices

_LOGGER = logging.getLogger(__name__)

UNSAVED_PACKETS: Final = 10_000
"""As many samples are kept in memory while they can't be written."""
STORAGE_RETRY_SECONDS: Final = 30
TIDY_EVERY_SECONDS: Final = 60
FOR_EVER: Final = timedelta(days=36_500)


class Intake:
    """Samples the streams of one account and queues the packets."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        outbox: Outbox,
        on_queued: Callable[[Sequence[Stream]], None],
        on_dropped: Callable[[int], None],
        on_storage: Callable[[], None],
        on_change: Callable[[str], None],
    ) -> None:
        """`on_queued` gets streams with new packets, `on_dropped` how many packets had to go.

        `on_storage` is called when the disk fails and when it is well again, `on_change` with the subentry id
        of a stream whose figures changed.
        """
        self._hass = hass
        self._entry = entry
        self._outbox = outbox
        self._on_queued = on_queued
        self._on_dropped = on_dropped
        self._on_storage = on_storage
        self._on_change = on_change
        self._zones = Zones()
        self.sampler = Sampler(hass, self._zones, self._registers_changed)
        self._registers = RegisterKeeping(outbox, self.sampler)
        self._ticker = Ticker(hass, self._zones, self._due, self._missed)
        self._ticks: set[asyncio.Task[None]] = set()
        self._tidied = time.monotonic()
        self._clock = Steadiness(dt_util.utcnow(), self._tidied)
        self._started = False
        self._stopped = False
        self.writing = asyncio.Lock()
        """Held while samples are queued, and while streams are changed."""
        self.streams: dict[str, Stream] = {}
        """The streams at work, by subentry id."""
        self.keys: dict[str, str] = {}
        """Their subentry ids, by their ids at Wattics."""
        self.sampled: dict[str, Sampled] = {}
        """What sampling has come to, by subentry id."""
        self.unsaved: list[Packet] = []
        """Samples that could not be written yet."""
        self._carried: dict[tuple[str, datetime], tuple[Sample, Packed]] = {}
        """Of those the ones with registers, by stream id and instant: what one carries must not go with it."""
        self.lost = 0
        """Samples given up because too many could not be written."""
        self.storage_error: str | None = None
        """Why samples can't be written, None if they can."""
        self._cancel_retry: CALLBACK_TYPE | None = None

    async def async_start(self) -> None:
        """Begin to sample at the streams' next boundaries."""
        now = dt_util.utcnow()
        self.sampled = {key: Sampled(now) for key in self.streams}
        self._started = True
        await self._async_follow(self.streams.values())
        await self._ticker.async_start(self.streams.values())

    async def async_stop(self) -> None:
        """Begin no sample any more, and see those that are under way to their end."""
        self._stopped = True
        self._ticker.async_stop()
        self.sampler.async_stop()
        if self._ticks:
            await asyncio.wait(self._ticks)
        if self._cancel_retry is not None:
            self._cancel_retry()
            self._cancel_retry = None

    async def async_save_unsaved(self) -> None:
        """Write what could not be written so far. Call with `writing` held. Raises OutboxError.

        Before streams or the account get another address: samples are for the one that they were taken for.
        """
        if self.unsaved:
            await self._async_append_unsaved()
            await self._async_saved()

    async def async_save_rest(self) -> None:
        """Try once more, and for the last time, to write what could not be written. Call with `writing` held."""
        try:
            if self.unsaved:
                await self._async_append_unsaved()
            await self._registers.async_keep_urgent(self.streams)
        except OutboxError as error:
            if self.unsaved:
                _LOGGER.error("%s samples of %s are lost: %s", len(self.unsaved), self._entry.title, error)
                self._on_dropped(len(self.unsaved))
            else:
                _LOGGER.error("The counters of %s can't be written: %s", self._entry.title, error)
        self.unsaved = []

    async def _async_append_unsaved(self) -> None:
        registers = await self._registers.async_states(self._unsaved_streams())
        await self._outbox.append(self.unsaved, registers)

    def _unsaved_streams(self) -> list[Stream]:
        """Return the streams whose samples are kept in memory."""
        keys = {self.keys.get(packet.stream_id) for packet in self.unsaved}
        return [stream for key, stream in self.streams.items() if key in keys]

    async def async_update(self, streams: dict[str, Stream]) -> None:
        """Sample these streams from now on; those that stay miss no boundary. Call with `writing` held.

        Raises OutboxError, having done it, if the outbox can't be told.
        """
        now = dt_util.utcnow()
        for key in self.streams.keys() - streams.keys():
            self.sampled.pop(key, None)
            self.sampler.async_forget(key)
        changed = [stream for key, stream in streams.items() if self.streams.get(key) != stream]
        for key in streams:
            self.sampled.setdefault(key, Sampled(now))
        for stream in changed:
            # What the last boundary said of the sources was of others.
            self.sampled[stream.subentry_id].problems = ()
        self.streams = streams
        self.keys = {stream.stream_id: key for key, stream in streams.items()}
        await self._async_follow(changed)
        await self._ticker.async_update(streams.values())
        stream_ids = [stream.stream_id for stream in streams.values()]
        await self._outbox.register(stream_ids, milliseconds(now.timestamp()))

    async def _async_follow(self, streams: Iterable[Stream]) -> None:
        """Watch the sources of streams, once Home Assistant has started: before that many are not there yet."""
        if not self._started or self._stopped:
            return
        streams = list(streams)
        await self._zones.async_load(streams)
        started = time.monotonic()
        for stream in streams:
            self.sampler.async_follow(stream, self._registers.stored(stream))
            started = await async_yield_in_slices(started)

    def preview(self, stream: Stream, now: datetime) -> Sample:
        """Return what a sample of a stream would be if its interval ended at `now`; nothing is changed by that."""
        return self.sampler.look(now, stream)

    def registers(self, key: str) -> StreamRegisters | None:
        """Return a copy of the registers of a stream, by its subentry id; None where they are not known."""
        registers = self.sampler.registers(key)
        return None if registers is None else registers.copy()

    def count_due(self, stream: Stream, start: datetime, end: datetime) -> int:
        """Return how many samples of a stream are due after `start` and until `end`."""
        return count_boundaries(start, end, stream.interval, self._zones.of(stream))

    @callback
    def _due(self, instant: datetime, streams: Sequence[Stream]) -> None:
        tick = self._hass.async_create_task(
            self._async_tick(instant, streams), "wattics sampling", eager_start=True
        )
        self._ticks.add(tick)
        tick.add_done_callback(self._ticked)

    def _ticked(self, tick: asyncio.Task[None]) -> None:
        self._ticks.discard(tick)
        if not tick.cancelled() and (error := tick.exception()) is not None:
            _LOGGER.error("Sampling %s failed. Please report this", self._entry.title, exc_info=error)

    async def _async_tick(self, instant: datetime, streams: Sequence[Stream]) -> None:
        samples: list[Sample] = []
        started = time.monotonic()
        for stream in streams:
            samples += self.sampler.sample(instant, [stream])
            started = await async_yield_in_slices(started)
        async with self.writing:
            await self._async_queue(samples)
        started = time.monotonic()
        for sample in samples:
            self._on_change(sample.stream.subentry_id)
            started = await async_yield_in_slices(started)

    async def _async_queue(self, samples: Sequence[Sample]) -> None:
        """Put samples on disk, and before them what could not be written earlier."""
        current = self._still_wanted(samples)
        packed = await self._async_pack(current)
        packets = [replace(one.packet, stream_id=stream_id) for stream_id, (_, one) in packed.items()]
        registers = await self._registers.async_states(
            [*self._unsaved_streams(), *(stream for _, stream in current)]
        )
        late: list[str] = []
        try:
            late = await self._outbox.append([*self.unsaved, *packets], registers)
        except OutboxError as error:
            carried = (one for one in packed.values() if one[1].intervals)
            self._carried |= {(one[1].packet.stream_id, one[1].packet.instant): one for one in carried}
            self.keep_unsaved(packets, error)
        else:
            await self._async_saved()
            await self._async_tidy()
        set_back = set(late)
        for stream_id in set_back & packed.keys():
            self.sampler.unpack(*packed[stream_id])
        for sample, stream in current:
            self._note(sample, set_back=stream.stream_id in set_back)
            self._tell_happenings(stream)
        self._on_queued([stream for _, stream in current])

    def _still_wanted(self, samples: Iterable[Sample]) -> list[tuple[Sample, Stream]]:
        """Return samples with their streams: one may have gone, or got another id, in the meantime.

        The register of one data point is nothing for another: that sample is a gap.
        """
        wanted: list[tuple[Sample, Stream]] = []
        for sample in samples:
            if (stream := self.streams.get(sample.stream.subentry_id)) is None:
                continue
            if sample.registers and sample.stream.stream_id != stream.stream_id:
                self.sampled[stream.subentry_id].gaps += 1
                continue
            wanted.append((sample, stream))
        return wanted

    async def _async_pack(self, samples: Iterable[tuple[Sample, Stream]]) -> dict[str, tuple[Sample, Packed]]:
        """Return samples with their packets, by stream id. From here on no register may be packed by others."""
        packed: dict[str, tuple[Sample, Packed]] = {}
        started = time.monotonic()
        for sample, stream in samples:
            if (one := self.sampler.pack(sample)) is not None:
                packed[stream.stream_id] = sample, one
            started = await async_yield_in_slices(started)
        return packed

    @callback
    def _registers_changed(self, stream: Stream) -> None:
        """Keep registers at once: a kill would lose what no source shows any more."""
        if self._registers.must_be_kept(stream) and not self._stopped:
            task = self._hass.async_create_task(self._async_keep_registers(), "wattics registers")
            self._ticks.add(task)
            task.add_done_callback(self._ticked)

    async def _async_keep_registers(self) -> None:
        async with self.writing:
            if self.unsaved:
                # What waits in memory has packed these registers already: both are stored, or neither.
                await self._async_queue([])
                return
            try:
                await self._registers.async_keep_urgent(self.streams)
            except OutboxError as error:
                self.keep_unsaved([], error)

    async def async_restore_registers(self) -> None:
        """Go on with what the outbox has of registers: the streams lie on another host now."""
        await self._registers.async_restore(self.streams.values(), anew=True)

    def _note(self, sample: Sample, *, set_back: bool) -> None:
        noted = self.sampled[sample.stream.subentry_id]
        noted.problems = sample.problems
        noted.without_value = sample.packet is None and not _has_just_begun(noted, sample)
        noted.set_back = set_back
        if sample.packet is None:
            noted.gaps += 1
        elif not set_back:
            noted.last_sample = sample.packet.instant
            noted.offsets.note(sample.instant, sample.offsets)

    def _tell_happenings(self, stream: Stream) -> None:
        """Log what was done to registers: resets, what was withheld and why, and what it came to."""
        if (registers := self.sampler.registers(stream.subentry_id)) is None:
            return
        for code in registers:
            for one in registers[code].take_occurrences():
                why = f" ({one.doubt})" if one.doubt is not None else ""
                _LOGGER.info(
                    "%s of stream %s: %s%s, %s -> %s", code, stream.name, one.happening, why, one.before, one.after
                )

    @callback
    def _missed(self, missed: Sequence[Missed]) -> None:
        for holes in missed:
            key = holes.stream.subentry_id
            if key in self.sampled:
                self.sampled[key].gaps += holes.count
                self._on_change(key)

    def keep_unsaved(self, packets: Sequence[Packet], error: OutboxError) -> None:
        """Keep samples in memory, and try to write them again before long."""
        if self.storage_error is None:
            _LOGGER.error("Samples of %s can't be written, they are kept in memory: %s", self._entry.title, error)
        self.storage_error = str(error)
        if self._cancel_retry is None and not self._stopped:
            self._cancel_retry = async_call_later(self._hass, STORAGE_RETRY_SECONDS, self._async_retry)
        self._on_storage()
        kept = [*self.unsaved, *packets]
        self.unsaved = kept[-UNSAVED_PACKETS:]
        if lost := len(kept) - len(self.unsaved):
            self._take_back(kept[:lost])
            if not self.lost:
                _LOGGER.error("Too many samples of %s wait in memory: the oldest are dropped", self._entry.title)
            self.lost += lost
            self._on_dropped(lost)

    def _take_back(self, packets: Iterable[Packet]) -> None:
        """Let the next packets carry what registers rose by in these, which are dropped."""
        for packet in packets:
            if (carried := self._carried.pop((packet.stream_id, packet.instant), None)) is not None:
                self.sampler.unpack(*carried)

    async def _async_retry(self, _: datetime) -> None:
        self._cancel_retry = None
        async with self.writing:
            await self._async_queue([])

    async def _async_saved(self) -> None:
        self.unsaved = []
        self._carried.clear()
        await self._registers.async_restore(self.streams.values())
        try:
            await self._registers.async_keep_urgent(self.streams)
        except OutboxError as error:
            self.keep_unsaved([], error)
            return
        if self.lost:
            try:
                await self._outbox.count_dropped(self.lost)
            except OutboxError:
                return  # the next time
            self.lost = 0
        if self.storage_error is not None:
            _LOGGER.info("Samples of %s are written again", self._entry.title)
            self.storage_error = None
            self._on_storage()

    async def _async_tidy(self) -> None:
        """Drop what the options no longer give room for."""
        now = dt_util.utcnow()
        monotonic = time.monotonic()
        is_steady = self._clock.is_steady(now, monotonic)
        if monotonic - self._tidied < TIDY_EVERY_SECONDS:
            return
        self._tidied = monotonic
        options = self._entry.options
        # A clock that is years ahead for a moment makes all packets look old.
        keep = timedelta(days=options.get(CONF_KEEP_DAYS, DEFAULT_KEEP_DAYS)) if is_steady else FOR_EVER
        most = int(options.get(CONF_MAX_MEGABYTES, DEFAULT_MAX_MEGABYTES) * MEGABYTE)
        try:
            dropped = await self._outbox.tidy(
                milliseconds(now.timestamp()), milliseconds(keep.total_seconds()), most
            )
        except OutboxError as error:
            _LOGGER.error("The outbox of %s can't be tidied: %s", self._entry.title, error)
            return
        if dropped:
            _LOGGER.warning(
                "%s of the oldest packets of %s were dropped: they were too old or too many",
                dropped,
                self._entry.title,
            )
            self._on_dropped(dropped)


def _has_just_begun(noted: Sampled, sample: Sample) -> bool:
    """Whether means are missing only because sampling began in the middle of the interval."""
    begun = noted.started + timedelta(seconds=sample.stream.interval)
    return sample.instant < begun and all(problem.kind is ProblemKind.PARTLY for problem in sample.problems)
