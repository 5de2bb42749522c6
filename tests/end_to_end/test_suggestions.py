"""A real Home Assistant, the newest there is, suggests the entities of a device in its own registries."""

from collections.abc import Callable
from typing import Any

from tests.home_assistant.wattics import MAIN_METER

from .home import Home

_FLOW = "/api/config/config_entries/subentries/flow"


def _suggested(page: dict[str, Any]) -> dict[str, list[str]]:
    """Return the entities that a page of sections shows, by their fields."""
    fields = (field for section in page["data_schema"] for field in section["schema"])
    shown = {field["name"]: (field.get("description") or {}).get("suggested_value") for field in fields}
    return {name: value for name, value in shown.items() if name in MAIN_METER and value}


def test_a_device_fills_in_all_parameters(make_home: Callable[[str], Home]) -> None:
    home = make_home("run")
    api = home.api
    template = "{{ device_id('sensor.main_meter_active_power_1') | to_json }}"
    device_id = api.post("/api/template", {"template": template})
    page = api.post(_FLOW, {"handler": [home.entry_id, "electricity"]})
    (field,) = [field for field in page["data_schema"] if field["name"] == "device"]
    assert field["selector"]["device"]["filter"] == [{"integration": "simulated_meters"}]

    interval = {"hours": 0, "minutes": 5, "seconds": 0}
    answer = {"name": "Main meter", "stream_id": "main", "interval": interval, "device": device_id}
    page = api.post(f"{_FLOW}/{page['flow_id']}", answer)
    assert page["step_id"] == "parameters"
    assert _suggested(page) == MAIN_METER
    assert "Main meter" in page["description_placeholders"]["suggestion"]
