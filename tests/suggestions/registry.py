"""The meters in Home Assistant's registries, as their integrations would have put them there."""

from homeassistant.components.sensor.const import ATTR_STATE_CLASS
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .meters import Meter, Part


def register(hass: HomeAssistant, meter: Meter, *, enable_all: bool = False) -> tuple[str, dict[str, str]]:
    """Register a meter, its parts and their entities with states; return its device id, and entity ids by key."""
    entry = MockConfigEntry(domain=meter.integration)
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(meter.integration, "meter")},
        name=meter.name,
        manufacturer=meter.manufacturer or None,
        model=meter.model or None,
    )
    devices = {part.name: _part(hass, meter, part, device) for part in meter.parts}
    entity_ids = {}
    for key, entity in meter.entities(enable_all=enable_all).items():
        registered = er.async_get(hass).async_get_or_create(
            "sensor",
            meter.integration,
            entity.unique_id,
            suggested_object_id=entity.entity_id.partition(".")[2],
            config_entry=entry,
            device_id=devices[entity.part].id if entity.part else device.id,
            original_name=entity.original_name,
            original_device_class=entity.device_class,
            unit_of_measurement=entity.unit,
            capabilities={ATTR_STATE_CLASS: entity.state_class} if entity.state_class else None,
            translation_key=entity.translation_key,
            entity_category=EntityCategory(entity.category) if entity.category else None,
            disabled_by=None if entity.usable else er.RegistryEntryDisabler.INTEGRATION,
            has_entity_name=meter.has_entity_name,
        )
        entity_ids[key] = registered.entity_id
        if entity.usable:
            known = {
                "unit_of_measurement": entity.unit,
                "device_class": entity.device_class,
                ATTR_STATE_CLASS: entity.state_class,
            }
            attributes = {name: value for name, value in known.items() if value is not None}
            hass.states.async_set(registered.entity_id, "1", attributes)
    return device.id, entity_ids


def _part(hass: HomeAssistant, meter: Meter, part: Part, device: dr.DeviceEntry) -> dr.DeviceEntry:
    return dr.async_get(hass).async_get_or_create(
        config_entry_id=device.config_entry_id,
        identifiers={(meter.integration, part.identifier)},
        name=part.name,
        manufacturer=meter.manufacturer,
        model=meter.model,
        via_device_id=device.id,
    )
