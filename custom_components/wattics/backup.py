"""Backups: Home Assistant copies the outboxes file after file, while packets come and go."""

from homeassistant.core import HomeAssistant

from .account import async_loaded_accounts


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Leave the files alone, so that each copy is sound; samples go on into their write-ahead logs."""
    for account in async_loaded_accounts(hass):
        await account.outbox.hold_checkpoints()


async def async_post_backup(hass: HomeAssistant) -> None:
    """Go on as usual."""
    for account in async_loaded_accounts(hass):
        await account.outbox.release_checkpoints()
