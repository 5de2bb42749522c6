"""Shelly meters, from `homeassistant/components/shelly/sensor.py` and `utils.py`.

The phases and channels of a meter are devices of their own, linked to the meter's. Of the Pro 3EM the energy,
voltage and current of each phase are disabled until the user enables them.
"""

from custom_components.wattics.suggestions.suggestion import NoteKind

from .meter import NONE, Meter, Part, Sensor

_DIAGNOSTIC = (
    Sensor("rssi", "dBm", category="diagnostic", enabled=False),
    Sensor("uptime", None, "Uptime", kind="timestamp", state_class=NONE, category="diagnostic", enabled=False),
)


def emeter(channel: int) -> tuple[Sensor, ...]:
    """Return the sensors of a channel of the first generation."""
    key = f"emeter_{channel}-"
    return (
        Sensor(f"{key}power", "W"),
        Sensor(f"{key}powerFactor", None, "Power factor", kind="power_factor", state_class="measurement"),
        Sensor(f"{key}voltage", "V"),
        Sensor(f"{key}energy", "kWh"),
        Sensor(f"{key}energyReturned", "kWh", "Energy returned", "energy_returned"),
    )


def _phase(letter: str) -> Part:
    """Return a phase of the Pro 3EM."""
    live, counted = f"em:0-{letter}_", f"emdata:0-{letter}_"
    return Part(
        f"Shelly Pro 3EM Phase {letter.upper()}",
        f"em:0-{letter}",
        (
            Sensor(f"{live}act_power", "W"),
            Sensor(f"{live}aprt_power", "VA"),
            Sensor(f"{live}pf", None, "Power factor", kind="power_factor", state_class="measurement"),
            Sensor(f"{live}voltage", "V", enabled=False),
            Sensor(f"{live}current", "A", enabled=False),
            Sensor(f"{live}freq", "Hz", enabled=False),
            Sensor(f"{counted}total_act_energy", "kWh", enabled=False),
            Sensor(f"{counted}total_act_ret_energy", "kWh", "Energy returned", "energy_returned", enabled=False),
        ),
    )


def _energy_meter(number: int) -> Part:
    """Return a channel of the Pro 3EM set to measure three single phases."""
    live, counted = f"em1:{number}-", f"em1data:{number}-"
    return Part(
        f"Shelly Pro 3EM Energy Meter {number}",
        f"em1:{number}",
        (
            Sensor(f"{live}power_em1", "W"),
            Sensor(f"{live}aprt_power_em1", "VA"),
            Sensor(f"{live}pf_em1", None, "Power factor", kind="power_factor", state_class="measurement"),
            Sensor(f"{live}voltage_em1", "V", enabled=False),
            Sensor(f"{live}current_em1", "A", enabled=False),
            Sensor(f"{counted}total_act_energy", "kWh", enabled=False),
            Sensor(f"{counted}total_act_ret_energy", "kWh", "Energy returned", "energy_returned", enabled=False),
        ),
    )


PRO_3EM = Meter(
    name="Shelly Pro 3EM",
    integration="shelly",
    manufacturer="Shelly",
    model="Shelly Pro 3EM",
    unique_id="E8DB84A1B2C3-{}",
    sensors=(
        Sensor("em:0-total_act_power", "W"),
        Sensor("em:0-total_aprt_power", "VA"),
        Sensor("em:0-total_current", "A", enabled=False),
        Sensor("em:0-n_current", "A", "Neutral current", "neutral_current", enabled=False),
        Sensor("emdata:0-total_act", "kWh"),
        Sensor("emdata:0-total_act_ret", "kWh", "Energy returned", "energy_returned"),
        Sensor("temperature:0-temperature", "°C", category="diagnostic", enabled=False),
        *_DIAGNOSTIC,
    ),
    parts=tuple(map(_phase, "abc")),
    expected={
        **{f"aP_{number}": [f"em:0-{letter}_act_power"] for number, letter in enumerate("abc", 1)},
        **{f"apP_{number}": [f"em:0-{letter}_aprt_power"] for number, letter in enumerate("abc", 1)},
        "pC_1": ["emdata:0-total_act"],
    },
    all_enabled={
        f"{code}_{number}": [f"{key.format(letter)}"]
        for code, key in {
            "aP": "em:0-{}_act_power",
            "apP": "em:0-{}_aprt_power",
            "v": "em:0-{}_voltage",
            "c": "em:0-{}_current",
            "pC": "emdata:0-{}_total_act_energy",
        }.items()
        for number, letter in enumerate("abc", 1)
    },
    notes={
        NoteKind.UNUSABLE: [
            f"{key}{letter}_{what}"
            for key, what in (("em:0-", "voltage"), ("em:0-", "current"), ("emdata:0-", "total_act_energy"))
            for letter in "abc"
        ],
        NoteKind.OTHER_STREAMS: ["emdata:0-total_act_ret"],
    },
)

PRO_3EM_PHASE_B = Meter(
    name="Shelly Pro 3EM Phase B",
    integration="shelly",
    manufacturer="Shelly",
    model="Shelly Pro 3EM",
    unique_id="E8DB84A1B2C3-{}",
    sensors=(),
    parts=(_phase("b"),),
    expected={"aP_2": ["em:0-b_act_power"], "apP_2": ["em:0-b_aprt_power"]},
    notes={NoteKind.UNUSABLE: ["em:0-b_voltage", "em:0-b_current", "emdata:0-b_total_act_energy"]},
)

