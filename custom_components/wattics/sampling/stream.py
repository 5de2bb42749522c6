"""A stream as it is stored in its subentry: what is sampled, how often, and from which sources."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Self

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_NAME

from ..const import (
    CONF_DIRECTION,
    CONF_FACTOR,
    CONF_INTERVAL,
    CONF_MAXIMUM_AGE,
    CONF_MAXIMUM_RATE,
    CONF_METHOD,
    CONF_PARAMETERS,
    CONF_READING,
    CONF_SOURCE,
    CONF_STREAM_ID,
    CONF_TIME_ZONE,
    CONF_UNIT,
    SUBENTRY_ELECTRICITY,
)
from ..delivery.packet import PARAMETERS, VALUE, Quantity

AS_IS: Final = "as_is"
"""Stands for a unit: the number is sent as it stands (pulses, people)."""

_ORDER: Final = (*PARAMETERS, VALUE)
_VOLTAGES: Final = frozenset({Quantity.VOLTAGE, Quantity.LINE_VOLTAGE})
_DIRECTED: Final = frozenset({Quantity.ACTIVE_POWER, Quantity.REACTIVE_POWER})


class Direction(StrEnum):
    """Which part of a power counts. Import is positive, as Home Assistant has it."""

    SIGNED = "signed"
    IMPORT = "import"
    EXPORT = "export"

    def apply(self, value: Decimal) -> Decimal:
        """Return the value itself, its positive part, or its negative part as a positive number."""
        match self:
            case Direction.SIGNED:
                return value
            case Direction.IMPORT:
                return max(value, Decimal(0))
            case Direction.EXPORT:
                return max(value.copy_negate(), Decimal(0))


class Method(StrEnum):
    """How an instantaneous quantity becomes one value an interval."""

    MEAN = "mean"
    """Weighted by time over the interval."""
    LATEST = "latest"
    """As it is at the interval's end."""


class Reading(StrEnum):
    """What Wattics expects of a counter, as the data point was registered there."""

    CUMULATIVE = "cumulative"
    """The register: all since the beginning."""
    INTERVAL = "interval"
    """What the register rose by since the packet before."""
    INSTANT = "instant"
    """No counter at all; for single values only."""


_USUAL_METHOD: Final[Mapping[bool, Method]] = {True: Method.MEAN, False: Method.LATEST}
_USUAL_READING: Final[Mapping[bool, Reading]] = {True: Reading.CUMULATIVE, False: Reading.INSTANT}
"""What a stream has when nothing is stored, by whether it is an electricity stream."""


def takes_factor(code: str) -> bool:
    """Whether sources of this parameter may have a factor: all but voltages."""
    return code == VALUE or PARAMETERS[code].quantity not in _VOLTAGES


def takes_direction(code: str) -> bool:
    """Whether sources of this parameter may have a direction: active and reactive power."""
    return code != VALUE and PARAMETERS[code].quantity in _DIRECTED


def is_register(code: str) -> bool:
    """Whether the parameter is a counter by its code alone (a single value's code does not tell)."""
    return code != VALUE and PARAMETERS[code].quantity is Quantity.ENERGY


@dataclass(frozen=True, slots=True)
class Source:
    """An entity that feeds a parameter. `id` is its entity-registry id, or its entity id where it has none.

    `maximum_rate` bounds how fast a counter may rise, an hour, in the parameter's unit and after the factor.
    `first_unit` is the unit that a source taken "as is" had when the user chose it: "" for none, None if it was
    not known.
    """

    id: str
    factor: Decimal = Decimal(1)
    direction: Direction = Direction.SIGNED
    maximum_rate: Decimal | None = None
    first_unit: str | None = None

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Return the source that a subentry's data describe."""
        return cls(
            data[CONF_SOURCE],
            # By way of its text: the float 0.1 is meant as 0.1, not as its binary neighbour.
            Decimal(str(data.get(CONF_FACTOR, 1))),
            Direction(data.get(CONF_DIRECTION, Direction.SIGNED)),
            Decimal(str(data[CONF_MAXIMUM_RATE])) if CONF_MAXIMUM_RATE in data else None,
            (data[CONF_UNIT] or "") if CONF_UNIT in data else None,
        )


@dataclass(frozen=True, slots=True)
class Stream:
    """One data point at Wattics.

    `interval` is in seconds. `time_zone` is a name, None for Home Assistant's. `parameters` holds the sources
    by code, in the vendor's order. `unit` is that of a single value, None if its number is taken as it stands;
    the units of electricity are in `PARAMETERS`. `maximum_age` is in seconds, None for any age.
    """

    subentry_id: str
    stream_id: str
    name: str
    interval: int
    parameters: Mapping[str, tuple[Source, ...]]
    time_zone: str | None = None
    unit: str | None = None
    method: Method = Method.LATEST
    reading: Reading = Reading.INSTANT
    maximum_age: int | None = None

    @classmethod
    def from_subentry(cls, subentry: ConfigSubentry) -> Self:
        """Return the stream that a subentry of type electricity or single value describes."""
        data = subentry.data
        parameters = data[CONF_PARAMETERS]
        unit = data.get(CONF_UNIT)
        is_electricity = subentry.subentry_type == SUBENTRY_ELECTRICITY
        return cls(
            subentry.subentry_id,
            data[CONF_STREAM_ID],
            data[CONF_NAME],
            data[CONF_INTERVAL],
            MappingProxyType(
                {code: tuple(map(Source.from_data, parameters[code])) for code in _ORDER if code in parameters}
            ),
            data.get(CONF_TIME_ZONE),
            None if unit == AS_IS else unit,
            Method(data.get(CONF_METHOD, _USUAL_METHOD[is_electricity])),
            Reading(data.get(CONF_READING, _USUAL_READING[is_electricity])),
            data.get(CONF_MAXIMUM_AGE),
        )

    def unit_of(self, code: str) -> str | None:
        """Return the unit in which a parameter is sent, None for "as it stands"."""
        return self.unit if code == VALUE else PARAMETERS[code].unit

    def is_register(self, code: str) -> bool:
        """Whether a parameter is a counter: energy, or a single value that is read as one."""
        return self.reading is not Reading.INSTANT if code == VALUE else is_register(code)

    @property
    def sends_registers(self) -> bool:
        """Whether Wattics gets the stream's counters as registers, not what they rise by."""
        return self.reading is Reading.CUMULATIVE

    def is_mean(self, code: str) -> bool:
        """Whether a parameter is the mean over the interval: never that of a counter."""
        return self.method is Method.MEAN and not self.is_register(code)
