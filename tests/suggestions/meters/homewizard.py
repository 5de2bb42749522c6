"""HomeWizard meters, from `homeassistant/components/homewizard/sensor.py`."""

from custom_components.wattics.suggestions.suggestion import NoteKind

from .meter import NONE, Meter, Sensor

_BASE = (
    Sensor("wifi_ssid", None, "Wi-Fi SSID", "wifi_ssid", category="diagnostic"),
    Sensor("wifi_strength", "%", "Wi-Fi strength", "wifi_strength", NONE, category="diagnostic", enabled=False),
)


def _phases(what: str, unit: str, name: str, *, enabled: bool = True) -> tuple[Sensor, ...]:
    suffix = unit.lower()
    return tuple(
        Sensor(
            f"active_{what}_l{number}_{suffix}",
            unit,
            f"{name} phase {number}",
            f"active_{what}_phase_{suffix}",
            enabled=enabled,
        )
        for number in (1, 2, 3)
    )


_IMPORT = Sensor("total_power_import_kwh", "kWh", "Energy import", "total_energy_import_kwh")
_EXPORT = Sensor("total_power_export_kwh", "kWh", "Energy export", "total_energy_export_kwh")
_TARIFFS = tuple(
    Sensor(
        f"total_power_{way}_t{number}_kwh",
        "kWh",
        f"Energy {way} tariff {number}",
        f"total_energy_{way}_tariff_kwh",
    )
    for way in ("import", "export")
    for number in (1, 2)
)
_EXPORTS = ["total_power_export_t1_kwh", "total_power_export_t2_kwh", "total_power_export_kwh"]
_POWER = Sensor("active_power_w", "W")
_PRODUCTION = Sensor(
    "active_production_power_w", "W", "Production power", "active_production_power_w", enabled=False
)
_DEMAND = (
    Sensor("active_power_average_w", "W", "Average demand", "active_power_average_w", state_class=NONE),
    Sensor("monthly_power_peak_w", "W", "Peak demand current month", "monthly_power_peak_w", state_class=NONE),
)
_BATTERY = (
    Sensor("battery_group_power_w", "W", "Battery group power", "battery_group_power_w", enabled=False),
    Sensor(
        "battery_group_target_power_w", "W", "Battery group target power", "battery_group_target_power_w",
        enabled=False,
    ),
)  # fmt: skip

P1_THREE_PHASES = Meter(
    name="P1 meter",
    integration="homewizard",
    manufacturer="HomeWizard",
    model="Wi-Fi P1 Meter",
    unique_id="HWE-P1_5c2fafabcdef_{}",
    sensors=(
        *_BASE,
        _IMPORT,
        *_TARIFFS,
        _EXPORT,
        _POWER,
        *_phases("power", "W", "Power"),
        *_phases("voltage", "V", "Voltage", enabled=False),
        *_phases("current", "A", "Current", enabled=False),
        *_DEMAND,
        *_BATTERY,
        Sensor("external_gas", None, "Gas", "gas", "gas", "total_increasing"),
    ),
    expected={
        **{f"aP_{number}": [f"active_power_l{number}_w"] for number in (1, 2, 3)},
        "pC_1": ["total_power_import_kwh"],
    },
    all_enabled={
        **{f"aP_{number}": [f"active_power_l{number}_w"] for number in (1, 2, 3)},
        **{f"v_{number}": [f"active_voltage_l{number}_v"] for number in (1, 2, 3)},
        **{f"c_{number}": [f"active_current_l{number}_a"] for number in (1, 2, 3)},
        "pC_1": ["total_power_import_kwh"],
    },
    notes={
        NoteKind.UNUSABLE: [
            f"active_{what}_l{number}_{unit}"
            for what, unit in (("voltage", "v"), ("current", "a"))
            for number in (1, 2, 3)
        ],
        NoteKind.OTHER_STREAMS: _EXPORTS,
    },
)

P1_ONE_PHASE = Meter(
    name="P1 meter",
    integration="homewizard",
    manufacturer="HomeWizard",
    model="Wi-Fi P1 Meter",
    unique_id="HWE-P1_5c2fafabcdef_{}",
    sensors=(*_BASE, _IMPORT, *_TARIFFS[:2], _POWER, _phases("power", "W", "Power")[0], *_DEMAND),
    expected={"aP_1": ["active_power_l1_w"], "pC_1": ["total_power_import_kwh"]},
)

