"""The account's device and one for each of its streams."""

from collections.abc import Iterable
import time
from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN, SUBENTRY_ELECTRICITY, SUBENTRY_SINGLE_VALUE
from .updates import async_yield_in_slices

_MANUFACTURER: Final = "Wattics"
_MODELS: Final = {SUBENTRY_ELECTRICITY: "Electricity stream", SUBENTRY_SINGLE_VALUE: "Single-value stream"}


def account_identifier(entry: ConfigEntry) -> tuple[str, str]:
    """Return what the account's device is known by."""
    return DOMAIN, entry.entry_id


def stream_identifier(subentry_id: str) -> tuple[str, str]:
    """Return what a stream's device is known by: not the id at Wattics, which the user may change."""
    return DOMAIN, subentry_id


@callback
def async_register_account(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Create the account's device, or give it its new name."""
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={account_identifier(entry)},
        entry_type=dr.DeviceEntryType.SERVICE,
        manufacturer=_MANUFACTURER,
        model="Account",
        name=entry.title,
    )


async def async_register_streams(
    hass: HomeAssistant, entry: ConfigEntry, subentries: Iterable[ConfigSubentry]
) -> None:
    """Create the devices of streams, or give them their new names, a few at a time."""
    started = time.monotonic()
    registry = dr.async_get(hass)
    account = dr.async_get_device_id_by_identifier(hass, account_identifier(entry), config_entry_id=entry.entry_id)
    for subentry in subentries:
        registry.async_get_or_create(
            config_entry_id=entry.entry_id,
            config_subentry_id=subentry.subentry_id,
            identifiers={stream_identifier(subentry.subentry_id)},
            entry_type=dr.DeviceEntryType.SERVICE,
            manufacturer=_MANUFACTURER,
            model=_MODELS[subentry.subentry_type],
            name=subentry.title,
            via_device_id=account,
        )
        started = await async_yield_in_slices(started)
