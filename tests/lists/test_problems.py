"""Everything that can be wrong with a list is said, with its place, and all at once."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wattics.lists.fields import MAX_CHARACTERS
from custom_components.wattics.lists.plan import async_plan
from custom_components.wattics.lists.wording import MOST_SHOWN, async_problems
from tests.flows.meters import add_stream
from tests.flows.texts import languages

pytestmark = pytest.mark.usefixtures("entities")

GOOD = {"stream_id": "main", "interval": 300, "parameters": {"aP_1": "sensor.power"}}
HEAD = "name,stream_id,interval,aP_1,value,unit\n"

ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "missing": ({"stream_id": None}, "Stream 1, stream_id: This is missing"),
    "missing interval": ({"interval": " "}, "Stream 1, interval: This is missing"),
    "missing unit": ({"parameters": {"value": "sensor.gas"}}, "Stream 1, unit: This is missing"),
    "no_entity": ({"parameters": {"aP_1": [{"factor": 2}]}}, "Stream 1, aP_1: An entity is missing."),
    "no_number": ({"interval": "5 min"}, "Stream 1, interval: 5 min is not a number."),
    "no_number infinite": ({"interval": float("inf")}, "Stream 1, interval: inf is not a number."),
    "no_number large": ({"interval": 10**400}, "Stream 1, interval: 1000"),
    "no_number bool": ({"interval": True}, "Stream 1, interval: True is not a number."),
    "no_number list": ({"interval": [300]}, "Stream 1, interval: … is not a number."),
    "no_number factor": (
        {"parameters": {"aP_1": [{"entity": "sensor.power", "factor": "x"}]}},
        "Stream 1, aP_1: x is not a number.",
    ),
    "entity": ({"parameters": {"aP_1": "sensor.power/2"}}, "Stream 1, aP_1: These don't exist"),
    "no_sources": (
        {"parameters": {"aP_1": "sensor.power *"}},
        "Stream 1, aP_1: sensor.power * can't be read. Write entities as in sensor.t1*0.001 + sensor.t2.",
    ),
    "no_sources number": ({"parameters": {"aP_1": [5]}}, "Stream 1, aP_1: 5 can't be read."),
    "no_text": ({"stream_id": 123}, "Stream 1, stream_id: 123 is not a text. Put it in quotation marks."),
    "no_text half": ({"name": "a\ud800"}, "Stream 1, name: "),
    "no_unit": ({"unit": "W"}, "Stream 1, unit: Only single values have a unit"),
    "not_a_mapping": ({"parameters": "sensor.power"}, "Stream 1, parameters: This can't be read."),
    "not_of_electricity": (
        {"type": "electricity", "parameters": {"aP_1": "sensor.power", "value": "sensor.gas"}},
        "Stream 1, value: This is only for single values.",
    ),
    "not_of_single_value": (
        {"type": "single_value", "unit": "m³", "parameters": {"aP_1": "sensor.power", "value": "sensor.gas"}},
        "Stream 1, aP_1: This is only for electricity.",
    ),
    "type_change": (
        {"type": "single_value", "stream_id": "there", "unit": "m³", "parameters": {"value": "sensor.gas"}},
        "Stream 1, type: This stream is of the type electricity, and that can't be changed.",
    ),
    "twice": ({"Name": "a", "name": "b"}, "Stream 1, name: This is there twice."),
    "unknown_choice": ({"method": "median"}, "Stream 1, method: median is none of the choices: mean, latest."),
    "unknown_field": ({"id": "x"}, "Stream 1, id: There is no field id. The fields of a stream are type, name,"),
    "unknown_parameter": (
        {"parameters": {"aP_1": "sensor.power", "aP_4": "sensor.power"}},
        "Stream 1, parameters: There is no parameter aP_4. The parameters are aP_1,",
    ),
    "unknown_source_field": (
        {"parameters": {"aP_1": [{"entity": "sensor.power", "scale": 2}]}},
        "Stream 1, aP_1: There is no scale for an entity. What there is: entity, factor, direction, maximum_rate.",
    ),
    # What forms refuse, too.
    "interval": ({"interval": 7}, "Stream 1, interval: Choose an interval from 5 seconds"),
    "interval half": ({"interval": 300.5}, "Stream 1, interval: Choose an interval from 5 seconds"),
    "stream_id": ({"stream_id": "a\tb"}, "Stream 1, stream_id: A stream ID has 1 to 255 characters"),
    "maximum_age": ({"maximum_age": 0.5}, "Stream 1, maximum_age: "),
    "time_zone": ({"time_zone": "Europe/Atlantis"}, "Stream 1, time_zone: "),
    "reading": ({"reading": "instant"}, "Stream 1, reading: "),
    "no_parameters": ({"parameters": {"aP_1": None}}, "Stream 1, parameters: Choose at least one entity."),
    "no_parameters of a value": (
        {"type": "single_value", "unit": "m³", "parameters": {}},
        "Stream 1, parameters: Choose at least one entity.",
    ),
    "direction of a value": (
        {"parameters": {"value": "sensor.gas{import}"}, "unit": "m³"},
        "Stream 1, value: ",
    ),
    "factor": ({"parameters": {"aP_1": "sensor.power*0"}}, "Stream 1, aP_1: The factor has to be"),
    "not_numeric": (
        {"parameters": {"aP_1": "sensor.mode"}},
        "Stream 1, aP_1: These don't exist or their state is not a number: mode (sensor.mode) [-] → aP_1 [W].",
    ),
    "wrong_unit": ({"parameters": {"v_1": "sensor.power"}}, "Stream 1, v_1: These units can't be converted: "),
    "value": (
        {"parameters": {"value": "sensor.gas"}, "unit": "kWh"},
        "Stream 1, unit: These units don't go together: gas (sensor.gas) [m³] → kWh.",
    ),
}

TEXTS = {
    "column_twice": (f"{HEAD.strip()},name\n", "Line 1, name: There are two columns of this name."),
    "duplicate_line": (
        f"{HEAD}a,x,60,sensor.power,,\n\na,x,60,sensor.power,,\n",
        "Line 4, stream_id: Line 2 has the same stream ID.",
    ),
    "no_heading": (f"{HEAD}a,x,60,sensor.power,,,hello\n", "Line 2, 7: There is hello in this column"),
    "unknown_column": (f"{HEAD.strip()},id\n", "Line 1, id: There is no column of this name."),
    "quotes": (f'{HEAD}a,"x\n', "Line 2: The quotation marks here don't match."),
    "in a cell": (f"{HEAD}a,x,7,sensor.power,,\n", "Line 2, interval: Choose an interval"),
    "in a cell with sources": (f"{HEAD}a,x,60,sensor.power{{up}},,\n", "Line 2, aP_1: up is none of the choices"),
    "not_a_list": ("hello", "Line 1: This is not a list of streams."),
    "yaml": ("- a: b: c", "Line 1: This is not valid YAML: mapping values are not allowed in this context."),
    "documents": ("- a\n---\n- b", "Line 2: A second list begins here."),
    "alias": ("- &a b\n- *a", "Line 2: Lists can't refer"),
    "tag": ("- !secret b", "Line 1: Lists can't use !secret."),
    "too_deep": ("[[[[[[[[[[", "Line 1: This is nested too deep"),
    "too_long": ("-" * (MAX_CHARACTERS + 1), "The list is longer than 1000000 characters."),
    "too_many": ("- a\n" * 1001, "The list has 1001 streams, and 1000 can be imported at a time."),
    "not_text": ("\ud800", "There are characters in it that are no text."),
    "not_a_mapping": ("- sensor.power", "Line 1: This can't be read. What belongs here has these names"),
    "in a source": (
        "- stream_id: a\n  interval: 60\n  parameters:\n    aP_1:\n    - entity: sensor.power\n      factor: 0\n",
        "Line 6, aP_1: The factor has to be",
    ),
    "in another": ("- stream_id: a\n  interval: 60\n- name: a\n  parameters: {}", "Line 1, parameters: Choose"),
}


async def _said(hass: HomeAssistant, account: MockConfigEntry, source: str | list[Any]) -> list[str]:
    add_stream(hass, account, "electricity", {"stream_id": "there", "parameters": {}})
    plan = await async_plan(hass, account, source)
    assert plan.does_nothing
    return await async_problems(hass, plan.problems)


@pytest.mark.parametrize("name", ROWS)
async def test_says_what_is_wrong_with_data(hass: HomeAssistant, account: MockConfigEntry, name: str) -> None:
    changes, expected = ROWS[name]
    (said,) = await _said(hass, account, [{**GOOD, **changes}])
    assert said.startswith(expected)


@pytest.mark.parametrize("name", TEXTS)
async def test_says_what_is_wrong_with_a_text(hass: HomeAssistant, account: MockConfigEntry, name: str) -> None:
    text, expected = TEXTS[name]
    said = await _said(hass, account, text)
    assert said[0].startswith(expected)


async def test_says_what_is_there_twice_in_data(hass: HomeAssistant, account: MockConfigEntry) -> None:
    (said,) = await _said(hass, account, [GOOD, GOOD])
    assert said.startswith("Stream 2, stream_id: Stream 1 of the list has the same stream ID.")


async def test_says_all_at_once_in_the_order_of_the_list(hass: HomeAssistant, account: MockConfigEntry) -> None:
    said = await _said(
        hass,
        account,
        "- stream_id: a\n  interval: 7\n  method: x\n"
        "- id: b\n  interval: 60\n  parameters: {v_1: sensor.power*2}\n",
    )
    assert [sentence.split(":")[0] for sentence in said] == [
        "Line 1, parameters",
        "Line 2, interval",
        "Line 3, method",
        "Line 4, id",
        "Line 4, stream_id",
        "Line 6, v_1",
        "Line 6, v_1",
    ]


async def test_says_no_more_than_one_reads(hass: HomeAssistant, account: MockConfigEntry) -> None:
    said = await _said(hass, account, [{**GOOD, "stream_id": str(number), "interval": 7} for number in range(60)])
    assert len(said) == MOST_SHOWN + 1
    assert said[-1] == "And 10 more."


def test_every_sentence_is_said_somewhere() -> None:
    sentences = set(languages()["en"]["selector"]["list"]["options"])
    elsewhere = {
        "change",
        "changed",
        "created",
        "more",
        "others",
        "unchanged",
        "wrong",
        "new_electricity",
        "new_single_value",
    }
    places = {"at_line", "at_line_column", "at_row", "at_row_column", "duplicate_row"}
    assert sentences - elsewhere - places <= {*ROWS, *TEXTS}
