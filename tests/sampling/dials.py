"""What counters come to, by looking at all that they will ever report: a reference for registers."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple


class Report(NamedTuple):
    """What a source reported, or None if it only went on showing it, at a time in seconds."""

    at: float
    value: Decimal | None
    last_reset: str | None = None


class Counted(NamedTuple):
    """A dial that counts, since when it has been there, and the last reset known by then."""

    value: Decimal
    at: float
    last_reset: str | None


@dataclass
class Reference:
    """Reads reports, of which the first has a value, and looks ahead wherever something is open."""

    reports: Sequence[Report]
    maximum_rate: Decimal | None = None

    def __post_init__(self) -> None:
        """Begin with the first dial."""
        first = self.reports[0]
        assert first.value is not None
        self.total = first.value
        self.last = Counted(first.value, first.at, first.last_reset)

    def read(self) -> Decimal:
        """Return what the register has come to by the last report."""
        index = 1
        while index < len(self.reports):
            index = self._read_at(index)
        return self.total

    def _read_at(self, index: int) -> int:
        """Read on from a report, and return the index of the first that is still to be read."""
        report = self.reports[index]
        if report.value is None:
            return index + 1
        if self._resets(report):
            self._begin(report.value, report)
        elif report.value >= self.last.value:
            if self._is_too_fast(self.last.value, self.last.at, report):
                return self._read_jump(index)
            self._count(report)
        elif report.value < self.last.value / 10:
            return self._read_zero(index)
        elif report.value < self.last.value * 9 / 10:
            return self._read_fall(index)
        self._note_reset(report)
        return index + 1

    def _read_zero(self, index: int) -> int:
        low = self.reports[index]
        assert low.value is not None
        self._note_reset(low)
        for ahead, report in enumerate(self.reports[index + 1 :], index + 1):
            if report.value is None or (report.value == low.value and not self._resets(report)):
                self._note_reset(report)
                continue
            if not self._resets(report) and not self._is_near(report.value):
                self._begin(low.value, low)
            return ahead
        return len(self.reports)

    def _read_fall(self, index: int) -> int:
        latest = self.reports[index]
        self._note_reset(latest)
        since, seen = latest.at, 1
        for ahead, report in enumerate(self.reports[index + 1 :], index + 1):
            if report.value is not None:
                if self._resets(report) or not self.last.value <= report.value * 10 < self.last.value * 9:
                    return ahead
                self._note_reset(report)
                latest = report
                seen += 1
            if seen == 3 or report.at - since >= 900:
                assert latest.value is not None
                self._begin(latest.value, Report(report.at, latest.value))
                return ahead + 1
        return len(self.reports)

    def _read_jump(self, index: int) -> int:
        level = self.reports[index]
        self._note_reset(level)
        seen = 1
        for ahead, report in enumerate(self.reports[index + 1 :], index + 1):
            if report.value is None:
                continue
            assert level.value is not None
            if (
                self._resets(report)
                or report.value < level.value
                or self._is_too_fast(level.value, level.at, report)
            ):
                return ahead
            self._note_reset(report)
            if report.value > level.value:
                level = report
            seen += 1
            if seen == 3:
                self._count(report)
                return ahead + 1
        return len(self.reports)

    def _resets(self, report: Report) -> bool:
        return report.last_reset is not None and self.last.last_reset not in (None, report.last_reset)

    def _note_reset(self, report: Report) -> None:
        self.last = self.last._replace(last_reset=report.last_reset or self.last.last_reset)

    def _count(self, report: Report) -> None:
        assert report.value is not None
        if report.value > self.last.value:
            self.total += report.value - self.last.value
            self.last = Counted(report.value, report.at, self.last.last_reset)

    def _begin(self, value: Decimal, report: Report) -> None:
        self.total += value
        self.last = Counted(value, report.at, self.last.last_reset)

    def _is_near(self, value: Decimal) -> bool:
        return self.last.value * 9 <= value * 10 <= self.last.value * 11

    def _is_too_fast(self, value: Decimal, at: float, report: Report) -> bool:
        assert report.value is not None
        if self.maximum_rate is None or report.value <= value:
            return False
        return (report.value - value) * 3600 > self.maximum_rate * Decimal(report.at - at)
