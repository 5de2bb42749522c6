"""Curves that move like the load of a building and whose integral is known exactly at every moment.

Moments are seconds since the meters were installed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import cos, pi, sin
from random import Random
from typing import Self

HOUR = 3600.0
DAY = 24 * HOUR

_DAILY_PERIODS = (DAY, DAY / 2)
_NOISE_PERIODS = (HOUR / 2, 307.0, 71.0, 13.0)


@dataclass(frozen=True, slots=True)
class Wave:
    """A sine of an amplitude, a period in seconds and a phase in radians."""

    amplitude: float
    period: float
    phase: float

    def value(self, moment: float) -> float:
        """Return the height at a moment."""
        return self.amplitude * sin(self._angle(moment))

    def integral(self, start: float, end: float) -> float:
        """Return the area between two moments."""
        return self.amplitude * self.period / (2 * pi) * (cos(self._angle(start)) - cos(self._angle(end)))

    def _angle(self, moment: float) -> float:
        return 2 * pi * moment / self.period + self.phase


@dataclass(frozen=True, slots=True)
class Curve:
    """A mean with waves around it."""

    mean: float
    waves: tuple[Wave, ...]

    @classmethod
    def of_a_day(cls, random: Random, mean: float, daily: float, noise: float) -> Self:
        """Return a curve that goes up and down by at most `daily` over a day, and by at most `noise` faster."""
        waves = (*_waves(random, daily, _DAILY_PERIODS), *_waves(random, noise, _NOISE_PERIODS))
        return cls(mean, waves)

    def value(self, moment: float) -> float:
        """Return the height at a moment."""
        return self.mean + sum(wave.value(moment) for wave in self.waves)

    def integral(self, start: float, end: float) -> float:
        """Return the area between two moments: the height's unit times seconds."""
        return self.mean * (end - start) + sum(wave.integral(start, end) for wave in self.waves)


def _waves(random: Random, extent: float, periods: Iterable[float]) -> Iterable[Wave]:
    """Return a wave for each period, all together never higher than `extent`."""
    periods = tuple(periods)
    bounds = [0.0, *sorted(random.random() for _ in periods[1:]), 1.0]
    shares = [upper - lower for lower, upper in pairwise(bounds)]
    return [
        Wave(extent * share, period, random.uniform(0, 2 * pi))
        for share, period in zip(shares, periods, strict=True)
    ]
