"""What a stream's figures mean in one word, and whether somebody should look."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from .delivery.database import StreamRecord
from .delivery.lane import Lane, Trouble
from .delivery.rejected import Rejected
from .sampling.offsets import Offsets
from .sampling.reader import SourceProblem
from .sampling.registers import StreamRegisters
from .sampling.stream import Stream
from .source_watch import SourceTroubles

INTERVALS_UNTIL_PROBLEM: Final = 3
WAITING_UNTIL_PROBLEM: Final = timedelta(minutes=15)


class Status(StrEnum):
    """The state of a stream. Of several that hold, the first in this order is shown."""

    STORAGE = "storage"
    """Samples can't be written to disk: they are kept in memory for now."""
    UNAUTHORIZED = "unauthorized"
    """Wattics refuses the account's credentials: packets are kept until they are right."""
    FORBIDDEN = "forbidden"
    """The account may not write to this stream."""
    NOT_FOUND = "not_found"
    """Wattics does not know this stream."""
    REJECTING = "rejecting"
    """Wattics refused the last packets: they are set aside."""
    NOT_PROCESSED = "not_processed"
    """Wattics acknowledged packets but has not processed them, as a read-back showed."""
    CLOCK = "clock"
    """The clock was set back: samples are not newer than those already queued, and are left out."""
    NO_DATA = "no_data"
    """No source had a value at the last boundary: no packet was made."""
    RETRYING = "retrying"
    """Packets wait because the server can't be reached or failed: they are sent again by themselves."""
    WAITING = "waiting"
    """Nothing has been acknowledged yet."""
    OK = "ok"
    """The last packet was acknowledged."""


PROBLEMS: Final = frozenset(
    {
        Status.STORAGE,
        Status.UNAUTHORIZED,
        Status.FORBIDDEN,
        Status.NOT_FOUND,
        Status.REJECTING,
        Status.NOT_PROCESSED,
        Status.CLOCK,
    }
)
"""What is a problem from the first moment on."""

_TROUBLES: Final[Mapping[Trouble, Status]] = {
    Trouble.FORBIDDEN: Status.FORBIDDEN,
    Trouble.NOT_FOUND: Status.NOT_FOUND,
    Trouble.REJECTING: Status.REJECTING,
}


@dataclass(slots=True)
class Sampled:
    """What sampling a stream has come to since Home Assistant started."""

    started: datetime
    last_sample: datetime | None = None
    """Instant of the last packet made."""
    without_value: bool = False
    """Whether no packet could be made at the last boundary."""
    set_back: bool = False
    """Whether the last sample was not newer than one already queued."""
    gaps: int = 0
    """Boundaries without a packet."""
    problems: tuple[SourceProblem, ...] = field(default=())
    """Sources without a value at the last boundary."""
    offsets: Offsets = field(default_factory=Offsets)
    """What the registers in the packets are above their dials."""


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the status of a stream depends on."""

    stream: Stream
    sampled: Sampled
    sources: SourceTroubles
    registers: StreamRegisters | None
    record: StreamRecord | None
    newest_rejected: Rejected | None
    lane: Lane | None
    storage_failed: bool
    unauthorized: bool
    server_answers: bool

    def status(self) -> Status:
        """Return the status, of several that hold the first in the order of `Status`."""
        lane_status = _TROUBLES.get(self.lane.trouble) if self.lane is not None else None
        holding = (
            (self.storage_failed, Status.STORAGE),
            (self.unauthorized, Status.UNAUTHORIZED),
            (lane_status is not None, lane_status or Status.OK),
            (self.lane is not None and self.lane.verification.not_processed, Status.NOT_PROCESSED),
            (self.sampled.set_back, Status.CLOCK),
            (self.sampled.without_value, Status.NO_DATA),
            (self._is_retrying, Status.RETRYING),
            (self.record is None or self.record.pushed_at is None, Status.WAITING),
        )
        return next((status for holds, status in holding if holds), Status.OK)

    def is_problem(self, now: datetime) -> bool:
        """Whether somebody should look: at once, or since samples or deliveries have been missing for long."""
        if self.status() in PROBLEMS:
            return True
        patience = timedelta(seconds=self.stream.interval) * INTERVALS_UNTIL_PROBLEM
        if now - (self.sampled.last_sample or self.sampled.started) > patience:
            return True
        oldest = self.record.oldest if self.record is not None else None
        return oldest is not None and now - instant_of(oldest) > max(patience, WAITING_UNTIL_PROBLEM)

    @property
    def _is_retrying(self) -> bool:
        waiting = self.record is not None and self.record.queued > 0
        lane_fails = self.lane is not None and self.lane.trouble is Trouble.RETRYING
        return waiting and (lane_fails or not self.server_answers)


def instant_of(milliseconds: int) -> datetime:
    """Return the instant (UTC) that the outbox counts in milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
