"""The uploader of one account inside Home Assistant: its session, its task, and what the user hears of it."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from hashlib import sha256
import logging
from random import Random
from typing import Final

import aiohttp
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession

from .const import CONF_CONNECTIONS, DEFAULT_CONNECTIONS
from .delivery.client import Client, connection_trace, is_ip_address
from .delivery.clock import LoopClock
from .delivery.joining import Joining
from .delivery.outbox import Outbox
from .delivery.uploader import Uploader
from .sampling.stream import Stream
from .supervision import async_keep_running

_LOGGER = logging.getLogger(__name__)

LONGEST_START_DELAY: Final = 10.0
"""Seconds within which the installations of this world spread their uploads."""
GRACE_SECONDS: Final = 2.0
"""As long may transactions take that are under way when the upload ends."""


def async_create_client(
    hass: HomeAssistant, url: str, username: str, password: str
) -> tuple[Client, Callable[[], None]]:
    """Return a client with a session of its own, and what ends the session."""
    session = async_create_clientsession(
        hass,
        auto_cleanup=False,
        # From a host named by its address a cookie jar takes nothing unless told to.
        cookie_jar=aiohttp.CookieJar(unsafe=is_ip_address(url)),
        trace_configs=[connection_trace()],
    )
    return Client(session, url, username, password), session.detach


class Upload:
    """Keeps the uploader running with the credentials and options that the entry has."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        outbox: Outbox,
        joining: Joining,
        on_change: Callable[[str | None], None],
    ) -> None:
        """`on_change` gets the id of a stream at Wattics, or None for the account."""
        self._hass = hass
        self._entry = entry
        self._outbox = outbox
        self._joining = joining
        self._on_change = on_change
        self._task: asyncio.Task[None] | None = None
        self._spread = _fraction_of(entry.entry_id)
        self._in_outage = False
        self._was_unauthorized = False
        self._configure()

    def _configure(self) -> None:
        data = self._entry.data
        self._settings = self._settings_of_entry()
        self.client, self._end_session = async_create_client(
            self._hass, data[CONF_URL], data[CONF_USERNAME], data[CONF_PASSWORD]
        )
        self.uploader = Uploader(
            self._outbox,
            self.client,
            connections=self._entry.options.get(CONF_CONNECTIONS, DEFAULT_CONNECTIONS),
            clock=LoopClock(),
            random=Random(),  # noqa: S311 - spreads retries, keeps no secret
            on_change=self._changed,
            on_unauthorized=self._unauthorized,
            joining=self._joining,
        )

    def _settings_of_entry(self) -> tuple[object, ...]:
        data, options = self._entry.data, self._entry.options
        return data[CONF_URL], data[CONF_USERNAME], data[CONF_PASSWORD], options.get(CONF_CONNECTIONS)

    @property
    def url(self) -> object:
        """Where packets are sent at the moment."""
        return self._settings[0]

    @property
    def is_outdated(self) -> bool:
        """Whether the entry has other credentials or connections than this upload works with."""
        return self._settings != self._settings_of_entry()

    @callback
    def async_start(self) -> None:
        """Send what waits, after this installation's delay, and what comes."""
        name = f"Upload of {self._entry.title}"
        run = partial(self.uploader.run, self._spread * LONGEST_START_DELAY)
        self._task = self._entry.async_create_background_task(self._hass, async_keep_running(name, run), name)

    async def async_finish(self) -> None:
        """Begin nothing new, and see transactions that are under way to their end: cut off they are made twice."""
        self.uploader.stop()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=GRACE_SECONDS)

    async def async_stop(self) -> None:
        """Send nothing any more; raise OutboxError if what was acknowledged last can't be kept."""
        await self.async_finish()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        self._end_session()
        await self.uploader.close()

    @callback
    def async_reconfigure(self) -> None:
        """Begin anew, once stopped, with what the entry has now."""
        self._configure()
        self.async_start()

    @callback
    def async_wake(self, streams: Iterable[Stream]) -> None:
        """Tell that streams have new packets: they are sent after a delay shorter than half their interval."""
        by_interval: defaultdict[int, list[str]] = defaultdict(list)
        for stream in streams:
            by_interval[stream.interval].append(stream.stream_id)
        for interval, stream_ids in by_interval.items():
            self.uploader.wake(stream_ids, self._spread * min(LONGEST_START_DELAY, interval / 2))

    @callback
    def async_ask(self, stream_ids: Iterable[str]) -> None:
        """Read streams back after this installation's delay: a fleet must not knock at once."""
        self.uploader.ask(stream_ids, self._spread * LONGEST_START_DELAY)

    @callback
    def _changed(self, stream_id: str | None) -> None:
        if stream_id is None:
            self._notice_outage()
        self._on_change(stream_id)

    def _notice_outage(self) -> None:
        """Log an outage once when it begins and once when it ends."""
        gate = self.uploader.gate
        if gate.is_open == (not self._in_outage):
            return
        self._in_outage = not gate.is_open
        if self._in_outage:
            _LOGGER.warning(
                "Wattics takes no packets of %s at the moment (%s): they are kept and sent later",
                self._entry.title,
                self.uploader.answers.last_error,
            )
            return
        _LOGGER.info("Wattics takes packets of %s again", self._entry.title)
        if self._was_unauthorized:
            self._was_unauthorized = False
            self._end_reauth()

    @callback
    def _unauthorized(self) -> None:
        # At each probe: Home Assistant ignores this while another flow of the entry is open.
        self._was_unauthorized = True
        self._entry.async_start_reauth(self._hass)

    def _end_reauth(self) -> None:
        """Take back the request for new credentials: the old ones work again."""
        for flow in self._entry.async_get_active_flows(self._hass, {SOURCE_REAUTH}):
            self._hass.config_entries.flow.async_abort(flow["flow_id"])


def _fraction_of(entry_id: str) -> float:
    """Return a fixed number from 0 to 1 for an installation, evenly spread over all of them."""
    return int.from_bytes(sha256(entry_id.encode()).digest()[:4]) / 2**32
