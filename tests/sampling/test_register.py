"""Registers: what they take for a reset, a glitch, a dip or a jump, and what Wattics gets meanwhile."""

from decimal import Decimal

import pytest

from custom_components.wattics.sampling.counter import Dial
from custom_components.wattics.sampling.happenings import Doubt, Happening
from custom_components.wattics.sampling.register import OCCURRENCES_KEPT, Register
from custom_components.wattics.sampling.replacement import FinalTooLow, FirstTooHigh

MINUTE = 60.0
HOUR = 60 * MINUTE


class Meter:
    """A register with sources to turn: a report a minute unless said otherwise."""

    def __init__(self, *sources: str, maximum_rate: str | None = None) -> None:
        """Begin with nothing reported."""
        self.sources = sources or ("sensor.meter",)
        self.maximum_rate = None if maximum_rate is None else Decimal(maximum_rate)
        self.register = Register(self.sources)
        self.now = 1_000_000.0

    def show(
        self,
        *values: str,
        source: str | None = None,
        last_reset: str | None = None,
        fingerprint: str = "1",
        after: float = MINUTE,
    ) -> list[bool]:
        """Report values, one after another; return which of them had to be stored at once."""
        urgent = []
        for value in values:
            self.now += after
            dial = Dial(Decimal(value), last_reset, self.now)
            urgent.append(
                self.register.observe(source or self.sources[0], fingerprint, dial, maximum_rate=self.maximum_rate)
            )
        return urgent

    def rest(self, seconds: float, source: str | None = None) -> bool:
        """Let time pass with the source as it is."""
        self.now += seconds
        return self.register.settle(source or self.sources[0], self.now)

    @property
    def value(self) -> str | None:
        """The register as text, for short comparisons."""
        return None if self.register.value is None else f"{self.register.value.normalize():f}"

    @property
    def offset(self) -> str:
        """The offset as text."""
        assert self.register.offset is not None
        return f"{self.register.offset.normalize():f}"

    def figures(self) -> tuple[str | None, str]:
        """Return register and offset as text."""
        return self.value, self.offset

    def pack(self) -> Decimal:
        """Pack the register as it is."""
        figure = self.register.value
        assert figure is not None
        return self.register.pack(figure)

    def happenings(self) -> list[Happening]:
        """Return what happened since the last call."""
        return [occurrence.happening for occurrence in self.register.take_occurrences()]


def test_no_value_before_all_sources_were_seen_then_the_sum_of_their_dials() -> None:
    meter = Meter("t1", "t2")
    meter.show("10", "12", source="t1")
    assert meter.value is None
    assert meter.register.offset is None
    meter.show("5.5", source="t2")
    assert meter.value == "17.5"
    assert meter.offset == "0"
    meter.show("13", source="t1")
    meter.show("5.75", source="t2")
    assert meter.value == "18.75"
    assert meter.happenings() == []


def test_rises_and_stays() -> None:
    meter = Meter()
    assert meter.show("10", "10", "10.1", "11") == [False] * 4
    assert meter.value == "11"


def test_a_changed_last_reset_starts_a_cycle_at_zero() -> None:
    meter = Meter()
    meter.show("100", last_reset="2026-11-01T00:00:00+00:00")
    assert meter.show("130", last_reset="2026-11-02T00:00:00+00:00") == [True]
    assert meter.value == "230"
    assert meter.offset == "100"
    assert meter.happenings() == [Happening.RESET]


def test_the_same_last_reset_in_another_zone_is_none() -> None:
    meter = Meter()
    meter.show("100", last_reset="2026-11-01T00:00:00+00:00")
    meter.show("101", last_reset="2026-11-01T01:00:00+01:00")
    assert meter.value == "101"


def test_a_last_reset_that_is_no_time_is_compared_as_text() -> None:
    meter = Meter()
    meter.show("100", "100", last_reset="yesterday")
    assert meter.value == "100"
    meter.show("1", last_reset="today")
    assert meter.value == "101"


def test_a_last_reset_that_vanishes_and_comes_back_tells_nothing() -> None:
    meter = Meter()
    meter.show("100")
    meter.show("101", last_reset="2026-11-01T00:00:00+00:00")
    meter.show("102")
    meter.show("103", last_reset="2026-11-01T00:00:00+00:00")
    assert meter.value == "103"
    meter.show("104")
    meter.show("2", last_reset="2026-11-02T00:00:00+00:00")
    assert meter.value == "106"


