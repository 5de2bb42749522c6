"""The actions that export and import streams."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.wattics.const import DOMAIN
from tests.common import ACCOUNT, Home, key_of, stream
from tests.flows.meters import add_stream
from tests.flows.texts import languages

ROW = {
    "type": "electricity",
    "name": "Main",
    "stream_id": "main",
    "interval": 60,
    "parameters": {"aP_1": [{"entity": "sensor.power"}]},
    "method": "latest",
}
CSV = """type,name,stream_id,interval,aP_1,reading,method,maximum_age,time_zone,unit
electricity,Main,main,60,sensor.power,,latest,,,
"""


@pytest.fixture(autouse=True)
def _sources(home: Home) -> None:
    home.set("sensor.power", 1)


async def _call(home: Home, action: str, **data: Any) -> Any:
    result = await home.hass.services.async_call(
        DOMAIN, action, {"config_entry_id": ACCOUNT, **data}, blocking=True, return_response=True
    )
    await home.settle()
    return result


async def test_exports_streams(home: Home) -> None:
    await home.start(stream())
    assert await _call(home, "export_streams") == {"streams": [ROW], "csv": CSV}


async def test_needs_no_account_at_work(home: Home) -> None:
    await home.unload(await home.start(stream()))
    assert (await _call(home, "export_streams"))["csv"] == CSV
    assert (await _call(home, "import_streams", streams=CSV))["unchanged"] == ["main"]


@pytest.mark.parametrize(
    "source", [[{**ROW, "name": "New"}], CSV.replace("Main", "New"), "- name: New\n  stream_id: "]
)
async def test_imports_streams_that_go_to_work(home: Home, source: Any) -> None:
    if isinstance(source, str) and source.startswith("-"):
        source += "main\n  interval: 60\n  parameters: {aP_1: sensor.power}\n  method: latest"
    entry = await home.start(stream(), stream("other"))
    response = await _call(home, "import_streams", streams=source)
    assert response == {"created": [], "changed": ["main"], "unchanged": []}
    response = await _call(
        home, "import_streams", streams=[{**ROW, "stream_id": "second"}, {**ROW, "name": "New"}]
    )
    assert response == {"created": ["second"], "changed": [], "unchanged": ["main"]}
    await home.pass_time(70)
    assert home.instants("second") == ["12:01:00"]
    assert home.instants("main") == home.instants("other") == ["12:01:00"]
    device = home.device(entry, key_of("main"))
    assert device is not None
    assert device.name == "New"


async def test_says_what_is_wrong_with_a_list(home: Home) -> None:
    errors = languages()["en"]["config_subentries"]["electricity"]["error"]
    entry = await home.start(stream())
    before = dict(entry.subentries)
    with pytest.raises(ServiceValidationError) as raised:
        await _call(home, "import_streams", streams=f"{CSV}electricity,B,b,7,sensor.power,,,,,\n,C,c,60,,,,,,kW\n")
    assert raised.value.translation_key == "invalid_list"
    assert str(raised.value).splitlines() == [
        f"Nothing was imported. Line 3, interval: {errors['invalid_interval']}",
        "Line 4, unit: Only single values have a unit; those of electricity are fixed. Remove it.",
        "Line 4, parameters: Choose at least one entity.",
    ]
    assert dict(entry.subentries) == before


async def test_says_when_another_was_faster(home: Home) -> None:
    entry = await home.start(stream())

    async def interfere(hass: HomeAssistant, _: Any) -> None:
        entry.update_listeners.remove(interfere)
        add_stream(hass, entry, "electricity", {"stream_id": "c", "parameters": {}})

    entry.add_update_listener(interfere)
    with pytest.raises(HomeAssistantError) as raised:
        await _call(home, "import_streams", streams=[{**ROW, "stream_id": stream_id} for stream_id in ("b", "c")])
    assert raised.value.translation_key == "streams_changed"
    assert [subentry.unique_id for subentry in entry.subentries.values()] == ["main", "c"]


@pytest.mark.parametrize("action", ["export_streams", "import_streams"])
async def test_says_that_there_is_no_such_account(home: Home, action: str) -> None:
    await home.start(stream())
    data: dict[str, Any] = {"streams": []} if action == "import_streams" else {}
    with pytest.raises(ServiceValidationError) as raised:
        await _call(home, action, config_entry_id="nobody", **data)
    assert raised.value.translation_key == "unknown_account"