KWH_THREE_PHASES = Meter(
    name="Energy meter",
    integration="homewizard",
    manufacturer="HomeWizard",
    model="Wi-Fi kWh Meter 3-phase",
    unique_id="HWE-KWH3_5c2fafabcdef_{}",
    sensors=(
        *_BASE,
        _IMPORT,
        _EXPORT,
        _POWER,
        *_phases("power", "W", "Power"),
        *_phases("voltage", "V", "Voltage", enabled=False),
        Sensor("active_current_a", "A", enabled=False),
        *_phases("current", "A", "Current", enabled=False),
        Sensor("active_frequency_hz", "Hz", enabled=False),
        Sensor("active_apparent_power_va", "VA", enabled=False),
        *_phases("apparent_power", "VA", "Apparent power", enabled=False),
        Sensor("active_reactive_power_var", "var", enabled=False),
        *_phases("reactive_power", "var", "Reactive power", enabled=False),
        *(
            Sensor(
                f"active_power_factor_l{number}", "%", f"Power factor phase {number}", "active_power_factor_phase"
            )
            for number in (1, 2, 3)
        ),
        _PRODUCTION,
    ),
    expected={
        **{f"aP_{number}": [f"active_power_l{number}_w"] for number in (1, 2, 3)},
        "pC_1": ["total_power_import_kwh"],
    },
    all_enabled={
        **{f"aP_{number}": [f"active_power_l{number}_w"] for number in (1, 2, 3)},
        **{f"rP_{number}": [f"active_reactive_power_l{number}_var"] for number in (1, 2, 3)},
        **{f"apP_{number}": [f"active_apparent_power_l{number}_va"] for number in (1, 2, 3)},
        **{f"v_{number}": [f"active_voltage_l{number}_v"] for number in (1, 2, 3)},
        **{f"c_{number}": [f"active_current_l{number}_a"] for number in (1, 2, 3)},
        "pC_1": ["total_power_import_kwh"],
    },
    notes={
        NoteKind.UNUSABLE: [
            f"active_{what}_l{number}_{unit}"
            for what, unit in (
                ("reactive_power", "var"),
                ("apparent_power", "va"),
                ("voltage", "v"),
                ("current", "a"),
            )
            for number in (1, 2, 3)
        ],
        NoteKind.OTHER_STREAMS: ["total_power_export_kwh"],
    },
)

_ONE_PHASE = (
    *_BASE,
    _IMPORT,
    _EXPORT,
    _POWER,
    Sensor("active_voltage_v", "V", enabled=False),
    Sensor("active_current_a", "A", enabled=False),
    Sensor("active_apparent_power_va", "VA", enabled=False),
    Sensor("active_reactive_power_var", "var", enabled=False),
    Sensor("active_power_factor", "%", enabled=False),
    Sensor("active_frequency_hz", "Hz", enabled=False),
    _PRODUCTION,
)
_ONE_PHASE_ENABLED = {
    "aP_1": ["active_power_w"],
    "rP_1": ["active_reactive_power_var"],
    "apP_1": ["active_apparent_power_va"],
    "v_1": ["active_voltage_v"],
    "c_1": ["active_current_a"],
    "pC_1": ["total_power_import_kwh"],
}
_ONE_PHASE_NOTES = {
    NoteKind.UNUSABLE: [
        "active_reactive_power_var",
        "active_apparent_power_va",
        "active_voltage_v",
        "active_current_a",
    ],
    NoteKind.OTHER_STREAMS: ["total_power_export_kwh"],
}

KWH_ONE_PHASE = Meter(
    name="Energy meter",
    integration="homewizard",
    manufacturer="HomeWizard",
    model="Wi-Fi kWh Meter 1-phase",
    unique_id="HWE-KWH1_5c2fafabcdef_{}",
    sensors=_ONE_PHASE,
    expected={"aP_1": ["active_power_w"], "pC_1": ["total_power_import_kwh"]},
    all_enabled=_ONE_PHASE_ENABLED,
    notes=_ONE_PHASE_NOTES,
)

SOCKET = Meter(
    name="Energy Socket",
    integration="homewizard",
    manufacturer="HomeWizard",
    model="Wi-Fi Energy Socket",
    unique_id="HWE-SKT_5c2fafabcdef_{}",
    sensors=_ONE_PHASE,
    expected={"aP_1": ["active_power_w"], "pC_1": ["total_power_import_kwh"]},
    all_enabled=_ONE_PHASE_ENABLED,
    notes=_ONE_PHASE_NOTES,
)

METERS = (P1_THREE_PHASES, P1_ONE_PHASE, KWH_THREE_PHASES, KWH_ONE_PHASE, SOCKET)
