"""What each answer to a packet means for the next: of its stream, and of the account."""

from collections.abc import Callable
from random import Random
from typing import Final

from .acknowledgements import Acknowledgements
from .backoff import REFUSED_WAITS, antithetic, server_wait, stream_wait
from .clock import Clock
from .database import Acknowledgement, Waiting
from .errors import (
    AnsweredError,
    DeliveryError,
    Forbidden,
    NoAnswer,
    NotFound,
    Refused,
    Unauthorized,
    Unavailable,
)
from .gate import Attempt, Gate
from .lane import Lane, Trouble
from .outbox import Outbox, milliseconds
from .verifier import Verifier

REJECTED_IN_A_ROW: Final = 3
FAILURES_ALONE: Final = 2
"""As often may a stream fail while others get through before it alone has to wait."""


class Answers:
    """Draws the consequences for one account. Methods raise OutboxError where the disk refuses."""

    def __init__(
        self,
        outbox: Outbox,
        acknowledgements: Acknowledgements,
        verifier: Verifier,
        gate: Gate,
        *,
        clock: Clock,
        random: Random,
        on_resume: Callable[[Lane], None],
        on_unauthorized: Callable[[], None],
    ) -> None:
        """`on_resume` gets a stream that has waited for long enough."""
        self._outbox = outbox
        self._acknowledgements = acknowledgements
        self._verifier = verifier
        self._gate = gate
        self._clock = clock
        self._fractions = antithetic(random)
        self._on_resume = on_resume
        self._on_unauthorized = on_unauthorized
        self.successes = 0
        """Packets acknowledged since the start."""
        self.response_status: int | None = None
        """HTTP status of the last answer."""
        self.last_error: str | None = None
        """What was wrong with the last transaction, None if nothing."""

    async def succeeded(self, lane: Lane, packet: Waiting) -> None:
        """Go on with the next packet: Wattics has this one."""
        self._verifier.plan_after(lane, packet)
        lane.succeeded()
        lane.last_packet = packet
        self.successes += 1
        self.last_error = None
        self._done(lane)
        now = milliseconds(self._clock.now())
        await self._acknowledgements.add(Acknowledgement(lane.stream_id, packet, now))

    async def failed(
        self, lane: Lane, packet: Waiting, attempt: Attempt, error: DeliveryError, *, others: bool
    ) -> None:
        """Draw the consequence; `others` got through while this transaction was under way."""
        lane.ambiguous |= isinstance(error, NoAnswer)
        lane.last_error = self.last_error = str(error)
        if isinstance(error, AnsweredError):
            self.response_status = error.status
        match error:
            case Unauthorized():
                self._gate.refused_credentials(attempt)
                self._on_unauthorized()
            case Forbidden() | NotFound():
                self._gate.succeeded(attempt)
                self._wait_as(lane, Trouble.FORBIDDEN if isinstance(error, Forbidden) else Trouble.NOT_FOUND)
            case Refused():
                self._gate.succeeded(attempt)
                await self._refused(lane, packet, error)
            case _:
                self._server_failed(lane, attempt, error, others=others)

    def _server_failed(self, lane: Lane, attempt: Attempt, error: DeliveryError, *, others: bool) -> None:
        """Let the account wait, unless it is this stream alone that the server fails on."""
        others_since_last = self.successes > lane.seen_successes
        lane.seen_successes = self.successes
        if lane.failures == 0 or lane.failures > FAILURES_ALONE or others_since_last:
            lane.failures += 1
        lane.trouble = Trouble.RETRYING
        retry_after = error.retry_after if isinstance(error, Unavailable) else None
        if others or lane.failures > FAILURES_ALONE:
            self._gate.release(attempt)
            self.pause(lane, server_wait(lane.failures, next(self._fractions), retry_after))
        else:
            self._gate.failed(attempt, lane.stream_id, retry_after)

    async def _refused(self, lane: Lane, packet: Waiting, error: Refused) -> None:
        """Try a refused packet again, then set it aside; after several of them the oldest becomes the probe."""
        last_try = lane.refusals >= len(REFUSED_WAITS)
        if (lane.ambiguous or last_try or not lane.taken) and await self._verifier.has_arrived(lane, packet):
            await self.succeeded(lane, packet)
            return
        if lane.rejected_in_a_row >= REJECTED_IN_A_ROW:
            self._wait_as(lane, Trouble.REJECTING)
            return
        if not last_try:
            lane.trouble = Trouble.RETRYING
            self.pause(lane, REFUSED_WAITS[lane.refusals])
            lane.refusals += 1
            return
        now = milliseconds(self._clock.now())
        await self._outbox.reject(packet, error.status, error.reason, now)
        self._done(lane)
        lane.rejected_in_a_row += 1
        lane.trouble = Trouble.REJECTING
        if lane.rejected_in_a_row >= REJECTED_IN_A_ROW:
            self._wait_as(lane, Trouble.REJECTING)

    def _done(self, lane: Lane) -> None:
        """Take the oldest packet out of what was read ahead."""
        lane.after = lane.buffer.popleft().instant
        lane.refusals = 0
        lane.ambiguous = False

    def _wait_as(self, lane: Lane, trouble: Trouble) -> None:
        lane.trouble = trouble
        lane.waits += 1
        self.pause(lane, stream_wait(lane.waits))

    def pause(self, lane: Lane, seconds: float) -> None:
        """Let one stream wait by itself."""

        def resume() -> None:
            lane.timer = None
            self._on_resume(lane)

        lane.cancel_timer()
        lane.timer = self._clock.call_later(seconds, resume)
