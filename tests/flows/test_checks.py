"""The rules by which a stream may be stored, whoever makes it."""

import ast
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.wattics.flows import checks
from custom_components.wattics.flows.checks import StreamError, check_stream
from custom_components.wattics.flows.sources import SourceError

from .meters import meter, registered
from .texts import languages, placeholders

IDENTITY = {"name": "Main", "stream_id": "main", "interval": 300}


def _electricity(parameters: dict[str, list[dict[str, Any]]], **settings: Any) -> dict[str, Any]:
    return {**IDENTITY, "parameters": parameters, **settings}


def _value(*sources: dict[str, Any], unit: str = "m³", **settings: Any) -> dict[str, Any]:
    return {**IDENTITY, "parameters": {"value": list(sources)}, "unit": unit, **settings}


def _keys(errors: list[StreamError]) -> list[tuple[checks.Path, str]]:
    return [(error.path, error.key) for error in errors]


async def test_nothing_is_wrong_with_a_good_stream(hass: HomeAssistant) -> None:
    power, energy = meter(hass, "power", "1", "kW"), registered(hass, "energy", unit_of_measurement="kWh")
    stream = _electricity(
        {
            "aP_1": [{"source": power, "factor": -2, "direction": "export"}],
            "pC_1": [{"source": energy.id, "factor": 0.5, "maximum_rate": 5000}],
        },
        method="latest",
        reading="interval",
        maximum_age=900,
        time_zone="Europe/Rome",
    )
    assert check_stream(hass, stream, zones={"Europe/Rome"}) == []
    gas = meter(hass, "gas", "1", "L")
    assert check_stream(hass, _value({"source": gas, "factor": -1}, method="mean", maximum_age=60)) == []
    counted = _value({"source": gas, "factor": 2, "maximum_rate": 0.5}, reading="cumulative", method="latest")
    assert check_stream(hass, counted, zones={"UTC"}) == []


@pytest.mark.parametrize(
    ("changes", "path", "key"),
    [
        ({"stream_id": ""}, ("stream_id",), "invalid_stream_id"),
        ({"stream_id": " main"}, ("stream_id",), "invalid_stream_id"),
        ({"interval": 7}, ("interval",), "invalid_interval"),
        ({"interval": 7.5}, ("interval",), "invalid_interval"),
        ({"reading": "instant"}, ("reading",), "invalid_reading"),
        ({"maximum_age": 0}, ("maximum_age",), "invalid_maximum_age"),
        ({"maximum_age": 0.5}, ("maximum_age",), "invalid_maximum_age"),
        ({"maximum_age": float("inf")}, ("maximum_age",), "invalid_maximum_age"),
        ({"time_zone": "Europe/Rom"}, ("time_zone",), "invalid_time_zone"),
    ],
)
async def test_settings_of_electricity(
    hass: HomeAssistant, changes: dict[str, Any], path: checks.Path, key: str
) -> None:
    stream = _electricity({"aP_1": [{"source": meter(hass, "power", "1", "W")}]}, **changes)
    assert _keys(check_stream(hass, stream, zones={"UTC"})) == [(path, key)]


@pytest.mark.parametrize(
    ("code", "source", "error"),
    [
        ("v_1", {"factor": 2}, ("factor", "no_factor")),
        ("aP_1", {"factor": 0}, ("factor", "invalid_factor")),
        ("pC_1", {"factor": -1}, ("factor", "invalid_factor")),
        ("c_1", {"direction": "import"}, ("direction", "no_direction")),
        ("aP_1", {"maximum_rate": 5}, ("maximum_rate", "only_counters")),
        ("pC_1", {"maximum_rate": 0}, ("maximum_rate", "invalid_maximum_rate")),
        ("pC_1", {"maximum_rate": float("nan")}, ("maximum_rate", "invalid_maximum_rate")),
    ],
)
async def test_adjustments(hass: HomeAssistant, code: str, source: dict[str, Any], error: tuple[str, str]) -> None:
    units = {"v": "V", "aP": "W", "pC": "Wh", "c": "A"}
    good, bad = (meter(hass, name, "1", units[code.partition("_")[0]]) for name in ("good", "bad"))
    sources = [{"source": good}] if code != "v_1" else []
    stream = _electricity({code: [*sources, {"source": bad, **source}]})
    field, key = error
    assert _keys(check_stream(hass, stream)) == [(("parameters", code, len(sources), field), key)]


