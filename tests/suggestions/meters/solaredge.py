"""SolarEdge, by its cloud and by Modbus.

From `homeassistant/components/solaredge/sensor.py`, and from the names of the custom integration
solaredge_modbus_multi.
"""

from custom_components.wattics.suggestions.suggestion import NoteKind

from .meter import NONE, Meter, Sensor


def _site(key: str, unit: str, name: str, *, enabled: bool = False) -> Sensor:
    return Sensor(key, unit, name, key, enabled=enabled)


SITE = Meter(
    name="SolarEdge",
    integration="solaredge",
    manufacturer="SolarEdge",
    model="",
    unique_id="1234567_{}",
    sensors=(
        _site("lifetime_energy", "Wh", "Lifetime energy", enabled=True),
        _site("energy_this_year", "Wh", "Energy this year"),
        _site("energy_this_month", "Wh", "Energy this month"),
        _site("energy_today", "Wh", "Energy today"),
        _site("current_power", "W", "Current power", enabled=True),
        _site("power_consumption", "kW", "Power consumption"),
        _site("solar_power", "kW", "Solar power"),
        _site("grid_power", "kW", "Grid power"),
        _site("storage_power", "kW", "Storage power"),
        _site("purchased_energy", "Wh", "Imported energy"),
        _site("production_energy", "Wh", "Produced energy"),
        _site("consumption_energy", "Wh", "Consumed energy"),
        _site("selfconsumption_energy", "Wh", "Self-consumed energy"),
        _site("feedin_energy", "Wh", "Exported energy"),
        _site("storage_charge_energy", "Wh", "Storage charge energy today"),
        _site("storage_discharge_energy", "Wh", "Storage discharge energy today"),
        Sensor("storage_level", "%", "Storage level", "storage_level", "battery", enabled=False),
    ),
    expected={"aP_1": ["current_power"], "pC_1": ["lifetime_energy"]},
    all_enabled={"aP_1": ["grid_power"], "pC_1": ["purchased_energy"]},
)


def _phases(key: str, unit: str, name: str, *, enabled: bool) -> tuple[Sensor, ...]:
    return tuple(Sensor(key.format(letter), unit, f"{name} {letter.upper()}", enabled=enabled) for letter in "abc")


def _voltages(*between: str, enabled: bool) -> tuple[Sensor, ...]:
    return tuple(
        Sensor(f"ac_voltage_{each.lower()}", "V", f"AC Voltage {each}", enabled=enabled) for each in between
    )


def _energies(way: str, *, three_phases: bool) -> tuple[Sensor, ...]:
    return (
        Sensor(f"{way.lower()}_kwh", "kWh", f"AC Energy {way}"),
        Sensor(f"{way.lower()}_a_kwh", "kWh", f"AC Energy {way} A"),
        Sensor(f"{way.lower()}_b_kwh", "kWh", f"AC Energy {way} B", enabled=three_phases),
        Sensor(f"{way.lower()}_c_kwh", "kWh", f"AC Energy {way} C", enabled=three_phases),
    )


def _meter(*, three_phases: bool) -> tuple[Sensor, ...]:
    return (
        Sensor("device", None, "Device", kind=NONE, category="diagnostic"),
        Sensor("ac_current", "A", "AC Current"),
        *_phases("ac_current_{}", "A", "AC Current", enabled=three_phases),
        *_voltages("LN", "LL", "AB", enabled=True),
        *_voltages("BC", "CA", "AN", "BN", "CN", enabled=three_phases),
        Sensor("ac_frequency", "Hz", "AC Frequency"),
        Sensor("ac_power", "W", "AC Power"),
        *_phases("ac_power_{}", "W", "AC Power", enabled=three_phases),
        Sensor("ac_va", "VA", "AC Apparent Power", enabled=False),
        *_phases("ac_va_{}", "VA", "AC Apparent Power", enabled=False),
        Sensor("ac_var", "var", "AC Reactive Power", enabled=False),
        *_phases("ac_var_{}", "var", "AC Reactive Power", enabled=False),
        Sensor("ac_pf", "%", "AC Power Factor", enabled=False),
        *_energies("Exported", three_phases=three_phases),
        *_energies("Imported", three_phases=three_phases),
    )


