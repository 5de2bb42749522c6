"""How the entities of a meter are written down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from homeassistant.util import slugify

from custom_components.wattics.suggestions.entity import Entity
from custom_components.wattics.suggestions.suggestion import NoteKind

_KINDS: Final[Mapping[str, tuple[str | None, str, str | None]]] = {
    "W": ("power", "Power", "measurement"),
    "kW": ("power", "Power", "measurement"),
    "VA": ("apparent_power", "Apparent power", "measurement"),
    "var": ("reactive_power", "Reactive power", "measurement"),
    "V": ("voltage", "Voltage", "measurement"),
    "mV": ("voltage", "Voltage", "measurement"),
    "A": ("current", "Current", "measurement"),
    "Wh": ("energy", "Energy", "total_increasing"),
    "kWh": ("energy", "Energy", "total_increasing"),
    "Hz": ("frequency", "Frequency", "measurement"),
    "%": ("power_factor", "Power factor", "measurement"),
    "°C": ("temperature", "Temperature", "measurement"),
    "dBm": ("signal_strength", "Signal strength", "measurement"),
}
"""The device class, its name in Home Assistant, and the state class that a sensor with a unit usually has."""

NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor by what tells its unique id from the others of the meter.

    `name` is the integration's, `None` where the name of the device class stands for one. `kind` and `state_class`
    are the usual ones of the unit where they aren't given, and `NONE` where the integration gives none.
    """

    key: str
    unit: str | None
    name: str | None = None
    translation_key: str | None = None
    kind: str | None = None
    state_class: str | None = None
    category: str | None = None
    enabled: bool = True

    @property
    def device_class(self) -> str | None:
        """The device class."""
        usual = _KINDS[self.unit][0] if self.unit else None
        return None if self.kind == NONE else self.kind or usual

    @property
    def registered_state_class(self) -> str | None:
        """The state class."""
        usual = _KINDS[self.unit][2] if self.unit else None
        return None if self.state_class == NONE else self.state_class or usual

    @property
    def original_name(self) -> str | None:
        """The name as the registry keeps it."""
        return self.name or (_KINDS[self.unit][1] if self.unit else None)


@dataclass(frozen=True, slots=True)
class Part:
    """A device that is part of a meter: its own entities."""

    name: str
    identifier: str
    sensors: Sequence[Sensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A device with its sensors and parts, and what is suggested for it.

    `unique_id` is the form of unique ids, with `{}` for the sensor's key. `expected` are the keys by code, `notes`
    the keys that need a word. `all_enabled` is what is suggested once the user has enabled every entity.
    """

    name: str
    integration: str
    manufacturer: str
    model: str
    unique_id: str
    sensors: Sequence[Sensor]
    expected: Mapping[str, Sequence[str]]
    all_enabled: Mapping[str, Sequence[str]] | None = None
    notes: Mapping[NoteKind, Sequence[str]] = field(default_factory=dict)
    parts: Sequence[Part] = ()
    has_entity_name: bool = True

    def entities(self, *, enable_all: bool = False) -> dict[str, Entity]:
        """Return the entities by the sensors' keys."""
        own = {sensor.key: self._entity(sensor, None, enable_all) for sensor in self.sensors}
        for part in self.parts:
            own |= {sensor.key: self._entity(sensor, part, enable_all) for sensor in part.sensors}
        return own

    def _entity(self, sensor: Sensor, part: Part | None, enable_all: bool) -> Entity:
        device = part.name if part else self.name
        name = sensor.original_name or ""
        return Entity(
            entity_id=f"sensor.{slugify(f'{device} {name}' if self.has_entity_name else name)}",
            unit=sensor.unit,
            device_class=sensor.device_class,
            state_class=sensor.registered_state_class,
            unique_id=self.unique_id.format(sensor.key),
            translation_key=sensor.translation_key,
            original_name=name,
            category=sensor.category,
            part=part.name if part else None,
            usable=sensor.enabled or enable_all,
        )
