"""The integration's actions."""

from typing import Final

from homeassistant.core import HomeAssistant, callback

from ..const import DOMAIN
from .lists import EXPORT_STREAMS, IMPORT_STREAMS
from .packets import GET_LAST_PACKET, PREVIEW_PACKET
from .registers import SET_REGISTER
from .rejected import DISCARD_REJECTED, RETRY_REJECTED

ACTIONS: Final = (
    RETRY_REJECTED,
    DISCARD_REJECTED,
    GET_LAST_PACKET,
    PREVIEW_PACKET,
    EXPORT_STREAMS,
    IMPORT_STREAMS,
    SET_REGISTER,
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for action in ACTIONS:
        hass.services.async_register(
            DOMAIN, action.name, action.run, schema=action.schema, supports_response=action.supports_response
        )
