"""The integration's actions."""

from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from .account import Account
from .const import CONF_STREAM_ID, DOMAIN
from .delivery.errors import OutboxError
from .status import instant_of

SERVICE_RETRY_REJECTED: Final = "retry_rejected"
SERVICE_DISCARD_REJECTED: Final = "discard_rejected"

_REJECTED_SCHEMA: Final = vol.Schema(
    {vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string, vol.Optional(CONF_STREAM_ID): cv.string}
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, action in (
        (SERVICE_RETRY_REJECTED, _async_retry_rejected),
        (SERVICE_DISCARD_REJECTED, _async_discard_rejected),
    ):
        hass.services.async_register(
            DOMAIN, name, action, schema=_REJECTED_SCHEMA, supports_response=SupportsResponse.OPTIONAL
        )


async def _async_retry_rejected(call: ServiceCall) -> ServiceResponse:
    """Queue rejected packets again; name those for which it is too late."""
    account, stream_id = _account(call), _stream_id(call)
    try:
        retried = await account.async_retry_rejected(stream_id)
    except OutboxError as error:
        raise _storage_error(error) from error
    too_late: list[JsonValueType] = [
        {"stream_id": late_id, "instant": instant_of(instant).isoformat()} for late_id, instant in retried.too_late
    ]
    return {"queued": retried.queued, "too_late": too_late}


async def _async_discard_rejected(call: ServiceCall) -> ServiceResponse:
    """Delete rejected packets; return the newest of them, for whoever wants to keep a record."""
    account, stream_id = _account(call), _stream_id(call)
    try:
        rejected = await account.outbox.rejected(stream_id)
        discarded = await account.async_discard_rejected(stream_id)
    except OutboxError as error:
        raise _storage_error(error) from error
    packets: list[JsonValueType] = [
        {
            "packet": one.body.decode(),
            "response_status": one.status,
            "reason": one.reason,
            "rejected_at": instant_of(one.at).isoformat(),
        }
        for one in rejected
    ]
    return {"discarded": discarded, "packets": packets}


def _account(call: ServiceCall) -> Account:
    """Return the account that an action is for."""
    entry = call.hass.config_entries.async_get_entry(call.data[ATTR_CONFIG_ENTRY_ID])
    if entry is None or entry.domain != DOMAIN:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="unknown_account")
    if entry.state is not ConfigEntryState.LOADED:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="account_not_loaded",
            translation_placeholders={"account": entry.title},
        )
    account: Account = entry.runtime_data
    return account


def _stream_id(call: ServiceCall) -> str | None:
    """Return the stream that an action is for, None for all of the account."""
    stream_id: str | None = call.data.get(CONF_STREAM_ID)
    if stream_id is not None and all(stream.stream_id != stream_id for stream in _account(call).streams.values()):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="unknown_stream",
            translation_placeholders={"stream_id": stream_id},
        )
    return stream_id


def _storage_error(error: OutboxError) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="storage_unusable",
        translation_placeholders={"error": str(error)},
    )
