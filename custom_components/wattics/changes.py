"""Follows the entry: streams and settings that are added, changed or removed take effect without a reload."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
import logging
import time
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_URL
from homeassistant.core import CALLBACK_TYPE, CoreState, HomeAssistant, callback

from .delivery.errors import OutboxError
from .delivery.outbox import Outbox
from .devices import async_register_account, async_register_streams
from .intake import Intake
from .sampling.stream import Stream
from .supervision import async_keep_running
from .updates import async_yield_in_slices
from .upload import Upload

_LOGGER = logging.getLogger(__name__)

APPLY_AGAIN_SECONDS: Final = 30


class Changes:
    """Applies changes of one account's entry, one after another."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        outbox: Outbox,
        intake: Intake,
        upload: Upload,
        on_gone: Callable[[str], None],
        on_change: Callable[[str], None],
    ) -> None:
        """`on_gone` and `on_change` get the subentry id of a stream that was removed, or added or changed."""
        self._hass = hass
        self._entry = entry
        self._outbox = outbox
        self._intake = intake
        self._upload = upload
        self._on_gone = on_gone
        self._on_change = on_change
        self._changed = asyncio.Event()
        self._known: dict[str, tuple[Mapping[str, Any], Stream]] = {}
        self._new_stream_listeners: list[Callable[[str], None]] = []
        self._task: asyncio.Task[None] | None = None
        self._retry: asyncio.TimerHandle | None = None

    async def async_take_up(self) -> None:
        """Begin with the entry's streams. Raises OutboxError, having done so, if the outbox can't be told."""
        await self._intake.async_update(await self._async_streams())
        if self._hass.state is not CoreState.running:
            await self._async_withdraw_given_up()
        await self._async_settle_strays()
        if elsewhere := await self._outbox.elsewhere():
            _LOGGER.warning(
                "%s packets of %s wait for another URL. They are not sent to this one",
                elsewhere,
                self._entry.title,
            )

    @callback
    def async_start(self) -> None:
        """Follow the entry until it is unloaded."""
        # What changed while the entry was being set up told nobody.
        self._changed.set()
        name = f"Changes of {self._entry.title}"
        self._entry.async_on_unload(self._entry.add_update_listener(self._async_mark))
        self._task = self._entry.async_create_background_task(
            self._hass, async_keep_running(name, self._async_follow), name
        )

    async def async_stop(self) -> None:
        """Apply nothing any more. Call with the intake's `writing` held: a change is made whole or not at all."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._cancel_retry()

    @callback
    def async_on_new_stream(self, listener: Callable[[str], None]) -> CALLBACK_TYPE:
        """Call `listener` with the subentry id of each stream that is added; return what ends that."""
        self._new_stream_listeners.append(listener)
        return partial(self._new_stream_listeners.remove, listener)

    @callback
    def async_apply_soon(self) -> None:
        """Apply what could not be applied so far."""
        self._changed.set()

    async def _async_mark(self, _: HomeAssistant, __: ConfigEntry) -> None:
        """Only mark the change: this runs within it, and once for each of many."""
        self._changed.set()

    async def _async_streams(self) -> dict[str, Stream]:
        """Return the entry's streams by subentry id; only those whose subentry changed are read anew."""
        known, self._known = self._known, {}
        started = time.monotonic()
        for key, subentry in list(self._entry.subentries.items()):
            before = known.get(key)
            # Home Assistant changes a subentry in its place, and gives it new data.
            if before is None or before[0] is not subentry.data:
                before = (subentry.data, Stream.from_subentry(subentry))
                started = await async_yield_in_slices(started)
            self._known[key] = before
        return {key: stream for key, (_, stream) in self._known.items()}

    def _renamed(self, streams: Mapping[str, Stream]) -> list[str]:
        """Return the ids of streams that are about to get another one."""
        return [
            before.stream_id
            for key, before in self._intake.streams.items()
            if key in streams and streams[key].stream_id != before.stream_id
        ]

    async def _async_follow(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._async_apply()
            except OutboxError as error:
                self._retry_later(error)
            else:
                self._cancel_retry()

    def _retry_later(self, error: OutboxError) -> None:
        if self._retry is None:
            _LOGGER.error("A change of %s can't be applied yet, it is tried again: %s", self._entry.title, error)
        else:
            self._retry.cancel()
        self._retry = self._hass.loop.call_later(APPLY_AGAIN_SECONDS, self._changed.set)

    def _cancel_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    async def _async_apply(self) -> None:
        """Work with what the entry has now: no packet is lost by it, no stream that stays misses a boundary."""
        streams = await self._async_streams()
        # Before samples have to wait: a packet may be on its way for as long as its answer takes.
        async with self._upload.uploader.hold(self._renamed(streams)), self._intake.writing:
            if self._upload.is_outdated:
                await self._async_renew_upload()
            before = self._intake.streams
            if streams != before:
                await self._async_replace(before, streams)
            await self._async_settle_strays()
        async_register_account(self._hass, self._entry)
        await self._async_show(before, streams)

    async def _async_show(self, before: dict[str, Stream], streams: dict[str, Stream]) -> None:
        """Create devices and entities of new streams and rename those of others, a few at a time."""
        started = time.monotonic()
        for key in [key for key, stream in streams.items() if stream != before.get(key)]:
            if (subentry := self._entry.subentries.get(key)) is None:
                continue
            await async_register_streams(self._hass, self._entry, [subentry])
            if key not in before:
                for listener in list(self._new_stream_listeners):
                    listener(key)
            self._on_change(key)
            started = await async_yield_in_slices(started)

    async def _async_renew_upload(self) -> None:
        await self._upload.async_stop()
        url = self._entry.data[CONF_URL]
        if url != self._upload.url:
            await self._intake.async_save_unsaved()
            self._tell_discarded(await self._outbox.switch(url), self._entry.title)
            await self._intake.async_update(self._intake.streams)
            await self._intake.async_restore_registers()
        self._upload.async_reconfigure()

    async def _async_replace(self, before: dict[str, Stream], streams: dict[str, Stream]) -> None:
        """Take up new and changed streams and let go of those that are no more."""
        # First of all: a stream that stays may get the id of one that goes.
        for key in before.keys() - streams.keys():
            await self._async_forget(before[key].stream_id)
            self._on_gone(key)
        ids = {
            before[key].stream_id: streams[key].stream_id
            for key in before.keys() & streams.keys()
            if before[key].stream_id != streams[key].stream_id
        }
        if ids:
            await self._intake.async_save_unsaved()
        for old in _targets_first(ids):
            await self._async_change_id(old, ids[old])
        await self._intake.async_update(streams)
        self._upload.async_wake(stream for stream in streams.values() if stream.stream_id in ids.values())

    async def _async_change_id(self, old: str, new: str) -> None:
        """Let a stream's waiting packets follow it to its new id, if the user chose so."""
        if self._outbox.moves.get(old) != new:
            await self._async_forget(old)
            return
        await self._outbox.rename(old, new)
        self._upload.uploader.remove(old)

    async def _async_withdraw_given_up(self) -> None:
        """Withdraw plans for changes that were never stored, since Home Assistant ended in between.

        Only while it starts, when no dialog can be about to store one.
        """
        current = {self._entry.data[CONF_URL], *(stream.stream_id for stream in self._intake.streams.values())}
        moves = self._outbox.moves
        for source in [source for source in moves if source in current and source not in moves.values()]:
            await self._outbox.withdraw_move(source)

    async def _async_settle_strays(self) -> None:
        """See to streams whose subentry went, or got another id, while nobody was there to see it."""
        wanted = {stream.stream_id for stream in self._intake.streams.values()}
        known = self._outbox.streams.keys()
        moves = {old: new for old, new in self._outbox.moves.items() if old in known and new in wanted}
        # One that is wanted has moved, too, if another one moved to where it was.
        moves = {old: new for old, new in moves.items() if old not in wanted or old in moves.values()}
        for old in _targets_first(moves):
            await self._outbox.rename(old, moves[old])
        for stream_id in self._outbox.streams.keys() - wanted:
            await self._async_forget(stream_id)

    async def _async_forget(self, stream_id: str) -> None:
        self._upload.uploader.remove(stream_id)
        self._tell_discarded(await self._outbox.forget(stream_id), stream_id)

    def _tell_discarded(self, packets: int, whose: str) -> None:
        if packets:
            _LOGGER.warning("%s packets of %s had not been sent yet: they were discarded with it", packets, whose)


def _targets_first(ids: Mapping[str, str]) -> list[str]:
    """Return old ids in such an order that one that is another's new id makes room for it first."""
    ordered: list[str] = []
    for start in ids:
        chain: list[str] = []
        old = start
        while old in ids and old not in ordered and old not in chain:
            chain.append(old)
            old = ids[old]
        ordered += reversed(chain)
    return ordered
