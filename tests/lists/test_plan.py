"""What a list comes to for the streams that are there, and doing it."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wattics.lists.apply import Outdated, async_apply
from custom_components.wattics.lists.plan import Plan, async_plan
from custom_components.wattics.lists.rows import async_export_rows
from custom_components.wattics.lists.table import write_table
from tests.flows.meters import add_stream, meter, registered

pytestmark = pytest.mark.usefixtures("entities")

POWER = {"parameters": {"aP_1": [{"source": "sensor.power"}]}}
GAS = {"parameters": {"value": [{"source": "sensor.gas"}]}, "unit": "m³", "reading": "cumulative"}
NEW = {"stream_id": "new", "interval": 60, "parameters": {"aP_1": "sensor.power"}}


def _stored(account: ConfigEntry) -> list[tuple[str, str, str | None, dict[str, Any]]]:
    return [
        (subentry.subentry_type, subentry.title, subentry.unique_id, dict(subentry.data))
        for subentry in account.subentries.values()
    ]


async def _import(hass: HomeAssistant, account: ConfigEntry, source: str | list[Any]) -> Plan:
    plan = await async_plan(hass, account, source)
    assert plan.problems == ()
    await async_apply(hass, account, plan)
    return plan


async def _same(hass: HomeAssistant, account: ConfigEntry) -> None:
    """Check that what is exported changes nothing when it is imported, in any form."""
    before, rows = _stored(account), await async_export_rows(hass, account)
    for source in (rows, write_table(rows)):
        plan = await _import(hass, account, source)
        assert plan.does_nothing
        assert plan.unchanged == [subentry.unique_id for subentry in account.subentries.values()]
    assert _stored(account) == before
    assert await async_export_rows(hass, account) == rows


async def test_creates_streams(hass: HomeAssistant, account: MockConfigEntry) -> None:
    grid = er.async_get(hass).async_get("sensor.grid")
    assert grid is not None
    await _import(
        hass,
        account,
        "name;stream_id;interval;aP_1;pC_1;value;unit;reading;method;maximum_age;time_zone\n"
        "Main;main;300;sensor.grid{export};sensor.t1*0,5{maximum_rate=9} + sensor.t2;;;"
        "interval;latest;90;Europe/Rome\n"
        ";gas;60;;;sensor.gas*2;L;;;;\n"
        "People;people;60;;;Sensor.people;as_is;instant;mean;60;\n",
    )
    electricity = {
        "name": "Main",
        "stream_id": "main",
        "interval": 300,
        "parameters": {
            "aP_1": [{"source": grid.id, "direction": "export"}],
            "pC_1": [{"source": "sensor.t1", "factor": 0.5, "maximum_rate": 9}, {"source": "sensor.t2"}],
        },
        "reading": "interval",
        "method": "latest",
        "maximum_age": 90,
        "time_zone": "Europe/Rome",
    }
    gas = {
        "name": "gas",
        "stream_id": "gas",
        "interval": 60,
        "parameters": {"value": [{"source": "sensor.gas", "factor": 2}]},
        "reading": "cumulative",
        "unit": "L",
    }
    people = {
        "name": "People",
        "stream_id": "people",
        "interval": 60,
        "parameters": {"value": [{"source": "sensor.people", "unit": None}]},
        "reading": "instant",
        "method": "mean",
        "maximum_age": 60,
        "unit": "as_is",
    }
    assert _stored(account) == [
        ("electricity", "Main", "main", electricity),
        ("single_value", "gas", "gas", gas),
        ("single_value", "People", "people", people),
    ]
    await _same(hass, account)


async def test_exports_rows_without_defaults(hass: HomeAssistant, account: MockConfigEntry) -> None:
    grid = er.async_get(hass).async_get("sensor.grid")
    assert grid is not None
    sources = [
        {"source": grid.id, "factor": 1.0, "direction": "signed"},
        {"source": "sensor.power", "factor": 2.0},
    ]
    add_stream(hass, account, "electricity", {"parameters": {"aP_1": sources, "v_1": []}, "method": "mean"})
    add_stream(hass, account, "single_value", {**GAS, "stream_id": "gas", "method": "latest"})
    assert await async_export_rows(hass, account) == [
        {
            "type": "electricity",
            "name": "Main",
            "stream_id": "main",
            "interval": 300,
            "parameters": {"aP_1": [{"entity": "sensor.grid"}, {"entity": "sensor.power", "factor": 2}]},
        },
        {
            "type": "single_value",
            "name": "Main",
            "stream_id": "gas",
            "interval": 300,
            "parameters": {"value": [{"entity": "sensor.gas"}]},
            "reading": "cumulative",
            "unit": "m³",
        },
    ]
    await _same(hass, account)


async def test_changes_streams_of_the_same_id_and_leaves_others_alone(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    changed = add_stream(hass, account, "electricity", POWER)
    add_stream(hass, account, "electricity", {**POWER, "stream_id": "same"})
    add_stream(hass, account, "electricity", {**POWER, "stream_id": "other", "name": "Other"})
    _, same, other = _stored(account)
    plan = await _import(
        hass,
        account,
        [
            {"stream_id": "same", "name": "Main", "interval": 300, "parameters": {"aP_1": "sensor.power"}},
            {"stream_id": "main", "name": "Renamed", "interval": 60, "parameters": {"aP_1": "sensor.power*2"}},
            NEW,
        ],
    )
    assert plan.unchanged == ["same"]
    assert [planned.subentry_id for planned in plan.changed] == [changed.subentry_id]
    assert [planned.stream["stream_id"] for planned in plan.created] == ["new"]
    assert dict(account.subentries[changed.subentry_id].data) == {
        "name": "Renamed",
        "stream_id": "main",
        "interval": 60,
        "parameters": {"aP_1": [{"source": "sensor.power", "factor": 2}]},
    }
    assert changed.title == "Renamed"
    assert _stored(account)[1:3] == [same, other]


async def test_the_same_id_in_another_account_is_another_stream(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    other = MockConfigEntry(domain="wattics", data=account.data)
    other.add_to_hass(hass)
    add_stream(hass, other, "electricity", {**POWER, "stream_id": "new"})
    await _import(hass, account, [NEW])
    assert [subentry.unique_id for subentry in account.subentries.values()] == ["new"]


async def test_a_stream_of_an_earlier_version_is_left_as_it_is(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    add_stream(hass, account, "single_value", {"parameters": GAS["parameters"], "unit": "m³"})
    assert (await async_export_rows(hass, account))[0]["reading"] == "instant"
    await _same(hass, account)


async def test_keeps_what_no_row_says(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """The title that a user gave, the unit that a source had when it was chosen, and what later versions store."""
    source = {"source": "sensor.people", "unit": "persons", "later": 1}
    stored = {"parameters": {"value": [source]}, "unit": "as_is", "reading": "instant", "later": True}
    subentry = add_stream(hass, account, "single_value", stored)
    hass.config_entries.async_update_subentry(account, subentry, title="My own")
    await _same(hass, account)
    rows = await async_export_rows(hass, account)
    rows[0]["interval"] = 60
    rows[0]["parameters"]["value"].append({"entity": "sensor.mode2"})
    meter(hass, "mode2", "1", "persons")
    meter(hass, "people", "3", "persons")
    await _import(hass, account, rows)
    assert subentry.title == "My own"
    assert subentry.data["later"] is True
    assert subentry.data["parameters"]["value"] == [source, {"source": "sensor.mode2", "unit": "persons"}]
    rows[0]["unit"] = "m³"
    meter(hass, "mode2", "1", "L")
    meter(hass, "people", "1", "L")
    await _import(hass, account, rows)
    assert subentry.data["parameters"]["value"] == [
        {"source": "sensor.people", "later": 1},
        {"source": "sensor.mode2"},
    ]


async def test_a_unit_that_changed_stays_to_be_repaired(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """A list that says nothing of it is no proof that the user knows of it."""
    source = {"source": "sensor.people", "unit": "persons"}
    stored = {"parameters": {"value": [source]}, "unit": "as_is", "reading": "instant"}
    subentry = add_stream(hass, account, "single_value", stored)
    await _import(hass, account, [{**row, "interval": 60} for row in await async_export_rows(hass, account)])
    assert (subentry.data["interval"], subentry.data["parameters"]) == (60, {"value": [source]})


async def test_follows_renamed_entities(hass: HomeAssistant, account: MockConfigEntry) -> None:
    grid = er.async_get(hass).async_get("sensor.grid")
    assert grid is not None
    add_stream(hass, account, "electricity", {"parameters": {"aP_1": [{"source": grid.id}]}})
    er.async_get(hass).async_update_entity("sensor.grid", new_entity_id="sensor.renamed")
    assert (await async_export_rows(hass, account))[0]["parameters"] == {"aP_1": [{"entity": "sensor.renamed"}]}
    await _same(hass, account)


async def test_lost_entities_are_no_obstacle_where_they_were(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    gone = registered(hass, "gone", unit_of_measurement="W")
    sources = [{"source": gone.id}, {"source": "sensor.never_there"}]
    add_stream(hass, account, "electricity", {"parameters": {"aP_1": sources}})
    er.async_get(hass).async_remove("sensor.gone")
    await _same(hass, account)
    rows = await async_export_rows(hass, account)
    rows[0]["interval"] = 60
    assert len((await _import(hass, account, rows)).changed) == 1
    rows[0]["parameters"]["aP_2"] = rows[0]["parameters"]["aP_1"]
    plan = await async_plan(hass, account, rows)
    assert [(problem.key, problem.column) for problem in plan.problems] == [("not_numeric", "aP_2")] * 2


async def test_an_entity_that_got_an_id_of_its_own_stays_as_it_was_stored(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    add_stream(hass, account, "electricity", {"parameters": {"aP_1": [{"source": "sensor.later"}]}})
    registered(hass, "later", unit_of_measurement="W")
    await _same(hass, account)


async def test_a_list_with_anything_wrong_does_nothing(hass: HomeAssistant, account: MockConfigEntry) -> None:
    plan = await async_plan(hass, account, [NEW, {**NEW, "stream_id": "second", "interval": 7}])
    assert (plan.created, plan.changed, plan.unchanged) == ((), (), ())
    assert len(plan.problems) == 1


@pytest.mark.parametrize("conflict", ["created", "changed"])
async def test_is_taken_back_when_another_is_faster(
    hass: HomeAssistant, account: MockConfigEntry, conflict: str
) -> None:
    """As soon as a list's first stream is made, its last one is made, or changed, elsewhere."""
    for number in range(30):
        add_stream(hass, account, "electricity", {**POWER, "stream_id": f"old{number}"})
    changes = [{**row, "interval": 60} for row in await async_export_rows(hass, account)]
    additions = [{**NEW, "stream_id": f"new{number}"} for number in range(30)]
    plan = await async_plan(hass, account, [*changes, *additions])
    before = _stored(account)

    async def interfere(hass: HomeAssistant, _: ConfigEntry) -> None:
        account.update_listeners.clear()
        if conflict == "created":
            add_stream(hass, account, "electricity", {**POWER, "stream_id": "new29"})
        else:
            last = [*account.subentries.values()][29]
            hass.config_entries.async_update_subentry(account, last, data={**last.data, "interval": 900})

    account.add_update_listener(interfere)
    with pytest.raises(Outdated):
        await async_apply(hass, account, plan)
    after = _stored(account)
    if conflict == "created":
        assert after.pop()[2] == "new29"
    else:
        before[29][3]["interval"] = 900
    assert after == before


@pytest.mark.parametrize("change", ["removed", "changed"])
async def test_is_not_done_when_a_stream_was_changed_elsewhere(
    hass: HomeAssistant, account: MockConfigEntry, change: str
) -> None:
    first = add_stream(hass, account, "electricity", POWER)
    second = add_stream(hass, account, "electricity", {**POWER, "stream_id": "second"})
    rows = [{**row, "interval": 60} for row in await async_export_rows(hass, account)]
    plan = await async_plan(hass, account, [*rows, NEW])
    if change == "removed":
        hass.config_entries.async_remove_subentry(account, second.subentry_id)
    else:
        hass.config_entries.async_update_subentry(account, second, data={**second.data, "interval": 900})
    before = _stored(account)
    with pytest.raises(Outdated):
        await async_apply(hass, account, plan)
    assert _stored(account) == before
    assert first.data["interval"] == 300
