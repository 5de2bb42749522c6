"""The field `device` of an electricity stream: what a device's entities feed, and what the user has to know."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
import time
from typing import Any, Final

from homeassistant.const import CONF_DEVICE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.selector import DeviceFilterSelectorConfig, DeviceSelector, DeviceSelectorConfig
import voluptuous as vol

from ..delivery.packet import PARAMETERS
from ..suggestions.devices import entities_of
from ..suggestions.entity import Entity
from ..suggestions.suggestion import Suggestion, suggest
from ..updates import async_yield_in_slices
from .choices import parameters_for
from .sources import check_source, label
from .words import Words, async_words, listed, literal

TEXTS: Final = "suggestion"
"""The selector of the translation files whose options are the sentences on a suggestion."""

_MOST_NAMED: Final = 6


@dataclass(frozen=True, slots=True)
class Suggested:
    """What a device suggests: entity ids by code; why what is left out is, in Markdown and as plain sentences."""

    parameters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    explanation: str = ""
    reason: str = ""


def device_field(kinds: list[DeviceFilterSelectorConfig]) -> dict[vol.Marker, Any]:
    """Return the field, which offers the devices of these kinds; none where there are no such."""
    return {vol.Optional(CONF_DEVICE): DeviceSelector(DeviceSelectorConfig(filter=kinds))} if kinds else {}


async def async_suggest(hass: HomeAssistant, device_id: str) -> Suggested:
    """Return what a device suggests: entities that a form takes, each for the parameter that it fits."""
    entities = entities_of(hass, device_id)
    fitting = await _async_fitting(hass, entities)

    def fits(entity_id: str, code: str) -> bool:
        return (entity_id, PARAMETERS[code].unit) in fitting

    # A hub with hundreds of entities takes longer than the event loop may be held up.
    suggestion = await hass.async_add_executor_job(suggest, entities, fits)
    words = await async_words(hass, TEXTS)
    device = dr.async_get(hass).async_get(device_id)
    name = (device and (device.name_by_user or device.name)) or device_id
    notes = list(_notes(hass, suggestion, words))
    intro = words["filled_in"].format(device=literal(name))
    explanation = f"{intro}\n\n{listed(map(literal, notes))}" if notes else intro
    return Suggested(suggestion.parameters, explanation, " ".join(notes) or words["no_meter"])


async def _async_fitting(hass: HomeAssistant, entities: Sequence[Entity]) -> set[tuple[str, str]]:
    """Return the entities that a form would take, with the unit that they can be sent in."""
    fitting: set[tuple[str, str]] = set()
    started = time.monotonic()
    for entity in entities:
        for parameter in parameters_for(entity.unit):
            if check_source(hass, entity.entity_id, parameter.code, parameter.unit) is None:
                fitting.add((entity.entity_id, parameter.unit))
        started = await async_yield_in_slices(started)
    return fitting


def _notes(hass: HomeAssistant, suggestion: Suggestion, words: Words) -> Iterator[str]:
    for kind, entity_ids in suggestion.notes.items():
        names = [label(hass, entity_id) for entity_id in entity_ids[:_MOST_NAMED]]
        if more := len(entity_ids) - len(names):
            names.append(words["more"].format(count=more))
        yield words[kind].format(entities=", ".join(names))
