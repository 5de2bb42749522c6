"""Time in a test's hand: for what takes a `Clock`, and for what asks the event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import override

START = 1_795_435_200.0
"""2026-11-23 12:00 UTC."""


@dataclass(eq=False)
class ManualTimer:
    """A call that is due when the test lets time come to it."""

    due: float
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        """Let the call not happen."""
        self.cancelled = True


async def _nothing_to_settle() -> None:
    """Stand for what happens between two timers, where nothing does."""


class ManualClock:
    """A clock that stands still until `advance`; `settle` waits for what a timer sets off."""

    def __init__(self, settle: Callable[[], Awaitable[None]] = _nothing_to_settle) -> None:
        """Stand at `START`."""
        self.elapsed = 0.0
        self.settle = settle
        self._timers: list[ManualTimer] = []

    def now(self) -> float:
        """Return the seconds since 1970."""
        return START + self.elapsed

    def monotonic(self) -> float:
        """Return the seconds since the start."""
        return self.elapsed

    def call_later(self, seconds: float, callback: Callable[[], None]) -> ManualTimer:
        """Call back in so many seconds."""
        timer = ManualTimer(self.elapsed + seconds, callback)
        self._timers.append(timer)
        return timer

    @property
    def waits(self) -> list[float]:
        """Seconds until each of the timers that run, the next one first."""
        return sorted(timer.due - self.elapsed for timer in self._timers if not timer.cancelled)

    async def advance(self, seconds: float = 0.0) -> None:
        """Let time pass: timers are called when due, one after another, and what they set off settles."""
        end = self.elapsed + seconds
        while due := [timer for timer in self._timers if timer.due <= end and not timer.cancelled]:
            timer = min(due, key=lambda one: one.due)
            self._timers.remove(timer)
            self.elapsed = max(self.elapsed, timer.due)
            timer.callback()
            await self.settle()
        self.elapsed = end


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time can be moved on: a time-out of half a minute needs no waiting."""

    _skipped = 0.0

    @override
    def time(self) -> float:
        return super().time() + self._skipped

    def skip(self, seconds: float) -> None:
        """Let so many seconds have passed for all timers of the loop."""
        # Home Assistant, and with it the test plugin, gives each loop the machine's clock directly.
        vars(self).pop("time", None)
        self._skipped += seconds


def skip(seconds: float) -> None:
    """Let time pass for the loop that runs the test."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    loop.skip(seconds)


class Middling(Random):
    """Chance that always takes the middle, so that a test knows when a wait ends."""

    @override
    def random(self) -> float:
        return 0.5