async def test_entities(hass: HomeAssistant) -> None:
    one, two = meter(hass, "one", "1", "V"), meter(hass, "two", "1", "A")
    stream = _electricity(
        {
            "v_1": [{"source": one}, {"source": two}],
            "c_1": [{"source": two}, {"source": two}],
            "c_2": [{"source": "sensor.nowhere"}],
        }
    )
    assert check_stream(hass, stream) == [
        (("parameters", "v_1"), "one_entity", {"one_entity": "v_1"}),
        (("parameters", "v_1", 1), "wrong_unit", {"wrong_unit": "two (sensor.two) [A] → v_1 [V]"}),
        (("parameters", "c_1", 1), "twice", {"twice": "two (sensor.two) [A] → c_1 [A]"}),
        (("parameters", "c_2", 0), "not_numeric", {"not_numeric": "sensor.nowhere [-] → c_2 [A]"}),
    ]
    assert _keys(check_stream(hass, _electricity({"aP_1": []}))) == [(("parameters",), "no_parameters")]


async def test_a_source_may_be_gone_only_where_it_was(hass: HomeAssistant) -> None:
    before = _electricity({"c_1": [{"source": "sensor.gone"}]})
    assert check_stream(hass, before, before=before) == []
    moved = _electricity({"c_2": [{"source": "sensor.gone"}]})
    assert _keys(check_stream(hass, moved, before=before)) == [(("parameters", "c_2", 0), "not_numeric")]


async def test_units_of_a_single_value(hass: HomeAssistant) -> None:
    gas, heat = {"source": meter(hass, "gas", "1", "m³")}, {"source": meter(hass, "heat", "1", "°C")}
    assert check_stream(hass, _value(gas, heat, unit="L")) == [
        (("unit",), "wrong_unit", {"wrong_unit": "heat (sensor.heat) [°C] → L"})
    ]
    assert check_stream(hass, _value(gas, heat, unit="as_is")) == [
        (("unit",), "wrong_unit", {"wrong_unit": "gas (sensor.gas) [m³]; heat (sensor.heat) [°C]"})
    ]


@pytest.mark.parametrize("reading", ["cumulative", "interval"])
async def test_what_does_not_apply_to_a_counter(hass: HomeAssistant, reading: str) -> None:
    level = meter(hass, "level", "5", "L", state_class="measurement")
    stream = _value({"source": level, "factor": -1}, reading=reading, method="mean", maximum_age=60)
    assert _keys(check_stream(hass, stream)) == [
        (("parameters", "value", 0, "factor"), "invalid_factor"),
        (("parameters", "value", 0), "net_counter"),
        (("method",), "only_instant"),
        (("maximum_age",), "only_instant"),
    ]


async def test_what_applies_to_a_counter_only(hass: HomeAssistant) -> None:
    stream = _value({"source": meter(hass, "gas", "5", "m³"), "maximum_rate": 1}, reading="instant")
    assert _keys(check_stream(hass, stream)) == [(("parameters", "value", 0, "maximum_rate"), "only_counters")]


def test_errors_have_their_texts() -> None:
    code = ast.walk(ast.parse(Path(checks.__file__).read_text("utf-8")))
    strings = {node.value for node in code if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    for texts in languages().values():
        errors = {kind: texts["config_subentries"][kind]["error"] for kind in ("electricity", "single_value")}
        known = set.union(*map(set, errors.values()))
        raised = {key for key in known if key in strings} | set(SourceError)
        assert raised - set(errors["electricity"]) == {"only_instant"}
        assert raised - set(errors["single_value"]) == {"one_entity", "no_factor", "invalid_reading"}
        for kind in errors.values():
            assert all(placeholders(text) <= {key} for key, text in kind.items())
