"""Means over time, exact: whole microseconds and decimals are summed, and divided once."""

from dataclasses import dataclass
from decimal import Decimal

from .values import EXACT


@dataclass(slots=True)
class Mean:
    """The values of one source since the interval began. Times are whole microseconds since 1970.

    Nothing is kept but sums: as much for a source that changes every second as for one that never does.
    """

    at: int
    """Up to here all is summed."""
    value: Decimal | None = None
    """What the source has had since then, None for no value."""
    expires: int | None = None
    """When the value is too old, None for never."""
    known: int = 0
    """For as long has the source had a value."""
    total: Decimal = Decimal(0)
    """The sum of value times microseconds."""

    def observe(self, value: Decimal | None, at: int, expires: int | None = None) -> None:
        """From `at` on the source has this value, until it `expires`."""
        self._advance(at)
        self.value = value
        self.expires = expires

    def close(self, at: int, length: int) -> Decimal | None:
        """End the interval at `at` and begin the next one there.

        Returns the mean, or None if the source had a value for less than half of `length` microseconds: time
        without a value does not count.
        """
        self._advance(at)
        known, total = self.known, self.total
        self.known, self.total = 0, Decimal(0)
        return EXACT.divide(total, Decimal(known)) if known and 2 * known >= length else None

    def _advance(self, at: int) -> None:
        """Sum up to `at`. A clock that was set back ends nothing and counts nothing twice."""
        if self.value is not None:
            until = at if self.expires is None else min(at, self.expires)
            if (span := until - self.at) > 0:
                self.known += span
                self.total = EXACT.add(self.total, EXACT.multiply(self.value, Decimal(span)))
        self.at = at
