"""What Wattics acknowledged and the outbox still holds: written down in groups, which spares the disk."""

import asyncio
from collections.abc import Callable
from typing import Final

from .clock import Clock, Timer
from .database import Acknowledgement
from .errors import OutboxError
from .outbox import Outbox

GROUP: Final = 64
GROUP_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 10.0
"""Between tries while the outbox can't be written."""


class Acknowledgements:
    """The group that is being collected. After a kill its packets are sent again, which Wattics discards."""

    def __init__(self, outbox: Outbox, clock: Clock, on_written: Callable[[set[str]], None]) -> None:
        """`on_written` gets the ids of the streams whose packets have left the outbox."""
        self._outbox = outbox
        self._clock = clock
        self._on_written = on_written
        self._group: list[Acknowledgement] = []
        self._writing = asyncio.Lock()
        self._due = asyncio.Event()
        self._timer: Timer | None = None
        self._stopping = False
        self.is_stuck = False
        """Whether the last try to write failed: nothing more should be sent until one succeeds."""

    async def add(self, acknowledgement: Acknowledgement) -> None:
        """Add a packet; with a full group, write it down. Raises OutboxError."""
        self._group.append(acknowledgement)
        if len(self._group) >= GROUP and not self.is_stuck:
            await self.write()
        else:
            self._plan(GROUP_SECONDS)

    async def keep_writing(self, on_error: Callable[[OutboxError], None]) -> None:
        """Write down what has waited long enough, until stopped."""
        while not self._stopping:
            await self._due.wait()
            self._due.clear()
            self.cancel_timer()
            try:
                await self.write()
            except OutboxError as error:
                on_error(error)

    async def write(self) -> None:
        """Write down the group; what can't be written is kept for the next time. Raises OutboxError."""
        async with self._writing:
            group, self._group = self._group, []
            if not group:
                return
            try:
                await self._outbox.acknowledge(group)
            except BaseException as error:
                # Also when cancelled: to let go of a packet twice does no harm.
                self._group[:0] = group
                if isinstance(error, OutboxError):
                    self.is_stuck = True
                    self._plan(AGAIN_SECONDS)
                raise
        self.is_stuck = False
        self._on_written({acknowledgement.stream_id for acknowledgement in group})

    def _plan(self, seconds: float) -> None:
        if self._timer is None and not self._stopping:
            self._timer = self._clock.call_later(seconds, self._due.set)

    def stop(self) -> None:
        """Let `keep_writing` end."""
        self._stopping = True
        self._due.set()

    def cancel_timer(self) -> None:
        """Let no timer be left."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