PRO_3EM_SINGLE_PHASES = Meter(
    name="Shelly Pro 3EM Energy Meter 2",
    integration="shelly",
    manufacturer="Shelly",
    model="Shelly Pro 3EM",
    unique_id="E8DB84A1B2C3-{}",
    sensors=_energy_meter(2).sensors,
    expected={"aP_1": ["em1:2-power_em1"], "apP_1": ["em1:2-aprt_power_em1"]},
    all_enabled={
        "aP_1": ["em1:2-power_em1"],
        "apP_1": ["em1:2-aprt_power_em1"],
        "v_1": ["em1:2-voltage_em1"],
        "c_1": ["em1:2-current_em1"],
        "pC_1": ["em1data:2-total_act_energy"],
    },
    notes={NoteKind.UNUSABLE: ["em1:2-voltage_em1", "em1:2-current_em1", "em1data:2-total_act_energy"]},
)

EM_3 = Meter(
    name="Shelly 3EM",
    integration="shelly",
    manufacturer="Shelly",
    model="Shelly 3EM",
    unique_id="C45BBE5F71E5-{}",
    sensors=(
        Sensor("device_0-neutralCurrent", "A", "Neutral current", "neutral_current", enabled=False),
        *_DIAGNOSTIC,
    ),
    parts=tuple(
        Part(
            f"Shelly 3EM Phase {letter}",
            f"emeter_{number}",
            (*emeter(number), Sensor(f"emeter_{number}-current", "A")),
        )
        for number, letter in enumerate("ABC")
    ),
    expected={
        f"{code}_{number + 1}": [f"emeter_{number}-{what}"]
        for code, what in (("aP", "power"), ("v", "voltage"), ("c", "current"), ("pC", "energy"))
        for number in range(3)
    },
    notes={NoteKind.OTHER_STREAMS: [f"emeter_{number}-energyReturned" for number in range(3)]},
)

EM_CHANNEL_2 = Meter(
    name="Shelly EM Channel 2",
    integration="shelly",
    manufacturer="Shelly",
    model="Shelly EM",
    unique_id="C45BBE5F71E6-{}",
    sensors=emeter(1),
    expected={"aP_1": ["emeter_1-power"], "v_1": ["emeter_1-voltage"], "pC_1": ["emeter_1-energy"]},
    notes={NoteKind.OTHER_STREAMS: ["emeter_1-energyReturned"]},
)

EM = Meter(
    name="Shelly EM",
    integration="shelly",
    manufacturer="Shelly",
    model="Shelly EM",
    unique_id="C45BBE5F71E6-{}",
    sensors=_DIAGNOSTIC,
    expected={},
)

EM_BEFORE_ITS_CHANNELS_WERE_DEVICES = Meter(
    name="Shelly EM",
    integration="shelly",
    manufacturer="Shelly",
    model="Shelly EM",
    unique_id="C45BBE5F71E6-{}",
    sensors=(
        *(
            Sensor(
                sensor.key,
                sensor.unit,
                f"Channel {number + 1} {(sensor.original_name or '').lower()}",
                sensor.translation_key,
                sensor.kind,
                sensor.state_class,
            )
            for number in range(2)
            for sensor in emeter(number)
        ),
        *_DIAGNOSTIC,
    ),
    expected={},
    notes={
        NoteKind.CHANNELS: [
            "emeter_0-power", "emeter_1-power", "emeter_0-voltage", "emeter_1-voltage",
            "emeter_0-energy", "emeter_1-energy",
        ],
        NoteKind.OTHER_STREAMS: ["emeter_0-energyReturned", "emeter_1-energyReturned"],
    },
)  # fmt: skip

PLUG_S = Meter(
    name="Shelly Plug S",
    integration="shelly",
    manufacturer="Shelly",
    model="Shelly Plus Plug S",
    unique_id="E8DB84A1B2C4-{}",
    sensors=(
        Sensor("switch:0-power", "W"),
        Sensor("switch:0-voltage", "V", enabled=False),
        Sensor("switch:0-current", "A", enabled=False),
        Sensor("switch:0-energy", "kWh"),
        Sensor("switch:0-ret_energy", "kWh", "Energy returned", "energy_returned"),
        Sensor("switch:0-consumed_energy_switch", "kWh", "Energy consumed", "energy_consumed", enabled=False),
        Sensor("switch:0-temperature", "°C", category="diagnostic", enabled=False),
        *_DIAGNOSTIC,
    ),
    expected={"aP_1": ["switch:0-power"], "pC_1": ["switch:0-energy"]},
    all_enabled={
        "aP_1": ["switch:0-power"],
        "v_1": ["switch:0-voltage"],
        "c_1": ["switch:0-current"],
        # What `energy` counts includes what was returned.
        "pC_1": ["switch:0-consumed_energy_switch"],
    },
    notes={
        NoteKind.UNUSABLE: ["switch:0-voltage", "switch:0-current"],
        NoteKind.OTHER_STREAMS: ["switch:0-ret_energy"],
    },
)

METERS = (
    PRO_3EM,
    PRO_3EM_PHASE_B,
    PRO_3EM_SINGLE_PHASES,
    EM_3,
    EM_CHANNEL_2,
    EM,
    EM_BEFORE_ITS_CHANNELS_WERE_DEVICES,
    PLUG_S,
)
