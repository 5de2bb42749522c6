"""Victron: the devices of a GX, devices by Bluetooth, and the forecasts of the portal.

From `homeassistant/components/victron_gx` and the topics of victron_mqtt, from
`homeassistant/components/victron_ble/sensor.py` and from
`homeassistant/components/victron_remote_monitoring/sensor.py`.
"""

from custom_components.wattics.suggestions.suggestion import NoteKind

from .meter import Meter, Sensor


def _gx(key: str, unit: str, name: str, translation_key: str | None = None) -> Sensor:
    return Sensor(key, unit, name, translation_key or key)


def _phases(key: str, unit: str, name: str) -> tuple[Sensor, ...]:
    return tuple(_gx(f"{key}_l{number}", unit, f"{name} L{number}", f"{key}_phase") for number in (1, 2, 3))


GRID_METER = Meter(
    name="Grid meter",
    integration="victron_gx",
    manufacturer="Victron Energy",
    model="VM-3P75CT",
    unique_id="123abc_grid_30_{}",
    sensors=(
        _gx("grid_current", "A", "Current"),
        _gx("grid_energy_forward", "kWh", "Consumption"),
        _gx("grid_energy_reverse", "kWh", "Feed-in"),
        _gx("grid_frequency", "Hz", "Frequency"),
        _gx("grid_current_n", "A", "Current on N"),
        _gx("grid_voltage_pen", "V", "Voltage on PEN"),
        _gx("grid_power", "W", "Power"),
        _gx("grid_power_factor", "%", "Power factor"),
        _gx("grid_voltage", "V", "Voltage"),
        *_phases("grid_current", "A", "Current on"),
        *_phases("grid_energy_forward", "kWh", "Grid consumption on"),
        *_phases("grid_energy_reverse", "kWh", "Feed-in on"),
        *_phases("grid_power", "W", "Power on"),
        *_phases("grid_voltage", "V", "Voltage on"),
        *(
            _gx(
                f"grid_voltage_l{first}_l{second}", "V", f"Voltage L{first} to L{second}",
                "grid_voltage_phase_next_phase",
            )
            for first, second in ((1, 2), (2, 3), (3, 1))
        ),
    ),
    expected={
        **{
            f"{code}_{number}": [f"grid_{what}_l{number}"]
            for code, what in (("aP", "power"), ("v", "voltage"), ("c", "current"), ("pC", "energy_forward"))
            for number in (1, 2, 3)
        },
        "v_12": ["grid_voltage_l1_l2"],
        "v_13": ["grid_voltage_l3_l1"],
        "v_23": ["grid_voltage_l2_l3"],
    },
    notes={
        NoteKind.OTHER_STREAMS: [
            "grid_energy_reverse", *(f"grid_energy_reverse_l{number}" for number in (1, 2, 3))
        ]
    },
)  # fmt: skip

SOLAR_INVERTER = Meter(
    name="Fronius Symo",
    integration="victron_gx",
    manufacturer="Fronius",
    model="Symo 10.0-3-M",
    unique_id="123abc_pvinverter_20_{}",
    sensors=(
        _gx("pvinverter_yield_total", "kWh", "Total yield"),
        _gx("pvinverter_power_total", "W", "Power total"),
        *_phases("pvinverter_current", "A", "Current"),
        *_phases("pvinverter_yield", "kWh", "Yield"),
        *_phases("pvinverter_power", "W", "Power"),
        *_phases("pvinverter_voltage", "V", "Voltage"),
    ),
    expected={
        f"{code}_{number}": [f"pvinverter_{what}_l{number}"]
        for code, what in (("aP", "power"), ("v", "voltage"), ("c", "current"), ("pC", "yield"))
        for number in (1, 2, 3)
    },
)

SYSTEM = Meter(
    name="Victron Venus",
    integration="victron_gx",
    manufacturer="Victron Energy",
    model="Cerbo GX",
    unique_id="123abc_system_0_{}",
    sensors=(
        *_phases("system_grid_power", "W", "Grid power"),
        *_phases("system_grid_current", "A", "Grid current"),
        *_phases("system_consumption_power", "W", "Consumption power"),
        *_phases("system_consumption_current", "A", "Consumption current"),
        *_phases("system_pv_on_grid_power", "W", "PV on grid power"),
        *_phases("system_ac_loads", "W", "AC loads on"),
        _gx("system_dc_battery_power", "W", "DC battery power"),
        _gx("system_dc_pv_power", "W", "DC PV power"),
        _gx("system_ac_export_limit", "A", "AC export limit"),
    ),
    expected={
        **{f"aP_{number}": [f"system_grid_power_l{number}"] for number in (1, 2, 3)},
        **{f"c_{number}": [f"system_grid_current_l{number}"] for number in (1, 2, 3)},
    },
    notes={
        NoteKind.OTHER_STREAMS: [
            f"system_{what}_l{number}"
            for what in ("consumption_power", "pv_on_grid_power", "ac_loads")
            for number in (1, 2, 3)
        ]
    },
)

