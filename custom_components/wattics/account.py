"""One account at work: ties sampling to delivery, follows changes of its entry, and knows how all is doing."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
import logging
import time
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import Event, HassJob, HomeAssistant, callback
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from .adoption import async_adopt
from .changes import Changes
from .const import DOMAIN
from .delivery.errors import OutboxError
from .delivery.outbox import milliseconds
from .delivery.rejected import Retried
from .intake import Intake
from .issues import Repairs
from .register_changes import RegisterChanges
from .register_joining import Joined, RegisterJoining
from .sampling.stream import Stream
from .source_watch import SourceWatch
from .status import Situation, Status, instant_of
from .storage import async_get_outbox, async_release_outbox
from .told import async_tell_dropped, async_tell_joined
from .updates import Updates, async_yield_in_slices
from .upload import Upload

_LOGGER = logging.getLogger(__name__)

COMPLETENESS_OF: Final = timedelta(hours=24)
_DUE_GRACE: Final = timedelta(minutes=1)
"""As long may a due packet take to be acknowledged before it counts as missing."""

type WatticsConfigEntry = ConfigEntry[Account]


class Account:
    """A loaded config entry."""

    def __init__(self, hass: HomeAssistant, entry: WatticsConfigEntry) -> None:
        """Use `async_open` instead."""
        self.hass = hass
        self.entry = entry
        self.outbox = async_get_outbox(hass, entry)
        self.updates = Updates(hass)
        self.intake = Intake(
            hass,
            entry,
            self.outbox,
            on_queued=self._queued,
            on_dropped=self._dropped,
            on_storage=self._storage_changed,
            on_change=self.stream_changed,
        )
        self.joining = RegisterJoining(
            self.intake, self.outbox, on_await=self._await_read_backs, on_joined=self._registers_joined
        )
        self.register_changes = RegisterChanges(self.intake, self.outbox, self.stream_changed)
        self.upload = Upload(hass, entry, self.outbox, self.joining, self._delivered)
        self.changes = Changes(
            hass,
            entry,
            self.outbox,
            self.intake,
            self.upload,
            on_gone=self._stream_gone,
            on_change=self.stream_changed,
        )
        self.repairs = Repairs(hass, entry)
        self.source_watch = SourceWatch(hass, self.stream_changed)
        self._statuses: dict[str, Status] = {}
        self._account_state: tuple[bool, ...] = ()
        self._stopped = False

    @classmethod
    async def async_open(cls, hass: HomeAssistant, entry: WatticsConfigEntry) -> Account:
        """Open the account's outbox and take up its streams.

        Needs neither network nor disk: with the server away samples are queued, with a disk that fails they are
        kept in memory for a while.
        """
        account = cls(hass, entry)
        try:
            await account.changes.async_take_up()
        except OutboxError as error:
            account.intake.keep_unsaved([], error)
        except BaseException:
            await account.async_stop()
            raise
        return account

    @callback
    def async_start(self) -> None:
        """Begin to send, to follow the entry and, once Home Assistant's entities are there, to sample."""
        entry = self.entry

        async def start_sampling(_: HomeAssistant) -> None:
            self.source_watch.async_start()
            await self.intake.async_start()
            await self.joining.async_begin()
            await async_adopt(self.hass, entry)
            self._all_changed()

        async def final_write(_: Event) -> None:
            await self.async_stop()

        self.upload.async_start()
        entry.async_on_unload(async_at_started(self.hass, start_sampling))
        self.changes.async_start()
        # Home Assistant ends without unloading entries, and cancels what runs in the background before it says so.
        finish = HassJob(self.upload.async_finish, "wattics upload ends")
        entry.async_on_unload(self.hass.async_add_shutdown_job(finish))
        entry.async_on_unload(self.hass.bus.async_listen_once(EVENT_HOMEASSISTANT_FINAL_WRITE, final_write))

    async def async_stop(self) -> None:
        """End sampling and sending, with all that was sampled on disk."""
        await self.intake.async_stop()
        self.updates.async_stop()
        self.source_watch.async_stop()
        async with self.intake.writing:
            if self._stopped:
                return
            self._stopped = True
            await self.changes.async_stop()
            await self.intake.async_save_rest()
            if not self.hass.is_stopping:
                # Else Home Assistant keeps in mind which of them the user chose to ignore.
                self.repairs.async_clear()
            await self._async_let_go()

    async def _async_let_go(self) -> None:
        """Stop sending and close the outbox; a disk that fails keeps nobody from unloading the account."""
        try:
            try:
                await self.upload.async_stop()
            finally:
                await async_release_outbox(self.hass, self.outbox)
        except OutboxError as error:
            # Such packets are sent again, which does no harm.
            _LOGGER.warning(
                "What Wattics acknowledged last of %s can't be written down: %s", self.entry.title, error
            )

    # What the user asks for

    async def async_discard(self, stream_id: str | None) -> None:
        """Delete the waiting packets of one stream, or of all. Raises OutboxError."""
        async with self.upload.uploader.hold(self._ids(stream_id)), self.intake.writing:
            await self.outbox.discard(stream_id)
        self._all_changed()

    async def async_retry_rejected(self, stream_id: str | None) -> Retried:
        """Queue rejected packets of one stream, or of all, again. Raises OutboxError."""
        async with self.upload.uploader.hold(self._ids(stream_id)):
            retried = await self.outbox.retry_rejected(stream_id)
        self.upload.uploader.wake(self._ids(stream_id))
        self._all_changed()
        return retried

    async def async_discard_rejected(self, stream_id: str | None) -> int:
        """Delete rejected packets of one stream, or of all; return how many. Raises OutboxError."""
        discarded = await self.outbox.discard_rejected(stream_id)
        self._all_changed()
        return discarded

    def _ids(self, stream_id: str | None) -> list[str]:
        return list(self.outbox.streams) if stream_id is None else [stream_id]

    # How it is doing

    @property
    def streams(self) -> dict[str, Stream]:
        """The streams at work, by subentry id."""
        return self.intake.streams

    @property
    def queued(self) -> int:
        """Packets that Wattics has not acknowledged, of all streams."""
        return self.outbox.queued + len(self.intake.unsaved)

    @property
    def dropped(self) -> int:
        """Packets ever dropped: too old, too many, or for too long without a disk to write them to."""
        return self.outbox.dropped + self.intake.lost

    @property
    def is_connected(self) -> bool | None:
        """Whether Wattics takes packets, None while nobody has tried."""
        uploader = self.upload.uploader
        if uploader.gate.is_open and uploader.answers.response_status is None:
            return None
        return uploader.gate.is_open

    def situation(self, key: str) -> Situation:
        """Return what the status of a stream, by its subentry id, depends on."""
        stream = self.streams[key]
        sampled = self.intake.sampled[key]
        uploader = self.upload.uploader
        return Situation(
            stream=stream,
            sampled=sampled,
            sources=self.source_watch.async_look(stream, sampled.problems),
            registers=self.intake.sampler.registers(key),
            record=self.outbox.streams.get(stream.stream_id),
            newest_rejected=self.outbox.newest_rejected.get(stream.stream_id),
            lane=uploader.lanes.get(stream.stream_id),
            storage_failed=self._storage_error is not None,
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
        due = self.intake.count_due(stream, since, now - _DUE_GRACE)
        if due <= 0:
            return None
        acknowledged = self.outbox.acknowledged_since(stream.stream_id, milliseconds(since.timestamp()))
        return min(100.0, 100.0 * acknowledged / due)

    async def async_verify(self, key: str) -> None:
        """Ask Wattics what it processed last of a stream. Raises DeliveryError."""
        await self.upload.uploader.verify(self.streams[key].stream_id)

    @callback
    def _stream_gone(self, key: str) -> None:
        self._statuses.pop(key, None)
        self.source_watch.async_forget(key)
        self.repairs.async_clear_stream(key)

    @callback
    def _queued(self, streams: Sequence[Stream]) -> None:
        self.upload.async_wake(streams)
        self._account_changed()

    @callback
    def _await_read_backs(self, stream_ids: Iterable[str]) -> None:
        self.upload.async_ask(stream_ids)

    @callback
    def _registers_joined(self, joined: Sequence[Joined]) -> None:
        async_tell_joined(self.hass, self.entry, [one.line for one in joined])
        for key in {one.stream.subentry_id for one in joined}:
            self.stream_changed(key)

    @callback
    def _dropped(self, packets: int) -> None:
        async_tell_dropped(self.hass, self.entry, packets)
        self.upload.uploader.reread()

    @callback
    def _storage_changed(self) -> None:
        if self.intake.storage_error is None:
            # What the outbox could not be told meanwhile, and what waits in it.
            self.changes.async_apply_soon()
            self.hass.async_create_task(self.joining.async_begin(), "wattics registers")
            self.upload.async_wake(self.streams.values())
        self._account_changed()
        self._all_changed()

    @property
    def _storage_error(self) -> str | None:
        return self.intake.storage_error or self.upload.uploader.storage_error

    @callback
    def _delivered(self, stream_id: str | None) -> None:
        """Take note of a change in the upload, of a stream or of the account."""
        if stream_id is not None:
            if (key := self.intake.keys.get(stream_id)) is not None:
                self.stream_changed(key)
            return
        uploader = self.upload.uploader
        state = (uploader.gate.is_open, uploader.gate.unauthorized, uploader.storage_error is None)
        if state == self._account_state:
            self._account_changed()
            return
        self._account_state = state
        self._account_changed()
        self.updates.async_write_now(None)
        self._all_changed()

    @callback
    def _account_changed(self) -> None:
        if self._stopped:
            return
        self.repairs.async_update_storage(self._storage_error)
        self.updates.async_changed(None)

    @callback
    def _all_changed(self) -> None:
        self.hass.async_create_task(self._async_all_changed(), "wattics streams changed", eager_start=True)

    async def _async_all_changed(self) -> None:
        started = time.monotonic()
        for key in list(self.streams):
            self.stream_changed(key)
            started = await async_yield_in_slices(started)

    @callback
    def stream_changed(self, key: str) -> None:
        """Let a stream's entities be written: at once if its status changed, else soon."""
        if self._stopped or key not in self.streams:
            return
        situation = self.situation(key)
        self.repairs.async_update_stream(key, situation)
        status = situation.status()
        if self._statuses.get(key) == status:
            self.updates.async_changed(key)
            return
        self._statuses[key] = status
        self.updates.async_write_now(key)


@callback
def async_loaded_accounts(hass: HomeAssistant) -> list[Account]:
    """Return the accounts that are at work."""
    return [entry.runtime_data for entry in hass.config_entries.async_loaded_entries(DOMAIN)]
