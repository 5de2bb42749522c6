"""Durations as forms have them and as streams store them."""

from collections.abc import Mapping
from datetime import timedelta

from homeassistant.helpers import config_validation as cv


def as_duration(seconds: int) -> dict[str, int]:
    """Return whole seconds as a duration selector shows them."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return {"hours": hours, "minutes": minutes, "seconds": seconds}


def as_seconds(duration: Mapping[str, float]) -> float:
    """Return what a duration selector gave in seconds, as an integer where they are whole."""
    period: timedelta = cv.time_period_dict(dict(duration))
    seconds = period.total_seconds()
    return int(seconds) if seconds == int(seconds) else seconds
