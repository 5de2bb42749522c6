"""What all actions have: a name, fields, and an account and perhaps a stream that they are for."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..account import Account, WatticsConfigEntry
from ..const import CONF_STREAM_ID, DOMAIN
from ..delivery.errors import OutboxError
from ..sampling.stream import Stream


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """An action: `fields` are those that it takes beside the account."""

    name: str
    run: Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]
    fields: Mapping[vol.Marker, Any]
    supports_response: SupportsResponse = SupportsResponse.OPTIONAL

    @property
    def schema(self) -> vol.Schema:
        """All the fields."""
        return vol.Schema({vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string, **self.fields})


def entry_of(call: ServiceCall) -> WatticsConfigEntry:
    """Return the account that an action is for, loaded or not. Raises ServiceValidationError."""
    entry: WatticsConfigEntry | None = call.hass.config_entries.async_get_entry(call.data[ATTR_CONFIG_ENTRY_ID])
    if entry is None or entry.domain != DOMAIN:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="unknown_account")
    return entry


def account_of(call: ServiceCall) -> Account:
    """Return the account that an action is for, at work. Raises ServiceValidationError."""
    entry = entry_of(call)
    if entry.state is not ConfigEntryState.LOADED:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="account_not_loaded",
            translation_placeholders={"account": entry.title},
        )
    return entry.runtime_data


def stream_id_of(call: ServiceCall) -> str | None:
    """Return the stream that an action is for, None for all of the account. Raises ServiceValidationError."""
    return stream_of(call).stream_id if CONF_STREAM_ID in call.data else None


def stream_of(call: ServiceCall) -> Stream:
    """Return the one stream that an action is for. Raises ServiceValidationError."""
    return stream_by_id(account_of(call), call.data[CONF_STREAM_ID])


def stream_by_id(account: Account, stream_id: str) -> Stream:
    """Return a stream of an account by its id at Wattics. Raises ServiceValidationError."""
    for stream in account.streams.values():
        if stream.stream_id == stream_id:
            return stream
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="unknown_stream",
        translation_placeholders={"stream_id": stream_id},
    )


def storage_unusable(error: OutboxError) -> HomeAssistantError:
    """Return what an action raises when the account's outbox can't be used."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="storage_unusable",
        translation_placeholders={"error": str(error)},
    )
