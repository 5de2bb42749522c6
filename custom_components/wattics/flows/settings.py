"""How a stream is sampled, as its forms ask for it: reading, method, maximum age, time zone."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.helpers.selector import (
    DurationSelector,
    DurationSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..const import CONF_MAXIMUM_AGE, CONF_METHOD, CONF_READING, CONF_TIME_ZONE
from ..sampling.stream import Method, Reading
from .durations import as_duration, as_seconds

METHOD: Final = SelectSelector(
    SelectSelectorConfig(
        options=[method.value for method in Method],
        mode=SelectSelectorMode.DROPDOWN,
        translation_key=CONF_METHOD,
    )
)
MAXIMUM_AGE: Final = DurationSelector(DurationSelectorConfig(enable_second=True))

_SETTINGS: Final = (CONF_READING, CONF_METHOD, CONF_MAXIMUM_AGE, CONF_TIME_ZONE)


def reading_selector(readings: Iterable[Reading], translation_key: str) -> SelectSelector:
    """Return a list of readings, under the names that `translation_key` has for them."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[reading.value for reading in readings],
            mode=SelectSelectorMode.DROPDOWN,
            translation_key=translation_key,
        )
    )


def settings_of(stream: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a stream stores of its settings, as the form's fields show it."""
    settings = {key: stream[key] for key in _SETTINGS if key in stream}
    if CONF_MAXIMUM_AGE in settings:
        settings[CONF_MAXIMUM_AGE] = as_duration(settings[CONF_MAXIMUM_AGE])
    return settings


def with_settings(
    stream: Mapping[str, Any], typed: Mapping[str, Any], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the stream with the settings that were typed; what is empty, or one of the `defaults`, is not stored.

    A maximum age of 0 means the same as none.
    """
    settings = {key: typed[key] for key in _SETTINGS if typed.get(key)}
    if CONF_MAXIMUM_AGE in settings:
        settings[CONF_MAXIMUM_AGE] = as_seconds(settings[CONF_MAXIMUM_AGE])
        if not settings[CONF_MAXIMUM_AGE]:
            del settings[CONF_MAXIMUM_AGE]
    rest = {key: value for key, value in stream.items() if key not in _SETTINGS}
    return rest | {key: value for key, value in settings.items() if defaults.get(key) != value}
