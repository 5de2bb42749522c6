"""One stream on its way to Wattics: packets one after another, and what their answers mean for the next."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto

from .clock import Timer
from .database import Waiting
from .errors import Unreachable
from .verification import Verification


class Trouble(Enum):
    """Why the packets of a stream do not get through at the moment."""

    NONE = auto()
    RETRYING = auto()
    """The server failed, or refused a packet that is tried again."""
    FORBIDDEN = auto()
    NOT_FOUND = auto()
    REJECTING = auto()
    """Wattics refused several packets in a row for good."""


def set_event() -> asyncio.Event:
    """Return an event that has happened."""
    event = asyncio.Event()
    event.set()
    return event


@dataclass(slots=True)
class Lane:
    """The state of one stream. Never more than one of its packets is on the way."""

    stream_id: str
    buffer: deque[Waiting] = field(default_factory=deque)
    """The oldest waiting packets, read ahead."""
    after: int | None = None
    """Instant of the newest packet taken out of the buffer: what is older is done."""
    more: bool = False
    """Whether the outbox may hold packets beyond the buffer."""
    held: int = 0
    """How many hold the stream back at the moment: see `Uploader.hold`."""
    idle: asyncio.Event = field(default_factory=set_event)
    """Set while none of its packets is on the way."""
    offered: bool = False
    removed: bool = False
    timer: Timer | None = None
    """Running while the stream waits by itself."""
    reads: int = 0
    """Counts how often what was read ahead became void."""
    ambiguous: bool = False
    """Whether the oldest packet was sent and its answer lost: Wattics may have it."""
    verification: Verification = field(default_factory=Verification)
    read_back_due: bool = False
    read_back_timer: Timer | None = None
    read_back_requests: list[asyncio.Future[None]] = field(default_factory=list)

    trouble: Trouble = Trouble.NONE
    last_error: str | None = None
    latency: float | None = None
    """Seconds from the start of the last transaction to its answer."""
    newest_at_start: int | None = None
    """Instant of the newest sample that the outbox knew of when the upload began."""
    restored: bool = False
    """Whether its packets turned out to be those of an older outbox."""
    asked: bool = False
    """Whether Wattics was asked since the start what it has, or took a packet without that."""
    taken: bool = False
    """Whether Wattics has answered 2xx since the start."""
    last_packet: Waiting | None = None
    """The last packet acknowledged since the start."""

    refusals: int = 0
    """How often the oldest packet was refused."""
    rejected_in_a_row: int = 0
    waits: int = 0
    """How often in a row the stream had to wait by itself for 403, 404 or rejected packets."""
    failures: int = 0
    """Failures of the server that this stream had, in a row; but of those without a success in between, one."""
    seen_successes: int = 0
    """The account's count of successes at the stream's last failure."""

    @property
    def has_work(self) -> bool:
        """Whether there may be something to send now, or to ask: a stream that waits may be asked for."""
        return self.read_back_due or (self.timer is None and (bool(self.buffer) or self.more))

    @property
    def can_start(self) -> bool:
        """Whether the next packet may be taken now."""
        return self.has_work and not (self.busy or self.held or self.offered or self.removed)

    @property
    def busy(self) -> bool:
        """Whether a packet, or a question, is on the way."""
        return not self.idle.is_set()

    def succeeded(self) -> None:
        """Forget all trouble: a packet was taken."""
        self.trouble = Trouble.NONE
        self.last_error = None
        self.refusals = self.rejected_in_a_row = self.waits = self.failures = 0

    def leave(self) -> None:
        """Send nothing more, and leave nothing behind."""
        self.removed = True
        self.cancel_timer()
        self.cancel_read_back()
        self.cancel_read_back_requests()

    def cancel_timer(self) -> None:
        """Wait no longer."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def cancel_read_back(self) -> None:
        """Plan no read-back."""
        if self.read_back_timer is not None:
            self.read_back_timer.cancel()
            self.read_back_timer = None

    def cancel_read_back_requests(self) -> None:
        """Let nobody wait for a read-back that does not come."""
        for request in self.read_back_requests:
            if not request.done():
                request.set_exception(Unreachable("the upload ended"))
        self.read_back_requests.clear()
