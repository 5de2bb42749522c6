"""Zigbee plugs and meters, in ZHA and in Zigbee2MQTT.

From the keys and names of `homeassistant/components/zha/strings.json`, and from the properties that the device
pages of Zigbee2MQTT list.

Zigbee names no first phase where it names a second: what has no phase is the first then.
"""

from custom_components.wattics.suggestions.suggestion import NoteKind

from .meter import Meter, Sensor


def _zha(
    cluster: str, key: str, unit: str, name: str | None = None, *, translation_key: str | None = None
) -> Sensor:
    return Sensor(f"{cluster}-{key}" if key else cluster, unit, name, translation_key)


_MEASUREMENT = "1-2820"
_METERING = "1-1794"

ZHA_PLUG = Meter(
    name="Plug",
    integration="zha",
    manufacturer="_TZ3000_r6buo8ba",
    model="TS011F",
    unique_id="a4:c1:38:dc:bc:ac:0a:11-{}",
    sensors=(
        _zha(_MEASUREMENT, "", "W"),
        _zha(_MEASUREMENT, "apparent_power", "VA"),
        _zha(_MEASUREMENT, "rms_current", "A"),
        _zha(_MEASUREMENT, "rms_voltage", "V"),
        _zha(_MEASUREMENT, "ac_frequency", "Hz"),
        _zha(_METERING, "", "W", "Instantaneous demand", translation_key="instantaneous_demand"),
        _zha(
            _METERING, "summation_delivered", "kWh", "Summation delivered", translation_key="summation_delivered"
        ),
        Sensor("1-0-rssi", "dBm", "RSSI", "rssi", category="diagnostic", enabled=False),
    ),
    expected={
        "aP_1": [_MEASUREMENT],
        "apP_1": [f"{_MEASUREMENT}-apparent_power"],
        "v_1": [f"{_MEASUREMENT}-rms_voltage"],
        "c_1": [f"{_MEASUREMENT}-rms_current"],
        "pC_1": [f"{_METERING}-summation_delivered"],
    },
)

ZHA_THREE_PHASES = Meter(
    name="Meter",
    integration="zha",
    manufacturer="BITUO TECHNIK",
    model="SPM02X001",
    unique_id="a4:c1:38:dc:bc:ac:0a:12-{}",
    sensors=(
        _zha(_MEASUREMENT, "", "W"),
        *(
            _zha(
                _MEASUREMENT, f"{key}_ph_{letter}", unit, f"{name} phase {letter.upper()}",
                translation_key=f"{key}_ph_{letter}",
            )
            for key, unit, name in (
                ("active_power", "W", "Power"), ("rms_current", "A", "Current"), ("rms_voltage", "V", "Voltage"),
            )
            for letter in "bc"
        ),
        _zha(_MEASUREMENT, "total_active_power", "W", "Total power", translation_key="total_active_power"),
        _zha(_MEASUREMENT, "rms_current", "A"),
        _zha(_MEASUREMENT, "rms_voltage", "V"),
        _zha(
            _METERING, "summation_delivered", "kWh", "Summation delivered", translation_key="summation_delivered"
        ),
        _zha(_METERING, "summation_received", "kWh", "Summation received", translation_key="summation_received"),
    ),
    expected={
        "aP_1": [_MEASUREMENT],
        "v_1": [f"{_MEASUREMENT}-rms_voltage"],
        "c_1": [f"{_MEASUREMENT}-rms_current"],
        **{
            f"{code}_{number}": [f"{_MEASUREMENT}-{key}_ph_{letter}"]
            for code, key in (("aP", "active_power"), ("v", "rms_voltage"), ("c", "rms_current"))
            for number, letter in ((2, "b"), (3, "c"))
        },
        "pC_1": [f"{_METERING}-summation_delivered"],
    },
    notes={NoteKind.OTHER_STREAMS: [f"{_METERING}-summation_received"]},
)  # fmt: skip


def _mqtt(key: str, unit: str) -> Sensor:
    """Return a property of Zigbee2MQTT: its name stands for one where it is no plain device class."""
    plain = key in ("power", "energy", "current", "voltage")
    return Sensor(key, unit, None if plain else key.replace("_", " ").capitalize())


Z2M_PLUG = Meter(
    name="Washing machine",
    integration="mqtt",
    manufacturer="Tuya",
    model="Smart plug (with power monitoring)",
    unique_id="0x00158d0001a2b3c4_{}_zigbee2mqtt",
    sensors=(
        _mqtt("power", "W"),
        _mqtt("current", "A"),
        _mqtt("voltage", "V"),
        _mqtt("energy", "kWh"),
        Sensor("linkquality", None, "Linkquality", category="diagnostic", enabled=False),
    ),
    expected={"aP_1": ["power"], "v_1": ["voltage"], "c_1": ["current"], "pC_1": ["energy"]},
)

