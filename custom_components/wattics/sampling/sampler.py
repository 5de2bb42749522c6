"""What the sources of streams say at one instant, as packets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er

from ..delivery.packet import Packet
from . import values
from .stream import Source, Stream
from .zones import Zones


class ProblemKind(StrEnum):
    """Why a source gave no value."""

    MISSING = "missing"
    """There is no such entity, or it has no state."""
    NO_VALUE = "no_value"
    """The state is no finite number: unknown, unavailable, text."""
    UNIT = "unit"
    """The unit can't be converted, is missing, or changed under "as is"."""


@dataclass(frozen=True, slots=True)
class SourceProblem:
    """A source without a value: its parameter is left out. `unit` is the unit seen, if any."""

    code: str
    source_id: str
    kind: ProblemKind
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """What one stream gave at one boundary. `packet` is None when no parameter had a value: a gap."""

    stream: Stream
    packet: Packet | None
    problems: tuple[SourceProblem, ...]


class Sampler:
    """Samples streams from Home Assistant's state machine."""

    def __init__(self, hass: HomeAssistant, zones: Zones) -> None:
        """Take the zones, loaded for the streams that will be sampled."""
        self._hass = hass
        self._zones = zones
        self._first_units: dict[str, dict[tuple[str, str], str | None]] = {}

    def sample(self, instant: datetime, streams: Sequence[Stream]) -> list[Sample]:
        """Sample streams for the boundary `instant` (aware): each packet carries it in its stream's zone."""
        registry = er.async_get(self._hass)
        return [self._sample(instant, stream, registry) for stream in streams]

    def forget(self, subentry_id: str) -> None:
        """Forget the units seen under "as is": the stream is gone, or the user has looked at it again."""
        self._first_units.pop(subentry_id, None)

    def _sample(self, instant: datetime, stream: Stream, registry: er.EntityRegistry) -> Sample:
        found: dict[str, float] = {}
        problems: list[SourceProblem] = []
        for code, sources in stream.parameters.items():
            readings = [self._read(stream, code, source, registry) for source in sources]
            numbers = [reading for reading in readings if isinstance(reading, Decimal)]
            if len(numbers) < len(readings):
                problems += [reading for reading in readings if isinstance(reading, SourceProblem)]
            elif (total := values.total(numbers)) is not None:
                found[code] = total
            else:
                problems += [SourceProblem(code, source.id, ProblemKind.NO_VALUE) for source in sources]
        packet = Packet(stream.stream_id, instant.astimezone(self._zones.of(stream)), found) if found else None
        return Sample(stream, packet, tuple(problems))

    def _read(
        self, stream: Stream, code: str, source: Source, registry: er.EntityRegistry
    ) -> Decimal | SourceProblem:
        """Return a source's value, converted, multiplied and directed, or why there is none."""
        entity_id = er.async_resolve_entity_id(registry, source.id)
        state = self._hass.states.get(entity_id) if entity_id else None
        if state is None:
            return SourceProblem(code, source.id, ProblemKind.MISSING)
        if (number := values.number(state.state)) is None:
            return SourceProblem(code, source.id, ProblemKind.NO_VALUE, values.unit_of(state))
        if (converted := self._convert(stream, code, source, state, number)) is None:
            return SourceProblem(code, source.id, ProblemKind.UNIT, values.unit_of(state))
        value = values.EXACT.multiply(converted, source.factor)
        if not value.is_finite():
            return SourceProblem(code, source.id, ProblemKind.NO_VALUE, values.unit_of(state))
        return source.direction.apply(value)

    def _convert(self, stream: Stream, code: str, source: Source, state: State, number: Decimal) -> Decimal | None:
        """Return the number in the parameter's unit, None if the state's unit does not allow that."""
        unit = stream.unit_of(code)
        if unit is None:
            return number if self._has_first_unit(stream, code, source, state) else None
        convert = values.conversion(state, unit)
        return convert(number) if convert else None

    def _has_first_unit(self, stream: Stream, code: str, source: Source, state: State) -> bool:
        """Whether a source taken as it stands still has the unit that was seen first."""
        unit = values.unit_of(state)
        return self._first_units.setdefault(stream.subentry_id, {}).setdefault((code, source.id), unit) == unit
