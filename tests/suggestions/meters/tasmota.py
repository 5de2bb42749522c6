"""Tasmota plugs and meters, from `homeassistant/components/tasmota/sensor.py` and the discovery of hatasmota.

The phases or channels of a device are the places of an array, counted from 0.
"""

from custom_components.wattics.suggestions.suggestion import NoteKind

from .meter import NONE, Meter, Sensor


def _energy(path: str, unit: str, *, state_class: str | None = None, kind: str | None = None) -> Sensor:
    return Sensor(f"ENERGY_{path}", unit, f"ENERGY {path.replace('_', ' ')}", None, kind, state_class)


def _array(path: str, unit: str, count: int, *, state_class: str | None = None) -> tuple[Sensor, ...]:
    return tuple(_energy(f"{path}_{place}", unit, state_class=state_class) for place in range(count))


_COUNTED = (
    _energy("Total", "kWh", state_class="total"),
    _energy("Yesterday", "kWh", state_class=NONE),
    _energy("Today", "kWh"),
)
_TARIFFS = _array("TotalTariff", "kWh", 2, state_class="total")

PLUG = Meter(
    name="Tasmota plug",
    integration="tasmota",
    manufacturer="Tasmota",
    model="Sonoff S31",
    unique_id="00000049A3BC_sensor_sensor_{}",
    sensors=(
        Sensor("ENERGY_TotalStartTime", None, "ENERGY TotalStartTime", kind=NONE),
        *_COUNTED,
        _energy("Power", "W"),
        _energy("ApparentPower", "VA"),
        _energy("ReactivePower", "var"),
        _energy("Factor", "%"),
        _energy("Voltage", "V"),
        _energy("Current", "A"),
        Sensor("status_sensor_status_rssi", "dBm", "RSSI", category="diagnostic", enabled=False),
    ),
    expected={
        "aP_1": ["ENERGY_Power"],
        "rP_1": ["ENERGY_ReactivePower"],
        "apP_1": ["ENERGY_ApparentPower"],
        "v_1": ["ENERGY_Voltage"],
        "c_1": ["ENERGY_Current"],
        "pC_1": ["ENERGY_Total"],
    },
)

THREE_PHASES = Meter(
    name="Tasmota meter",
    integration="tasmota",
    manufacturer="Tasmota",
    model="Generic",
    unique_id="00000049A3BD_sensor_sensor_{}",
    sensors=(
        *_COUNTED,
        *_TARIFFS,
        _energy("ExportActive", "kWh", state_class="total"),
        *_array("Power", "W", 3),
        *_array("ApparentPower", "VA", 3),
        *_array("ReactivePower", "var", 3),
        *_array("Voltage", "V", 3),
        *_array("Current", "A", 3),
        _energy("CurrentNeutral", "A"),
        _energy("Frequency", "Hz"),
    ),
    expected={
        **{f"aP_{place + 1}": [f"ENERGY_Power_{place}"] for place in range(3)},
        **{f"rP_{place + 1}": [f"ENERGY_ReactivePower_{place}"] for place in range(3)},
        **{f"apP_{place + 1}": [f"ENERGY_ApparentPower_{place}"] for place in range(3)},
        **{f"v_{place + 1}": [f"ENERGY_Voltage_{place}"] for place in range(3)},
        **{f"c_{place + 1}": [f"ENERGY_Current_{place}"] for place in range(3)},
        "pC_1": ["ENERGY_Total"],
    },
    notes={
        NoteKind.GUESSED: [
            f"ENERGY_{what}_{place}"
            for what in ("Power", "ReactivePower", "ApparentPower", "Voltage", "Current")
            for place in range(3)
        ],
        NoteKind.OTHER_STREAMS: ["ENERGY_ExportActive"],
    },
)

TWO_CHANNELS = Meter(
    name="Tasmota Dual R3",
    integration="tasmota",
    manufacturer="Tasmota",
    model="Sonoff Dual R3",
    unique_id="00000049A3BE_sensor_sensor_{}",
    sensors=(*_COUNTED, *_array("Power", "W", 2), *_array("Current", "A", 2), _energy("Voltage", "V")),
    expected={"v_1": ["ENERGY_Voltage"], "pC_1": ["ENERGY_Total"]},
    notes={NoteKind.CHANNELS: ["ENERGY_Power_0", "ENERGY_Power_1", "ENERGY_Current_0", "ENERGY_Current_1"]},
)

TARIFFS = Meter(
    name="Tasmota tariff meter",
    integration="tasmota",
    manufacturer="Tasmota",
    model="Generic",
    unique_id="00000049A3BF_sensor_sensor_{}",
    sensors=(*_TARIFFS, _energy("Today", "kWh"), _energy("Power", "W")),
    expected={"aP_1": ["ENERGY_Power"], "pC_1": ["ENERGY_TotalTariff_0", "ENERGY_TotalTariff_1"]},
)

METERS = (PLUG, THREE_PHASES, TWO_CHANNELS, TARIFFS)
