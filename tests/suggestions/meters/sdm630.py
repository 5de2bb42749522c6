"""The Eastron SDM630: on ESPHome's `sdm_meter`, as MQTT sensors of mbmd, and by names of its register list.

Home Assistant's own Modbus sensors, which are written in YAML, have no device; the register names are those that
guides use for them, and for devices that gather them.
"""

from custom_components.wattics.suggestions.suggestion import NoteKind

from .meter import NONE, Meter, Sensor

_ON_EACH_PHASE = (
    ("Current", "A"),
    ("Voltage", "V"),
    ("Active Power", "W"),
    ("Apparent Power", "VA"),
    ("Reactive Power", "var"),
)
_PHASES = tuple(enumerate("ABC", 1))


def _id(name: str) -> str:
    return name.lower().replace(" ", "_")


ESPHOME = Meter(
    name="SDM630",
    integration="esphome",
    manufacturer="espressif",
    model="d1_mini",
    unique_id="AA:BB:CC:DC:0A:17-sensor-{}",
    sensors=(
        *(
            Sensor(_id(f"SDM630 Phase {letter} {what}"), unit, f"SDM630 Phase {letter} {what}")
            for _, letter in _PHASES
            for what, unit in (*_ON_EACH_PHASE, ("Power Factor", "%"))
        ),
        Sensor("sdm630_total_power", "W", "SDM630 Total Power"),
        Sensor("sdm630_frequency", "Hz", "SDM630 Frequency"),
        Sensor("sdm630_import_active_energy", "kWh", "SDM630 Import Active Energy"),
        Sensor("sdm630_export_active_energy", "kWh", "SDM630 Export Active Energy"),
        Sensor(
            "sdm630_import_reactive_energy", None, "SDM630 Import Reactive Energy", state_class="total_increasing"
        ),
    ),
    expected={
        **{
            f"{code}_{number}": [f"sdm630_phase_{letter.lower()}_{what}"]
            for code, what in (
                ("aP", "active_power"), ("rP", "reactive_power"), ("apP", "apparent_power"), ("v", "voltage"),
                ("c", "current"),
            )
            for number, letter in _PHASES
        },
        "pC_1": ["sdm630_import_active_energy"],
    },
    notes={NoteKind.OTHER_STREAMS: ["sdm630_export_active_energy"]},
)  # fmt: skip

MQTT = Meter(
    name="Power Meter",
    integration="mqtt",
    manufacturer="Eastron",
    model="SDM630 Modbus v2",
    unique_id="sdm1-1_{}",
    has_entity_name=False,
    sensors=(
        Sensor("power", "W", "SDM1-1 Power"),
        *(Sensor(f"powerL{number}", "W", f"SDM1-1 Power L{number}") for number in (1, 2, 3)),
        *(Sensor(f"voltageL{number}", "V", f"SDM1-1 Voltage L{number}") for number in (1, 2, 3)),
        *(Sensor(f"currentL{number}", "A", f"SDM1-1 Current L{number}") for number in (1, 2, 3)),
        Sensor("cosphi", "%", "SDM1-1 Cosphi"),
        Sensor("import", "kWh", "SDM1-1 Import"),
        *(Sensor(f"importL{number}", "kWh", f"SDM1-1 Import L{number}") for number in (1, 2, 3)),
        Sensor("export", "kWh", "SDM1-1 Export"),
        Sensor("sum", "kWh", "SDM1-1 Sum"),
    ),
    expected={
        f"{code}_{number}": [f"{what}L{number}"]
        for code, what in (("aP", "power"), ("v", "voltage"), ("c", "current"), ("pC", "import"))
        for number in (1, 2, 3)
    },
    notes={NoteKind.OTHER_STREAMS: ["export"]},
)


def _registers(*names: str, unit: str) -> tuple[Sensor, ...]:
    return tuple(Sensor(_id(name), unit, f"SDM630 {name}") for name in names)


REGISTERS = Meter(
    name="SDM630",
    integration="modbus",
    manufacturer="",
    model="",
    unique_id="sdm630_{}",
    has_entity_name=False,
    sensors=(
        *_registers(*(f"Phase {number} line to neutral volts" for number in (1, 2, 3)), unit="V"),
        *_registers(*(f"Phase {number} current" for number in (1, 2, 3)), unit="A"),
        *_registers(*(f"Phase {number} power" for number in (1, 2, 3)), unit="W"),
        *_registers(*(f"Phase {number} volt amps" for number in (1, 2, 3)), unit="VA"),
        *_registers(*(f"Phase {number} volt amps reactive" for number in (1, 2, 3)), unit="var"),
        *_registers(
            "Average line to neutral volts", "Average line to line volts", "Line 1 to Line 2 volts",
            "Line 2 to Line 3 volts", "Line 3 to Line 1 volts", unit="V",
        ),
        *_registers("Average line current", "Sum of line currents", "Neutral current", unit="A"),
        *_registers("Total system power", "Total system power demand", unit="W"),
        *_registers("Maximum total system power demand", unit="W"),
        *_registers("Total system volt amps", unit="VA"),
        *_registers("Total system VAr", unit="var"),
        *_registers("Frequency", unit="Hz"),
        *_registers("Total import kWh", "Total export kWh", "Total kWh", unit="kWh"),
        *_registers(*(f"Phase {number} import kWh" for number in (1, 2, 3)), unit="kWh"),
        *_registers(*(f"Phase {number} export kWh" for number in (1, 2, 3)), unit="kWh"),
        Sensor("resettable_total_active_energy", "kWh", "SDM630 Resettable total active energy"),
        Sensor("total_kvarh", None, "SDM630 Total kVArh", kind=NONE, state_class="total_increasing"),
    ),
    expected={
        **{
            f"{code}_{number}": [f"phase_{number}_{what}"]
            for code, what in (
                ("aP", "power"), ("rP", "volt_amps_reactive"), ("apP", "volt_amps"),
                ("v", "line_to_neutral_volts"), ("c", "current"), ("pC", "import_kwh"),
            )
            for number in (1, 2, 3)
        },
        "v_12": ["line_1_to_line_2_volts"],
        "v_13": ["line_3_to_line_1_volts"],
        "v_23": ["line_2_to_line_3_volts"],
    },
    notes={
        NoteKind.OTHER_STREAMS: [
            "total_export_kwh", *(f"phase_{number}_export_kwh" for number in (1, 2, 3))
        ]
    },
)  # fmt: skip

METERS = (ESPHOME, MQTT, REGISTERS)
