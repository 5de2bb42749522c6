"""The second time through a period: its packets."""

from homeassistant.core import HomeAssistant

from .maker import Made, PacketMaker
from .reading import StreamReading


class Making:
    """Makes the packets up to the end of a period (seconds since 1970), a stretch at a time."""

    def __init__(self, hass: HomeAssistant, reading: StreamReading, maker: PacketMaker, end: float) -> None:
        """Take what reads the sources, and what makes packets of them."""
        self._hass = hass
        self._reading = reading
        self._end = end
        self._made: Made | None = None
        self.maker = maker

    async def async_made(self) -> Made:
        """Return what the next stretch comes to, the same until it was taken. Raises RecorderUnavailable."""
        if self._made is None:
            pieces = await self._reading.async_next(self._end)
            self._made = await self._hass.async_add_executor_job(self.maker.make, pieces, self._reading.position)
        return self._made

    def taken(self) -> None:
        """Go on with the next stretch."""
        self._made = None

    @property
    def is_at_end(self) -> bool:
        """Whether the stretch is the last one."""
        return self._reading.position >= self._end
