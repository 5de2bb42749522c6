"""Home Assistant with accounts at a collector, and its time in the test's hand."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
import logging
from pathlib import Path
import threading
from typing import Any

from freezegun.api import FrozenDateTimeFactory, real_monotonic
from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigSubentry, ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import get_scheduled_timer_handles
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wattics import storage
from custom_components.wattics.account import Account, WatticsConfigEntry
from custom_components.wattics.const import DOMAIN, SUBENTRY_ELECTRICITY, SUBENTRY_SINGLE_VALUE
from tests.collector import Collector, Packet

START = datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC)
"""Just after a boundary of every interval up to an hour; the local time is one hour ahead."""
ACCOUNT = "account"
"""The entry id of the first account: its uploads start after 6.05 s, or after 0.605 of half the interval."""

_ROUNDS = 3
_TURNS = 12
_PATIENCE = 20.0
_PLATFORMS = ("sensor", "binary_sensor", "button")


def stream(stream_id: str = "main", *entities: str, interval: int = 60, **data: Any) -> ConfigSubentryDataWithId:
    """Return an electricity stream whose first power is the sum of the entities; its key is `<stream_id>_key`.

    The values at the boundaries are sent, not the means.
    """
    sources = [{"source": entity} for entity in entities or ("sensor.power",)]
    return _subentry(
        SUBENTRY_ELECTRICITY,
        {
            "name": stream_id.title(),
            "stream_id": stream_id,
            "interval": interval,
            "parameters": {"aP_1": sources},
            "method": "latest",
            **data,
        },
    )


def single_value(stream_id: str, entity: str, *, unit: str, interval: int = 60) -> ConfigSubentryDataWithId:
    """Return a single-value stream; its key is `<stream_id>_key`."""
    parameters = {"value": [{"source": entity}]}
    return _subentry(
        SUBENTRY_SINGLE_VALUE,
        {
            "name": stream_id.title(),
            "stream_id": stream_id,
            "interval": interval,
            "parameters": parameters,
            "unit": unit,
        },
    )


def key_of(stream_id: str) -> str:
    """Return the subentry id that `stream` gives to a stream."""
    return f"{stream_id}_key"


def _subentry(kind: str, data: Mapping[str, Any]) -> ConfigSubentryDataWithId:
    return ConfigSubentryDataWithId(
        data=data,
        subentry_id=key_of(data["stream_id"]),
        subentry_type=kind,
        title=data["name"],
        unique_id=data["stream_id"],
    )


class Home:
    """A running Home Assistant whose clock moves when the test says so, timer by timer, and a collector.

    The event loop's time stands still too: only network and disk take their course by themselves.
    """

    def __init__(self, hass: HomeAssistant, collector: Collector, clock: FrozenDateTimeFactory) -> None:
        """Take what the fixtures made."""
        self.hass = hass
        self.collector = collector
        self.clock = clock
        # With the clock in hand every step of a test would be a slow one.
        hass.loop.slow_callback_duration = float("inf")

    # Accounts and streams

    def add_account(
        self,
        *streams: ConfigSubentryDataWithId,
        entry_id: str = ACCOUNT,
        options: Mapping[str, Any] | None = None,
        **data: Any,
    ) -> MockConfigEntry:
        """Store an account at the collector."""
        data = {"url": self.collector.url, "username": "ada", "password": "secret", **data}
        entry = MockConfigEntry(
            domain=DOMAIN,
            entry_id=entry_id,
            title=f"{data['username']} (127.0.0.1)",
            data=data,
            options=options or {},
            subentries_data=streams,
            unique_id=f"{data['url']} {data['username']}",
        )
        entry.add_to_hass(self.hass)
        return entry

    async def load(self, entry: MockConfigEntry) -> Account:
        """Set an account up and return it at work."""
        assert await self.hass.config_entries.async_setup(entry.entry_id)
        await self.settle()
        assert entry.state is ConfigEntryState.LOADED
        account: Account = entry.runtime_data
        return account

    async def start(self, *streams: ConfigSubentryDataWithId, **entry: Any) -> MockConfigEntry:
        """Add an account with streams and set it up."""
        added = self.add_account(*streams, **entry)
        await self.load(added)
        return added

    async def unload(self, entry: ConfigEntry) -> None:
        """Unload an account."""
        assert await self.hass.config_entries.async_unload(entry.entry_id)
        await self.settle()

    def add_stream(self, entry: MockConfigEntry, new: ConfigSubentryDataWithId) -> None:
        """Add a stream, as its flow does."""
        self.hass.config_entries.async_add_subentry(
            entry,
            ConfigSubentry(
                data=new["data"],  # type: ignore[arg-type]
                subentry_id=new["subentry_id"],
                subentry_type=new["subentry_type"],
                title=new["title"],
                unique_id=new["unique_id"],
            ),
        )

    def change_stream(self, entry: MockConfigEntry, key: str, **changes: Any) -> None:
        """Change a stream's data, and what follows from them, as its flow does."""
        data = {**entry.subentries[key].data, **changes}
        self.hass.config_entries.async_update_subentry(
            entry, entry.subentries[key], data=data, title=data["name"], unique_id=data["stream_id"]
        )

    def remove_stream(self, entry: MockConfigEntry, key: str) -> None:
        """Remove a stream."""
        self.hass.config_entries.async_remove_subentry(entry, key)

    # The disk

    @property
    def folder(self) -> Path:
        """Where the outboxes are."""
        return Path(self.hass.config.path(".storage", DOMAIN))

    @asynccontextmanager
    async def failing_disk(self, entry: ConfigEntry) -> AsyncGenerator[None]:
        """Let SQLite refuse to write an account's file, as on a disk that has become read-only."""
        await self._let_write(entry, allowed=False)
        try:
            yield
        finally:
            await self._let_write(entry, allowed=True)

    async def _let_write(self, entry: ConfigEntry, *, allowed: bool) -> None:
        if entry.state is not ConfigEntryState.LOADED:
            # Who opens the file next starts anew.
            return
        account: Account = entry.runtime_data
        database = account.outbox._database
        assert database is not None
        pragma = f"PRAGMA query_only = {'OFF' if allowed else 'ON'}"
        await account.outbox._thread.run(lambda: database._connection.execute(pragma).close())

    @property
    def threads(self) -> list[threading.Thread]:
        """The threads that work on outboxes."""
        return [thread for thread in threading.enumerate() if thread.name.startswith("wattics")]

    async def threads_ended(self) -> None:
        """Wait until no thread works on outboxes any more: one ends a moment after the last account."""
        deadline = real_monotonic() + _PATIENCE
        while self.threads:
            assert real_monotonic() < deadline, "the thread of the outboxes does not end"
            await asyncio.sleep(0)

    # States

    def set(self, entity_id: str, value: object, unit: str | None = "W", **attributes: Any) -> None:
        """Set the state of a source."""
        if unit is not None:
            attributes["unit_of_measurement"] = unit
        self.hass.states.async_set(entity_id, str(value), attributes)

    def entity_id(self, subject: str, key: str) -> str | None:
        """Return the entity with this key of an account, by its entry id, or of a stream, by its subentry id."""
        registry = er.async_get(self.hass)
        found = (registry.async_get_entity_id(platform, DOMAIN, f"{subject}_{key}") for platform in _PLATFORMS)
        return next(filter(None, found), None)

    def state(self, subject: str, key: str) -> State:
        """Return the state of an entity of an account or a stream."""
        entity_id = self.entity_id(subject, key)
        assert entity_id is not None, f"{subject} has no {key}"
        state = self.hass.states.get(entity_id)
        assert state is not None, f"{entity_id} has no state"
        return state

    def shown(self, subject: str, *keys: str) -> list[str]:
        """Return what entities of an account or a stream show."""
        return [self.state(subject, key).state for key in keys]

    async def press(self, subject: str, key: str) -> None:
        """Press a button of an account or a stream."""
        await self.hass.services.async_call(
            "button", "press", {"entity_id": self.entity_id(subject, key)}, blocking=True
        )
        await self.settle()

    def device(self, entry: MockConfigEntry, identifier: str) -> dr.DeviceEntry | None:
        """Return the device of an account, by its entry id, or of a stream, by its subentry id."""
        registry = dr.async_get(self.hass)
        devices = dr.async_entries_for_config_entry(registry, entry.entry_id)
        return next((one for one in devices if (DOMAIN, identifier) in one.identifiers), None)

    # What arrived

    def packets(self, stream_id: str | None = None) -> list[Packet]:
        """Return the packets that the collector accepted, of one stream or of all."""
        accepted = [arrival.packet for arrival in self.collector.accepted]
        return [packet for packet in accepted if stream_id in (None, packet.stream_id)]

    def instants(self, stream_id: str | None = None) -> list[str]:
        """Return the times (UTC) of the packets that the collector accepted, as HH:MM:SS."""
        return [f"{packet.instant.astimezone(UTC):%H:%M:%S}" for packet in self.packets(stream_id)]

    # Time

    @property
    def now(self) -> datetime:
        """The time."""
        return dt_util.utcnow()

    async def until(self, moment: str) -> None:
        """Let time pass until this time of day (UTC, HH:MM:SS)."""
        now = self.now
        end = datetime.combine(now.date(), datetime.strptime(moment, "%H:%M:%S").time(), UTC)  # noqa: DTZ007
        assert end >= now
        await self.pass_time((end - now).total_seconds())

    async def pass_time(self, seconds: float) -> None:
        """Let time pass: each timer runs out when it should, and what it sets off settles before the next."""
        end = self.now + timedelta(seconds=seconds)
        while True:
            await self.settle()
            due = self._next_timer()
            if due is None or due > end:
                break
            self.clock.move_to(max(due, self.now) + timedelta(milliseconds=1))
        self.clock.move_to(end)
        await self.settle()

    async def jump(self, moment: datetime) -> None:
        """Set the clock, or let the machine sleep until then: timers stand still meanwhile and notice late."""
        shift = (moment - self.now).total_seconds()
        for timer in get_scheduled_timer_handles(self.hass.loop):
            timer._when += shift  # type: ignore[attr-defined]
        self.clock.move_to(moment)
        await self.settle()

    def _next_timer(self) -> datetime | None:
        # With its clock frozen, the event loop counts the seconds since 1970.
        timers = [timer.when() for timer in get_scheduled_timer_handles(self.hass.loop) if not timer.cancelled()]
        return datetime.fromtimestamp(min(timers), UTC) if timers else None

    async def turns(self) -> None:
        """Let tasks go on by some steps, where waiting for all of them would take for ever."""
        for _ in range(100):
            await asyncio.sleep(0)

    async def settle(self) -> None:
        """Let all that needs no time to pass come to its end: tasks, disk, transactions that are answered."""
        deadline = real_monotonic() + _PATIENCE
        quiet, before = 0, self._traces()
        while quiet < _ROUNDS:
            assert real_monotonic() < deadline, "Home Assistant does not come to rest"
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            await self.hass.async_block_till_done()
            if (shared := self.hass.data.get(storage._SHARED)) is not None:
                await shared.thread.run(int)
            traces = self._traces()
            quiet, before = (quiet + 1 if traces == before else 0), traces

    def _traces(self) -> Sequence[object]:
        """Return what changes while something goes on."""
        traffic = self.collector.statistics
        return [
            len(traffic.requests),
            traffic.statuses.total(),
            traffic.in_flight,
            traffic.connections,
            len(self.collector.accepted),
            len(self.hass.states.async_all()),
            *(self._work_in_hand(entry) for entry in self.hass.config_entries.async_loaded_entries(DOMAIN)),
        ]

    def _work_in_hand(self, entry: WatticsConfigEntry) -> Sequence[object]:
        account = entry.runtime_data
        return account.outbox.pushed, list(account.outbox.streams.values()), account.intake.storage_error


def logged(caplog: pytest.LogCaptureFixture, level: int = logging.WARNING) -> list[str]:
    """Return what the integration logged at this level."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("custom_components.wattics") and record.levelno == level
    ]
