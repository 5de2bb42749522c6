"""Whether the wall clock can be trusted with a decision that can't be taken back."""

from datetime import datetime, timedelta
from typing import Final

JUMP: Final = timedelta(hours=1)
SECONDS_AFTER_START: Final = 3600.0
SECONDS_AFTER_JUMP: Final = 24 * 3600.0


class Steadiness:
    """Compares the wall clock with a monotonic one: after the start and a jump it is not trusted for a while."""

    def __init__(self, now: datetime, monotonic: float) -> None:
        """Take what both clocks say at the start; `monotonic` is in seconds."""
        self._now = now
        self._monotonic = monotonic
        self._trusted_from = monotonic + SECONDS_AFTER_START

    def is_steady(self, now: datetime, monotonic: float) -> bool:
        """Return whether the wall clock has been steady for long enough. To be called often."""
        passed = timedelta(seconds=monotonic - self._monotonic)
        if abs(now - self._now - passed) > JUMP:
            self._trusted_from = monotonic + SECONDS_AFTER_JUMP
        self._now, self._monotonic = now, monotonic
        return monotonic >= self._trusted_from