def test_a_last_reset_that_follows_its_fall_decides_it_once() -> None:
    meter = Meter()
    meter.show("100", last_reset="2026-11-01T00:00:00+00:00")
    meter.show("0", last_reset="2026-11-01T00:00:00+00:00")
    meter.show("0", last_reset="2026-11-02T00:00:00+00:00")
    assert meter.value == "100"
    meter.show("3", last_reset="2026-11-02T00:00:00+00:00")
    assert meter.value == "103"


def test_a_daily_counter_that_rests_at_zero_is_decided_by_its_first_rise() -> None:
    meter = Meter()
    meter.show("12.5")
    assert meter.show("0") == [True]
    assert not meter.rest(7 * HOUR)
    meter.show("0", "0", "0")
    assert meter.value == "12.5"
    assert meter.offset == "12.5"
    assert meter.show("0.02") == [True]
    assert meter.value == "12.52"
    assert meter.happenings() == [Happening.WITHHELD, Happening.RESET]


@pytest.mark.parametrize(("back", "value"), [("100", "100"), ("104", "104"), ("97", "100"), ("90", "100")])
def test_a_zero_that_comes_back_near_the_old_dial_was_a_glitch(back: str, value: str) -> None:
    meter = Meter()
    meter.show("100", "0", back)
    assert meter.value == value
    meter.show("104")
    assert meter.value == "104"


@pytest.mark.parametrize("back", ["89", "111"])
def test_a_zero_that_comes_back_far_from_the_old_dial_was_a_reset(back: str) -> None:
    meter = Meter()
    meter.show("100", "0", back)
    assert meter.value == str(100 + int(back))


def test_a_zero_that_comes_back_in_two_steps_is_a_reset() -> None:
    meter = Meter()
    meter.show("100", "0", "60", "101")
    assert meter.value == "201"


def test_of_two_resets_in_a_row_each_counts() -> None:
    meter = Meter()
    meter.show("100", "5", "0.1", "0.2")
    assert meter.value == "105.2"


def test_a_fall_is_a_reset_after_three_reports() -> None:
    meter = Meter()
    assert meter.show("100", "50", "51") == [False, True, False]
    assert meter.value == "100"
    assert meter.show("52") == [True]
    assert meter.value == "152"
    assert meter.offset == "100"


def test_reports_of_the_same_dial_confirm_a_fall() -> None:
    meter = Meter()
    assert meter.show("100", "50", "50", "50") == [False, True, False, True]
    assert meter.value == "150"


def test_a_fall_is_a_reset_after_15_minutes() -> None:
    meter = Meter()
    meter.show("100", "50")
    assert not meter.rest(15 * MINUTE - 1)
    assert meter.value == "100"
    assert meter.rest(1)
    assert meter.value == "150"


def test_a_fall_is_a_reset_with_the_first_report_after_15_minutes() -> None:
    meter = Meter()
    meter.show("100", "50")
    assert meter.show("53", after=15 * MINUTE) == [True]
    assert meter.value == "153"


def test_a_clock_that_is_set_back_makes_no_fall_wait_longer() -> None:
    meter = Meter()
    meter.show("100", "50")
    meter.rest(-365 * 24 * HOUR)
    assert meter.rest(15 * MINUTE)
    assert meter.value == "150"


def test_a_fall_that_comes_back_was_a_glitch() -> None:
    meter = Meter()
    meter.show("100", "50", "50", "101")
    assert meter.value == "101"
    assert meter.happenings() == [Happening.WITHHELD, Happening.GLITCH]


def test_a_fall_that_goes_on_below_ten_percent_waits_for_the_next_dial() -> None:
    meter = Meter()
    meter.show("100", "50", "5")
    meter.rest(24 * HOUR)
    assert meter.value == "100"
    meter.show("6")
    assert meter.value == "106"


def test_a_fall_just_below_ninety_percent_is_none_within_it_is_a_dip() -> None:
    meter = Meter()
    meter.show("100", "89.9", "89.9", "89.9")
    assert meter.value == "189.9"
    meter = Meter()
    meter.show("100", "90", "90", "90", "90")
    assert meter.value == "100"
    assert meter.offset == "10"


