"""Sends energy data from Home Assistant to Wattics."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady

from .account import Account, WatticsConfigEntry
from .const import DOMAIN
from .delivery.errors import OutboxError
from .devices import async_register_account, async_register_streams
from .storage import async_remove_outbox

PLATFORMS = [Platform.BINARY_SENSOR, Platform.BUTTON, Platform.SENSOR]


async def async_setup_entry(hass: HomeAssistant, entry: WatticsConfigEntry) -> bool:
    """Set an account up; this needs no network."""
    try:
        entry.runtime_data = await Account.async_open(hass, entry)
    except OutboxError as error:
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="storage_unusable",
            translation_placeholders={"error": str(error)},
        ) from error
    async_register_account(hass, entry)
    async_register_streams(hass, entry, entry.subentries.values())
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.runtime_data.async_start()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: WatticsConfigEntry) -> bool:
    """Unload an account; what was sampled stays on disk."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.async_stop()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: WatticsConfigEntry) -> None:
    """Delete what an account kept on disk."""
    await async_remove_outbox(hass, entry)
