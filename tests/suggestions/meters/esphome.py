"""Current clamps and meters on ESPHome, by the names of examples in its documentation and of usual projects."""

from custom_components.wattics.suggestions.suggestion import NoteKind

from .meter import NONE, Meter, Sensor


def _named(name: str, unit: str, kind: str | None = None, state_class: str | None = None) -> Sensor:
    """Return a sensor, whose unique id ends with its name as ESPHome writes it there."""
    return Sensor(name.lower().replace(" ", "_"), unit, name, None, kind, state_class)


_WIFI = Sensor("wifi_signal", "dBm", "WiFi Signal", category="diagnostic")

ONE_CLAMP = Meter(
    name="Power Meter",
    integration="esphome",
    manufacturer="espressif",
    model="nodemcuv2",
    unique_id="84:F3:EB:DC:0A:11-sensor-{}",
    sensors=(
        _named("Measured Current", "A"),
        _named("Measured Power", "W"),
        _named("Total Daily Energy", "kWh"),
        _WIFI,
    ),
    expected={"aP_1": ["measured_power"], "c_1": ["measured_current"], "pC_1": ["total_daily_energy"]},
)

THREE_CLAMPS = Meter(
    name="Energy Meter",
    integration="esphome",
    manufacturer="espressif",
    model="nodemcu-32s",
    unique_id="84:F3:EB:DC:0A:12-sensor-{}",
    sensors=(
        _named("EMON Line Voltage A", "V"),
        *(_named(f"EMON CT{number} Current", "A") for number in (1, 2, 3)),
        *(_named(f"EMON Active Power CT{number}", "W") for number in (1, 2, 3)),
        *(_named(f"EMON Reactive Power CT{number}", "var") for number in (1, 2, 3)),
        *(_named(f"EMON Forward Active Energy CT{number}", "Wh") for number in (1, 2, 3)),
        *(_named(f"EMON Reverse Active Energy CT{number}", "Wh") for number in (1, 2, 3)),
        _named("EMON Line Frequency", "Hz"),
        _named("EMON Chip Temperature", "°C"),
        _WIFI,
    ),
    expected={
        **{f"aP_{number}": [f"emon_active_power_ct{number}"] for number in (1, 2, 3)},
        **{f"rP_{number}": [f"emon_reactive_power_ct{number}"] for number in (1, 2, 3)},
        "v_1": ["emon_line_voltage_a"],
        **{f"c_{number}": [f"emon_ct{number}_current"] for number in (1, 2, 3)},
        **{f"pC_{number}": [f"emon_forward_active_energy_ct{number}"] for number in (1, 2, 3)},
    },
    notes={
        NoteKind.GUESSED: [
            *(f"emon_active_power_ct{number}" for number in (1, 2, 3)),
            *(f"emon_reactive_power_ct{number}" for number in (1, 2, 3)),
            *(f"emon_ct{number}_current" for number in (1, 2, 3)),
            *(f"emon_forward_active_energy_ct{number}" for number in (1, 2, 3)),
        ],
        NoteKind.OTHER_STREAMS: [f"emon_reverse_active_energy_ct{number}" for number in (1, 2, 3)],
    },
)

PHASES_AND_CIRCUITS = Meter(
    name="Emporia Vue",
    integration="esphome",
    manufacturer="espressif",
    model="esp32dev",
    unique_id="84:F3:EB:DC:0A:13-sensor-{}",
    sensors=(
        *(_named(f"Phase {letter} Voltage", "V") for letter in "AB"),
        *(_named(f"Phase {letter} Current", "A") for letter in "AB"),
        *(_named(f"Phase {letter} Power", "W") for letter in "AB"),
        _named("Total Power", "W"),
        _named("Total Daily Energy", "Wh"),
        *(_named(f"Circuit {number} Power", "W") for number in range(1, 9)),
        *(_named(f"Circuit {number} Daily Energy", "Wh") for number in range(1, 9)),
    ),
    expected={
        "aP_1": ["phase_a_power"],
        "aP_2": ["phase_b_power"],
        "v_1": ["phase_a_voltage"],
        "v_2": ["phase_b_voltage"],
        "c_1": ["phase_a_current"],
        "c_2": ["phase_b_current"],
        "pC_1": ["total_daily_energy"],
    },
)

SIX_CLAMPS = Meter(
    name="Six clamps",
    integration="esphome",
    manufacturer="espressif",
    model="nodemcu-32s",
    unique_id="84:F3:EB:DC:0A:14-sensor-{}",
    sensors=(
        *(_named(f"CT{number} Amps", "A") for number in range(1, 7)),
        *(_named(f"CT{number} Watts", "W") for number in range(1, 7)),
        _named("Total Amps", "A"),
        _named("Total Watts", "W"),
        _named("Total kWh", "kWh"),
    ),
    expected={"aP_1": ["total_watts"], "c_1": ["total_amps"], "pC_1": ["total_kwh"]},
)

SMART_METER_BY_OPTICAL_HEAD = Meter(
    name="Smart Meter",
    integration="esphome",
    manufacturer="espressif",
    model="esp32-c3-devkitm-1",
    unique_id="84:F3:EB:DC:0A:15-sensor-{}",
    sensors=(
        _named("Gebäudestrom Bezug", "kWh"),
        _named("Gebäudestrom Einspeisung", "kWh"),
        _named("Gebäudestrom Wirkleistung", "W"),
        _named("Wirkleistung Phase A", "W"),
        _named("Wirkleistung Phase B", "W"),
        _named("Wirkleistung Phase C", "W"),
        _named("Verbrauch heute", "kWh"),
    ),
    expected={
        "aP_1": ["wirkleistung_phase_a"],
        "aP_2": ["wirkleistung_phase_b"],
        "aP_3": ["wirkleistung_phase_c"],
        "pC_1": ["gebäudestrom_bezug"],
    },
    notes={NoteKind.OTHER_STREAMS: ["gebäudestrom_einspeisung"]},
)

WITHOUT_STATE_CLASSES = Meter(
    name="Old meter",
    integration="esphome",
    manufacturer="espressif",
    model="d1_mini",
    unique_id="84:F3:EB:DC:0A:16-sensor-{}",
    sensors=(
        _named("Power", "W", kind=NONE, state_class=NONE),
        _named("Energy", "kWh", state_class=NONE),
    ),
    expected={"aP_1": ["power"]},
)

METERS = (
    ONE_CLAMP,
    THREE_CLAMPS,
    PHASES_AND_CIRCUITS,
    SIX_CLAMPS,
    SMART_METER_BY_OPTICAL_HEAD,
    WITHOUT_STATE_CLASSES,
)
