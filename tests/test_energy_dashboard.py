"""What the Energy dashboard's preferences say of meters and powers."""

from typing import Any

import pytest

from custom_components.wattics.energy_dashboard import Kind, Meter, Power, meters
from custom_components.wattics.sampling.stream import Direction

IMPORT, EXPORT = Direction.IMPORT, Direction.EXPORT


def _read(*sources: dict[str, Any], **preferences: Any) -> list[Meter]:
    return list(meters({"energy_sources": list(sources), "device_consumption": [], **preferences}))


def _grid(number: int = 1, **source: Any) -> dict[str, Any]:
    return {"type": "grid", "stat_energy_from": f"sensor.in_{number}", "stat_energy_to": None, **source}


def _powers(*sources: dict[str, Any]) -> list[Power | None]:
    return [meter.power for meter in _read(*sources)]


def test_empty_preferences() -> None:
    assert _read() == []
    assert list(meters({})) == []


def test_every_kind_in_the_order_of_the_dashboard() -> None:
    found = _read(
        {"type": "water", "stat_energy_from": "sensor.water"},
        {"type": "home", "stat_energy_to": "sensor.home", "stat_rate": "sensor.home_power"},
        _grid(stat_energy_to="sensor.out", name="Street"),
        {"type": "solar", "stat_energy_from": "sensor.sun", "stat_rate": "sensor.sun_power", "name": "Roof"},
        {"type": "battery", "stat_energy_from": "sensor.discharged", "stat_energy_to": "sensor.charged"},
        {"type": "gas", "stat_energy_from": "sensor.gas", "stat_rate": "sensor.gas_flow"},
        {"type": "tides", "stat_energy_from": "sensor.tides"},
        device_consumption=[
            {"stat_consumption": "sensor.oven", "stat_rate": "sensor.oven_power", "name": "Oven"},
            {"stat_consumption": "sensor.kettle", "included_in_stat": "sensor.kitchen"},
        ],
        device_consumption_water=[{"stat_consumption": "sensor.shower", "stat_rate": "sensor.shower_flow"}],
    )
    assert found == [
        Meter(Kind.WATER, "sensor.water"),
        Meter(Kind.HOME, "sensor.home", power=Power("sensor.home_power")),
        Meter(Kind.GRID_IMPORT, "sensor.in_1", "Street"),
        Meter(Kind.GRID_EXPORT, "sensor.out", "Street"),
        Meter(Kind.SOLAR, "sensor.sun", "Roof", Power("sensor.sun_power")),
        Meter(Kind.BATTERY_OUT, "sensor.discharged"),
        Meter(Kind.BATTERY_IN, "sensor.charged"),
        Meter(Kind.GAS, "sensor.gas"),
        Meter(Kind.DEVICE, "sensor.oven", "Oven", Power("sensor.oven_power")),
        Meter(Kind.DEVICE, "sensor.kettle", included_in="sensor.kitchen"),
        Meter(Kind.WATER_DEVICE, "sensor.shower"),
    ]


@pytest.mark.parametrize(
    ("source", "out_of", "into"),
    [
        ({}, None, None),
        ({"stat_rate": "sensor.p"}, Power("sensor.p", IMPORT), Power("sensor.p", EXPORT)),
        (
            {"stat_rate": "sensor.p", "power_config": {"stat_rate": "sensor.p"}},
            Power("sensor.p", IMPORT),
            Power("sensor.p", EXPORT),
        ),
        (
            {"stat_rate": "sensor.p_inverted", "power_config": {"stat_rate_inverted": "sensor.p"}},
            Power("sensor.p", EXPORT),
            Power("sensor.p", IMPORT),
        ),
        (
            {
                "stat_rate": "sensor.energy_grid_net_power",
                "power_config": {"stat_rate_from": "sensor.p_in", "stat_rate_to": "sensor.p_out"},
            },
            Power("sensor.p_in"),
            Power("sensor.p_out"),
        ),
    ],
)
@pytest.mark.parametrize("kind", ["grid", "battery"])
def test_power_both_ways(kind: str, source: dict[str, Any], out_of: Power | None, into: Power | None) -> None:
    both = {"type": kind, "stat_energy_from": "sensor.a", "stat_energy_to": "sensor.b", **source}
    assert _powers(both) == [out_of, into]


def test_a_grid_may_have_one_way_only_or_none() -> None:
    assert _read(_grid(stat_rate="sensor.p")) == [
        Meter(Kind.GRID_IMPORT, "sensor.in_1", power=Power("sensor.p", IMPORT))
    ]
    (export,) = _read({"type": "grid", "stat_energy_from": None, "stat_energy_to": "sensor.out"})
    assert export.kind is Kind.GRID_EXPORT
    assert _read({"type": "grid", "stat_energy_from": None, "stat_energy_to": None, "stat_rate": "sensor.p"}) == []


def test_one_power_for_several_connections_belongs_to_none() -> None:
    assert _powers(_grid(1, stat_rate="sensor.p"), _grid(2)) == [None, None]
    assert _powers(_grid(1, stat_rate="sensor.p"), _grid(2, stat_rate="sensor.q")) == [
        Power("sensor.p", IMPORT),
        Power("sensor.q", IMPORT),
    ]
