"""What becomes of packets that wait when their account's URL or their stream's id changes."""

from collections.abc import Generator
from contextlib import contextmanager
import logging
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig, SelectSelectorMode
import voluptuous as vol

from ..delivery.errors import OutboxError
from ..waiting import async_count_waiting, async_discard_waiting, async_plan_move

_LOGGER = logging.getLogger(__name__)

CONF_PACKETS: Final = "packets"
PACKETS_MOVE: Final = "move"
PACKETS_DISCARD: Final = "discard"

STEP_WAITING: Final = "waiting"
WAITING_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_PACKETS, default=PACKETS_MOVE): SelectSelector(
            SelectSelectorConfig(
                options=[PACKETS_MOVE, PACKETS_DISCARD],
                mode=SelectSelectorMode.LIST,
                translation_key=CONF_PACKETS,
            )
        )
    }
)


async def async_waiting(hass: HomeAssistant, entry: ConfigEntry, stream_id: str | None = None) -> int:
    """Return how many packets wait in the account's outbox, of one stream or of all."""
    with _abort_without_outbox():
        return await async_count_waiting(hass, entry, stream_id)


async def async_settle_url(hass: HomeAssistant, entry: ConfigEntry, url: str, packets: str) -> None:
    """Let all waiting packets of the account go to another URL, or discard them, as the user chose."""
    with _abort_without_outbox():
        if packets == PACKETS_MOVE:
            await async_plan_move(hass, entry, entry.data[CONF_URL], url)
        else:
            await async_discard_waiting(hass, entry, None)


async def async_settle_stream(hass: HomeAssistant, entry: ConfigEntry, old: str, new: str, packets: str) -> None:
    """Let a stream's waiting packets follow to its new id, or discard them, as the user chose."""
    with _abort_without_outbox():
        if packets == PACKETS_MOVE:
            await async_plan_move(hass, entry, old, new)
        else:
            await async_discard_waiting(hass, entry, old)


@contextmanager
def _abort_without_outbox() -> Generator[None]:
    """End the flow, with nothing changed, when the outbox can't be read or written."""
    try:
        yield
    except OutboxError as error:
        _LOGGER.exception("The waiting packets can't be reached")
        raise AbortFlow("storage_unusable") from error
