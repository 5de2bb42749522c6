"""Backups: Home Assistant copies the outboxes file after file, while packets come and go."""

from collections.abc import Awaitable, Callable
import logging

from homeassistant.core import HomeAssistant

from .account import async_loaded_accounts
from .delivery.errors import OutboxError
from .delivery.outbox import Outbox

_LOGGER = logging.getLogger(__name__)


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Leave the files alone, so that each copy is sound; samples go on into their write-ahead logs."""
    await _async_each(hass, Outbox.hold_checkpoints)


async def async_post_backup(hass: HomeAssistant) -> None:
    """Go on as usual."""
    await _async_each(hass, Outbox.release_checkpoints)


async def _async_each(hass: HomeAssistant, work: Callable[[Outbox], Awaitable[None]]) -> None:
    """Do something with each outbox; one that can't be used is no reason to have no backup of the rest."""
    for account in async_loaded_accounts(hass):
        try:
            await work(account.outbox)
        except OutboxError as error:
            _LOGGER.warning("The backup may lack packets of %s: %s", account.entry.title, error)