MULTIPLUS = Meter(
    name="MultiPlus-II",
    integration="victron_gx",
    manufacturer="Victron Energy",
    model="MultiPlus-II 48/5000/70-50",
    unique_id="123abc_vebus_275_{}",
    sensors=(
        *(
            _gx(f"vebus_inverter_{way}_{what}_l1", unit, f"{way.capitalize()} {name} L1",
                f"vebus_inverter_{way}_{what}_phase")
            for way in ("input", "output")
            for what, unit, name in (
                ("power", "W", "power"), ("apparent_power", "VA", "apparent power"), ("current", "A", "current"),
                ("voltage", "V", "voltage"),
            )
        ),
        _gx("vebus_energy_ac_in1_to_ac_out", "kWh", "Energy from AC-in-1 to AC-out"),
        _gx("vebus_energy_inverter_to_ac_out", "kWh", "Energy from inverter to AC-out"),
        _gx("vebus_energy_ac_in1_to_inverter", "kWh", "Energy from AC-in-1 to inverter"),
        _gx("vebus_inverter_dc_current", "A", "DC current"),
        _gx("vebus_inverter_dc_power", "W", "DC power"),
        _gx("vebus_inverter_current_limit", "A", "Current limit"),
    ),
    expected={
        "aP_1": ["vebus_inverter_output_power_l1"],
        "apP_1": ["vebus_inverter_output_apparent_power_l1"],
        "v_1": ["vebus_inverter_output_voltage_l1"],
        "c_1": ["vebus_inverter_output_current_l1"],
    },
    notes={NoteKind.OTHER_STREAMS: ["vebus_inverter_input_power_l1"]},
)  # fmt: skip

BATTERY = Meter(
    name="SmartShunt",
    integration="victron_gx",
    manufacturer="Victron Energy",
    model="SmartShunt 500A/50mV",
    unique_id="123abc_battery_279_{}",
    sensors=(
        _gx("battery_voltage", "V", "DC bus voltage"),
        _gx("battery_current", "A", "DC bus current"),
        _gx("battery_power", "W", "Power"),
        _gx("battery_discharged_energy", "kWh", "Discharged energy"),
        _gx("battery_charged_energy", "kWh", "Charged energy"),
    ),
    expected={},
)

SOLAR_CHARGER_BY_BLUETOOTH = Meter(
    name="SmartSolar",
    integration="victron_ble",
    manufacturer="Victron",
    model="SmartSolar MPPT 100/20",
    unique_id="01:02:03:04:05:06-{}",
    sensors=(
        Sensor("battery_current", "A", "Battery current", "battery_current"),
        Sensor("battery_voltage", "V", "Battery voltage", "battery_voltage"),
        Sensor("external_device_load", "A", "External device load", "external_device_load"),
        Sensor("solar_power", "W", "Solar power", "solar_power"),
        Sensor("yield_today", "Wh", "Yield today", "yield_today"),
    ),
    expected={"aP_1": ["solar_power"], "pC_1": ["yield_today"]},
)

FORECAST = Meter(
    name="VRM forecast",
    integration="victron_remote_monitoring",
    manufacturer="Victron Energy",
    model="VRM",
    unique_id="123456|{}",
    sensors=tuple(
        Sensor(key, "kWh", name, key, state_class="total")
        for what in ("production", "consumption")
        for key, name in (
            (f"energy_{what}_estimate_yesterday", f"Estimated energy {what} - Yesterday"),
            (f"energy_{what}_estimate_today", f"Estimated energy {what} - Today"),
            (f"energy_{what}_estimate_today_remaining", f"Estimated energy {what} - Today remaining"),
            (f"energy_{what}_estimate_tomorrow", f"Estimated energy {what} - Tomorrow"),
            (f"energy_{what}_current_hour", f"Estimated energy {what} - Current hour"),
            (f"energy_{what}_next_hour", f"Estimated energy {what} - Next hour"),
        )
    ),
    expected={},
)

METERS = (GRID_METER, SOLAR_INVERTER, SYSTEM, MULTIPLUS, BATTERY, SOLAR_CHARGER_BY_BLUETOOTH, FORECAST)
