"""Why a source has no state, where that will not pass by itself."""

from enum import StrEnum
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_RESTORED
from homeassistant.core import HomeAssistant, valid_entity_id
from homeassistant.helpers import entity_registry as er


class Absence(StrEnum):
    """What has become of a source."""

    REMOVED = "removed"
    """Home Assistant's registry does not know it any more."""
    DISABLED = "disabled"
    """It is disabled in the registry, by itself or with its device or integration."""
    NOT_PROVIDED = "not_provided"
    """The registry knows it, but its integration is gone, failed to load, or does not provide it."""
    NO_STATE = "no_state"
    """It is known by its entity id alone, and there is no such state."""


_PASSING: Final = frozenset(
    {
        ConfigEntryState.SETUP_IN_PROGRESS,
        ConfigEntryState.SETUP_RETRY,
        ConfigEntryState.UNLOAD_IN_PROGRESS,
    }
)
"""How a config entry may be that will provide its entities by itself: a device that is off is no lost source."""


def find_absence(hass: HomeAssistant, source_id: str) -> Absence | None:
    """Return what has become of a source, by its registry id or entity id; None if it is there.

    One that is unavailable is there as long as its integration says so. At start-up, and while an integration
    loads, sources are absent that soon will not be.
    """
    entry = er.async_get(hass).async_get(source_id)
    if entry is None:
        if not valid_entity_id(source_id):
            return Absence.REMOVED
        return Absence.NO_STATE if hass.states.get(source_id) is None else None
    if entry.disabled:
        return Absence.DISABLED
    state = hass.states.get(entry.entity_id)
    if state is not None and not state.attributes.get(ATTR_RESTORED):
        return None
    return None if _is_passing(hass, entry) else Absence.NOT_PROVIDED


def _is_passing(hass: HomeAssistant, entry: er.RegistryEntry) -> bool:
    if entry.config_entry_id is None:
        return False
    config_entry = hass.config_entries.async_get_entry(entry.config_entry_id)
    return config_entry is not None and config_entry.state in _PASSING
