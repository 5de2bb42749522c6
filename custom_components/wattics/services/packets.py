"""The actions that show a packet: the last one that Wattics processed, and the one that would be made now."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from ..const import CONF_STREAM_ID, DOMAIN
from ..delivery.errors import DeliveryError
from .action import Action, account_of, stream_of

_ONE_STREAM: Final[Mapping[vol.Marker, Any]] = {vol.Required(CONF_STREAM_ID): cv.string}


async def _async_get_last_packet(call: ServiceCall) -> ServiceResponse:
    """Ask Wattics for the last packet that it processed of a stream; it may have nothing to say."""
    account, stream = account_of(call), stream_of(call)
    try:
        packet = await account.upload.client.read_last(stream.stream_id)
    except DeliveryError as error:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="verify_failed",
            translation_placeholders={"stream": stream.name, "error": str(error)},
        ) from error
    if packet is None:
        return {"instant": None, "values": None}
    return {"instant": packet.instant.isoformat(), "values": dict(packet.values)}


async def _async_preview_packet(call: ServiceCall) -> ServiceResponse:
    """Show what would be sent if the interval ended now, and which parameters are missing for which reason."""
    sample = account_of(call).intake.preview(stream_of(call), dt_util.utcnow())
    missing: dict[str, JsonValueType] = {problem.code: problem.kind.value for problem in sample.problems}
    if sample.packet is None:
        return {"instant": None, "values": None, "missing": missing}
    return {
        "instant": sample.packet.instant.isoformat(),
        "values": dict(sample.packet.values),
        "missing": missing,
    }


GET_LAST_PACKET: Final = Action(
    name="get_last_packet",
    run=_async_get_last_packet,
    fields=_ONE_STREAM,
    supports_response=SupportsResponse.ONLY,
)
PREVIEW_PACKET: Final = Action(
    name="preview_packet",
    run=_async_preview_packet,
    fields=_ONE_STREAM,
    supports_response=SupportsResponse.ONLY,
)
