"""Fronius meters and inverters, from `homeassistant/components/fronius/sensor.py`."""

from custom_components.wattics.suggestions.suggestion import NoteKind

from .meter import NONE, Meter, Sensor


def _sensor(key: str, unit: str, name: str, *, enabled: bool = True) -> Sensor:
    return Sensor(key, unit, name, key, enabled=enabled)


def _phases(key: str, unit: str, name: str) -> tuple[Sensor, ...]:
    return tuple(_sensor(f"{key}_{number}", unit, f"{name} {number}", enabled=False) for number in (1, 2, 3))


_METER_SENSORS = (
    *_phases("current_ac_phase", "A", "Current phase"),
    Sensor(
        "energy_reactive_ac_consumed", None, "Reactive energy consumed", "energy_reactive_ac_consumed",
        state_class="total_increasing", enabled=False,
    ),
    _sensor("energy_real_ac_minus", "Wh", "Real energy minus", enabled=False),
    _sensor("energy_real_ac_plus", "Wh", "Real energy plus", enabled=False),
    _sensor("energy_real_consumed", "Wh", "Real energy consumed"),
    _sensor("energy_real_produced", "Wh", "Real energy produced"),
    _sensor("frequency_phase_average", "Hz", "Frequency phase average"),
    Sensor("meter_location", None, "Meter location", "meter_location", category="diagnostic"),
    *_phases("power_apparent_phase", "VA", "Apparent power phase"),
    Sensor("power_apparent", "VA", enabled=False),
    Sensor("power_factor", "%"),
    *_phases("power_reactive_phase", "var", "Reactive power phase"),
    _sensor("power_reactive", "var", "Reactive power", enabled=False),
    *_phases("power_real_phase", "W", "Real power phase"),
    _sensor("power_real", "W", "Real power"),
    *_phases("voltage_ac_phase", "V", "Voltage phase"),
    *(
        _sensor(f"voltage_ac_phase_to_phase_{pair}", "V", f"Voltage phase {pair[0]}-{pair[1]}", enabled=False)
        for pair in ("12", "23", "31")
    ),
)  # fmt: skip

SMART_METER = Meter(
    name="Smart Meter 63A",
    integration="fronius",
    manufacturer="Fronius",
    model="Smart Meter 63A",
    unique_id="12345678-{}",
    sensors=_METER_SENSORS,
    expected={"aP_1": ["power_real"], "pC_1": ["energy_real_consumed"]},
    all_enabled={
        **{f"aP_{number}": [f"power_real_phase_{number}"] for number in (1, 2, 3)},
        **{f"rP_{number}": [f"power_reactive_phase_{number}"] for number in (1, 2, 3)},
        **{f"apP_{number}": [f"power_apparent_phase_{number}"] for number in (1, 2, 3)},
        **{f"v_{number}": [f"voltage_ac_phase_{number}"] for number in (1, 2, 3)},
        **{f"c_{number}": [f"current_ac_phase_{number}"] for number in (1, 2, 3)},
        "pC_1": ["energy_real_consumed"],
        "v_12": ["voltage_ac_phase_to_phase_12"],
        "v_13": ["voltage_ac_phase_to_phase_31"],
        "v_23": ["voltage_ac_phase_to_phase_23"],
    },
    notes={
        NoteKind.UNUSABLE: [
            *(
                f"{key}_{number}"
                for key in ("power_real_phase", "power_reactive_phase", "power_apparent_phase", "voltage_ac_phase")
                for number in (1, 2, 3)
            ),
            *(f"current_ac_phase_{number}" for number in (1, 2, 3)),
            *(f"voltage_ac_phase_to_phase_{pair}" for pair in ("12", "31", "23")),
        ],
        NoteKind.OTHER_STREAMS: ["energy_real_produced"],
    },
)

INVERTER = Meter(
    name="Symo 10.0-3-M",
    integration="fronius",
    manufacturer="Fronius",
    model="Symo 10.0-3-M",
    unique_id="34567890-{}",
    sensors=(
        _sensor("energy_day", "Wh", "Energy day"),
        _sensor("energy_year", "Wh", "Energy year"),
        _sensor("energy_total", "Wh", "Total energy"),
        Sensor("frequency_ac", "Hz", enabled=False),
        _sensor("current_ac", "A", "AC current"),
        _sensor("power_ac", "W", "AC power"),
        _sensor("voltage_ac", "V", "AC voltage", enabled=False),
        # Until Home Assistant 2026.10 what the strings of panels give is with the inverter's own.
        Sensor("current_dc", "A", "DC current", "current_dc"),
        Sensor("current_dc_2", "A", "DC current 2", "current_dc_mppt_no"),
        Sensor("voltage_dc", "V", "DC voltage", "voltage_dc"),
        Sensor("voltage_dc_2", "V", "DC voltage 2", "voltage_dc_mppt_no"),
        Sensor("error_code", None, "Error code", "error_code", kind=NONE, category="diagnostic", enabled=False),
    ),
    expected={"aP_1": ["power_ac"], "c_1": ["current_ac"], "pC_1": ["energy_total"]},
    all_enabled={
        "aP_1": ["power_ac"],
        "v_1": ["voltage_ac"],
        "c_1": ["current_ac"],
        "pC_1": ["energy_total"],
    },
    notes={NoteKind.UNUSABLE: ["voltage_ac"]},
)

SITE = Meter(
    name="SolarNet",
    integration="fronius",
    manufacturer="Fronius",
    model="Fronius Solar API",
    unique_id="solar_net_123.4567890-power_flow-{}",
    sensors=(
        _sensor("energy_day", "Wh", "Energy day", enabled=False),
        _sensor("energy_year", "Wh", "Energy year", enabled=False),
        _sensor("energy_total", "Wh", "Total energy", enabled=False),
        _sensor("power_battery", "W", "Power battery", enabled=False),
        _sensor("power_battery_discharge", "W", "Power battery discharge"),
        _sensor("power_battery_charge", "W", "Power battery charge"),
        _sensor("power_grid", "W", "Power grid", enabled=False),
        _sensor("power_grid_import", "W", "Power grid import"),
        _sensor("power_grid_export", "W", "Power grid export"),
        _sensor("power_load", "W", "Power load", enabled=False),
        _sensor("power_load_generated", "W", "Power load generated", enabled=False),
        _sensor("power_load_consumed", "W", "Power load consumed"),
        _sensor("power_photovoltaics", "W", "Power photovoltaics"),
        Sensor("relative_autonomy", "%", "Relative autonomy", "relative_autonomy", NONE),
    ),
    expected={"aP_1": ["power_grid_import"]},
    all_enabled={"aP_1": ["power_grid_import"]},
    notes={NoteKind.OTHER_STREAMS: ["power_grid_export", "power_load_consumed", "power_photovoltaics"]},
)

STORAGE = Meter(
    name="BYD Battery-Box Premium HV",
    integration="fronius",
    manufacturer="BYD",
    model="BYD Battery-Box Premium HV",
    unique_id="P030T020Z2001234567-{}",
    sensors=(
        Sensor(
            "capacity_maximum", "Wh", "Maximum capacity", "capacity_maximum", NONE, NONE, category="diagnostic"
        ),
        _sensor("current_dc", "A", "DC current"),
        _sensor("voltage_dc", "V", "DC voltage"),
        _sensor("voltage_dc_maximum_cell", "V", "Maximum cell voltage", enabled=False),
        _sensor("temperature_cell", "°C", "Temperature"),
    ),
    expected={},
)

METERS = (SMART_METER, INVERTER, SITE, STORAGE)
