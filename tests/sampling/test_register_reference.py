"""Registers against a reference that looks ahead, and against meters of which is known what they measured."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from hypothesis import given, settings, strategies

from custom_components.wattics.sampling.counter import Dial
from custom_components.wattics.sampling.register import Register

from .dials import Reference, Report

MINUTE = 60.0
RATE = Decimal(600)
"""The fastest that a meter is said to count, an hour."""
KNOWN_RATE: Final = Decimal(6000)
"""What users give for meters that add 10 in a minute: a dial that comes out of a dip rises by the dip, too."""

# Few numbers, close to the bounds of 10 % and 90 % of each other: so each line of the table comes up often.
_VALUES = strategies.sampled_from(
    [
        Decimal(text)
        for text in ("0", "0.1", "1", "9.9", "10", "11", "89.9", "90", "95", "99.9", "100", "110", "111")
    ]
)
_RESETS = strategies.sampled_from([None, "2026-11-01T00:00:00+00:00", "2026-11-02T00:00:00+00:00"])


@strategies.composite
def _reports(draw: strategies.DrawFn) -> list[Report]:
    at = 0.0
    reports = [Report(at, draw(_VALUES), draw(_RESETS))]
    for _ in range(draw(strategies.integers(1, 25))):
        at += draw(strategies.sampled_from([1.0, MINUTE, 10 * MINUTE]))
        if draw(strategies.integers(0, 4)):
            reports.append(Report(at, draw(_VALUES), draw(_RESETS)))
        else:
            reports.append(Report(at, None))
    return reports


@settings(max_examples=1000, deadline=None)
@given(reports=_reports(), maximum_rate=strategies.sampled_from([None, RATE]), restarts=strategies.integers(0))
def test_any_reports_come_to_what_the_table_says(
    reports: list[Report], maximum_rate: Decimal | None, restarts: int
) -> None:
    register = Register(["sensor.meter"])
    last = Decimal(0)
    for index, report in enumerate(reports):
        if report.value is None:
            register.settle("sensor.meter", report.at)
        else:
            dial = Dial(report.value, report.last_reset, report.at)
            register.observe("sensor.meter", "1", dial, maximum_rate=maximum_rate)
        assert register.value == Reference(reports[: index + 1], maximum_rate).read()
        assert register.value >= last
        last = register.value
        if restarts >> index & 1:
            stored = register.store()
            register = Register(["sensor.meter"])
            register.restore(stored)


@dataclass
class Meter:
    """A source that measures, and what it did since the start: `measured` is what its register must come to.

    Its dial is that of a counter which is reset, which shows nonsense for a while, and which nobody may see while
    it does something that can't be told from something else.
    """

    name: str
    dial: Decimal
    measured: Decimal = field(init=False)
    resets: int = 0

    @property
    def last_reset(self) -> str:
        """When its cycle began."""
        return f"2026-11-01T00:00:{self.resets:02}+00:00"

    def __post_init__(self) -> None:
        """Begin with what the dial shows."""
        self.measured = self.dial


class Home:
    """A register, its packets and its file, over restarts and kills, with meters behind it."""

    def __init__(self, meters: list[Meter], data: strategies.DataObject, *, with_rate: bool) -> None:
        """Show each meter once, and pack the first packet."""
        self.meters = meters
        self.data = data
        self.maximum_rate = KNOWN_RATE if with_rate else None
        self.at = 0.0
        self.register = Register([meter.name for meter in meters])
        self.pushed: list[Decimal] = []
        self.intervals: list[Decimal] = []
        for meter in meters:
            self.report(meter, meter.dial)
        assert self.register.value is not None
        self.first = self.register.value
        self.pack()

    def report(self, meter: Meter, shown: Decimal, after: float = MINUTE) -> None:
        """Let a source report a dial, which need not be what it measured."""
        self.at += after
        dial = Dial(shown, meter.last_reset, self.at)
        if self.register.observe(meter.name, "1", dial, maximum_rate=self.maximum_rate):
            self.stored = self.register.store()

    def rest(self, meter: Meter, seconds: float) -> None:
        """Let time pass with a source as it is."""
        self.at += seconds
        if self.register.settle(meter.name, self.at):
            self.stored = self.register.store()

    def pack(self) -> None:
        """Make a packet, and store the register with it."""
        value = self.register.value
        assert value is not None
        self.intervals.append(self.register.pack(value))
        self.pushed.append(value)
        self.stored = self.register.store()

    def restart(self, *, killed: bool) -> None:
        """End and begin again: with all there was, or with what the last packet or a reset had stored."""
        stored = self.stored if killed else self.register.store()
        self.register = Register([meter.name for meter in self.meters])
        self.register.restore(stored)

    def come_what_may(self, meter: Meter, shown: Decimal) -> None:
        """Let a packet be made now, or Home Assistant start again, where a source shows what need not be so."""
        match self.data.draw(strategies.integers(0, 5)):
            case 0:
                self.pack()
            case 1:
                self.restart(killed=False)
            case 2:
                self.restart(killed=True)
                # Home Assistant is back, and each source says what it shows.
                for other in self.meters:
                    self.report(other, shown if other is meter else other.dial)


# What a meter may do. `amount` is how much it measures by it, at least 0.001 and at most 10.


def _rise(home: Home, meter: Meter, amount: Decimal) -> None:
    meter.dial += amount
    meter.measured += amount
    home.report(meter, meter.dial)


def _steady(home: Home, meter: Meter, _: Decimal) -> None:
    home.report(meter, meter.dial)
    home.rest(meter, 20 * MINUTE)


def _reset_with_last_reset(home: Home, meter: Meter, amount: Decimal) -> None:
    meter.resets += 1
    meter.dial = amount
    meter.measured += amount
    home.report(meter, meter.dial)


def _reset_to_zero(home: Home, meter: Meter, amount: Decimal) -> None:
    """Rest at 0 for a night, then rise, by less than the dial had."""
    if meter.dial < 12:
        return _rise(home, meter, amount)
    home.report(meter, Decimal(0))
    home.come_what_may(meter, Decimal(0))
    home.rest(meter, 8 * 60 * MINUTE)
    home.report(meter, Decimal(0))
    meter.dial = amount
    meter.measured += amount
    return home.report(meter, meter.dial)


def _reset_to_less(home: Home, meter: Meter, amount: Decimal) -> None:
    """Begin anew unseen, and have come to half of the dial before when it is seen again."""
    meter.measured += meter.dial / 2
    meter.dial /= 2
    home.report(meter, meter.dial)
    if amount > 5:
        home.rest(meter, 15 * MINUTE)
        return
    home.pack()
    for _ in range(2):
        _rise(home, meter, min(amount, meter.dial / 10))


def _zero_glitch(home: Home, meter: Meter, amount: Decimal) -> None:
    home.report(meter, Decimal(0))
    home.come_what_may(meter, Decimal(0))
    home.report(meter, Decimal(0))
    _rise(home, meter, min(amount, meter.dial / 10))


def _fall_glitch(home: Home, meter: Meter, amount: Decimal) -> None:
    home.report(meter, meter.dial / 3)
    home.pack()
    home.report(meter, meter.dial / 2)
    _rise(home, meter, amount)


def _dip(home: Home, meter: Meter, amount: Decimal) -> None:
    home.report(meter, meter.dial * 95 / 100)
    home.rest(meter, 20 * MINUTE)
    home.come_what_may(meter, meter.dial * 95 / 100)
    home.report(meter, meter.dial * 99 / 100)
    _rise(home, meter, amount)


def _spike(home: Home, meter: Meter, amount: Decimal) -> None:
    """Jump for two reports, where the fastest rate is known."""
    if home.maximum_rate is not None:
        home.report(meter, meter.dial + 100_000_000)
        home.pack()
        home.report(meter, meter.dial + 100_000_001)
    _rise(home, meter, amount)


_DEEDS: list[Callable[[Home, Meter, Decimal], None]] = [
    _rise,
    _steady,
    _reset_with_last_reset,
    _reset_to_zero,
    _reset_to_less,
    _zero_glitch,
    _fall_glitch,
    _dip,
    _spike,
]
_AMOUNTS = strategies.decimals("0.001", "10", places=3)


@settings(max_examples=1500, deadline=None)
@given(data=strategies.data())
def test_the_register_is_what_the_meters_measured(data: strategies.DataObject) -> None:
    names = ["t1", "t2", "t3"][: data.draw(strategies.integers(1, 3))]
    dials = strategies.decimals("0", "5000", places=2)
    meters = [Meter(name, data.draw(dials)) for name in names]
    home = Home(meters, data, with_rate=data.draw(strategies.booleans()))
    for _ in range(data.draw(strategies.integers(1, 15))):
        deed = data.draw(strategies.sampled_from(_DEEDS))
        meter = data.draw(strategies.sampled_from(meters))
        deed(home, meter, data.draw(_AMOUNTS))
        home.come_what_may(meter, meter.dial)
        assert home.register.value == sum(meter.measured for meter in meters)
    home.pack()
    assert home.pushed == sorted(home.pushed)
    assert 0 <= home.pushed[-1] - home.first - sum(home.intervals) < Decimal("1e-6")
    assert all(interval >= 0 for interval in home.intervals)
