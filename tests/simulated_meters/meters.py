"""What the simulated devices measure, as a function of the moment alone: the same after every restart."""

from math import sqrt
from random import Random

from .curves import DAY, HOUR, Curve

PHASES = (1, 2, 3)
PAIRS = ((1, 2), (1, 3), (2, 3))

_JOULES_PER_KWH = 3.6e6
_PEAK_START, _PEAK_END = 6 * HOUR, 18 * HOUR


class ThreePhaseMeter:
    """An electricity meter with a register for each phase and, of all phases together, one for each tariff."""

    def __init__(self, seed: int) -> None:
        """Build the load from a seed."""
        random = _random("electricity", seed)
        self._power = {phase: Curve.of_a_day(random, 1400 - 300 * phase, 350, 120) for phase in PHASES}
        self._voltage = {phase: Curve.of_a_day(random, 230, 2, 1.5) for phase in PHASES}
        self._power_factor = {phase: Curve.of_a_day(random, 0.92, 0.03, 0.02) for phase in PHASES}
        self._peak_joules_before = [0.0]

    def readings(self, moment: float) -> dict[str, float]:
        """Return quantity and phase → value, in W, var, VA, V, A and kWh."""
        values: dict[str, float] = {}
        for phase in PHASES:
            active = self._power[phase].value(moment)
            apparent = active / self._power_factor[phase].value(moment)
            voltage = self._voltage[phase].value(moment)
            values[f"active_power_{phase}"] = active
            values[f"apparent_power_{phase}"] = apparent
            values[f"reactive_power_{phase}"] = sqrt(apparent**2 - active**2)
            values[f"voltage_{phase}"] = voltage
            values[f"current_{phase}"] = apparent / voltage
            values[f"energy_{phase}"] = self._power[phase].integral(0, moment) / _JOULES_PER_KWH
        for first, second in PAIRS:
            # Two phases are 120° apart.
            one, other = values[f"voltage_{first}"], values[f"voltage_{second}"]
            values[f"line_voltage_{first}{second}"] = sqrt(one**2 + other**2 + one * other)
        peak = self._peak_joules(moment)
        values["tariff_1"] = peak / _JOULES_PER_KWH
        values["tariff_2"] = (self._joules(0, moment) - peak) / _JOULES_PER_KWH
        return values

    def _joules(self, start: float, end: float) -> float:
        return sum(curve.integral(start, end) for curve in self._power.values())

    def _peak_joules(self, moment: float) -> float:
        """Return the energy of all peak hours until a moment."""
        day = int(moment // DAY)
        while len(self._peak_joules_before) <= day:
            self._peak_joules_before.append(
                self._peak_joules_before[-1] + self._peak_joules_of_day(len(self._peak_joules_before) - 1, DAY)
            )
        return self._peak_joules_before[day] + self._peak_joules_of_day(day, moment - day * DAY)

    def _peak_joules_of_day(self, day: int, until: float) -> float:
        start = day * DAY
        end = min(max(until, _PEAK_START), _PEAK_END)
        return self._joules(start + _PEAK_START, start + end)


class GasMeter:
    """A gas meter with one register."""

    def __init__(self, seed: int) -> None:
        """Build the flow, in m³ an hour, from a seed."""
        self._flow = Curve.of_a_day(_random("gas", seed), 0.9, 0.6, 0.25)

    def readings(self, moment: float) -> dict[str, float]:
        """Return the register in m³."""
        return {"gas": self._flow.integral(0, moment) / HOUR}


class Thermometers:
    """Two temperatures of a heating system."""

    def __init__(self, seed: int) -> None:
        """Build the temperatures from a seed."""
        random = _random("temperature", seed)
        self._outdoor = Curve.of_a_day(random, 11, 6, 0.4)
        self._flow = Curve.of_a_day(random, 104, 9, 2)

    def readings(self, moment: float) -> dict[str, float]:
        """Return the outdoor temperature in °C and the one of the heating water in °F."""
        return {"outdoor": self._outdoor.value(moment), "heating_water": self._flow.value(moment)}


def _random(device: str, seed: int) -> Random:
    """Return a device's own numbers: another device more or less changes none of them."""
    return Random(f"{device} {seed}")  # noqa: S311 - repeatable on purpose
