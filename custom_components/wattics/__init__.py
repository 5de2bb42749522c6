"""Sends energy data from Home Assistant to Wattics."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from .account import Account, WatticsConfigEntry
from .const import DOMAIN
from .devices import async_register_account, async_register_streams
from .services import async_setup_services
from .storage import async_remove_outbox
from .told import async_forget_account

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = [Platform.BINARY_SENSOR, Platform.BUTTON, Platform.SENSOR]


async def async_setup(hass: HomeAssistant, _: ConfigType) -> bool:
    """Register the actions, whether an account is there or not."""
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: WatticsConfigEntry) -> bool:
    """Set an account up; this needs neither network nor disk."""
    account = entry.runtime_data = await Account.async_open(hass, entry)
    try:
        async_register_account(hass, entry)
        await async_register_streams(hass, entry, list(entry.subentries.values()))
        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    except BaseException:
        await account.async_stop()
        raise
    account.async_start()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: WatticsConfigEntry) -> bool:
    """Unload an account; what was sampled stays on disk."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.async_stop()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: WatticsConfigEntry) -> None:
    """Delete what an account kept."""
    await async_remove_outbox(hass, entry)
    async_forget_account(hass, entry)
