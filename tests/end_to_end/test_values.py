"""What arrives is what the meters showed: compared with Home Assistant's own record of their states.

Electricity arrives as means, but for energy; single values as they are at the boundary.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from pathlib import Path
import re
from zoneinfo import ZoneInfo

from homeassistant.util.yaml import load_yaml_dict
import pytest
import pytest_socket

from tests.home_assistant.wattics import (
    GAS,
    HEATING_WATER_TEMPERATURE,
    MAIN_METER,
    OUTDOOR_TEMPERATURE,
    add_electricity,
    add_single_value,
)

from .home import TIME_ZONE, Home, Sample

_ACTIONS = Path(__file__).parents[2] / "custom_components" / "wattics" / "services.yaml"
_LATE = timedelta(seconds=2)
"""How late a tick may read the states that it stamps with the boundary."""
_RECORDED = timedelta(seconds=5)
"""After which the recorder has written a state."""
_PER_UNIT = {
    "W": 1.0,
    "kW": 1000.0,
    "var": 1.0,
    "kvar": 1000.0,
    "VA": 1.0,
    "V": 1.0,
    "A": 1.0,
    "mA": 0.001,
    "kWh": 1000.0,
    "m³": 1.0,
    "°C": 1.0,
}
"""Unit of a meter → how many of Wattics' units it is."""
_TARIFFS = {
    "aP_3": MAIN_METER["aP_3"],
    "pC_1": ["sensor.main_meter_energy_tariff_1", "sensor.main_meter_energy_tariff_2"],
}
_BY_HAND = {
    "sensor.by_hand_power": ("1.5", "kW"),
    "sensor.by_hand_energy": ("3.25", "MWh"),
    "sensor.by_hand_current": ("2500", "mA"),
    "sensor.by_hand_reactive_power": ("0.75", "kvar"),
}
_BY_HAND_PARAMETERS = {
    "aP_1": ["sensor.by_hand_power"],
    "pC_1": ["sensor.by_hand_energy"],
    "c_1": ["sensor.by_hand_current"],
    "rP_1": ["sensor.by_hand_reactive_power"],
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Return a home with streams of all kinds."""
    # A test's own `socket_enabled` comes only after this.
    pytest_socket.enable_socket()
    with Home("run", tmp_path_factory.mktemp("home")) as home:
        home.start()
        for entity, (state, unit) in _BY_HAND.items():
            home.api.set_state(entity, state, unit_of_measurement=unit)
        add_electricity(home.api, home.entry_id, "all", MAIN_METER)
        add_electricity(home.api, home.entry_id, "tariffs", _TARIFFS, seconds=5, time_zone="Asia/Kathmandu")
        add_electricity(home.api, home.entry_id, "by-hand", _BY_HAND_PARAMETERS)
        add_single_value(home.api, home.entry_id, "gas", GAS, "m³")
        add_single_value(home.api, home.entry_id, "outdoor", OUTDOOR_TEMPERATURE, "°C")
        add_single_value(home.api, home.entry_id, "water", HEATING_WATER_TEMPERATURE, "°C")
        yield home


def test_all_parameters_arrive_in_their_units(home: Home) -> None:
    """All 21, from W, kW, var, kvar, A, mA, V, VA and kWh."""
    sample = home.wait_for_packets("all", 3)[-1]

    states = home.api.states()
    units = {states[entity]["attributes"]["unit_of_measurement"] for (entity,) in MAIN_METER.values()}
    assert units == {"W", "kW", "var", "kvar", "VA", "V", "A", "mA", "kWh"}
    assert sample.values.keys() == MAIN_METER.keys()
    _assert_as_recorded(home, sample, MAIN_METER, seconds=10)


def test_tariffs_are_summed_in_the_streams_time_zone(home: Home) -> None:
    """Two sources of one parameter; a subset of the parameters is a packet with just those keys."""
    sample = home.wait_for_packets("tariffs", 3)[-1]

    assert sample.values.keys() == _TARIFFS.keys()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d[05]\.000\+05:45", sample.stamp)
    _assert_as_recorded(home, sample, _TARIFFS, seconds=5)


@pytest.mark.parametrize(("stream_id", "entity"), [("gas", GAS), ("outdoor", OUTDOOR_TEMPERATURE)])
def test_single_values_arrive(home: Home, stream_id: str, entity: str) -> None:
    """A register and a measurement."""
    for sample in home.wait_for_packets(stream_id, 2):
        assert sample.values.keys() == {"value"}
        _assert_as_recorded(home, sample, {"value": [entity]})


def test_the_chosen_unit_is_sent(home: Home) -> None:
    """A temperature in °F, sent in °C."""
    sample = home.wait_for_packets("water", 1)[0]

    assert home.api.states()[HEATING_WATER_TEMPERATURE]["attributes"]["unit_of_measurement"] == "°F"
    recorded = _recorded(home, HEATING_WATER_TEMPERATURE, sample)
    assert sample.values["value"] in {round((fahrenheit - 32) / 1.8, 6) for fahrenheit in recorded}


def test_entities_without_registry_id_in_other_units(home: Home) -> None:
    """States of kW, MWh, mA and kvar that no integration stands behind."""
    sample = home.wait_for_packets("by-hand", 2)[-1]

    assert sample.values == {"aP_1": 1500, "pC_1": 3250000, "c_1": 2.5, "rP_1": 750}


def test_stamps_are_boundaries_in_home_assistants_time_zone(home: Home) -> None:
    """Each follows the one before by exactly the interval."""
    samples = home.wait_for_packets("gas", 3)

    for sample in samples:
        local = sample.instant.astimezone(ZoneInfo(TIME_ZONE))
        assert local.second % 10 == 0
        assert sample.stamp == local.isoformat(timespec="milliseconds")
        assert re.search(r":\d0\.000[+-]\d\d:\d\d$", sample.stamp)
    instants = [sample.instant for sample in samples]
    assert instants == [instants[0] + number * timedelta(seconds=10) for number in range(len(instants))]


def test_what_is_no_value_is_never_sent(home: Home) -> None:
    """A parameter without a value is left out; a packet without a parameter is not made."""
    bad = {
        "v_1": "unknown",
        "v_2": "unavailable",
        "v_3": "nan",
        "v_12": "inf",
        "v_13": "-Infinity",
        "v_23": "two hundred and thirty",
    }
    entities = {code: f"sensor.bad_{code.lower()}" for code in [*bad, "aP_1", "aP_2"]}
    for code, entity in entities.items():
        home.api.set_state(entity, "230", unit_of_measurement="V" if code in bad else "W")
    lists = {code: [entity] for code, entity in entities.items()}
    add_electricity(home.api, home.entry_id, "some-good", lists, seconds=5)
    del lists["aP_1"]
    add_electricity(home.api, home.entry_id, "none-good", lists, seconds=5)
    assert home.wait_for_packets("some-good", 2)[-1].values.keys() == entities.keys()
    assert home.wait_for_packets("none-good", 2)[-1].values.keys() == lists.keys()

    for code, state in bad.items():
        home.api.set_state(entities[code], state, unit_of_measurement="V")
    home.api.delete(f"/api/states/{entities['aP_2']}")
    # The interval that the change falls into has a mean of its first half.
    changed = datetime.now(UTC) + timedelta(seconds=5)

    for sample in home.wait_for_packets("some-good", 2, after=changed):
        assert sample.values == {"aP_1": 230}
    assert not [sample for sample in home.accepted("none-good") if sample.instant > changed]


def test_nothing_was_refused_and_streams_took_turns(home: Home) -> None:
    """What the collector says of the traffic of all tests before this one."""
    state = home.collector.state()

    assert state["refused"] == []
    assert state["discarded"] == []
    assert set(state["statistics"]["most_in_flight_by_stream"].values()) == {1}


def _assert_as_recorded(
    home: Home, sample: Sample, parameters: Mapping[str, list[str]], *, seconds: int = 0
) -> None:
    """Compare each value with what the recorder says that the sources showed.

    For registers and single values that is at the sample's boundary, else in the `seconds` before it.
    """
    units = {entity: state["attributes"].get("unit_of_measurement") for entity, state in home.api.states().items()}
    for code, entities in parameters.items():
        if code.startswith("pC") or code == "value":
            readings = [
                [value * _PER_UNIT[units[entity]] for value in _recorded(home, entity, sample)]
                for entity in entities
            ]
            expected = {round(sum(combination), 6) for combination in product(*readings)}
            assert sample.values[code] in expected, (code, sample.values[code], expected)
        else:
            means = [_mean(home, entity, sample, seconds) * _PER_UNIT[units[entity]] for entity in entities]
            assert sample.values[code] == pytest.approx(sum(means), rel=1e-6, abs=1e-5), code


def _mean(home: Home, entity: str, sample: Sample, seconds: int) -> float:
    """Return the mean of what an entity showed in the seconds before the sample's boundary."""
    start = sample.instant - timedelta(seconds=seconds)
    home.wait_until(lambda: datetime.now(UTC) > sample.instant + _RECORDED, "time for the recorder")
    rows = home.api.history(entity, start.isoformat(), sample.instant.isoformat())
    since = [max(datetime.fromisoformat(row["last_changed"]), start) for row in rows]
    spans = [(until - begin).total_seconds() for begin, until in pairwise([*since, sample.instant])]
    return sum(float(row["state"]) * span for row, span in zip(rows, spans, strict=True)) / sum(spans)


def _recorded(home: Home, entity: str, sample: Sample) -> list[float]:
    """Return the values that an entity showed from the sample's boundary on, for as long as a tick may be late."""
    end = sample.instant + _LATE
    home.wait_until(lambda: datetime.now(UTC) > sample.instant + _RECORDED, "time for the recorder")
    rows = home.api.history(entity, sample.instant.isoformat(), end.isoformat())
    assert rows
    return [float(row["state"]) for row in rows]


def test_the_frontend_gets_what_it_needs_to_load(home: Home) -> None:
    """It loads only with the descriptions of all actions, ours among them."""
    actions = {row["domain"]: set(row["services"]) for row in home.api.get("/api/services")}
    assert actions["wattics"] == load_yaml_dict(_ACTIONS).keys()
