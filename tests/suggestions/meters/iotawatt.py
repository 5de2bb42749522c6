"""IoTaWatt, from `homeassistant/components/iotawatt/sensor.py`. People name the inputs; all are one device's."""

from custom_components.wattics.suggestions.suggestion import NoteKind

from .meter import Meter, Sensor


def _input(channel: int, name: str) -> tuple[Sensor, ...]:
    return (
        Sensor(f"input-{channel}-Watts", "W", name),
        Sensor(f"input-{channel}-WattHours", "Wh", f"{name}.wh", state_class="total"),
    )


_VOLTAGE = Sensor("input-0-Volts", "V", "Voltage", enabled=False)

CIRCUITS = Meter(
    name="IoTaWatt",
    integration="iotawatt",
    manufacturer="IoTaWatt",
    model="IoTaWatt",
    unique_id="24:6F:28:AB:CD:EF-{}",
    has_entity_name=False,
    sensors=(_VOLTAGE, *_input(1, "Kitchen"), *_input(2, "Heat_pump"), *_input(3, "Workshop")),
    expected={},
    notes={
        NoteKind.CHANNELS: [f"input-{number}-{what}" for what in ("Watts", "WattHours") for number in (1, 2, 3)],
        NoteKind.UNUSABLE: ["input-0-Volts"],
    },
)

THREE_PHASE_MAINS = Meter(
    name="IoTaWatt",
    integration="iotawatt",
    manufacturer="IoTaWatt",
    model="IoTaWatt",
    unique_id="24:6F:28:AB:CD:EF-{}",
    has_entity_name=False,
    sensors=(
        _VOLTAGE,
        *(sensor for number in (1, 2, 3) for sensor in _input(number, f"Main_L{number}")),
        *_input(4, "Kitchen"),
        *_input(5, "Workshop"),
    ),
    expected={
        **{f"aP_{number}": [f"input-{number}-Watts"] for number in (1, 2, 3)},
        **{f"pC_{number}": [f"input-{number}-WattHours"] for number in (1, 2, 3)},
    },
    notes={NoteKind.UNUSABLE: ["input-0-Volts"]},
)

METERS = (CIRCUITS, THREE_PHASE_MAINS)
