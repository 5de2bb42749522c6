"""The actions for packets that Wattics refused for good."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from ..const import CONF_STREAM_ID
from ..delivery.errors import OutboxError
from ..status import instant_of
from .action import Action, account_of, storage_unusable, stream_id_of

_OPTIONAL_STREAM: Final[Mapping[vol.Marker, Any]] = {vol.Optional(CONF_STREAM_ID): cv.string}


async def _async_retry_rejected(call: ServiceCall) -> ServiceResponse:
    """Queue rejected packets again; name those for which it is too late."""
    account, stream_id = account_of(call), stream_id_of(call)
    try:
        retried = await account.async_retry_rejected(stream_id)
    except OutboxError as error:
        raise storage_unusable(error) from error
    too_late: list[JsonValueType] = [
        {"stream_id": late_id, "instant": instant_of(instant).isoformat()} for late_id, instant in retried.too_late
    ]
    return {"queued": retried.queued, "too_late": too_late}


async def _async_discard_rejected(call: ServiceCall) -> ServiceResponse:
    """Delete rejected packets; return the newest of them, for whoever wants to keep a record."""
    account, stream_id = account_of(call), stream_id_of(call)
    try:
        rejected = await account.outbox.rejected(stream_id)
        discarded = await account.async_discard_rejected(stream_id)
    except OutboxError as error:
        raise storage_unusable(error) from error
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


RETRY_REJECTED: Final = Action(name="retry_rejected", run=_async_retry_rejected, fields=_OPTIONAL_STREAM)
DISCARD_REJECTED: Final = Action(name="discard_rejected", run=_async_discard_rejected, fields=_OPTIONAL_STREAM)
