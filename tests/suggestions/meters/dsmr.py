"""Dutch, Belgian and Swedish smart meters at their P1 port.

From `homeassistant/components/dsmr/sensor.py`; the same meters through the DSMR Reader from
`homeassistant/components/dsmr_reader/definitions.py`.
"Delivered" means export in the one (what the home delivers) and import in the other (what the supplier delivers).
"""

from custom_components.wattics.suggestions.suggestion import NoteKind

from .meter import NONE, Meter, Sensor


def _tariffs(key: str, name: str) -> tuple[Sensor, ...]:
    return tuple(
        Sensor(f"{key}_{number}", "kWh", f"{name} (tarif {number})", f"{key}_{number}") for number in (1, 2)
    )


def _phases(key: str, name: str, unit: str, category: str | None = None) -> tuple[Sensor, ...]:
    return tuple(
        Sensor(
            key.format(number),
            unit,
            f"{name} phase L{number}",
            key.format(number),
            category=category,
            enabled=False,
        )
        for number in (1, 2, 3)
    )


_POWER = (
    Sensor("current_electricity_usage", "kW", "Power consumption", "current_electricity_usage"),
    Sensor("current_electricity_delivery", "kW", "Power production", "current_electricity_delivery"),
)
_THREE_PHASES = (
    *_phases("instantaneous_active_power_l{}_positive", "Power consumption", "kW"),
    *_phases("instantaneous_active_power_l{}_negative", "Power production", "kW"),
    *_phases("instantaneous_voltage_l{}", "Voltage", "V", "diagnostic"),
    *_phases("instantaneous_current_l{}", "Current", "A", "diagnostic"),
)
_USED = _tariffs("electricity_used_tariff", "Energy consumption")
_DELIVERED = _tariffs("electricity_delivered_tariff", "Energy production")
_COUNTS = tuple(
    Sensor(
        f"voltage_sag_l{number}_count", None, f"Voltage sags phase L{number}", f"voltage_sag_l{number}_count",
        state_class="total_increasing", category="diagnostic", enabled=False,
    )
    for number in (1, 2, 3)
)  # fmt: skip
_BELGIAN = (
    Sensor("belgium_max_power_per_phase", "kW", "Max power per phase", "max_power_per_phase", enabled=False),
    Sensor("belgium_max_current_per_phase", "A", "Max current per phase", "max_current_per_phase", enabled=False),
    Sensor("belgium_current_average_demand", "kW", "Current average demand", "current_average_demand"),
    Sensor(
        "belgium_maximum_demand_current_month",
        "kW",
        "Maximum demand current month",
        "maximum_demand_current_month",
    ),
)
_TARIFF = Sensor(
    "electricity_active_tariff", None, "Active tariff", "electricity_active_tariff", "enum", state_class=NONE
)
_DISABLED = [
    *(f"instantaneous_active_power_l{number}_positive" for number in (1, 2, 3)),
    *(f"instantaneous_voltage_l{number}" for number in (1, 2, 3)),
    *(f"instantaneous_current_l{number}" for number in (1, 2, 3)),
]
_OTHERS = [
    "current_electricity_delivery",
    "electricity_delivered_tariff_1",
    "electricity_delivered_tariff_2",
]
_TOTAL = {
    "aP_1": ["current_electricity_usage"],
    "pC_1": ["electricity_used_tariff_1", "electricity_used_tariff_2"],
}
_BY_PHASE = {
    **{f"aP_{number}": [f"instantaneous_active_power_l{number}_positive"] for number in (1, 2, 3)},
    **{f"v_{number}": [f"instantaneous_voltage_l{number}"] for number in (1, 2, 3)},
    **{f"c_{number}": [f"instantaneous_current_l{number}"] for number in (1, 2, 3)},
    "pC_1": ["electricity_used_tariff_1", "electricity_used_tariff_2"],
}

DUTCH = Meter(
    name="Electricity Meter",
    integration="dsmr",
    manufacturer="DSMR",
    model="5",
    unique_id="E0047000000000000_{}",
    sensors=(*_POWER, _TARIFF, *_USED, *_DELIVERED, *_THREE_PHASES, *_COUNTS),
    expected=_TOTAL,
    all_enabled=_BY_PHASE,
    notes={NoteKind.UNUSABLE: _DISABLED, NoteKind.OTHER_STREAMS: _OTHERS},
)

BELGIAN = Meter(
    name="Electricity Meter",
    integration="dsmr",
    manufacturer="DSMR",
    model="5B",
    unique_id="31534147313130303030_{}",
    sensors=(*_POWER, _TARIFF, *_USED, *_DELIVERED, *_THREE_PHASES, *_BELGIAN),
    expected=_TOTAL,
    all_enabled=_BY_PHASE,
    notes={NoteKind.UNUSABLE: _DISABLED, NoteKind.OTHER_STREAMS: _OTHERS},
)

