"""Devices in the registries: which of them are meters, and the entities of one, its phases included."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.components.sensor.const import ATTR_STATE_CLASS, SensorDeviceClass
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.selector import DeviceFilterSelectorConfig

from .entity import Entity
from .reading import part_phase

type _Devices = Callable[[dr.DeviceRegistry, str], Iterable[Any]]


def _none(_registry: dr.DeviceRegistry, _device_id: str) -> tuple[()]:
    return ()


_METERED: Final = frozenset({SensorDeviceClass.POWER, SensorDeviceClass.ENERGY})
_children: Final[_Devices] = getattr(dr, "async_entries_for_parent_device", _none)
"""Parts of a device, in versions that know them as such; in all versions they may be linked by `via_device_id`."""


def entities_of(hass: HomeAssistant, device_id: str) -> list[Entity]:
    """Return the sensors of a device and of those devices that are its phases, the disabled ones too."""
    registry = er.async_get(hass)
    return [
        _entity(entry, part)
        for part_id, part in _parts(dr.async_get(hass), device_id)
        for entry in er.async_entries_for_device(registry, part_id, include_disabled_entities=True)
        if entry.domain == SENSOR_DOMAIN
    ]


def meters(hass: HomeAssistant) -> list[DeviceFilterSelectorConfig]:
    """Return filters for the devices that measure power or energy.

    They go by model: a meter whose phases are devices of their own may have no entity itself.
    """
    devices = dr.async_get(hass)
    kinds = {
        _kind(devices, entry.device_id, entry.platform)
        for entry in er.async_get(hass).entities.values()
        if entry.domain == SENSOR_DOMAIN
        and entry.device_id
        and entry.disabled_by is None
        and (entry.device_class or entry.original_device_class) in _METERED
    }
    return [
        DeviceFilterSelectorConfig(manufacturer=manufacturer, model=model)
        if manufacturer
        else DeviceFilterSelectorConfig(integration=model)
        for manufacturer, model in sorted(kinds)
    ]


def _kind(devices: dr.DeviceRegistry, device_id: str, integration: str) -> tuple[str, str]:
    """Return manufacturer and model, or nothing and the integration where they aren't known, as of a part."""
    device = devices.async_get(device_id)
    if device is None or getattr(device, "parent_device_id", None) or not (device.manufacturer and device.model):
        return "", integration
    return device.manufacturer, device.model


def _parts(devices: dr.DeviceRegistry, device_id: str) -> Iterator[tuple[str, str | None]]:
    """Yield the ids of a device and of its phases, with the names of those that are but a part of a meter."""
    if (device := devices.async_get(device_id)) is None:
        return
    has_parent = getattr(device, "parent_device_id", None) or device.via_device_id
    yield device_id, device.name if has_parent else None
    linked = dr.async_entries_for_config_entry(devices, device.config_entry_id)
    for part in (*_children(devices, device_id), *(each for each in linked if each.via_device_id == device_id)):
        if part.name and part_phase(part.name):
            yield part.id, part.name


def _entity(entry: er.RegistryEntry, part: str | None) -> Entity:
    return Entity(
        entity_id=entry.entity_id,
        unit=entry.unit_of_measurement,
        device_class=entry.device_class or entry.original_device_class,
        state_class=(entry.capabilities or {}).get(ATTR_STATE_CLASS),
        unique_id=entry.unique_id,
        translation_key=entry.translation_key,
        original_name=entry.original_name,
        name=entry.name,
        category=entry.entity_category,
        part=part,
        usable=entry.disabled_by is None and entry.hidden_by is None,
    )
