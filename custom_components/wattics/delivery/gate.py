"""Whether an account may send: one gate for all its streams."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from .backoff import UNAUTHORIZED_PROBE, antithetic, server_wait
from .clock import Clock, Timer


class Attempt(NamedTuple):
    """One transaction, and which state of the gate let it pass."""

    generation: int


class Gate:
    """Open while the server answers. When closed, one probe at a time finds out whether the server is back."""

    def __init__(self, clock: Clock, random: Random, on_change: Callable[[], None]) -> None:
        """Start open; `on_change` is called whenever it opens, closes, or lets a probe pass."""
        self._clock = clock
        self._fractions = antithetic(random)
        self._on_change = on_change
        self._generation = 0
        self._failures = 0
        self._timer: Timer | None = None
        self._probing = False
        self._only_failing: str | None = None
        self.is_open = True
        self.unauthorized = False

    @property
    def permits(self) -> bool:
        """Whether a transaction may begin now."""
        return self.is_open or (self._timer is None and not self._probing)

    def begin(self) -> Attempt:
        """Let a transaction pass: with the gate closed it is the probe."""
        self._probing = not self.is_open
        return Attempt(self._generation)

    def release(self, attempt: Attempt) -> None:
        """End a transaction that found nothing to send."""
        if self._is_current(attempt):
            self._probing = False

    def succeeded(self, attempt: Attempt) -> None:
        """Open: the server answers. A transaction that began before the gate closed proves nothing."""
        if not self._is_current(attempt):
            return
        self._failures = 0
        if not self.is_open:
            self._open()

    def failed(self, attempt: Attempt, stream_id: str, retry_after: float | None = None) -> None:
        """Close, or stay closed longer: the server can't be reached or takes nothing, at least of this stream."""
        if self.is_open:
            self._only_failing = stream_id if retry_after is None else None
        elif self._only_failing != stream_id:
            self._only_failing = None
        if self._is_current(attempt):
            self._failures += 1
            self._close(server_wait(self._failures, next(self._fractions), retry_after))

    def refused_credentials(self, attempt: Attempt) -> None:
        """Close until the credentials work: `reopen`, or a probe that succeeds."""
        if self._is_current(attempt):
            self._only_failing = None
            self.unauthorized = True
            self._close(UNAUTHORIZED_PROBE)

    def doubt(self, stream_id: str) -> None:
        """Let a probe pass at once if all failures were those of one other stream: they may be its own."""
        if not self.is_open and self._only_failing not in (None, stream_id):
            self._only_failing = None
            self.reopen()

    def reopen(self) -> None:
        """Let a probe pass at once: the user asks for it, or the credentials changed."""
        if not self.is_open:
            self._clear_timer()
            self._on_change()

    def stop(self) -> None:
        """Let no timer be left."""
        self._clear_timer()

    def _is_current(self, attempt: Attempt) -> bool:
        return attempt.generation == self._generation

    def _open(self) -> None:
        self._generation += 1
        self._probing = False
        self._clear_timer()
        self.is_open = True
        self.unauthorized = False
        self._on_change()

    def _close(self, seconds: float) -> None:
        self._generation += 1
        self._probing = False
        self.is_open = False
        self._clear_timer()
        self._timer = self._clock.call_later(seconds, self._elapsed)
        self._on_change()

    def _elapsed(self) -> None:
        self._timer = None
        self._on_change()

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