_PAIRS = {"v_12": ["ac_voltage_ab"], "v_13": ["ac_voltage_ca"], "v_23": ["ac_voltage_bc"]}
_HIDDEN_POWERS = [*(f"ac_var_{letter}" for letter in "abc"), *(f"ac_va_{letter}" for letter in "abc")]

MODBUS_METER = Meter(
    name="SolarEdge M1",
    integration="solaredge_modbus_multi",
    manufacturer="WattNode",
    model="WND-3Y-400-MB",
    unique_id="wattnode_wnd-3y-400-mb_4061234_{}",
    sensors=_meter(three_phases=True),
    expected={
        **{f"aP_{number}": [f"ac_power_{letter}"] for number, letter in enumerate("abc", 1)},
        **{f"v_{number}": [f"ac_voltage_{letter}n"] for number, letter in enumerate("abc", 1)},
        **{f"c_{number}": [f"ac_current_{letter}"] for number, letter in enumerate("abc", 1)},
        **{f"pC_{number}": [f"imported_{letter}_kwh"] for number, letter in enumerate("abc", 1)},
        **_PAIRS,
    },
    notes={
        NoteKind.UNUSABLE: _HIDDEN_POWERS,
        NoteKind.OTHER_STREAMS: ["exported_kwh", *(f"exported_{letter}_kwh" for letter in "abc")],
    },
)

MODBUS_METER_ONE_PHASE = Meter(
    name="SolarEdge M1",
    integration="solaredge_modbus_multi",
    manufacturer="SolarEdge",
    model="MTR-240-3PC1-D-A-MW",
    unique_id="solaredge_mtr-240-3pc1-d-a-mw_60612345_{}",
    sensors=_meter(three_phases=False),
    expected={
        "aP_1": ["ac_power"],
        "v_1": ["ac_voltage_ln"],
        "c_1": ["ac_current"],
        "pC_1": ["imported_kwh"],
        "v_12": ["ac_voltage_ab"],
    },
    notes={
        NoteKind.UNUSABLE: [
            *(f"ac_power_{letter}" for letter in "abc"),
            *_HIDDEN_POWERS,
            *(f"ac_voltage_{letter}n" for letter in "abc"),
            *(f"ac_current_{letter}" for letter in "abc"),
            "imported_b_kwh",
            "imported_c_kwh",
            "ac_voltage_ca",
            "ac_voltage_bc",
        ],
        NoteKind.OTHER_STREAMS: ["exported_kwh", "exported_a_kwh"],
    },
)

MODBUS_INVERTER = Meter(
    name="SolarEdge I1",
    integration="solaredge_modbus_multi",
    manufacturer="SolarEdge",
    model="SE17K-RW0T0BNN4",
    unique_id="SE17K-RW0T0BNN4_7E112233_{}",
    sensors=(
        Sensor("ac_current", "A", "AC Current"),
        *_phases("ac_current_{}", "A", "AC Current", enabled=True),
        *_voltages("AB", "BC", "CA", "AN", "BN", "CN", enabled=True),
        Sensor("ac_power", "W", "AC Power"),
        Sensor("ac_frequency", "Hz", "AC Frequency"),
        Sensor("ac_va", "VA", "AC Apparent Power", enabled=False),
        Sensor("ac_var", "var", "AC Reactive Power", enabled=False),
        Sensor("ac_energy_kwh", "kWh", "AC Energy"),
        Sensor("dc_current", "A", "DC Current"),
        Sensor("dc_voltage", "V", "DC Voltage"),
        Sensor("dc_power", "W", "DC Power"),
        Sensor("temp_sink", "°C", "Temp Sink"),
    ),
    expected={
        "aP_1": ["ac_power"],
        **{f"v_{number}": [f"ac_voltage_{letter}n"] for number, letter in enumerate("abc", 1)},
        **{f"c_{number}": [f"ac_current_{letter}"] for number, letter in enumerate("abc", 1)},
        "pC_1": ["ac_energy_kwh"],
        **_PAIRS,
    },
    notes={NoteKind.UNUSABLE: ["ac_var", "ac_va"]},
)

METERS = (SITE, MODBUS_METER, MODBUS_METER_ONE_PHASE, MODBUS_INVERTER)
