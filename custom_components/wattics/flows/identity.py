"""The first page of every stream: its name, its id at Wattics and how often it is sampled."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import DurationSelector, DurationSelectorConfig, TextSelector
import voluptuous as vol

from ..const import CONF_INTERVAL, CONF_STREAM_ID
from .checks import by_field, check_identity
from .durations import as_duration, as_seconds

DEFAULT_INTERVAL: Final[Mapping[str, int]] = {"hours": 0, "minutes": 5, "seconds": 0}

INTERVAL: Final = DurationSelector(DurationSelectorConfig(enable_second=True))
IDENTITY_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_STREAM_ID): TextSelector(),
        vol.Required(CONF_INTERVAL, default=dict(DEFAULT_INTERVAL)): INTERVAL,
    }
)


def identity_values(stream: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored stream's name, id and interval as the form shows them."""
    return {
        CONF_NAME: stream[CONF_NAME],
        CONF_STREAM_ID: stream[CONF_STREAM_ID],
        CONF_INTERVAL: as_duration(stream[CONF_INTERVAL]),
    }


def read_identity(
    user_input: Mapping[str, Any], entry: ConfigEntry, subentry_id: str | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the stream's name, id and interval in seconds, and the form's errors.

    `subentry_id` is the stream that is being changed, None for a new one. Blanks around the id, as pasted
    text has them, are dropped; a stream without a name goes by its id.
    """
    stream_id = user_input[CONF_STREAM_ID].strip()
    identity = {
        CONF_NAME: user_input[CONF_NAME].strip() or stream_id,
        CONF_STREAM_ID: stream_id,
        CONF_INTERVAL: as_seconds(user_input[CONF_INTERVAL]),
    }
    errors, _ = by_field(check_identity(identity), lambda error: str(error.path[0]))
    if is_taken(stream_id, entry, subentry_id):
        errors[CONF_STREAM_ID] = "already_configured"
    return identity, errors


def is_taken(stream_id: str, entry: ConfigEntry, subentry_id: str | None = None) -> bool:
    """Return whether another stream of the account has the id than the one of `subentry_id`."""
    return any(
        other.unique_id == stream_id and other.subentry_id != subentry_id for other in entry.subentries.values()
    )
