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

    async def add(self, acknowledgement: Acknowledgement) -> None:
        """Add a packet; with a full group, write it down. Raises OutboxError."""
        self._group.append(acknowledgement)
        if len(self._group) >= GROUP:
            await self.write()
        elif self._timer is None:
            self._timer = self._clock.call_later(GROUP_SECONDS, self._due.set)

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
                self._timer = self._clock.call_later(AGAIN_SECONDS, self._due.set)

    async def write(self) -> None:
        """Write down the group; what can't be written is kept for the next time. Raises OutboxError."""
        async with self._writing:
            group, self._group = self._group, []
            if not group:
                return
            try:
                await self._outbox.acknowledge(group)
            except BaseException:
                # Also when cancelled: to let go of a packet twice does no harm.
                self._group[:0] = group
                raise
        self._on_written({acknowledgement.stream_id for acknowledgement in group})

    def stop(self) -> None:
        """Let `keep_writing` end."""
        self._stopping = True
        self._due.set()

    def cancel_timer(self) -> None:
        """Let no timer be left."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
