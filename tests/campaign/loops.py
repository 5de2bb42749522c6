"""An event loop whose time runs faster than the machine's: waits and time-outs of the real library take less."""

import asyncio
import selectors
from typing import override


class _FastSelector(selectors.DefaultSelector):
    """Waits shorter than it is asked to."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout / self.rate if timeout else timeout)


class FastLoop(asyncio.SelectorEventLoop):
    """Lets `rate` seconds pass in each second of the machine."""

    def __init__(self, rate: float) -> None:
        """Start to count."""
        self.rate = rate
        super().__init__(_FastSelector(rate))

    @override
    def time(self) -> float:
        return super().time() * self.rate


def of_the_machine(seconds: float) -> float:
    """Return how many seconds of the running loop are so many of the machine: other processes know no others."""
    loop = asyncio.get_running_loop()
    return seconds * loop.rate if isinstance(loop, FastLoop) else seconds
