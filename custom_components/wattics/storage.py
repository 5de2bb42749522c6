"""Where outboxes are, and the one thread that works on those of all accounts."""

from pathlib import Path

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .delivery.outbox import Outbox, OutboxThread


class _SharedThread:
    """The thread, and how many outboxes are open on it."""

    def __init__(self) -> None:
        self.thread = OutboxThread()
        self.users = 0


_SHARED: HassKey[_SharedThread] = HassKey(f"{DOMAIN}_outbox_thread")


async def async_open_outbox(hass: HomeAssistant, entry: ConfigEntry) -> Outbox:
    """Open an account's outbox, to be closed with `async_close_outbox`. Raises OutboxError."""
    shared = hass.data.setdefault(_SHARED, _SharedThread())
    shared.users += 1
    try:
        return await Outbox.open(shared.thread, _path(hass, entry), entry.data[CONF_URL])
    except BaseException:
        _release(hass, shared)
        raise


async def async_close_outbox(hass: HomeAssistant, outbox: Outbox) -> None:
    """Close an outbox; with the last one the thread ends. Raises OutboxError."""
    try:
        await outbox.close()
    finally:
        _release(hass, hass.data[_SHARED])


async def async_remove_outbox(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete an account's file."""
    path = _path(hass, entry)

    def remove() -> None:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)

    await hass.async_add_executor_job(remove)


@callback
def _release(hass: HomeAssistant, shared: _SharedThread) -> None:
    shared.users -= 1
    if not shared.users:
        shared.thread.stop()
        del hass.data[_SHARED]


def _path(hass: HomeAssistant, entry: ConfigEntry) -> Path:
    return Path(hass.config.path(STORAGE_DIR, DOMAIN, f"{entry.entry_id}.db"))
