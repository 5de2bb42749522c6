"""Accounts and streams of the integration, made through its real flows."""

from collections.abc import Mapping
from typing import Any

from .api import Api, FlowError

_SECTIONS = {
    "active_power": ("aP_1", "aP_2", "aP_3"),
    "energy": ("pC_1", "pC_2", "pC_3"),
    "voltage": ("v_1", "v_2", "v_3"),
    "current": ("c_1", "c_2", "c_3"),
    "reactive_power": ("rP_1", "rP_2", "rP_3"),
    "apparent_power": ("apP_1", "apP_2", "apP_3"),
    "line_voltage": ("v_12", "v_13", "v_23"),
}
MAIN_METER: Mapping[str, list[str]] = {
    **{f"aP_{phase}": [f"sensor.main_meter_active_power_{phase}"] for phase in (1, 2, 3)},
    **{f"pC_{phase}": [f"sensor.main_meter_energy_{phase}"] for phase in (1, 2, 3)},
    **{f"v_{phase}": [f"sensor.main_meter_voltage_{phase}"] for phase in (1, 2, 3)},
    **{f"c_{phase}": [f"sensor.main_meter_current_{phase}"] for phase in (1, 2, 3)},
    **{f"rP_{phase}": [f"sensor.main_meter_reactive_power_{phase}"] for phase in (1, 2, 3)},
    **{f"apP_{phase}": [f"sensor.main_meter_apparent_power_{phase}"] for phase in (1, 2, 3)},
    **{f"v_{pair}": [f"sensor.main_meter_voltage_{pair[0]}_{pair[1]}"] for pair in ("12", "13", "23")},
}
"""Code → entities of the simulated three-phase meter: all 21 parameters."""
GAS = "sensor.gas_meter_gas"
OUTDOOR_TEMPERATURE = "sensor.heating_outdoor_temperature"
HEATING_WATER_TEMPERATURE = "sensor.heating_heating_water_temperature"

_SUBENTRY_FLOW = "config/config_entries/subentries/flow"


def add_account(api: Api, url: str, username: str, password: str) -> str:
    """Add an account and return its entry id; raise FlowError when it does not load."""
    answer = {"url": url, "username": username, "password": password}
    result = api.run_flow("config/config_entries/flow", "wattics", {"user": answer})
    _leave_next_flow(api, result)
    entry: dict[str, Any] = result["result"]
    if entry["state"] != "loaded":
        raise FlowError(f"the account is {entry['state']}: Home Assistant's log tells why")
    entry_id: str = entry["entry_id"]
    return entry_id


def add_electricity(
    api: Api,
    entry_id: str,
    stream_id: str,
    parameters: Mapping[str, list[str]],
    *,
    seconds: int = 10,
    **sampling: Any,
) -> None:
    """Add an electricity stream with an interval in seconds; `sampling` are the fields of that section."""
    page: dict[str, dict[str, Any]] = {
        section: {code: parameters[code] for code in codes if code in parameters}
        for section, codes in _SECTIONS.items()
    }
    answers = {
        "user": _identity(stream_id, seconds),
        "parameters": {**page, "sampling": sampling},
        "confirm": {},
    }
    api.run_flow(_SUBENTRY_FLOW, [entry_id, "electricity"], answers)


def add_single_value(
    api: Api, entry_id: str, stream_id: str, entity_id: str, unit: str, *, seconds: int = 10, **value: Any
) -> None:
    """Add a stream of one value in `unit`, with an interval in seconds; `value` are more fields of that page."""
    answers = {
        "user": {**_identity(stream_id, seconds), "entity": [entity_id]},
        "value": {"unit": unit, **value},
        "confirm": {},
    }
    api.run_flow(_SUBENTRY_FLOW, [entry_id, "single_value"], answers)


def _identity(stream_id: str, seconds: int) -> dict[str, Any]:
    minutes, rest = divmod(seconds, 60)
    interval = {"hours": 0, "minutes": minutes, "seconds": rest}
    return {"name": stream_id.replace("-", " ").capitalize(), "stream_id": stream_id, "interval": interval}


def _leave_next_flow(api: Api, result: Mapping[str, Any]) -> None:
    """Close the flow that the account's opens for a first stream: we add streams by ourselves."""
    if following := result.get("next_flow"):
        _kind, flow_id = following
        api.delete(f"/api/{_SUBENTRY_FLOW}/{flow_id}")
