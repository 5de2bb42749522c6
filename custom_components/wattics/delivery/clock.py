"""Time as the uploader sees it, so that a test can be its own clock."""

import asyncio
from collections.abc import Callable
import time
from typing import Protocol


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Let the call not happen."""


class Clock(Protocol):
    """Tells the time and calls back."""

    def now(self) -> float:
        """Return the seconds since 1970."""

    def monotonic(self) -> float:
        """Return seconds that no change of the clock disturbs."""

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call back in so many seconds."""


class LoopClock:
    """The running event loop's time."""

    def __init__(self) -> None:
        """Must be made in the event loop."""
        self._loop = asyncio.get_running_loop()

    def now(self) -> float:
        """Return the seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Return the event loop's seconds."""
        return self._loop.time()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call back in so many seconds."""
        return self._loop.call_later(seconds, callback)
