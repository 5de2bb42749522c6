"""The first time through a period: only to see how its registers lead to those that go on behind it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from homeassistant.core import HomeAssistant

from ..delivery.database import milliseconds
from .junction import Read
from .maker import PacketMaker
from .reading import StreamReading
from .timeline import Piece


class Joining:
    """Reads counters from the start of a period on, beyond its end, up to `now` (seconds since 1970)."""

    def __init__(
        self,
        hass: HomeAssistant,
        reading: StreamReading,
        maker: PacketMaker,
        end: float,
        now: float,
        live: Mapping[str, Decimal],
    ) -> None:
        """Take what reads the counters, and the live registers of `now`, by code."""
        self._hass = hass
        self._reading = reading
        self._end = end
        self._now = now
        self._behind: dict[str, dict[int, Decimal]] = {code: {} for code in live}
        self.maker = maker
        self.live = live

    async def async_step(self) -> bool:
        """Read on; return whether there is more. Raises RecorderUnavailable."""
        pieces = await self._reading.async_next(self._now)
        await self._hass.async_add_executor_job(self._take, pieces, self._reading.position)
        return self._reading.position < self._now

    def _take(self, pieces: Sequence[Piece], until: float) -> None:
        self.maker.make(pieces, min(until, self._end))
        for instant, registers in self.maker.go_on(until):
            for code, register in registers.items():
                self._behind[code][milliseconds(instant)] = register

    def read(self) -> dict[str, Read]:
        """Return the registers that had a value within the period."""
        now = self.maker.registers_at(self._now)
        return {
            code: Read(first, self.maker.last[code], now[code], self._behind[code])
            for code, first in self.maker.first.items()
            if code in now
        }