SWEDISH = Meter(
    name="Electricity Meter",
    integration="dsmr",
    manufacturer="DSMR",
    model="5S",
    unique_id="None_{}",
    sensors=(
        *_POWER,
        *_THREE_PHASES,
        Sensor("electricity_imported_total", "kWh", "Energy consumption (total)", "electricity_imported_total"),
        Sensor("electricity_exported_total", "kWh", "Energy production (total)", "electricity_exported_total"),
    ),
    expected={"aP_1": ["current_electricity_usage"], "pC_1": ["electricity_imported_total"]},
    all_enabled={**_BY_PHASE, "pC_1": ["electricity_imported_total"]},
    notes={
        NoteKind.UNUSABLE: _DISABLED,
        NoteKind.OTHER_STREAMS: ["current_electricity_delivery", "electricity_exported_total"],
    },
)

HEAT = Meter(
    name="Heat Meter",
    integration="dsmr",
    manufacturer="DSMR",
    model="5",
    unique_id="E0047000000000001_{}",
    sensors=(
        Sensor("heat_reading", "Wh", "Heat consumption", "heat_meter_reading"),
        Sensor("timestamp", None, "Timestamp", kind="timestamp", state_class=NONE, enabled=False),
    ),
    expected={},
)


_READINGS = (
    ("electricity_delivered_1", "kWh", "Low tariff usage", "low_tariff_usage"),
    ("electricity_returned_1", "kWh", "Low tariff returned", "low_tariff_returned"),
    ("electricity_delivered_2", "kWh", "High tariff usage", "high_tariff_usage"),
    ("electricity_returned_2", "kWh", "High tariff returned", "high_tariff_returned"),
    ("electricity_currently_delivered", "kW", "Current power usage", "current_power_usage"),
    ("electricity_currently_returned", "kW", "Current power return", "current_power_return"),
)
_READINGS_BY_PHASE = (
    ("phase_currently_delivered_l", "kW", "Current power usage L", "current_power_usage_l"),
    ("phase_currently_returned_l", "kW", "Current power return L", "current_power_return_l"),
    ("phase_voltage_l", "V", "Current voltage L", "current_voltage_l"),
    ("phase_power_current_l", "A", "Phase power current L", "phase_power_current_l"),
)
_CONSUMPTION = (
    ("day-consumption/electricity1", "kWh", "Low tariff usage (daily)", "daily_low_tariff_usage"),
    ("day-consumption/electricity2", "kWh", "High tariff usage (daily)", "daily_high_tariff_usage"),
    ("day-consumption/electricity1_returned", "kWh", "Low tariff return (daily)", "daily_low_tariff_return"),
    ("day-consumption/electricity_merged", "kWh", "Power usage total (daily)", "daily_power_usage_total"),
    ("current-month/electricity1", "kWh", "Low tariff usage (current month)", "current_month_low_tariff_usage"),
    ("current-month/electricity_merged", "kWh", "Power usage total (month)", "current_month_power_usage_total"),
    ("current-year/electricity_merged", "kWh", "Power usage total (year)", "current_year_power_usage_total"),
    (
        "consumption/quarter-hour-peak-electricity/average_delivered",
        "kW",
        "Previous quarter-hour peak usage",
        "previous_quarter_hour_peak_usage",
    ),
)

READER = Meter(
    name="DSMR Reader",
    integration="dsmr_reader",
    manufacturer="DSMR Reader",
    model="DSMR Reader",
    unique_id="01ABC-dsmr/{}",
    sensors=(
        *(Sensor(f"reading/{key}", unit, name, translated) for key, unit, name, translated in _READINGS),
        *(
            Sensor(f"reading/{key}{number}", unit, f"{name}{number}", f"{translation_key}{number}")
            for key, unit, name, translation_key in _READINGS_BY_PHASE
            for number in (1, 2, 3)
        ),
        *(Sensor(*facts) for facts in _CONSUMPTION),
    ),
    expected={
        **{f"aP_{number}": [f"reading/phase_currently_delivered_l{number}"] for number in (1, 2, 3)},
        **{f"v_{number}": [f"reading/phase_voltage_l{number}"] for number in (1, 2, 3)},
        **{f"c_{number}": [f"reading/phase_power_current_l{number}"] for number in (1, 2, 3)},
        "pC_1": ["reading/electricity_delivered_1", "reading/electricity_delivered_2"],
    },
    notes={
        NoteKind.OTHER_STREAMS: [
            "reading/electricity_returned_1",
            "reading/electricity_returned_2",
            "reading/electricity_currently_returned",
            *(f"reading/phase_currently_returned_l{number}" for number in (1, 2, 3)),
        ]
    },
)

METERS = (DUTCH, BELGIAN, SWEDISH, HEAT, READER)
