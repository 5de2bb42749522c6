"""A meter that is replaced by another one, as somebody says who has read both."""

from decimal import Decimal
from typing import NamedTuple

from .counter import Counter, Cycle, Withheld
from .happenings import Doubt, Happening
from .values import EXACT


class FinalTooLow(ValueError):
    """The old meter's final reading is below `limit`, which it had shown already."""

    def __init__(self, limit: Decimal) -> None:
        """Keep the lowest final reading that is possible."""
        super().__init__(f"the final reading is below {limit}")
        self.limit = limit


class FirstTooHigh(ValueError):
    """The new meter's first reading is above `limit`, which it shows by now."""

    def __init__(self, limit: Decimal) -> None:
        """Keep the highest first reading that is possible."""
        super().__init__(f"the first reading is above {limit}")
        self.limit = limit


class _Meters(NamedTuple):
    """What is known of the two meters: the old one's last dial, and up to where it counted.

    Of the new one, the dial that it shows, None if it does not yet, and how much of it has counted.
    """

    old: Decimal
    ended: Decimal
    shown: Decimal | None
    counted: Decimal = Decimal(0)


def replace(counter: Counter, final: Decimal, first: Decimal, at: float) -> Decimal:
    """Let a counter go on with another meter: the old one's reading was `final`, the new one's first was `first`.

    Right at any time: before the new dial is shown, while it is withheld, after it was taken for a reset, and
    again to correct what was said. Returns how much more counts, negative where too much has counted already.
    Raises FinalTooLow or FirstTooHigh, having changed nothing.
    """
    meters = _meters(counter, final)
    if final < meters.old:
        raise FinalTooLow(meters.old)
    if meters.shown is not None and first > meters.shown:
        raise FirstTooHigh(meters.shown)
    counts = Decimal(0) if meters.shown is None else EXACT.subtract(meters.shown, first)
    change = EXACT.add(EXACT.subtract(final, meters.ended), EXACT.subtract(counts, meters.counted))
    counter.record(Happening.REPLACED, at, first)
    _go_on(counter, meters, first, at)
    counter.earlier = Cycle(meters.old, final)
    counter.base = first
    counter.is_urgent = True
    return change


def _meters(counter: Counter, final: Decimal) -> _Meters:
    """Tell the old meter from the new one: the final reading is near the last dial of the old one."""
    withheld, earlier = counter.withheld, counter.earlier
    if earlier is not None:
        if withheld is not None and withheld.doubt is Doubt.REPLACEMENT:
            return _Meters(earlier.shown, earlier.ended, None)
        if _distance(final, earlier.shown) < _distance(final, counter.counted):
            counted = EXACT.subtract(counter.counted, counter.base)
            return _Meters(earlier.shown, earlier.ended, counter.counted, counted)
    return _Meters(counter.counted, counter.counted, None if withheld is None else withheld.value)


def _go_on(counter: Counter, meters: _Meters, first: Decimal, at: float) -> None:
    """Take the new meter's dial, or wait for it."""
    if meters.shown == counter.counted:
        return  # it is at work already
    if meters.shown is None:
        counter.withheld = counter.withheld or Withheld(Doubt.REPLACEMENT, meters.old, at, at)
        counter.counted = first
    else:
        counter.withheld = None
        counter.counted = meters.shown
    counter.changed_at = at


def _distance(one: Decimal, other: Decimal) -> Decimal:
    return abs(EXACT.subtract(one, other))
