"""The time zones of streams, loaded ahead: reading one from disk would hold up the event loop."""

from collections.abc import Iterable
from datetime import tzinfo
import logging

from homeassistant.util import dt as dt_util

from .stream import Stream

_LOGGER = logging.getLogger(__name__)


class Zones:
    """Zones by name, for one account."""

    def __init__(self) -> None:
        """Start with none loaded."""
        self._loaded: dict[str, tzinfo | None] = {}

    async def async_load(self, streams: Iterable[Stream]) -> None:
        """Load the zones of streams; one that does not exist is logged once, Home Assistant's stands in for it."""
        for stream in streams:
            name = stream.time_zone
            if name is None or name in self._loaded:
                continue
            self._loaded[name] = zone = await _async_zone(name)
            if zone is None:
                _LOGGER.warning(
                    "Time zone %s of stream %s is not known; Home Assistant's time zone is used instead."
                    " Reconfigure the stream to choose another",
                    name,
                    stream.name,
                )

    def of(self, stream: Stream) -> tzinfo:
        """Return the zone of a stream: its own, if it has one and it is loaded, else Home Assistant's."""
        own = self._loaded.get(stream.time_zone) if stream.time_zone is not None else None
        return own or dt_util.get_default_time_zone()


async def _async_zone(name: str) -> tzinfo | None:
    try:
        return await dt_util.async_get_time_zone(name)
    except ValueError:
        # What is no name at all, such as an absolute path.
        return None
