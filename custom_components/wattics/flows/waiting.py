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
from ..waiting import async_count_waiting, async_discard_waiting, async_plan_move, async_withdraw_move

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


async def async_settle_url(hass: HomeAssistant, entry: ConfigEntry, url: str, packets: str | None) -> None:
    """Let all waiting packets of the account go to another URL, or discard them, as the user chose.

    To be called right before the URL changes; `packets` is None where none waited, and nobody was asked.
    """
    await _async_settle(hass, entry, (entry.data[CONF_URL], url), packets, None)


async def async_settle_stream(
    hass: HomeAssistant, entry: ConfigEntry, old: str, new: str, packets: str | None
) -> None:
    """Let a stream's waiting packets follow to its new id, or discard them, as the user chose.

    To be called right before the id changes; `packets` is None where none waited, and nobody was asked.
    """
    await _async_settle(hass, entry, (old, new), packets, old)


async def _async_settle(
    hass: HomeAssistant, entry: ConfigEntry, change: tuple[str, str], packets: str | None, stream_id: str | None
) -> None:
    old, new = change
    with _abort_without_outbox():
        if packets == PACKETS_MOVE:
            await async_plan_move(hass, entry, old, new)
            return
        # An earlier dialog may have planned it, and never changed anything: power went in between.
        await async_withdraw_move(hass, entry, old)
        if packets == PACKETS_DISCARD:
            await async_discard_waiting(hass, entry, stream_id)


@contextmanager
def _abort_without_outbox() -> Generator[None]:
    """End the flow, with nothing changed, when the outbox can't be read or written."""
    try:
        yield
    except OutboxError as error:
        _LOGGER.exception("The waiting packets can't be reached")
        raise AbortFlow("storage_unusable") from error
