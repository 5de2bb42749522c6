"""The simulated meters are as real ones: power, energy, voltage and current agree with each other."""

from itertools import pairwise
from math import isclose, sqrt

import pytest

from .simulated_meters.curves import DAY, HOUR
from .simulated_meters.meters import PAIRS, PHASES, GasMeter, Thermometers, ThreePhaseMeter

_MOMENT = 200 * DAY
_EVERY_MINUTE = [_MOMENT + minute * 60 for minute in range(24 * 60)]


@pytest.mark.parametrize("phase", PHASES)
def test_energy_is_the_integral_of_power(phase: int) -> None:
    """Compared with the trapezoids of an hour of seconds: W·s to kWh."""
    meter = ThreePhaseMeter(1)
    seconds = [meter.readings(_MOMENT + second) for second in range(int(HOUR) + 1)]

    power = [readings[f"active_power_{phase}"] for readings in seconds]
    trapezoids = sum((earlier + later) / 2 for earlier, later in pairwise(power)) / 3.6e6

    counted = seconds[-1][f"energy_{phase}"] - seconds[0][f"energy_{phase}"]
    assert isclose(counted, trapezoids, rel_tol=1e-3)


@pytest.mark.parametrize("phase", PHASES)
def test_powers_agree(phase: int) -> None:
    """S² = P² + Q² and S = U·I, at every minute of a day; U is about 230 V."""
    meter = ThreePhaseMeter(1)
    for readings in map(meter.readings, _EVERY_MINUTE):
        active, reactive = readings[f"active_power_{phase}"], readings[f"reactive_power_{phase}"]
        apparent, voltage = readings[f"apparent_power_{phase}"], readings[f"voltage_{phase}"]
        assert active > 0
        assert isclose(apparent, sqrt(active**2 + reactive**2))
        assert isclose(apparent, voltage * readings[f"current_{phase}"])
        assert 0.85 < active / apparent < 0.99
        assert 225 < voltage < 235


def test_line_voltages() -> None:
    """About √3 times the voltage of a phase."""
    readings = ThreePhaseMeter(1).readings(_MOMENT)

    for first, second in PAIRS:
        mean = (readings[f"voltage_{first}"] + readings[f"voltage_{second}"]) / 2
        assert isclose(readings[f"line_voltage_{first}{second}"], mean * sqrt(3), rel_tol=1e-3)


def test_tariffs_share_all_energy() -> None:
    """One of the two counts at a time, and neither ever falls."""
    meter = ThreePhaseMeter(1)
    readings = [meter.readings(moment) for moment in _EVERY_MINUTE]

    for earlier, later in pairwise(readings):
        growth = [later[key] - earlier[key] for key in ("tariff_1", "tariff_2")]
        assert sorted(step > 1e-9 for step in growth) == [False, True]
        assert min(growth) > -1e-9
    for one in readings:
        assert isclose(one["tariff_1"] + one["tariff_2"], sum(one[f"energy_{phase}"] for phase in PHASES))


def test_loads_follow_the_day() -> None:
    """The highest and the lowest hour differ by more than noise does."""
    meter = ThreePhaseMeter(1)
    energy = [meter.readings(_MOMENT + hour * HOUR)["energy_1"] for hour in range(25)]

    means = [later - earlier for earlier, later in pairwise(energy)]

    assert max(means) - min(means) > 0.2


@pytest.mark.parametrize("kind", [ThreePhaseMeter, GasMeter, Thermometers])
def test_a_seed_makes_the_same_meter(kind: type[ThreePhaseMeter | GasMeter | Thermometers]) -> None:
    """As after a restart; another seed makes another one."""
    assert kind(1).readings(_MOMENT) == kind(1).readings(_MOMENT)
    assert kind(1).readings(_MOMENT) != kind(2).readings(_MOMENT)


def test_gas_never_falls() -> None:
    """At every minute of a day."""
    meter = GasMeter(1)
    register = [meter.readings(moment)["gas"] for moment in _EVERY_MINUTE]

    assert all(later > earlier for earlier, later in pairwise(register))
