"""Sources are stored by registry id, which survives a rename: also those that get one only later."""

from collections.abc import Callable
import time
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from .const import CONF_PARAMETERS, CONF_SOURCE
from .updates import async_yield_in_slices

type _FindId = Callable[[str], str]


async def async_adopt(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Store the sources of all streams by registry id and, until the entry is unloaded, those registered later.

    An entity gets into the registry when its integration learns to tell it from others, or a user gives it a
    unique id.
    """
    registry = er.async_get(hass)

    def find_id(source_id: str) -> str:
        found = registry.async_get(source_id)
        return source_id if found is None else found.id

    @callback
    def registered(event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        if event.data["action"] == "create":
            for subentry in list(entry.subentries.values()):
                _store(hass, entry, subentry, find_id)

    entry.async_on_unload(hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, registered))
    started = time.monotonic()
    for subentry in list(entry.subentries.values()):
        if subentry.subentry_id in entry.subentries:
            _store(hass, entry, subentry, find_id)
        started = await async_yield_in_slices(started)


def _store(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry, find_id: _FindId) -> None:
    """Store a stream's sources under the ids found for them, if those are others."""
    parameters: dict[str, list[dict[str, Any]]] = subentry.data[CONF_PARAMETERS]
    found = {
        code: [{**source, CONF_SOURCE: find_id(source[CONF_SOURCE])} for source in sources]
        for code, sources in parameters.items()
    }
    if found != parameters:
        hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, CONF_PARAMETERS: found})