def test_a_dip_goes_on_from_where_it_was() -> None:
    meter = Meter()
    assert meter.show("100", "99.9", "99.95", "100.5") == [False] * 4
    assert meter.value == "100.5"


def test_a_dip_is_asked_for_after_24_hours() -> None:
    meter = Meter()
    meter.show("100", "95")
    meter.rest(24 * HOUR - 1)
    assert not meter.register.overdue_dips()
    meter.rest(1)
    (dip,) = meter.register.overdue_dips()
    assert (dip.source_id, dip.before, dip.shown) == ("sensor.meter", Decimal(100), Decimal(95))
    assert dip.since == meter.now - 24 * HOUR
    assert meter.value == "100"
    meter.rest(HOUR)
    assert meter.happenings() == [Happening.WITHHELD, Happening.OVERDUE]
    meter.show("101")
    assert not meter.register.overdue_dips()
    assert meter.value == "101"


def test_a_dip_can_be_said_to_be_a_reset() -> None:
    meter = Meter()
    meter.show("100", "95")
    meter.rest(24 * HOUR)
    meter.register.start_anew("sensor.meter", meter.now)
    assert meter.value == "195"
    meter.show("96")
    assert meter.value == "196"
    meter.register.start_anew("sensor.meter", meter.now)
    assert meter.value == "196"


def test_a_dip_can_be_waited_for_once_more() -> None:
    meter = Meter()
    meter.show("100", "95")
    meter.rest(24 * HOUR)
    meter.register.wait_on("sensor.meter", meter.now)
    assert not meter.register.overdue_dips()
    meter.rest(24 * HOUR)
    assert meter.register.overdue_dips()


def test_nothing_falls_below_zero() -> None:
    meter = Meter()
    meter.show("0", "0", "3")
    assert meter.value == "3"
    meter.show("-1", "4")
    assert meter.value == "4"


def test_a_jump_that_does_not_last_never_was() -> None:
    meter = Meter(maximum_rate="60")
    meter.show("100", "100.5", "5000", "101", "102")
    assert meter.value == "102"
    assert meter.happenings() == [Happening.WITHHELD, Happening.GLITCH]


def test_a_jump_counts_when_two_more_reports_confirm_it() -> None:
    meter = Meter(maximum_rate="60")
    meter.show("100", "5000", "5000")
    assert meter.value == "100"
    meter.show("5000.5")
    assert meter.value == "5000.5"
    assert meter.happenings() == [Happening.WITHHELD, Happening.CONFIRMED]


def test_a_jump_on_a_jump_begins_to_be_confirmed_anew() -> None:
    meter = Meter(maximum_rate="60")
    meter.show("100", "5000", "5000", "9000", "9000")
    assert meter.value == "100"
    meter.show("9001")
    assert meter.value == "9001"


def test_a_jump_to_which_a_lower_one_follows_is_confirmed_by_that_one() -> None:
    meter = Meter(maximum_rate="60")
    meter.show("100", "5000", "3000", "3000")
    assert meter.value == "100"
    meter.show("3000")
    assert meter.value == "3000"


def test_a_jump_that_is_followed_by_a_fall_is_a_fall() -> None:
    meter = Meter(maximum_rate="60")
    meter.show("100", "5000", "0")
    assert meter.value == "100"
    meter.show("0.5")
    assert meter.value == "100.5"


def test_a_rate_counts_from_when_the_dial_last_changed() -> None:
    meter = Meter(maximum_rate="60")
    meter.show("100", "100", "100", "100")
    meter.show("104", after=1.0)
    assert meter.value == "100"
    meter = Meter(maximum_rate="60")
    meter.show("100")
    meter.show("104", after=4 * MINUTE)
    assert meter.value == "104"


def test_a_jump_counts_at_once_when_the_maximum_is_taken_away() -> None:
    meter = Meter(maximum_rate="60")
    meter.show("100", "5000")
    meter.maximum_rate = None
    meter.show("5000")
    assert meter.value == "5000"


def test_a_clock_that_is_set_back_makes_no_rise_infinite() -> None:
    meter = Meter(maximum_rate="60")
    meter.show("100")
    meter.show("100.5", after=-HOUR)
    meter.show("101", "101.5")
    assert meter.value == "101.5"


