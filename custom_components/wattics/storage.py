"""Where outboxes are, and the one thread that works on those of all accounts."""

from collections.abc import Callable
from pathlib import Path

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .delivery.outbox import Outbox, OutboxThread
from .delivery.salvage import Salvaged


class _SharedThread:
    """The thread, and how many outboxes are open on it."""

    def __init__(self) -> None:
        self.thread = OutboxThread()
        self.users = 0


_SHARED: HassKey[_SharedThread] = HassKey(f"{DOMAIN}_outbox_thread")


@callback
def async_get_outbox(
    hass: HomeAssistant, entry: ConfigEntry, on_salvaged: Callable[[Salvaged], None] = lambda _: None
) -> Outbox:
    """Return an account's outbox, not open yet, to be given back with `async_release_outbox`."""
    shared = hass.data.setdefault(_SHARED, _SharedThread())
    shared.users += 1
    return Outbox(shared.thread, _path(hass, entry), entry.data[CONF_URL], on_salvaged)


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
    """Delete an account's file, with what was set aside of it when it was damaged."""
    path = _path(hass, entry)

    def remove() -> None:
        for part in path.parent.glob(f"{path.name}*"):
            part.unlink(missing_ok=True)

    await hass.async_add_executor_job(remove)


def _path(hass: HomeAssistant, entry: ConfigEntry) -> Path:
    return Path(hass.config.path(STORAGE_DIR, DOMAIN, f"{entry.entry_id}.db"))