Z2M_THREE_PHASES = Meter(
    name="Main meter",
    integration="mqtt",
    manufacturer="Tuya",
    model="Smart energy monitor for 3P+N system",
    unique_id="0xa4c138dcbcac0a13_{}_zigbee2mqtt",
    sensors=(
        *(_mqtt(f"voltage_{letter}", "V") for letter in "abc"),
        *(_mqtt(f"power_{letter}", "W") for letter in "abc"),
        *(_mqtt(f"current_{letter}", "A") for letter in "abc"),
        _mqtt("energy", "kWh"),
        _mqtt("produced_energy", "kWh"),
        _mqtt("power_factor", "%"),
        _mqtt("power", "W"),
        _mqtt("ac_frequency", "Hz"),
        *(_mqtt(f"energy_{letter}", "kWh") for letter in "abc"),
        *(_mqtt(f"energy_produced_{letter}", "kWh") for letter in "abc"),
    ),
    expected={
        f"{code}_{number}": [f"{key}_{letter}"]
        for code, key in (("aP", "power"), ("v", "voltage"), ("c", "current"), ("pC", "energy"))
        for number, letter in enumerate("abc", 1)
    },
    notes={
        NoteKind.OTHER_STREAMS: ["produced_energy", *(f"energy_produced_{letter}" for letter in "abc")],
    },
)

Z2M_FIRST_PHASE_UNNAMED = Meter(
    name="Main meter",
    integration="mqtt",
    manufacturer="BITUO TECHNIK",
    model="Smart energy sensor",
    unique_id="0xa4c138dcbcac0a14_{}_zigbee2mqtt",
    sensors=(
        _mqtt("ac_frequency", "Hz"),
        _mqtt("energy", "kWh"),
        _mqtt("produced_energy", "kWh"),
        *(
            _mqtt(f"{key}{phase}", unit)
            for key, unit in (
                ("power", "W"), ("power_reactive", "var"), ("power_apparent", "VA"), ("current", "A"),
                ("voltage", "V"),
            )
            for phase in ("", "_phase_b", "_phase_c")
        ),
    ),
    expected={
        **{
            f"{code}_{number}": [f"{key}{phase}"]
            for code, key in (
                ("aP", "power"), ("rP", "power_reactive"), ("apP", "power_apparent"), ("v", "voltage"),
                ("c", "current"),
            )
            for number, phase in enumerate(("", "_phase_b", "_phase_c"), 1)
        },
        "pC_1": ["energy"],
    },
    notes={NoteKind.OTHER_STREAMS: ["produced_energy"]},
)  # fmt: skip

Z2M_TWO_CHANNELS = Meter(
    name="Two clamps",
    integration="mqtt",
    manufacturer="Tuya",
    model="Bidirectional energy meter with 80A current clamp",
    unique_id="0xa4c138dcbcac0a15_{}_zigbee2mqtt",
    sensors=(
        _mqtt("ac_frequency", "Hz"),
        _mqtt("voltage", "V"),
        *(_mqtt(f"power_{letter}", "W") for letter in ("a", "b", "ab")),
        *(_mqtt(f"current_{letter}", "A") for letter in "ab"),
        *(_mqtt(f"energy_{letter}", "kWh") for letter in "ab"),
        *(_mqtt(f"energy_produced_{letter}", "kWh") for letter in "ab"),
    ),
    expected={"aP_1": ["power_ab"], "v_1": ["voltage"]},
    notes={
        NoteKind.CHANNELS: ["current_a", "current_b", "energy_a", "energy_b"],
        NoteKind.OTHER_STREAMS: ["energy_produced_a", "energy_produced_b"],
    },
)

Z2M_POWER_STRIP = Meter(
    name="Power strip",
    integration="mqtt",
    manufacturer="Tuya",
    model="4 outlet power strip",
    unique_id="0xa4c138dcbcac0a16_{}_zigbee2mqtt",
    sensors=tuple(
        _mqtt(f"{key}_l{number}", unit)
        for key, unit in (("power", "W"), ("energy", "kWh"))
        for number in range(1, 5)
    ),
    expected={},
    notes={NoteKind.CHANNELS: [f"{key}_l{number}" for key in ("power", "energy") for number in range(1, 5)]},
)

METERS = (
    ZHA_PLUG,
    ZHA_THREE_PHASES,
    Z2M_PLUG,
    Z2M_THREE_PHASES,
    Z2M_FIRST_PHASE_UNNAMED,
    Z2M_TWO_CHANNELS,
    Z2M_POWER_STRIP,
)