def test_a_new_source_counts_from_its_dial_on_and_one_that_goes_just_goes() -> None:
    meter = Meter("t1")
    meter.show("1000")
    meter.register.keep_sources(["t1", "t2"])
    assert meter.value is None
    assert meter.show("70", source="t2") == [True]
    assert meter.figures() == ("1000", "-70")
    meter.show("71", source="t2")
    assert meter.value == "1001"
    meter.register.keep_sources(["t2"])
    assert meter.figures() == ("1001", "930")
    assert meter.show("2000", source="t1") == [False]
    assert meter.value == "1001"


def test_another_fingerprint_starts_a_cycle_from_the_register() -> None:
    meter = Meter()
    meter.show("100")
    assert meter.show("100000", fingerprint="1000") == [True]
    assert meter.value == "100"
    meter.show("101000", fingerprint="1000")
    assert meter.value == "1100"
    assert meter.happenings() == [Happening.STARTED]


def test_intervals_are_what_a_register_rose_by_and_add_up() -> None:
    meter = Meter()
    meter.show("10", "10.0000005")
    taken = [meter.pack()]
    meter.show("10.0000011")
    taken.append(meter.pack())
    meter.show("12")
    taken.append(meter.pack())
    assert taken == [Decimal(0), Decimal("0.000001"), Decimal("1.999999")]


def test_an_interval_that_was_not_queued_comes_with_the_next() -> None:
    meter = Meter()
    meter.show("10", "11")
    first = meter.pack()
    meter.show("13")
    second = meter.pack()
    assert (first, second) == (Decimal(1), Decimal(2))
    meter.register.unpack(Decimal(1))
    assert meter.pack() == 1


def test_a_register_is_raised_to_what_wattics_has_but_no_interval_is() -> None:
    meter = Meter()
    meter.show("10", "11")
    meter.register.raise_by(Decimal(39), meter.now)
    assert meter.figures() == ("50", "39")
    assert meter.pack() == 1
    assert meter.happenings() == [Happening.JOINED]
    meter.show("12", "13")
    meter.register.skip(meter.now)
    assert meter.pack() == 0


def test_a_lost_register_has_no_value_until_wattics_tells_one() -> None:
    meter = Meter()
    meter.register.is_lost = True
    meter.show("10", "11")
    assert meter.value is None
    meter.register.raise_by(Decimal(1), meter.now)
    assert meter.value is None
    meter.register.join(Decimal(5), meter.now)
    meter.show("12")
    assert meter.figures() == ("6", "-6")
    assert meter.pack() == 1


def test_a_register_that_is_joined_goes_on_from_what_is_shown() -> None:
    """What led there is in the figure already."""
    meter = Meter()
    meter.show("100", "5")
    meter.register.join(Decimal(115), meter.now)
    meter.show("6")
    assert meter.figures() == ("116", "110")
    meter = Meter()
    meter.show("50000")
    _replace(meter)
    meter.register.join(Decimal(60000), meter.now)
    meter.show("23")
    assert meter.value == "60003"


def test_a_register_goes_on_after_it_was_stored_whatever_is_open() -> None:
    meter = Meter("t1", "t2", "t3", "t4", maximum_rate="60")
    for source in meter.sources:
        meter.show("100", source=source, last_reset="2026-11-01T00:00:00+00:00")
    meter.pack()
    meter.show("0", source="t1")
    meter.show("50", "50", source="t2")
    meter.show("95", source="t3")
    meter.rest(24 * HOUR, source="t3")
    meter.show("5000", source="t4", after=0)
    stored = meter.register.store()
    meter.register = Register(meter.sources)
    meter.register.restore(stored)
    assert meter.register.store() == stored
    assert [dip.source_id for dip in meter.register.overdue_dips()] == ["t3"]
    meter.show("1", source="t1")
    meter.show("50", source="t2")
    meter.show("5000", "5000", source="t4")
    assert meter.value == "5351"
    assert meter.pack() == 4951


def test_a_source_that_has_another_id_goes_on() -> None:
    meter = Meter("sensor.energy")
    meter.show("100", "0")  # a fall that the next value decides
    stored = meter.register.store()
    restored = Register(["registry id"])
    restored.restore(stored, {"sensor.energy": "registry id"})
    meter.register.keep_sources(["registry id"], {"sensor.energy": "registry id"})
    assert meter.register.store() == restored.store()
    meter.show("3", source="registry id")
    assert meter.figures() == ("103", "100")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"figures": {"total": "x"}, "sources": {}}', '{"figures": 1}'])
