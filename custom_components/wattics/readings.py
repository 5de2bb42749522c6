"""Readings as a source's meter shows them, and as its parameter has them: converted and times the factor."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Self

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er

from .sampling.reader import Reader
from .sampling.stream import Source, Stream
from .sampling.values import EXACT, unit_of

_DECIMALS: Final = Decimal("1e-6")


@dataclass(frozen=True, slots=True)
class Readings:
    """How readings of a source become figures of its parameter. `unit` is that of the source, None without."""

    unit: str | None
    _ratio: Decimal

    @classmethod
    def of(cls, hass: HomeAssistant, stream: Stream, code: str, source: Source) -> Self | None:
        """Return it for a source of a register, None while it has no unit, or not the right one."""
        entity_id = er.async_resolve_entity_id(er.async_get(hass), source.id)
        state = hass.states.get(entity_id) if entity_id else None
        if state is None:
            return None
        one = Reader().read(stream, code, source, State(state.entity_id, "1", state.attributes))
        return cls(unit_of(state), one) if isinstance(one, Decimal) and one > 0 else None

    def figure(self, reading: Decimal) -> Decimal:
        """Return what a reading is in the parameter's unit, after the factor."""
        return EXACT.multiply(reading, self._ratio)

    def reading(self, figure: Decimal) -> Decimal:
        """Return what the meter shows for a figure of the parameter, rounded to 6 decimals."""
        return EXACT.divide(figure, self._ratio).quantize(_DECIMALS, context=EXACT).normalize(EXACT)

    def shown(self, figure: Decimal) -> str:
        """Return what the meter shows for a figure of the parameter, with its unit."""
        reading = f"{self.reading(figure):f}"
        return f"{reading} {self.unit}" if self.unit else reading
