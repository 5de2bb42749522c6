"""The sensors of the simulated meters."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    UnitOfApparentPower,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfReactivePower,
    UnitOfTemperature,
    UnitOfVolume,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .const import DOMAIN, SEED
from .meters import PAIRS, PHASES, GasMeter, Thermometers, ThreePhaseMeter

PARALLEL_UPDATES = 0
UPDATE_INTERVAL = timedelta(seconds=2)

_INSTALLED = datetime(2026, 1, 1, tzinfo=UTC)


class Meter(Protocol):
    """A device that can be read at any moment."""

    def readings(self, moment: float) -> dict[str, float]:
        """Return key → value at a moment, in seconds since the meter was installed."""


@dataclass(frozen=True, kw_only=True)
class ReadingDescription(SensorEntityDescription):
    """A reading that the device shows in a unit of its own."""

    per_unit: float = 1.0
    """How many of the sensor's units one unit of the reading is."""
    digits: int = 1
    """Decimals on the device's display."""


def _measurement(
    key: str, name: str, device_class: SensorDeviceClass, unit: str, digits: int = 1, per_unit: float = 1.0
) -> ReadingDescription:
    return ReadingDescription(
        key=key,
        name=name,
        device_class=device_class,
        native_unit_of_measurement=unit,
        # Else Home Assistant shows a temperature in the unit of its own system.
        suggested_unit_of_measurement=unit,
        state_class=SensorStateClass.MEASUREMENT,
        digits=digits,
        per_unit=per_unit,
    )


def _register(key: str, name: str, device_class: SensorDeviceClass, unit: str) -> ReadingDescription:
    return ReadingDescription(
        key=key,
        name=name,
        device_class=device_class,
        native_unit_of_measurement=unit,
        state_class=SensorStateClass.TOTAL_INCREASING,
        digits=3,
    )


def _electricity() -> Iterable[ReadingDescription]:
    """Return the three-phase meter's sensors; the third phase's are in units of a thousand, or a thousandth."""
    power, reactive = SensorDeviceClass.POWER, SensorDeviceClass.REACTIVE_POWER
    current, voltage = SensorDeviceClass.CURRENT, SensorDeviceClass.VOLTAGE
    for phase in PHASES[:2]:
        yield _measurement(f"active_power_{phase}", f"Active power {phase}", power, UnitOfPower.WATT)
        yield _measurement(
            f"reactive_power_{phase}",
            f"Reactive power {phase}",
            reactive,
            UnitOfReactivePower.VOLT_AMPERE_REACTIVE,
        )
        yield _measurement(f"current_{phase}", f"Current {phase}", current, UnitOfElectricCurrent.AMPERE, 3)
    yield _measurement("active_power_3", "Active power 3", power, UnitOfPower.KILO_WATT, 4, 1e-3)
    yield _measurement(
        "reactive_power_3",
        "Reactive power 3",
        reactive,
        UnitOfReactivePower.KILO_VOLT_AMPERE_REACTIVE,
        4,
        1e-3,
    )
    yield _measurement("current_3", "Current 3", current, UnitOfElectricCurrent.MILLIAMPERE, 0, 1e3)
    for phase in PHASES:
        yield _measurement(
            f"apparent_power_{phase}",
            f"Apparent power {phase}",
            SensorDeviceClass.APPARENT_POWER,
            UnitOfApparentPower.VOLT_AMPERE,
        )
        yield _measurement(f"voltage_{phase}", f"Voltage {phase}", voltage, UnitOfElectricPotential.VOLT, 2)
        yield _register(
            f"energy_{phase}", f"Energy {phase}", SensorDeviceClass.ENERGY, UnitOfEnergy.KILO_WATT_HOUR
        )
    for first, second in PAIRS:
        yield _measurement(
            f"line_voltage_{first}{second}",
            f"Voltage {first}-{second}",
            voltage,
            UnitOfElectricPotential.VOLT,
            2,
        )
    for tariff in (1, 2):
        yield _register(
            f"tariff_{tariff}",
            f"Energy tariff {tariff}",
            SensorDeviceClass.ENERGY,
            UnitOfEnergy.KILO_WATT_HOUR,
        )


def _gas() -> Iterable[ReadingDescription]:
    yield _register("gas", "Gas", SensorDeviceClass.GAS, UnitOfVolume.CUBIC_METERS)


def _temperatures() -> Iterable[ReadingDescription]:
    temperature = SensorDeviceClass.TEMPERATURE
    yield _measurement("outdoor", "Outdoor temperature", temperature, UnitOfTemperature.CELSIUS)
    yield _measurement("heating_water", "Heating water temperature", temperature, UnitOfTemperature.FAHRENHEIT)


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of all meters and read them every other second."""
    meters: list[tuple[str, Meter, Iterable[ReadingDescription]]] = [
        ("Main meter", ThreePhaseMeter(SEED), _electricity()),
        ("Gas meter", GasMeter(SEED), _gas()),
        ("Heating", Thermometers(SEED), _temperatures()),
    ]
    sensors = {
        meter: [MeterSensor(device, description) for description in descriptions]
        for device, meter, descriptions in meters
    }

    @callback
    def read(now: datetime) -> None:
        moment = (now - _INSTALLED).total_seconds()
        for meter, entities in sensors.items():
            readings = meter.readings(moment)
            for entity in entities:
                entity.show(readings[entity.entity_description.key])

    read(dt_util.utcnow())
    async_add_entities(entity for entities in sensors.values() for entity in entities)
    entry.async_on_unload(async_track_time_interval(hass, read, UPDATE_INTERVAL))


class MeterSensor(SensorEntity):
    """One reading of a meter."""

    entity_description: ReadingDescription
    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, device: str, description: ReadingDescription) -> None:
        """Belong to a device, which is known by its name."""
        self.entity_description = description
        self._attr_unique_id = f"{device} {description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, device)}, name=device, manufacturer="Simulated meters"
        )

    @callback
    def show(self, reading: float) -> None:
        """Take a new reading."""
        description = self.entity_description
        self._attr_native_value = round(reading * description.per_unit, description.digits)
        if self.hass is not None:
            self.async_write_ha_state()