def test_other_text_is_not_restored(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Register(["a"]).restore(text)


def test_only_the_latest_occurrences_are_kept() -> None:
    meter = Meter()
    for _ in range(OCCURRENCES_KEPT):
        meter.show("100", "50", "100")
    assert len(meter.register.take_occurrences()) == OCCURRENCES_KEPT
    assert not meter.register.take_occurrences()


def test_occurrences_say_what_and_when() -> None:
    meter = Meter()
    meter.show("100", "95")
    (withheld,) = meter.register.take_occurrences()
    assert (withheld.source_id, withheld.at, withheld.doubt) == ("sensor.meter", meter.now, Doubt.DIP)
    assert (withheld.before, withheld.after) == (Decimal(100), Decimal(95))


# A replaced meter: the register is 50,010 when the old one's final reading was 50,007 and the new one, which began
# with 20, shows 23.


def _replace(meter: Meter, final: str = "50007", first: str = "20") -> None:
    meter.register.replace_meter("sensor.meter", Decimal(final), Decimal(first), meter.now)


def test_a_meter_that_is_replaced_before_the_new_one_is_shown() -> None:
    meter = Meter()
    meter.show("50000")
    _replace(meter)
    assert meter.value == "50007"
    meter.show("50001", "50001")
    assert meter.value == "50007"
    assert meter.show("23") == [True]
    assert meter.figures() == ("50010", "49987")
    meter.show("24")
    assert meter.value == "50011"


def test_a_meter_that_is_replaced_while_the_new_one_is_withheld() -> None:
    meter = Meter()
    meter.show("50000", "23")
    _replace(meter)
    assert meter.value == "50010"
    meter.show("24")
    assert meter.value == "50011"


def test_a_meter_that_is_replaced_after_it_was_taken_for_a_reset() -> None:
    meter = Meter()
    meter.show("50000", "22", "23")
    assert meter.value == "50023"
    _replace(meter)
    assert meter.value == "50010"
    assert meter.happenings() == [Happening.WITHHELD, Happening.RESET, Happening.REPLACED]


def test_what_was_packed_of_a_replaced_meter_is_not_taken_back() -> None:
    meter = Meter()
    meter.show("50000", "22", "23")
    meter.pack()
    _replace(meter)
    assert meter.value == "50023"
    meter.show("24")
    assert meter.value == "50024"


def test_a_new_meter_that_stands_higher_is_withheld_by_the_maximum_rate() -> None:
    meter = Meter(maximum_rate="60")
    meter.show("50000", "70023")
    _replace(meter, first="70020")
    assert meter.value == "50010"


@pytest.mark.parametrize("shown", [[], ["23"], ["22", "23"]])
def test_what_was_said_of_a_replaced_meter_can_be_corrected(shown: list[str]) -> None:
    meter = Meter()
    meter.show("50000", *shown)
    _replace(meter, final="50017", first="10")
    _replace(meter)
    meter.show("23")
    assert meter.value == "50010"


@pytest.mark.parametrize("shown", [[], ["23"], ["22", "23"]])
def test_readings_that_cannot_be_change_nothing(shown: list[str]) -> None:
    meter = Meter()
    meter.show("50000", *shown)
    before = meter.register.store()
    with pytest.raises(FinalTooLow) as low:
        _replace(meter, final="49999")
    assert low.value.limit == 50000
    if shown:
        with pytest.raises(FirstTooHigh) as high:
            _replace(meter, first="24")
        assert high.value.limit == 23
    assert meter.register.store() == before


def test_a_source_that_was_never_seen_has_no_meter_to_replace() -> None:
    with pytest.raises(KeyError):
        Register(["a"]).replace_meter("a", Decimal(1), Decimal(0), 0.0)


def test_a_last_reset_brings_the_new_meter_in() -> None:
    meter = Meter()
    meter.show("50", last_reset="2026-11-01T00:00:00+00:00")
    _replace(meter, final="51", first="49")
    meter.show("49.5", last_reset="2026-11-02T00:00:00+00:00")
    assert meter.value == "51.5"
