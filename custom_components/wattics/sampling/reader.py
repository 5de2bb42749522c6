"""What one source says: its state as a number in the parameter's unit, or why there is none."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from homeassistant.core import State

from . import values
from .stream import Source, Stream


class ProblemKind(StrEnum):
    """Why a source gave no value."""

    MISSING = "missing"
    """There is no such entity, or it has no state."""
    NO_VALUE = "no_value"
    """The state is no finite number: unknown, unavailable, text."""
    UNIT = "unit"
    """The unit can't be converted, is missing, or changed under "as is"."""
    TOO_OLD = "too_old"
    """The source has not reported for longer than the stream's maximum age."""
    PARTLY = "partly"
    """A mean, but the source had a value for less than half the interval."""
    NEGATIVE = "negative"
    """A counter below zero."""
    LOST = "lost"
    """A counter whose offset is not known: what was stored of it can't be read."""


@dataclass(frozen=True, slots=True)
class SourceProblem:
    """A source without a value: its parameter is left out. `unit` is the unit seen, if any."""

    code: str
    source_id: str
    kind: ProblemKind
    unit: str | None = None


type Measurement = Decimal | SourceProblem
"""What a source gave: its value, converted, multiplied and directed, or why it gave none."""


class Reader:
    """Reads states for sources, and remembers the first unit of those that are taken as they stand."""

    def __init__(self) -> None:
        """Start with no unit seen."""
        self._first_units: dict[str, dict[tuple[str, str], str | None]] = {}

    def read(self, stream: Stream, code: str, source: Source, state: State | None) -> Measurement:
        """Return what a state of a source comes to, whatever its age."""
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

    def forget(self, subentry_id: str) -> None:
        """Forget the units seen under "as is": the stream is gone, or the user has looked at it again."""
        self._first_units.pop(subentry_id, None)

    def _convert(self, stream: Stream, code: str, source: Source, state: State, number: Decimal) -> Decimal | None:
        """Return the number in the parameter's unit, None if the state's unit does not allow that."""
        unit = stream.unit_of(code)
        if unit is None:
            return number if self._has_first_unit(stream, code, source, state) else None
        convert = values.conversion(state, unit)
        return convert(number) if convert else None

    def _has_first_unit(self, stream: Stream, code: str, source: Source, state: State) -> bool:
        """Whether a source taken as it stands still has the unit that it had when it was chosen, or seen first."""
        unit = values.unit_of(state)
        if source.first_unit is not None:
            return (unit or "") == source.first_unit
        return self._first_units.setdefault(stream.subentry_id, {}).setdefault((code, source.id), unit) == unit
