"""The rules of the suggestions, one by one, and what must hold for any device."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.wattics.delivery.packet import PARAMETERS, Quantity
from custom_components.wattics.suggestions.entity import Entity
from custom_components.wattics.suggestions.reading import Candidate, Flow, candidates, part_phase
from custom_components.wattics.suggestions.suggestion import NoteKind, Suggestion, suggest
from custom_components.wattics.suggestions.words import normalized

from .meters import METERS

_KINDS = {
    "W": ("power", "measurement"),
    "V": ("voltage", "measurement"),
    "A": ("current", "measurement"),
    "var": ("reactive_power", "measurement"),
    "VA": ("apparent_power", "measurement"),
    "kWh": ("energy", "total_increasing"),
}


def _entity(key: str, kind: str, **facts: Any) -> Entity:
    """Return a sensor that only its unique id tells from others; it is suggested by that as its entity id."""
    device_class, state_class = _KINDS[kind]
    known = {"unit": kind, "device_class": device_class, "state_class": state_class, "unique_id": key}
    return Entity(entity_id=key, **{**known, **facts})


def _suggest(*entities: Entity) -> Suggestion:
    return suggest(entities, lambda _entity_id, _code: True)


def _parameters(*entities: Entity) -> dict[str, list[str]]:
    return {code: list(ids) for code, ids in _suggest(*entities).parameters.items()}


@pytest.mark.parametrize(
    ("keys", "codes"),
    [
        (("power_phase_a", "power_phase_b", "power_phase_c"), ("aP_1", "aP_2", "aP_3")),
        (("power_l1", "power_l2", "power_l3"), ("aP_1", "aP_2", "aP_3")),
        (("L1 Power", "L2 Power", "L3 Power"), ("aP_1", "aP_2", "aP_3")),
        (("Phase B power", "Phase A power"), ("aP_2", "aP_1")),
        (("a_power", "b_power", "c_power"), ("aP_1", "aP_2", "aP_3")),
        (("power_1", "power_2", "power_3"), ("aP_1", "aP_2", "aP_3")),
        (("channel_1_power", "channel_2_power", "channel_3_power"), ("aP_1", "aP_2", "aP_3")),
        (("channel_a_power", "channel_b_power", "channel_c_power"), ("aP_1", "aP_2", "aP_3")),
        (("powerL1", "powerL2", "powerL3"), ("aP_1", "aP_2", "aP_3")),
        (("puissance_phase_1", "puissance_phase_2"), ("aP_1", "aP_2")),
        (("potenza_fase_1", "potenza_fase_2"), ("aP_1", "aP_2")),
        (("linea_1_potencia", "linea_2_potencia"), ("aP_1", "aP_2")),
        (("power_phase_r", "power_phase_s", "power_phase_t"), ("aP_1", "aP_2", "aP_3")),
        (("power_r_phase", "power_t_phase"), ("aP_1", "aP_3")),
        (("phase_one_power", "phase_two_power", "phase_three_power"), ("aP_1", "aP_2", "aP_3")),
        (("l1n_power", "l2n_power"), ("aP_1", "aP_2")),
    ],
)
def test_tells_phases(keys: Sequence[str], codes: Sequence[str]) -> None:
    assert _parameters(*(_entity(key, "W") for key in keys)) == {
        code: [key] for code, key in sorted(zip(codes, keys, strict=True))
    }


@pytest.mark.parametrize(
    "keys",
    [
        ("channel_1_power", "channel_2_power"),
        ("channel_a_power", "channel_b_power"),
        ("power_1", "power_2", "power_3", "power_4"),
        ("power_a", "power_b"),
        ("power_l1", "power_l2", "power_l3", "power_l4"),
        ("output_1_power", "output_2_power", "output_3_power"),
        ("circuit_1_power", "circuit_2_power", "circuit_3_power"),
    ],
)
def test_channels_are_no_phases(keys: Sequence[str]) -> None:
    suggestion = _suggest(*(_entity(key, "W") for key in keys))
    assert suggestion == Suggestion({}, {NoteKind.CHANNELS: list(keys)})


def test_says_what_it_guessed() -> None:
    keys = ["channel_1_power", "channel_2_power", "channel_3_power"]
    assert _suggest(*(_entity(key, "W") for key in keys)).notes == {NoteKind.GUESSED: keys}
    assert _suggest(*(_entity(key, "W") for key in ("power_l1", "power_l2", "power_l3"))).notes == {}


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("voltage_l1_l2", "v_12"),
        ("voltage_l2_l3", "v_23"),
        ("voltage_l3_l1", "v_13"),
        ("voltage_l1_l3", "v_13"),
        ("voltage_l1_to_l2", "v_12"),
        ("Voltage L2-L3", "v_23"),
        ("voltage_phase_to_phase_31", "v_13"),
        ("voltage_phase_a_b", "v_12"),
        ("Phase 2 to Phase 3 voltage", "v_23"),
        ("line_1_to_line_2_volts", "v_12"),
        ("ac_voltage_ca", "v_13"),
        ("u12", "v_12"),
        ("Voltage 1-2", "v_12"),
        ("line_voltage_31", "v_13"),
        ("voltage_l2", "v_2"),
        ("ac_voltage_bn", "v_2"),
        ("phase_3_line_to_neutral_volts", "v_3"),
        ("voltage_ac", "v_1"),
        ("voltage", "v_1"),
    ],
)
def test_tells_voltages(key: str, code: str) -> None:
    assert _parameters(_entity("power", "W"), _entity(key, "V")) == {"aP_1": ["power"], code: [key]}


@pytest.mark.parametrize(
    ("key", "unit"),
    [
        ("average_line_to_line_volts", "V"),
        ("voltage_ll", "V"),
        ("average_voltage", "V"),
        ("battery_voltage", "V"),
        ("dc_voltage", "V"),
        ("neutral_current", "A"),
        ("n_current", "A"),
        ("current_n", "A"),
        ("max_current", "A"),
        ("fuse_threshold_l1", "A"),
        ("power_today", "W"),
        ("maximum_power", "W"),
        ("self_consumption", "W"),
        ("energy_cost", "kWh"),
        ("net_energy", "kWh"),
        ("energy_yesterday", "kWh"),
        ("energy_estimate_today", "kWh"),
        ("battery_energy", "kWh"),
        ("gas_energy", "kWh"),
        ("heat_total", "kWh"),
        ("thermal_power", "W"),
        ("energy_last_5_minutes", "kWh"),
        ("energy_saved", "kWh"),
        ("energy_interval", "kWh"),
    ],
)
def test_leaves_out(key: str, unit: str) -> None:
    assert _parameters(
        _entity("power", "W"), _entity("frequency", "W", unit="Hz", device_class="frequency"), _entity(key, unit)
    ) == {"aP_1": ["power"]}


@pytest.mark.parametrize(
    "facts",
    [
        {"state_class": "measurement"},
        {"state_class": None},
        {"device_class": "energy_storage"},
        {"device_class": "monetary"},
        {"unit": "GJ"},
        {"usable": False},
    ],
)
def test_energy_has_to_be_a_counter_of_electricity(facts: dict[str, Any]) -> None:
    energy = replace(_entity("energy", "kWh"), **facts)
    assert _parameters(_entity("power", "W"), energy) == {"aP_1": ["power"]}


def test_a_battery_is_no_meter() -> None:
    named = [_entity("battery_power", "W"), _entity("battery_energy", "kWh")]
    assert _parameters(*named) == {}
    charged = [_entity("energy_charged", "kWh"), _entity("energy_discharged", "kWh")]
    assert _parameters(*charged) == {}
    assert _parameters(_entity("power", "W"), *charged) == {"aP_1": ["power"]}
    assert _parameters(_entity("charging_power", "W"), charged[0]) == {
        "aP_1": ["charging_power"],
        "pC_1": ["energy_charged"],
    }


def test_a_power_is_no_counter() -> None:
    assert _parameters(_entity("power", "W", state_class="total")) == {}


def test_quantities_keep_to_their_codes() -> None:
    keys = {"W": "aP_1", "var": "rP_1", "VA": "apP_1", "V": "v_1", "A": "c_1", "kWh": "pC_1"}
    factor = _entity("factor", "W", unit="%", device_class="power_factor")
    assert _parameters(factor, *(_entity(f"unit {unit}", unit) for unit in keys)) == {
        code: [f"unit {unit}"] for unit, code in keys.items()
    }


def test_a_unit_tells_where_there_is_no_device_class() -> None:
    bare = [_entity(f"unit {unit}", unit, device_class=None) for unit in ("W", "kWh", "A")]
    assert _parameters(*bare) == {"aP_1": ["unit W"], "c_1": ["unit A"], "pC_1": ["unit kWh"]}
    assert _parameters(*bare, _entity("power", "W"))["aP_1"] == ["power"]


def test_what_has_no_power_energy_or_current_is_no_meter() -> None:
    assert _suggest(_entity("voltage", "V")) == Suggestion()
    assert _suggest() == Suggestion()


def test_phases_win_over_a_total() -> None:
    keys = ("power", "power_l1", "power_l2", "power_l3")
    assert _parameters(*(_entity(key, "W") for key in keys)) == {
        f"aP_{number}": [f"power_l{number}"] for number in (1, 2, 3)
    }


def test_a_total_wins_over_phases_that_are_not_all_there() -> None:
    power = [_entity(f"power_l{number}", "W") for number in (1, 2, 3)]
    energy = [_entity("energy", "kWh"), _entity("energy_l1", "kWh"), _entity("energy_l2", "kWh", usable=False)]
    suggestion = _suggest(*power, *energy)
    assert suggestion.parameters["pC_1"] == ["energy"]
    assert "pC_2" not in suggestion.parameters


def test_circuits_are_no_phases_beside_phases() -> None:
    phases = [_entity(f"power_l{number}", "W") for number in (1, 2, 3)]
    suggestion = _suggest(*phases, *(_entity(f"ct_{number}_power", "W") for number in (1, 2, 3)))
    assert suggestion.parameters == {f"aP_{number}": [f"power_l{number}"] for number in (1, 2, 3)}
    assert suggestion.notes == {}


def test_the_first_phase_may_have_no_name() -> None:
    names = ("", "_phase_b", "_phase_c")
    power = [_entity(f"power{name}", "W") for name in names]
    energy = [_entity(f"energy{name}", "kWh") for name in names]
    assert _parameters(*power, *energy) == {
        **{f"aP_{number}": [f"power{name}"] for number, name in enumerate(names, 1)},
        "pC_1": ["energy"],
    }
    assert "aP_1" not in _parameters(*power, _entity("other", "W"))
    assert _parameters(*power[1:], _entity("total_power", "W")) == {"aP_1": ["total_power"]}


def test_phases_that_are_not_all_there_are_better_than_nothing() -> None:
    power = [_entity(f"power_l{number}", "W") for number in (1, 2, 3)]
    assert _parameters(*power, _entity("current_l2", "A"))["c_2"] == ["current_l2"]


def test_the_sum_of_currents_is_no_current() -> None:
    power = [_entity(f"power_l{number}", "W") for number in (1, 2, 3)]
    assert "c_1" not in _parameters(*power, _entity("total_current", "A"))
    assert _parameters(_entity("power", "W"), _entity("total_current", "A"))["c_1"] == ["total_current"]


@pytest.mark.parametrize(
    ("wanted", "other"),
    [
        ("energy_import_active", "energy_export_active"),
        ("energy_consumption", "energy_production"),
        ("energy_delivered", "energy_returned"),
        ("energy_used", "energy_delivered"),
        ("summation_delivered", "summation_received"),
        ("energy", "energy_returned"),
        ("energy_forward", "energy_reverse"),
        ("energy_positive", "energy_negative"),
        ("energy_from_grid", "energy_to_grid"),
        ("energy_in", "energy_out"),
        ("purchased_energy", "feedin_energy"),
        ("Bezug", "Einspeisung"),
        ("verbruik", "teruglevering"),
        ("soutirage", "injection"),
        ("energia prelevata", "energia immessa"),
        ("energía consumida", "energía vertida"),
        ("energia consumida", "energia injetada"),
    ],
)
def test_import_and_export_are_not_mixed(wanted: str, other: str) -> None:
    suggestion = _suggest(_entity("power", "W"), _entity(other, "kWh"), _entity(wanted, "kWh"))
    assert suggestion.parameters == {"aP_1": ["power"], "pC_1": [wanted]}
    assert suggestion.notes == {NoteKind.OTHER_STREAMS: [other]}


def test_power_follows_the_direction() -> None:
    keys = ("power_consumption", "power_production")
    assert _parameters(*(_entity(key, "W") for key in keys))["aP_1"] == ["power_consumption"]


def test_what_only_exports_is_suggested() -> None:
    power, energy = _entity("ac power", "W"), _entity("energy produced", "kWh")
    assert _parameters(power, energy) == {"aP_1": ["ac power"], "pC_1": ["energy produced"]}
    assert _parameters(_entity("power production", "W")) == {"aP_1": ["power production"]}


def test_a_disabled_counter_tells_the_direction() -> None:
    energy = [_entity("energy", "kWh", usable=False), _entity("energy_returned", "kWh")]
    suggestion = _suggest(_entity("power", "W"), *energy)
    assert suggestion.parameters == {"aP_1": ["power"]}
    assert suggestion.notes == {NoteKind.UNUSABLE: ["energy"], NoteKind.OTHER_STREAMS: ["energy_returned"]}


def test_energy_without_direction_gives_way_to_energy_with_one() -> None:
    keys = ("total_energy", "energy_import", "energy_export")
    assert _parameters(*(_entity(key, "kWh") for key in keys)) == {"pC_1": ["energy_import"]}


def test_energy_without_direction_is_no_way_out() -> None:
    keys = ("energy_import_of_one", "energy_import_of_another", "energy", "energy_export")
    suggestion = _suggest(_entity("power", "W"), *(_entity(key, "kWh") for key in keys))
    assert suggestion.parameters == {"aP_1": ["power"]}
    assert suggestion.notes[NoteKind.RIVALS] == list(keys[:2])


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("energy", "energy_today"),
        ("energy", "daily_energy"),
        ("energy_this_month", "energy_today"),
        ("energy_this_year", "energy_this_month"),
        ("total_energy", "energy_a_b"),
        ("energy", "partial_energy"),
    ],
)
def test_the_longest_counter_is_taken(better: str, worse: str) -> None:
    assert _parameters(_entity(worse, "kWh"), _entity(better, "kWh")) == {"pC_1": [better]}


def test_a_daily_counter_is_better_than_none() -> None:
    assert _parameters(_entity("energy_today", "kWh"), _entity("power", "W"))["pC_1"] == ["energy_today"]


@pytest.mark.parametrize(
    "keys",
    [
        ("energy_t1", "energy_t2"),
        ("energy_tariff_1", "energy_tariff_2", "energy_tariff_3"),
        ("low_tariff", "normal_tariff"),
        ("energy_day", "energy_night"),
        ("energy_off_peak", "energy_peak"),
    ],
)
def test_tariffs_are_summed(keys: Sequence[str]) -> None:
    tariffs = [_entity(key, "kWh") for key in keys]
    assert {code: sorted(ids) for code, ids in _parameters(*tariffs).items()} == {"pC_1": sorted(keys)}
    total = _entity("energy_all_tariffs", "kWh", unique_id="energy")
    assert _parameters(*tariffs, total) == {"pC_1": ["energy_all_tariffs"]}


def test_tariffs_that_are_not_all_there_are_no_sum() -> None:
    tariffs = [_entity("energy_t1", "kWh"), _entity("energy_t2", "kWh", usable=False)]
    suggestion = _suggest(_entity("power", "W"), *tariffs)
    assert suggestion.parameters == {"aP_1": ["power"]}
    assert suggestion.notes == {NoteKind.RIVALS: ["energy_t1"], NoteKind.UNUSABLE: ["energy_t2"]}


def test_diagnostics_are_better_than_nothing() -> None:
    voltage = _entity("voltage", "V", category="diagnostic")
    assert _parameters(_entity("power", "W"), voltage)["v_1"] == ["voltage"]
    assert _parameters(_entity("power", "W"), voltage, _entity("line", "V"))["v_1"] == ["line"]


def test_a_diagnostic_counter_that_goes_on_is_better_than_one_of_today() -> None:
    energy = _entity("energy", "kWh", category="diagnostic")
    assert _parameters(energy, _entity("energy_today", "kWh")) == {"pC_1": ["energy"]}


def test_of_two_that_are_alike_none_is_taken() -> None:
    suggestion = _suggest(_entity("kitchen", "W"), _entity("garage", "W"), _entity("current", "A"))
    assert suggestion.parameters == {"c_1": ["current"]}
    assert suggestion.notes == {NoteKind.RIVALS: ["kitchen", "garage"]}


def test_the_place_at_the_grid_is_taken() -> None:
    power = [_entity(f"{place}_power", "W") for place in ("solar", "load", "grid")]
    suggestion = _suggest(*power, _entity("energy", "kWh"))
    assert suggestion.parameters == {"aP_1": ["grid_power"]}
    assert suggestion.notes == {NoteKind.OTHER_STREAMS: ["solar_power", "load_power", "energy"]}


def test_what_says_no_place_goes_with_the_only_one() -> None:
    assert _parameters(_entity("grid_power", "W"), _entity("energy", "kWh"), _entity("current", "A")) == {
        "aP_1": ["grid_power"],
        "c_1": ["current"],
        "pC_1": ["energy"],
    }


def test_what_is_refused_is_not_suggested() -> None:
    entities = [_entity("power", "W"), _entity("energy", "kWh")]
    suggestion = suggest(entities, lambda entity_id, code: (entity_id, code) != ("energy", "pC_1"))
    assert suggestion.parameters == {"aP_1": ["power"]}


def test_the_name_of_the_device_says_nothing() -> None:
    keys = ("l2_solar_export_meter_power", "l2_solar_export_meter_energy", "l2_solar_export_meter_energy_returned")
    entities = [_entity(key, "kWh" if "energy" in key else "W") for key in keys]
    assert _parameters(*entities) == {"aP_1": [keys[0]], "pC_1": [keys[1]]}


def test_the_unique_id_is_believed_before_the_name() -> None:
    entities = [
        _entity(f"power_l{number}", "W", original_name=f"Leistung L{4 - number}", name="Meter")
        for number in (1, 2, 3)
    ]
    assert _parameters(*entities) == {f"aP_{number}": [f"power_l{number}"] for number in (1, 2, 3)}


def test_names_that_no_table_knows_do_no_harm() -> None:
    names = ("有功功率 A相", "Активная мощность", "Czynna moc")
    entities = [_entity(f"power_l{number}", "W", original_name=names[number - 1]) for number in (1, 2, 3)]
    assert _parameters(*entities) == {f"aP_{number}": [f"power_l{number}"] for number in (1, 2, 3)}


@pytest.mark.parametrize(
    ("name", "phase"),
    [
        ("Shelly 3EM Phase A", 1), ("Meter Phase B", 2), ("Meter L3", 3), ("Phase C", 3), ("Meter L1 ", 1),
        ("Meter", None), ("Phase A meter", None), ("Meter Channel 1", None), ("Meter Energy Meter 0", None),
        ("", None),
    ],
)  # fmt: skip
def test_tells_a_part_by_its_name(name: str, phase: int | None) -> None:
    assert part_phase(name) == phase


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ENERGY ApparentPower 0", "_energy_apparent_power_0_"),
        ("Rückspeisung", "_ruckspeisung_"),
        ("total_power_import_t1_kwh", "_total_power_import_t1_kwh_"),
        ("CTEnergy1", "_ct_energy_1_"),
        ("__", "_"),
        ("", "_"),
    ],
)
def test_normalizes(text: str, words: str) -> None:
    assert normalized(text) == words


_WORDS = (
    "power", "energy", "phase", "a", "b", "c", "l1", "l2", "l3", "l4", "1", "2", "total", "import", "export",
    "returned", "tariff", "t1", "t2", "day", "night", "grid", "solar", "load", "channel", "input", "delivered",
    "used", "today", "dc", "battery", "neutral", "voltage", "to", "line",
)  # fmt: skip
_TEXTS = st.lists(st.sampled_from(_WORDS), max_size=5).map("_".join)
_DEVICES = st.lists(
    st.builds(
        _entity,
        key=_TEXTS,
        kind=st.sampled_from(sorted(_KINDS)),
        original_name=st.none() | _TEXTS,
        translation_key=st.none() | _TEXTS,
        category=st.sampled_from((None, None, "diagnostic")),
        usable=st.sampled_from((True, True, True, False)),
        part=st.sampled_from((None, None, "Meter Phase B")),
    ),
    max_size=12,
).map(lambda device: [replace(each, entity_id=f"sensor.{number}") for number, each in enumerate(device)])
_REAL = st.sampled_from(METERS).flatmap(
    lambda meter: st.lists(st.sampled_from(list(meter.entities(enable_all=True).values())), unique=True)
)


@given(_DEVICES | _REAL)
def test_whatever_a_device_has(device: list[Entity]) -> None:
    suggestion = _suggest(*device)
    by_id = {entity.entity_id: entity for entity in device}
    read = {candidate.entity.entity_id: candidate for candidate in candidates(device)}
    chosen = [(code, read[entity_id]) for code, ids in suggestion.parameters.items() for entity_id in ids]

    assert all(by_id[candidate.entity.entity_id].usable for _, candidate in chosen)
    assert len({candidate.entity.entity_id for _, candidate in chosen}) == len(chosen)
    assert all(PARAMETERS[code].quantity is candidate.quantity for code, candidate in chosen)
    assert {candidate.flow for _, candidate in chosen} in (
        set(),
        {Flow.UNSAID},
        {Flow.IMPORT},
        {Flow.EXPORT},
        {Flow.IMPORT, Flow.UNSAID},
        {Flow.EXPORT, Flow.UNSAID},
    )
    assert all(_is_of_a_phase(suggestion, code, candidate) for code, candidate in chosen)
    for code, ids in suggestion.parameters.items():
        if len(ids) > 1:
            assert PARAMETERS[code].quantity is Quantity.ENERGY
            assert len({read[entity_id].tariff for entity_id in ids} - {None}) == len(ids)
    named = list(chain.from_iterable(suggestion.notes.values()))
    assert set(named) <= set(by_id)


def _is_of_a_phase(suggestion: Suggestion, code: str, candidate: Candidate) -> bool:
    """Whether an entity is alone in its quantity, or a phase among phases, and no total besides them."""
    codes = [each for each in suggestion.parameters if PARAMETERS[each].quantity is candidate.quantity]
    if len(codes) == 1 or candidate.phase or candidate.pair or candidate.channels:
        return True
    return code.endswith("_1") and len(codes) == 3 and not candidate.is_total
