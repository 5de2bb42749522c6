"""An entity of a device, as far as the suggestions look at it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One sensor of a device, by the facts of the registries.

    `part` is the name of the device that the entity belongs to where that is only a part of the chosen one ("Phase
    A"). An entity that is disabled or hidden is not `usable`: never suggested, but it tells what the device is.
    """

    entity_id: str
    unit: str | None = None
    device_class: str | None = None
    state_class: str | None = None
    unique_id: str = ""
    translation_key: str | None = None
    original_name: str | None = None
    name: str | None = None
    category: str | None = None
    part: str | None = None
    usable: bool = True
