"""Enable again what keeps an entity disabled: itself, its device, or its integration's entry."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

type Disabled = er.RegistryEntry | dr.DeviceEntry | ConfigEntry


def find_disabled(hass: HomeAssistant, source_id: str) -> Disabled | None:
    """Return what has to be enabled for a source to come back, None if it is not disabled."""
    if (entity := er.async_get(hass).async_get(source_id)) is None or not entity.disabled:
        return None
    if entity.disabled_by is er.RegistryEntryDisabler.CONFIG_ENTRY:
        return _config_entry(hass, entity.config_entry_id) or entity
    if entity.disabled_by is er.RegistryEntryDisabler.DEVICE and entity.device_id is not None:
        device = dr.async_get(hass).async_get(entity.device_id)
        if device is not None and device.disabled_by is not None:
            return device
    return entity


async def async_enable(hass: HomeAssistant, disabled: Disabled) -> None:
    """Enable an entity, a device with the entities that it disabled, or an integration's entry with all it has."""
    if isinstance(disabled, ConfigEntry):
        await hass.config_entries.async_set_disabled_by(disabled.entry_id, None)
    elif isinstance(disabled, dr.DeviceEntry):
        dr.async_get(hass).async_update_device(disabled.id, disabled_by=None)
    else:
        er.async_get(hass).async_update_entity(disabled.entity_id, disabled_by=None)


def describe_disabled(disabled: Disabled) -> tuple[str, str]:
    """Return the key of the sentence that says what will be enabled, and what it names."""
    if isinstance(disabled, ConfigEntry):
        return "enable_integration", f"{disabled.title} ({disabled.domain})"
    if isinstance(disabled, dr.DeviceEntry):
        return "enable_device", disabled.name_by_user or disabled.name or disabled.id
    return "enable_entity", disabled.entity_id


def _config_entry(hass: HomeAssistant, entry_id: str | None) -> ConfigEntry | None:
    entry = hass.config_entries.async_get_entry(entry_id) if entry_id is not None else None
    return entry if entry is not None and entry.disabled_by is not None else None
