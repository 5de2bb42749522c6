"""Entities and streams for the tests of flows."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from custom_components.wattics.delivery.packet import Packet
from custom_components.wattics.storage import async_get_outbox, async_release_outbox


def meter(hass: HomeAssistant, name: str, state: str, unit: str | None = None, **attributes: Any) -> str:
    """Set the state of an entity without a unique id; return its entity id."""
    entity_id = name if "." in name else f"sensor.{name}"
    if unit is not None:
        attributes["unit_of_measurement"] = unit
    hass.states.async_set(entity_id, state, attributes)
    return entity_id


def registered(hass: HomeAssistant, name: str, *, platform: str = "test", **known: Any) -> er.RegistryEntry:
    """Register a sensor that has no state."""
    return er.async_get(hass).async_get_or_create("sensor", platform, name, suggested_object_id=name, **known)


def add_stream(hass: HomeAssistant, account: ConfigEntry, kind: str, data: Mapping[str, Any]) -> ConfigSubentry:
    """Store a stream of five minutes, as the flows do."""
    stream = ConfigSubentry(
        data={"name": "Main", "stream_id": "main", "interval": 300, **data},  # type: ignore[arg-type]
        subentry_type=kind,
        title=data.get("name", "Main"),
        unique_id=data.get("stream_id", "main"),
    )
    hass.config_entries.async_add_subentry(account, stream)
    return stream


def stored(account: ConfigEntry, kind: str, number: int = -1) -> ConfigSubentry:
    """Return a stream of an account as it is stored: the last one, unless told otherwise."""
    return account.get_subentries_of_type(kind)[number]


async def let_packets_wait(hass: HomeAssistant, account: ConfigEntry, stream_id: str, count: int) -> None:
    """Put packets of a stream into the outbox of an account that is not loaded."""
    start = datetime(2026, 11, 23, tzinfo=UTC)
    outbox = async_get_outbox(hass, account)
    for number in range(count):
        await outbox.append([Packet(stream_id, start + timedelta(minutes=number), {"aP_1": number})])
    await async_release_outbox(hass, outbox)


async def waiting(hass: HomeAssistant, account: ConfigEntry) -> dict[str, int]:
    """Return how many packets wait in the outbox of an account that is not loaded, by stream id."""
    outbox = async_get_outbox(hass, account)
    await outbox.open()
    queued = {stream_id: record.queued for stream_id, record in outbox.streams.items() if record.queued}
    await async_release_outbox(hass, outbox)
    return queued


async def planned_moves(hass: HomeAssistant, account: ConfigEntry) -> dict[str, str]:
    """Return where packets shall go along, by where from, of an account that is not loaded."""
    outbox = async_get_outbox(hass, account)
    await outbox.open()
    moves = dict(outbox.moves)
    await async_release_outbox(hass, outbox)
    return moves


async def run_for_a_moment(hass: HomeAssistant, account: ConfigEntry) -> None:
    """Load the account, which carries out what a flow has decided, and unload it."""
    assert await hass.config_entries.async_setup(account.entry_id)
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(account.entry_id)
