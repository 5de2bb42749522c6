"""Ask Wattics from within a flow: are the credentials right, what became of a stream."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
import logging
from typing import Any, Final

from async_timeout import timeout
from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME
from homeassistant.core import HomeAssistant

from ..delivery.client import Client
from ..delivery.errors import DeliveryError, Forbidden, NotFound, Refused, Unauthorized
from ..delivery.packet import Packet
from ..upload import async_create_client

_LOGGER = logging.getLogger(__name__)

ANSWER_SECONDS: Final = 10
"""As long as a form waits for what Wattics says: it is shown without, too."""


@asynccontextmanager
async def async_client(hass: HomeAssistant, account: Mapping[str, Any]) -> AsyncGenerator[Client]:
    """Yield a client for the account's data, with a session that ends with the block."""
    client, end_session = async_create_client(
        hass, account[CONF_URL], account[CONF_USERNAME], account[CONF_PASSWORD]
    )
    try:
        yield client
    finally:
        end_session()


async def async_check_credentials(hass: HomeAssistant, account: Mapping[str, Any]) -> str | None:
    """Return None if Wattics accepts the credentials, else the key of the form's error."""
    if ":" in account[CONF_USERNAME]:
        return "invalid_auth"  # basic authentication can't carry such a name (RFC 7617, section 2)
    try:
        async with async_client(hass, account) as client:
            await client.check_credentials()
    except Unauthorized:
        return "invalid_auth"
    except DeliveryError:
        return "cannot_connect"
    except Exception:
        _LOGGER.exception("Unexpected error while checking the credentials")
        return "unknown"
    return None


class StreamAnswer(StrEnum):
    """What Wattics says of a stream when it is asked for its last packet."""

    LAST_PACKET = "last_packet"
    NO_PACKET_KNOWN = "no_packet_known"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    UNAUTHORIZED = "unauthorized"
    UNREACHABLE = "unreachable"


async def async_ask_for_stream(
    hass: HomeAssistant, account: Mapping[str, Any], stream_id: str
) -> tuple[StreamAnswer, Packet | None]:
    """Return what Wattics says of a stream, and its last packet where it is known; takes 10 s at most."""
    try:
        async with timeout(ANSWER_SECONDS), async_client(hass, account) as client:
            packet = await client.read_last(stream_id)
    except Unauthorized:
        return StreamAnswer.UNAUTHORIZED, None
    except Forbidden:
        return StreamAnswer.FORBIDDEN, None
    except NotFound:
        return StreamAnswer.NOT_FOUND, None
    except Refused:
        return StreamAnswer.NO_PACKET_KNOWN, None
    except DeliveryError, TimeoutError:
        return StreamAnswer.UNREACHABLE, None
    return (StreamAnswer.LAST_PACKET if packet else StreamAnswer.NO_PACKET_KNOWN), packet
