"""What of a counter's dial counts: dials start again at 0, fall for a moment or jump, and Wattics must not see it.

| the dial | is |
| --- | --- |
| rises or stays | counted |
| comes with another `last_reset` | a reset: the new cycle starts at 0, so all of the new dial counts |
| falls below 10 % of the last one | open until the next different dial: near the last one a glitch, else a reset |
| falls otherwise, by more than 10 % | open until 3 reports or 15 minutes confirm a reset |
| falls by 10 % at most | a dip, open until the dial is back; after 24 hours somebody has to say what it is |
| rises faster than the maximum rate | open until two more reports confirm it, else it never was |

While something is open nothing counts. What follows from that, and what had to be decided beside it:

- Near is within 10 %, above or below.
- A daily counter that rests at 0 all night is decided by its first rise, and that rise counts.
- A reset that is decided begins with the dial that it fell to; the dial that decided it is judged by that one. So
  of two resets in a row each counts, and a glitch that comes back in two steps is a reset and a rise: nothing
  tells them apart.
- What confirms a fall need not be the same dial: all that is still more than 10 % below does, and the latest
  counts.
- A fall that comes back to the last dial or above was a glitch: what is above it counts.
- A rate is a rise by the time since the dial last changed. What a reset begins with has no rate.
- A `last_reset` that appears or vanishes tells nothing: the dial is judged by itself. Two texts for one instant
  are the same. One that changes while something is open decides that: only the new dial counts.
- Nothing can fall below a last dial of 0. A negative dial is no dial: callers keep it away.
- A source that is unavailable is not asked to settle: no time confirms what it does not show.
- The state class makes no difference: `total` without a `last_reset`, `total_increasing` and none are alike.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from .happenings import Doubt, Happening, Occurrence
from .values import EXACT

CONFIRMING_REPORTS: Final = 3
"""As many reports, the first among them, make a fall a reset and a jump a rise."""
CONFIRMING_SECONDS: Final = 15 * 60.0
DIP_SECONDS: Final = 24 * 3600.0

_FALLS: Final = (Doubt.ZERO, Doubt.FALL)
"""A kill must undo neither their beginning nor their end. Dips and jumps are seen again: falls are not."""
_HOUR: Final = Decimal(3600)
_TENTH: Final = Decimal("0.1")
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Dial:
    """What a source shows: in the parameter's unit, after the factor, not negative.

    `last_reset` is the attribute of that name, None where there is none. `at` is when the source reported it, in
    seconds since 1970.
    """

    value: Decimal
    last_reset: str | None
    at: float


@dataclass(slots=True)
class Withheld:
    """A dial that does not count yet: since when, when it changed last, and how often it was reported."""

    doubt: Doubt
    value: Decimal
    since: float
    changed_at: float
    reports: int = 1
    is_overdue: bool = False


@dataclass(frozen=True, slots=True)
class Cycle:
    """An earlier cycle of a counter: the last dial that was shown of it, and up to which reading it counted."""

    shown: Decimal
    ended: Decimal


@dataclass(slots=True)
class Counter:
    """One source's dial. It counts from `base` on, so far up to `counted`, which it has shown since `changed_at`.

    `fingerprint` is what else the dial depends on: another one makes it another counter.
    """

    source_id: str
    fingerprint: str
    base: Decimal
    counted: Decimal
    changed_at: float
    last_reset: str | None = None
    earlier: Cycle | None = None
    withheld: Withheld | None = None
    is_urgent: bool = False
    """Whether something happened that a kill must not undo, since somebody saw to that."""
    occurrences: list[Occurrence] = field(default_factory=list)
    """What happened, since somebody took it away."""

    @property
    def shown(self) -> Decimal:
        """The dial that the source showed last."""
        return self.counted if self.withheld is None else self.withheld.value

    @property
    def dip(self) -> Withheld | None:
        """The dip that the dial is in, None if it is in none."""
        return self.withheld if self.withheld is not None and self.withheld.doubt is Doubt.DIP else None

    def observe(self, dial: Dial, maximum_rate: Decimal | None) -> Decimal:
        """Take a report of the source, of a new dial or the same; return how much of it counts, never less than 0.

        `maximum_rate` is in the dial's unit an hour, None for any.
        """
        is_new_cycle = self._is_new_cycle(dial)
        self.last_reset = dial.last_reset or self.last_reset
        withheld = self.withheld
        if withheld is not None and withheld.doubt is Doubt.REPLACEMENT:
            return self._await_new_meter(withheld, dial, is_new_cycle=is_new_cycle)
        if is_new_cycle:
            return self._start_cycle(dial.value, dial.at)
        if withheld is not None and withheld.doubt is Doubt.ZERO:
            return self._after_zero(withheld, dial, maximum_rate)
        if withheld is not None and withheld.doubt is Doubt.RISE:
            return self._after_jump(withheld, dial, maximum_rate)
        return self._judge(dial, maximum_rate)

    def shows(self, dial: Dial) -> bool:
        """Whether a dial is the one that the source showed last."""
        return dial.value == self.shown and not self._is_new_cycle(dial)

    def settle(self, at: float) -> Decimal:
        """Let time pass for a source that still shows what it showed last; return how much counts by that."""
        if (withheld := self.withheld) is None:
            return _ZERO
        # A clock that was set back must not make anybody wait for years.
        withheld.since = min(withheld.since, at)
        if withheld.doubt is Doubt.FALL and at - withheld.since >= CONFIRMING_SECONDS:
            return self._start_cycle(withheld.value, at)
        if withheld.doubt is Doubt.DIP and at - withheld.since >= DIP_SECONDS and not withheld.is_overdue:
            withheld.is_overdue = True
            self.record(Happening.OVERDUE, at, withheld.value, Doubt.DIP)
        return _ZERO

    def start_anew(self, at: float) -> Decimal:
        """Take a dip for a new cycle: somebody says so. Return how much of it counts."""
        return _ZERO if (dip := self.dip) is None else self._start_cycle(dip.value, at)

    def start_from_shown(self, at: float) -> None:
        """Count from the dial that is shown on, whatever led to it; a meter that is being replaced is awaited."""
        if self.withheld is not None and self.withheld.doubt is not Doubt.REPLACEMENT:
            self.record(Happening.STARTED, at, self.withheld.value)
            self.base = self.counted = self.withheld.value
            self.changed_at = self.withheld.changed_at
            self.withheld = None

    def wait_on(self, at: float) -> None:
        """Let a dip take its time once more: somebody says so."""
        if (dip := self.dip) is not None:
            dip.since, dip.is_overdue = at, False

    def _is_new_cycle(self, dial: Dial) -> bool:
        return (
            dial.last_reset is not None
            and self.last_reset is not None
            and _instant(dial.last_reset) != _instant(self.last_reset)
        )

    def _judge(self, dial: Dial, maximum_rate: Decimal | None) -> Decimal:
        """Judge a dial by the last one that counted."""
        if dial.value < self.counted:
            return self._fall(dial)
        if _is_too_fast(self.counted, self.changed_at, dial, maximum_rate):
            return self._withhold(Doubt.RISE, dial)
        return self._count(dial, Happening.GLITCH)

    def _fall(self, dial: Dial) -> Decimal:
        doubt = self._doubt_of(dial.value)
        withheld = self.withheld
        if withheld is None or withheld.doubt is not doubt:
            return self._withhold(doubt, dial)
        _report_again(withheld, dial)
        if doubt is Doubt.FALL and withheld.reports >= CONFIRMING_REPORTS:
            return self._start_cycle(dial.value, dial.at)
        return self.settle(dial.at)

    def _doubt_of(self, value: Decimal) -> Doubt:
        if _is_near(value, self.counted):
            return Doubt.DIP
        return Doubt.ZERO if value < EXACT.multiply(self.counted, _TENTH) else Doubt.FALL

    def _after_zero(self, low: Withheld, dial: Dial, maximum_rate: Decimal | None) -> Decimal:
        if dial.value == low.value:
            return _ZERO
        if _is_near(dial.value, self.counted):
            return self._judge(dial, maximum_rate)
        begun = self._start_cycle(low.value, low.since)
        return EXACT.add(begun, self._judge(dial, maximum_rate))

    def _after_jump(self, jump: Withheld, dial: Dial, maximum_rate: Decimal | None) -> Decimal:
        if dial.value < jump.value or _is_too_fast(jump.value, jump.changed_at, dial, maximum_rate):
            self.withheld = None
            self.record(Happening.GLITCH, dial.at, jump.value, Doubt.RISE)
            return self._judge(dial, maximum_rate)
        _report_again(jump, dial)
        if maximum_rate is not None and jump.reports < CONFIRMING_REPORTS:
            return _ZERO
        return self._count(dial, Happening.CONFIRMED)

    def _await_new_meter(self, old: Withheld, dial: Dial, *, is_new_cycle: bool) -> Decimal:
        """Wait for the new meter: its dial is nearer to its first reading than to the last dial of the old one."""
        to_old = abs(EXACT.subtract(dial.value, old.value))
        if to_old <= abs(EXACT.subtract(dial.value, self.counted)) and not is_new_cycle:
            _report_again(old, dial)
            return _ZERO
        self.withheld = None
        self.changed_at = dial.at
        self.is_urgent = True
        return self._judge(dial, None)

    def _withhold(self, doubt: Doubt, dial: Dial) -> Decimal:
        self._decided()
        self.withheld = Withheld(doubt, dial.value, dial.at, dial.at)
        self.record(Happening.WITHHELD, dial.at, dial.value, doubt)
        self.is_urgent |= doubt in _FALLS
        return _ZERO

    def _count(self, dial: Dial, end: Happening) -> Decimal:
        """Let a dial count that is not below the last one; `end` is what that says of one that is withheld."""
        if self.withheld is not None:
            self.record(end, dial.at, dial.value, self.withheld.doubt)
            self._decided()
        rise = EXACT.subtract(dial.value, self.counted)
        if rise:
            self.counted, self.changed_at = dial.value, dial.at
        return rise

    def _decided(self) -> None:
        """Withhold no more what was withheld."""
        if self.withheld is not None:
            self.is_urgent |= self.withheld.doubt in _FALLS
            self.withheld = None

    def _start_cycle(self, first: Decimal, at: float) -> Decimal:
        """Begin a cycle at 0 that has come to `first` by now; return how much of it counts."""
        self.record(Happening.RESET, at, first)
        self.earlier = Cycle(self.counted, self.counted)
        self.base, self.counted, self.changed_at = _ZERO, first, at
        self.withheld = None
        self.is_urgent = True
        return first

    def record(self, happening: Happening, at: float, after: Decimal, doubt: Doubt | None = None) -> None:
        """Note what happened to the dial, which shows `after` by it."""
        self.occurrences.append(Occurrence(happening, self.source_id, at, self.counted, after, doubt))


def _report_again(withheld: Withheld, dial: Dial) -> None:
    """Count a report of a source whose dial is withheld."""
    withheld.reports += 1
    if dial.value != withheld.value:
        withheld.value, withheld.changed_at = dial.value, dial.at


def _is_near(value: Decimal, other: Decimal) -> bool:
    """Whether a dial is within 10 % of another one."""
    return abs(EXACT.subtract(value, other)) <= EXACT.multiply(other, _TENTH)


def _is_too_fast(value: Decimal, at: float, dial: Dial, maximum_rate: Decimal | None) -> bool:
    """Whether a dial rose faster, from a value that it had at a time, than it can."""
    if maximum_rate is None:
        return False
    seconds = Decimal(max(dial.at - at, 0.0))
    rise = EXACT.subtract(dial.value, value)
    return rise > 0 and EXACT.multiply(rise, _HOUR) > EXACT.multiply(maximum_rate, seconds)


def _instant(last_reset: str) -> datetime | str:
    """Return the instant that a text stands for, or the text where it stands for none."""
    try:
        return datetime.fromisoformat(last_reset)
    except ValueError:
        return last_reset
