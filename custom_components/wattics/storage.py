"""Where outboxes are, and the one thread that works on those of all accounts."""

from contextlib import suppress
from functools import partial
import logging
from pathlib import Path

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .delivery.errors import OutboxError
from .delivery.outbox import Outbox, OutboxThread
from .told import async_tell_merged, async_tell_salvaged

_LOGGER = logging.getLogger(__name__)


class _SharedThread:
    """The thread, and how many outboxes are open on it."""

    def __init__(self) -> None:
        self.thread = OutboxThread()
        self.users = 0


_SHARED: HassKey[_SharedThread] = HassKey(f"{DOMAIN}_outbox_thread")


@callback
def async_get_outbox(hass: HomeAssistant, entry: ConfigEntry) -> Outbox:
    """Return an account's outbox, not open yet, to be given back with `async_release_outbox`.

    The user hears of it if it turns out damaged, or packets in it have to go.
    """
    shared = hass.data.setdefault(_SHARED, _SharedThread())
    shared.users += 1
    return Outbox(
        shared.thread,
        _path(hass, entry),
        entry.data[CONF_URL],
        on_salvaged=partial(async_tell_salvaged, hass, entry),
        on_merged=partial(async_tell_merged, hass, entry),
    )


async def async_release_outbox(hass: HomeAssistant, outbox: Outbox) -> None:
    """Close an outbox; with the last one the thread ends. Raises OutboxError."""
    shared = hass.data[_SHARED]
    try:
        await outbox.close()
    finally:
        shared.users -= 1
        if not shared.users:
            shared.thread.stop()
            del hass.data[_SHARED]


async def async_remove_outbox(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete an account's file, with what was set aside of it when it was damaged; log what was never sent."""
    path = _path(hass, entry)

    def remove() -> None:
        for part in path.parent.glob(f"{path.name}*"):
            part.unlink(missing_ok=True)

    if await hass.async_add_executor_job(path.exists):
        outbox = async_get_outbox(hass, entry)
        with suppress(OutboxError):  # a file that can't be read goes like any other
            if discarded := await outbox.elsewhere() + await outbox.forget(None):
                _LOGGER.warning("%s packets of %s had not been sent yet: they go with it", discarded, entry.title)
        with suppress(OutboxError):
            await async_release_outbox(hass, outbox)
    await hass.async_add_executor_job(remove)


def _path(hass: HomeAssistant, entry: ConfigEntry) -> Path:
    return Path(hass.config.path(STORAGE_DIR, DOMAIN, f"{entry.entry_id}.db"))
