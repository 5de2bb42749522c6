"""What the latest processed packets that Wattics reports say of a stream: "received" is not yet "shown"."""

from dataclasses import dataclass
from typing import Final

SETTLE_SECONDS: Final = 60.0
"""Left to Wattics to process a packet before it is asked for it."""
BEHIND_SECONDS: Final = 600.0
"""As long may Wattics stay behind what it acknowledged."""
DAY_SECONDS: Final = 86_400.0


@dataclass(slots=True)
class Verification:
    """What is known of a stream from reading it back. Instants are milliseconds, times seconds, since 1970."""

    processed: int | None = None
    """Instant of the latest packet that Wattics had processed."""
    not_processed: bool = False
    """Whether Wattics stayed behind what it acknowledged for too long."""
    another_installation: bool = False
    """Whether Wattics has a packet that is newer than anything that was queued here."""
    _behind_since: float | None = None
    _behind: int = 0

    def take(self, now: float, processed: int | None, acknowledged: int | None, newest: int | None) -> float:
        """Take a read-back made at `now`; return in how many seconds the next one is wanted.

        `processed` is None where the answer said nothing; nothing is concluded from that. `acknowledged` and
        `newest` are the instants of the newest packet acknowledged and queued here, None where that can't be told.
        """
        if processed is None or acknowledged is None or newest is None:
            return DAY_SECONDS if self._behind_since is None and newest is not None else BEHIND_SECONDS
        self.processed = processed
        self.another_installation = processed > newest
        if self._behind_since is not None and processed >= self._behind:
            self._behind_since = None
        if self._behind_since is None and processed < acknowledged:
            self._behind_since, self._behind = now, acknowledged
        self.not_processed = self._behind_since is not None and now - self._behind_since >= BEHIND_SECONDS
        is_well = self._behind_since is None and not self.another_installation
        return DAY_SECONDS if is_well else BEHIND_SECONDS
