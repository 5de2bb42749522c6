"""History on its way to Wattics: what somebody asked for, and what nobody sampled, read from the recorder."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
import logging
import time
from typing import Final

from async_timeout import timeout
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .const import CONF_MAX_MEGABYTES, DEFAULT_MAX_MEGABYTES, MEGABYTE
from .delivery.database import milliseconds
from .delivery.errors import OutboxError
from .delivery.outbox import Outbox
from .delivery.periods import History, Period
from .history.job import Job, NoRoom, NotReady, Surroundings
from .history.recorder import Recorder, RecorderUnavailable
from .intake import Intake
from .sampling.stream import Stream
from .sampling.zones import Zones
from .supervision import async_keep_running
from .upload import Upload

_LOGGER = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 30
"""Between tries while there is no room, or the recorder or the disk can't be used."""
GIVE_UP_SECONDS: Final = 15 * 60
"""For as long may the recorder not be readable: live packets wait for it."""
_LONGEST_PAUSE: Final = 1.0
_FAULTS: Final = 3
"""After so many faults of ours in a row a period is given up: live packets must not wait for ever."""


@dataclass(slots=True)
class _Work:
    """A job, and how it has been doing."""

    job: Job
    failing_since: float | None = None
    faults: int = 0


class Backfill:
    """Reads the periods of one account that are to be read, a stretch of each in turn."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        outbox: Outbox,
        intake: Intake,
        upload: Upload,
        on_change: Callable[[str], None],
    ) -> None:
        """`on_change` gets the subentry id of a stream whose history went on."""
        self._hass = hass
        self._entry = entry
        self._outbox = outbox
        self._intake = intake
        self._upload = upload
        self._on_change = on_change
        self._with = Surroundings(hass, Recorder(hass), intake, outbox, Zones())
        self._wanted = asyncio.Event()
        self._works: dict[int, _Work] = {}
        self._task: asyncio.Task[None] | None = None
        self.recorder = self._with.recorder
        self.hindrances: dict[str, str] = {}
        """Why history can't go on at the moment, or could not, by subentry id."""

    @callback
    def async_start(self) -> None:
        """Go on with what is to be read."""
        self._wanted.set()
        name = f"History of {self._entry.title}"
        self._task = self._entry.async_create_background_task(
            self._hass, async_keep_running(name, self._async_run), name
        )

    async def async_stop(self) -> None:
        """Read nothing any more; what was not read is read the next time."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    @callback
    def async_wake(self) -> None:
        """Look whether there is more to be read."""
        self._wanted.set()

    async def async_plan(self, periods: Sequence[Period]) -> None:
        """Have periods read, if there is a recorder. Call before a packet behind them can be sent.

        Raises OutboxError.
        """
        if not self.recorder.is_there:
            return
        await self._outbox.histories.plan(periods, milliseconds(dt_util.utcnow().timestamp()))
        self._told(period.stream_id for period in periods)
        self.async_wake()

    async def async_cancel(self, stream_id: str | None) -> None:
        """Read no more of a stream, or of all; what is queued is sent. Raises OutboxError."""
        await self._outbox.histories.cancel(stream_id, milliseconds(dt_util.utcnow().timestamp()))
        stream_ids = list(self._outbox.streams) if stream_id is None else [stream_id]
        self._upload.uploader.wake(stream_ids)
        for one in stream_ids:
            self.hindrances.pop(self._intake.keys.get(one, ""), None)
        self._told(stream_ids)

    def _told(self, stream_ids: Iterable[str]) -> None:
        for stream_id in stream_ids:
            if (key := self._intake.keys.get(stream_id)) is not None:
                self._on_change(key)

    async def _async_run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while streams := self._open():
                is_stuck = True
                for stream, history in streams:
                    is_stuck &= not await self._async_work(stream, history)
                if is_stuck:
                    with suppress(TimeoutError):
                        async with timeout(AGAIN_SECONDS):
                            await self._wanted.wait()

    def _open(self) -> list[tuple[Stream, History]]:
        """Return the streams of which something is to be read, with the first period of each."""
        found: list[tuple[Stream, History]] = []
        for stream in self._intake.streams.values():
            record = self._outbox.streams.get(stream.stream_id)
            histories = record.histories if record is not None else ()
            if unread := [history for history in histories if history.read_at is None]:
                found.append((stream, unread[0]))
        open_keys = {history.key for _, history in found}
        self._works = {key: work for key, work in self._works.items() if key in open_keys}
        return found

    async def _async_work(self, stream: Stream, history: History) -> bool:
        """Read on for a stretch of a stream; return whether that was possible."""
        started = time.monotonic()
        try:
            work = self._work_of(stream, history)
            await work.job.async_step(self._most_bytes)
        except NotReady:
            return False
        except NoRoom:
            self._hinder(stream, "no_room")
            return False
        except OutboxError as error:
            _LOGGER.warning("History of %s can't be queued yet: %s", stream.name, error)
            return False
        except RecorderUnavailable as error:
            return await self._async_wait(stream, history, str(error))
        except Exception:
            _LOGGER.exception("Reading history of %s failed. Please report this", stream.name)
            return await self._async_fault(stream, history)
        work.failing_since, work.faults = None, 0
        self._hinder(stream, None)
        self._upload.uploader.wake([stream.stream_id])
        self._on_change(stream.subentry_id)
        # The recorder, and this process, have something else to do.
        await asyncio.sleep(min(time.monotonic() - started, _LONGEST_PAUSE))
        return True

    def _work_of(self, stream: Stream, history: History) -> _Work:
        work = self._works.get(history.key)
        if work is None or work.job.stream != stream:
            work = self._works[history.key] = _Work(Job(self._with, stream, history))
        return work

    @property
    def _most_bytes(self) -> int:
        return int(self._entry.options.get(CONF_MAX_MEGABYTES, DEFAULT_MAX_MEGABYTES) * MEGABYTE)

    async def _async_wait(self, stream: Stream, history: History, reason: str) -> bool:
        """Wait for the recorder, but not for long."""
        work = self._works[history.key]
        now = time.monotonic()
        work.failing_since = now if work.failing_since is None else work.failing_since
        if self.recorder.is_there and now - work.failing_since < GIVE_UP_SECONDS:
            self._hinder(stream, "recorder")
            return False
        _LOGGER.warning("History of %s is given up: %s", stream.name, reason)
        return await self._async_give_up(stream, "no_recorder" if not self.recorder.is_there else "recorder")

    async def _async_fault(self, stream: Stream, history: History) -> bool:
        """Try again after a fault of ours, but not for ever."""
        work = self._works.get(history.key)
        if work is None:
            return await self._async_give_up(stream, "fault")
        # What it knows may be wrong: it begins where the outbox says.
        self._works[history.key] = _Work(Job(self._with, stream, history), faults=work.faults + 1)
        return work.faults + 1 < _FAULTS or await self._async_give_up(stream, "fault")

    async def _async_give_up(self, stream: Stream, reason: str) -> bool:
        """Read no more of a stream's history; return whether that could be written down."""
        try:
            await self.async_cancel(stream.stream_id)
        except OutboxError as error:
            _LOGGER.warning("History of %s can't be ended yet: %s", stream.name, error)
            return False
        self._hinder(stream, reason)
        return True

    def _hinder(self, stream: Stream, reason: str | None) -> None:
        """Take note of why history does not go on."""
        if self.hindrances.get(stream.subentry_id) == reason:
            return
        if reason is None:
            del self.hindrances[stream.subentry_id]
        else:
            self.hindrances[stream.subentry_id] = reason
        self._on_change(stream.subentry_id)
