"""The packet as Wattics wants it and the parameters it may carry (the vendor's page, "JSON Packet Format")."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
import math
from types import MappingProxyType
from typing import Final, Self

import orjson

VALUE: Final = "value"
"""The one parameter of a single-value packet."""

_EXACT_INTEGERS: Final = 2**53
_ID: Final = "id"
_TIMESTAMP: Final = "tsISO8601"


class Quantity(StrEnum):
    """What a parameter measures."""

    ACTIVE_POWER = "active_power"
    REACTIVE_POWER = "reactive_power"
    APPARENT_POWER = "apparent_power"
    VOLTAGE = "voltage"
    CURRENT = "current"
    ENERGY = "energy"
    LINE_VOLTAGE = "line_voltage"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One key of an electricity packet and the unit that Wattics expects it in."""

    code: str
    quantity: Quantity
    unit: str


def _table(*rows: tuple[str, Quantity, str, tuple[str, ...]]) -> Mapping[str, Parameter]:
    return MappingProxyType(
        {
            f"{prefix}_{phase}": Parameter(f"{prefix}_{phase}", quantity, unit)
            for prefix, quantity, unit, phases in rows
            for phase in phases
        }
    )


_PHASES: Final = ("1", "2", "3")

PARAMETERS: Final = _table(
    ("aP", Quantity.ACTIVE_POWER, "W", _PHASES),
    ("rP", Quantity.REACTIVE_POWER, "var", _PHASES),
    ("apP", Quantity.APPARENT_POWER, "VA", _PHASES),
    ("v", Quantity.VOLTAGE, "V", _PHASES),
    ("c", Quantity.CURRENT, "A", _PHASES),
    ("pC", Quantity.ENERGY, "Wh", _PHASES),
    ("v", Quantity.LINE_VOLTAGE, "V", ("12", "13", "23")),
)
"""The 21 electricity parameters by code, in the vendor's order."""


@dataclass(frozen=True, slots=True)
class Packet:
    """The values of one stream at one instant.

    `instant` carries the zone of the meter: Wattics shows its local time. `values` maps parameter codes to
    finite numbers in the units of `PARAMETERS` (or, under `VALUE`, in the unit registered with Wattics).
    """

    stream_id: str
    instant: datetime
    values: Mapping[str, float]

    def encode(self) -> bytes:
        """Return the packet as one line of JSON; raise ValueError for a packet that Wattics could not take."""
        if self.instant.utcoffset() is None:
            raise ValueError("a packet needs an instant with a UTC offset")
        if not self.values:
            raise ValueError("a packet needs at least one parameter")
        if not all(map(math.isfinite, self.values.values())):
            raise ValueError("a packet takes finite numbers only")
        timestamp = self.instant.isoformat(timespec="milliseconds")
        values = {code: _shortest(value) for code, value in self.values.items()}
        try:
            return orjson.dumps({_ID: self.stream_id, _TIMESTAMP: timestamp, **values})
        except orjson.JSONEncodeError as error:
            raise ValueError(f"JSON can't carry the packet: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Return the packet in `body`, whose unknown keys are passed over; raise ValueError if it is none."""
        content = orjson.loads(body)
        if not isinstance(content, dict):
            raise ValueError("not a JSON object")
        stream_id, timestamp = content.get(_ID), content.get(_TIMESTAMP)
        if not isinstance(stream_id, str) or not isinstance(timestamp, str):
            raise ValueError("no id or timestamp")
        instant = datetime.fromisoformat(timestamp)
        if instant.utcoffset() is None:
            raise ValueError("the timestamp has no UTC offset")
        values = {
            code: value
            for code, value in content.items()
            if (code in PARAMETERS or code == VALUE) and type(value) in (int, float)
        }
        return cls(stream_id, instant, values)


def _shortest(value: float) -> float | int:
    """Return whole numbers as integers: `123`, as the vendor's examples have it, and never `-0.0`."""
    return int(value) if abs(value) < _EXACT_INTEGERS and value == int(value) else value
