"""One account at work: ties sampling to delivery, follows changes of its entry, and knows how all is doing."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
import logging
import time
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_URL, EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from .delivery.errors import OutboxError
from .delivery.outbox import Outbox, milliseconds
from .devices import async_register_account, async_register_streams
from .intake import Intake
from .sampling.stream import Stream
from .status import Situation, Status, instant_of
from .storage import async_close_outbox, async_open_outbox
from .updates import Updates, async_yield_in_slices
from .upload import Upload

_LOGGER = logging.getLogger(__name__)

APPLY_AGAIN_SECONDS: Final = 30
COMPLETENESS_OF: Final = timedelta(hours=24)
_DUE_GRACE: Final = timedelta(minutes=1)
"""As long may a due packet take to be acknowledged before it counts as missing."""

type WatticsConfigEntry = ConfigEntry[Account]


class Account:
    """A loaded config entry."""

    def __init__(self, hass: HomeAssistant, entry: WatticsConfigEntry, outbox: Outbox) -> None:
        """Use `async_open` instead."""
        self.hass = hass
        self.entry = entry
        self.outbox = outbox
        self.updates = Updates(hass)
        self.upload = Upload(hass, entry, outbox, self._delivered)
        self._intake = Intake(hass, entry, outbox, self._queued, self._dropped, self._stream_changed)
        self._statuses: dict[str, Status] = {}
        self._account_state: tuple[bool, ...] = ()
        self._entry_changed = asyncio.Event()
        self._new_stream_listeners: list[Callable[[str], None]] = []
        self._stopped = False
        self._move_to_url: str | None = None
        self._moves: dict[str, str] = {}
        """Streams whose waiting packets shall follow to a new id, as the user chose."""

    @classmethod
    async def async_open(cls, hass: HomeAssistant, entry: WatticsConfigEntry) -> Account:
        """Open the account's outbox and take up its streams. Raises OutboxError.

        Needs no network: with the server away, samples are taken and queued.
        """
        account = cls(hass, entry, await async_open_outbox(hass, entry))
        streams = _streams_of(entry)
        try:
            for stream_id in account.outbox.streams.keys() - {stream.stream_id for stream in streams.values()}:
                await account._async_forget(stream_id)
            await account._intake.async_update(streams)
        except BaseException:
            await async_close_outbox(hass, account.outbox)
            raise
        return account

    @callback
    def async_start(self) -> None:
        """Begin to send, to follow the entry and, once Home Assistant's entities are there, to sample."""
        entry = self.entry

        async def start_sampling(_: HomeAssistant) -> None:
            await self._intake.async_start()

        async def final_write(_: Event) -> None:
            await self.async_stop()

        self.upload.async_start()
        entry.async_on_unload(async_at_started(self.hass, start_sampling))
        entry.async_on_unload(entry.add_update_listener(self._async_entry_changed))
        self._following = entry.async_create_background_task(
            self.hass, self._async_follow_changes(), f"{entry.title} changes"
        )
        # Home Assistant ends without unloading entries.
        entry.async_on_unload(self.hass.bus.async_listen_once(EVENT_HOMEASSISTANT_FINAL_WRITE, final_write))

    async def async_stop(self) -> None:
        """End sampling and sending, with all that was sampled on disk. Raises OutboxError."""
        await self._intake.async_stop()
        self.updates.async_stop()
        async with self._intake.writing:
            if self._stopped:
                return
            self._stopped = True
            try:
                await self.upload.async_stop()
            finally:
                await async_close_outbox(self.hass, self.outbox)

    # Changes of the entry

    @callback
    def async_on_new_stream(self, listener: Callable[[str], None]) -> CALLBACK_TYPE:
        """Call `listener` with the subentry id of each stream that is added; return what ends that."""
        self._new_stream_listeners.append(listener)
        return partial(self._new_stream_listeners.remove, listener)

    async def _async_entry_changed(self, _: HomeAssistant, __: WatticsConfigEntry) -> None:
        """Only mark the change: this runs within it, and once for each of many."""
        self._entry_changed.set()

    async def _async_follow_changes(self) -> None:
        """Apply changes of the entry one after another."""
        while True:
            await self._entry_changed.wait()
            self._entry_changed.clear()
            try:
                await self._async_apply()
            except OutboxError as error:
                _LOGGER.error(
                    "A change of %s can't be applied yet, it is tried again: %s", self.entry.title, error
                )
                self.hass.loop.call_later(APPLY_AGAIN_SECONDS, self._entry_changed.set)

    async def _async_apply(self) -> None:
        """Work with what the entry has now: no packet is lost by it, no stream that stays misses a boundary."""
        async with self._intake.writing:
            if self._stopped:
                return
            if self.upload.is_outdated:
                await self._async_renew_upload()
            before, streams = self.streams, _streams_of(self.entry)
            if streams != before:
                await self._async_replace(before, streams)
        async_register_account(self.hass, self.entry)
        await self._async_show(before, streams)

    async def _async_show(self, before: dict[str, Stream], streams: dict[str, Stream]) -> None:
        """Create devices and entities of new streams and rename those of others, a few at a time."""
        started = time.monotonic()
        for key in [key for key, stream in streams.items() if stream != before.get(key)]:
            if (subentry := self.entry.subentries.get(key)) is None:
                continue
            async_register_streams(self.hass, self.entry, [subentry])
            if key not in before:
                for listener in list(self._new_stream_listeners):
                    listener(key)
            self._stream_changed(key)
            started = await async_yield_in_slices(started)

    async def _async_renew_upload(self) -> None:
        await self.upload.async_stop()
        url = self.entry.data[CONF_URL]
        if url != self.upload.url:
            discarded = await self.outbox.switch(url, move=self._move_to_url == url)
            self._tell_discarded(discarded, self.entry.title)
            self._move_to_url = None
            await self._intake.async_update(self.streams)
        self.upload.async_reconfigure()

    async def _async_replace(self, before: dict[str, Stream], streams: dict[str, Stream]) -> None:
        """Take up new and changed streams and let go of those that are no more."""
        # First of all: a stream that stays may get the id of one that goes.
        for key in before.keys() - streams.keys():
            await self._async_forget(before[key].stream_id)
            self._statuses.pop(key, None)
        for key in before.keys() & streams.keys():
            if before[key].stream_id != streams[key].stream_id:
                await self._async_change_id(before[key], streams[key])
        await self._intake.async_update(streams)

    async def _async_change_id(self, before: Stream, after: Stream) -> None:
        """Let a stream's waiting packets follow it to its new id, if the user chose so."""
        if self._moves.pop(before.stream_id, None) != after.stream_id:
            await self._async_forget(before.stream_id)
            return
        uploader = self.upload.uploader
        async with uploader.hold([before.stream_id]):
            await self.outbox.rename(before.stream_id, after.stream_id)
        uploader.remove(before.stream_id)
        self.upload.async_wake([after])

    async def _async_forget(self, stream_id: str) -> None:
        self.upload.uploader.remove(stream_id)
        self._tell_discarded(await self.outbox.forget(stream_id), stream_id)

    def _tell_discarded(self, packets: int, whose: str) -> None:
        if packets:
            _LOGGER.warning("%s packets of %s had not been sent yet: they were discarded with it", packets, whose)

    # What becomes of waiting packets, as a flow asks before it changes the entry

    @callback
    def async_move_to_url(self, url: str) -> None:
        """Let the waiting packets go along when the entry gets this URL."""
        self._move_to_url = url

    @callback
    def async_move_stream(self, stream_id: str, new_stream_id: str) -> None:
        """Let the waiting packets of a stream go along when it gets its new id."""
        self._moves[stream_id] = new_stream_id

    async def async_discard(self, stream_id: str | None) -> None:
        """Delete the waiting packets of one stream, or of all. Raises OutboxError."""
        async with self._intake.writing, self.upload.uploader.hold(self._ids(stream_id)):
            await self.outbox.discard(stream_id)
        for key in self.streams:
            self._stream_changed(key)

    def _ids(self, stream_id: str | None) -> list[str]:
        return list(self.outbox.streams) if stream_id is None else [stream_id]

    # How it is doing

    @property
    def streams(self) -> dict[str, Stream]:
        """The streams at work, by subentry id."""
        return self._intake.streams

    @property
    def queued(self) -> int:
        """Packets that Wattics has not acknowledged, of all streams."""
        return self.outbox.queued + len(self._intake.unsaved)

    @property
    def dropped(self) -> int:
        """Packets ever dropped: too old, too many, or for too long without a disk to write them to."""
        return self.outbox.dropped + self._intake.lost

    @property
    def is_connected(self) -> bool | None:
        """Whether Wattics takes packets, None while nobody has tried."""
        uploader = self.upload.uploader
        if uploader.gate.is_open and uploader.response_status is None:
            return None
        return uploader.gate.is_open

    def situation(self, key: str) -> Situation:
        """Return what the status of a stream, by its subentry id, depends on."""
        stream = self.streams[key]
        uploader = self.upload.uploader
        return Situation(
            stream=stream,
            sampled=self._intake.sampled[key],
            record=self.outbox.streams.get(stream.stream_id),
            lane=uploader.lanes.get(stream.stream_id),
            storage_failed=self._intake.storage_failed or uploader.storage_error is not None,
            unauthorized=uploader.gate.unauthorized,
            server_answers=uploader.gate.is_open,
        )

    def completeness(self, key: str) -> float | None:
        """Return the percentage of the last 24 hours' due packets that were acknowledged, None if none was due."""
        stream = self.streams[key]
        record = self.outbox.streams.get(stream.stream_id)
        if record is None:
            return None
        now = dt_util.utcnow()
        # Whole hours, as the outbox counts them.
        first_hour = (now - COMPLETENESS_OF).replace(minute=0, second=0, microsecond=0)
        since = max(instant_of(record.since), first_hour)
        due = self._intake.count_due(stream, since, now - _DUE_GRACE)
        if due <= 0:
            return None
        acknowledged = self.outbox.acknowledged_since(stream.stream_id, milliseconds(since.timestamp()))
        return min(100.0, 100.0 * acknowledged / due)

    async def async_verify(self, key: str) -> None:
        """Ask Wattics what it processed last of a stream. Raises DeliveryError."""
        await self.upload.uploader.verify(self.streams[key].stream_id)

    @callback
    def _queued(self, streams: Sequence[Stream]) -> None:
        self.upload.async_wake(streams)
        self.updates.async_changed(None)

    @callback
    def _dropped(self) -> None:
        self.upload.uploader.reread()

    @callback
    def _delivered(self, stream_id: str | None) -> None:
        """Take note of a change in the upload, of a stream or of the account."""
        if stream_id is not None:
            for key in [key for key, stream in self.streams.items() if stream.stream_id == stream_id]:
                self._stream_changed(key)
            return
        uploader = self.upload.uploader
        state = (uploader.gate.is_open, uploader.gate.unauthorized, uploader.storage_error is None)
        if state == self._account_state:
            self.updates.async_changed(None)
            return
        self._account_state = state
        self.updates.async_write_now(None)
        for key in self.streams:
            self._stream_changed(key)

    @callback
    def _stream_changed(self, key: str) -> None:
        """Let a stream's entities be written: at once if its status changed, else soon."""
        if key not in self.streams:
            return
        status = self.situation(key).status()
        if self._statuses.get(key) == status:
            self.updates.async_changed(key)
            return
        self._statuses[key] = status
        self.updates.async_write_now(key)


def _streams_of(entry: WatticsConfigEntry) -> dict[str, Stream]:
    return {key: Stream.from_subentry(subentry) for key, subentry in entry.subentries.items()}
