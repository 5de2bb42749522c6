"""The first page of every stream: its name, its id at Wattics and how often it is sampled."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
import unicodedata

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_NAME
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import DurationSelector, DurationSelectorConfig, TextSelector
import voluptuous as vol

from ..const import CONF_INTERVAL, CONF_STREAM_ID
from ..sampling.schedule import is_valid_interval

MAX_STREAM_ID_LENGTH: Final = 255
DEFAULT_INTERVAL: Final[Mapping[str, int]] = {"hours": 0, "minutes": 5, "seconds": 0}

IDENTITY_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_STREAM_ID): TextSelector(),
        vol.Required(CONF_INTERVAL, default=dict(DEFAULT_INTERVAL)): DurationSelector(
            DurationSelectorConfig(enable_second=True)
        ),
    }
)


def identity_values(stream: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored stream's name, id and interval as the form shows them."""
    minutes, seconds = divmod(stream[CONF_INTERVAL], 60)
    hours, minutes = divmod(minutes, 60)
    return {
        CONF_NAME: stream[CONF_NAME],
        CONF_STREAM_ID: stream[CONF_STREAM_ID],
        CONF_INTERVAL: {"hours": hours, "minutes": minutes, "seconds": seconds},
    }


def read_identity(
    user_input: Mapping[str, Any], entry: ConfigEntry, subentry_id: str | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the stream's name, id and interval in seconds, and the form's errors.

    `subentry_id` is the stream that is being changed, None for a new one. Blanks around the id, as pasted
    text has them, are dropped; a stream without a name goes by its id.
    """
    stream_id = user_input[CONF_STREAM_ID].strip()
    interval = _seconds(user_input[CONF_INTERVAL])
    errors = {}
    if not _is_stream_id(stream_id):
        errors[CONF_STREAM_ID] = "invalid_stream_id"
    elif _is_taken(stream_id, entry, subentry_id):
        errors[CONF_STREAM_ID] = "already_configured"
    if interval is None:
        errors[CONF_INTERVAL] = "invalid_interval"
    name = user_input[CONF_NAME].strip() or stream_id
    return {CONF_NAME: name, CONF_STREAM_ID: stream_id, CONF_INTERVAL: interval}, errors


def _is_stream_id(stream_id: str) -> bool:
    """Wattics matches ids exactly: nothing in one may be invisible but a plain space between words."""
    return 0 < len(stream_id) <= MAX_STREAM_ID_LENGTH and not any(
        unicodedata.category(character)[0] in "CZ" and character != " " for character in stream_id
    )


def _is_taken(stream_id: str, entry: ConfigEntry, subentry_id: str | None) -> bool:
    return any(
        other.unique_id == stream_id and other.subentry_id != subentry_id for other in entry.subentries.values()
    )


def _seconds(duration: dict[str, float]) -> int | None:
    """Return a duration in seconds, None unless a stream may have it for its interval."""
    interval: timedelta = cv.time_period_dict(duration)
    seconds = int(interval.total_seconds())
    return seconds if interval == timedelta(seconds=seconds) and is_valid_interval(seconds) else None
