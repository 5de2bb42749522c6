"""Registers on their way to the outbox and back: kept with the packets, or at once where that can't wait."""

from collections.abc import Iterable, Mapping
import time

from .delivery.errors import OutboxError
from .delivery.outbox import Outbox
from .delivery.registers import Register
from .sampling.sampler import Sampler
from .sampling.stream import Stream
from .updates import async_yield_in_slices


class RegisterKeeping:
    """The registers of one account."""

    def __init__(self, outbox: Outbox, sampler: Sampler) -> None:
        """Take where they are kept, and what counts them."""
        self._outbox = outbox
        self._sampler = sampler
        self._urgent: set[str] = set()

    def stored(self, stream: Stream) -> Mapping[str, str | None] | None:
        """Return the registers of a stream as they were kept, by code, None for those that were lost.

        Returns None for all of them while nobody could read them.
        """
        if not self._outbox.has_been_read:
            return None
        kept, is_lost = self._outbox.registers, stream.stream_id in self._outbox.lost_registers
        return {
            code: kept.get((stream.stream_id, code))
            for code in stream.parameters
            if stream.is_register(code) and (is_lost or (stream.stream_id, code) in kept)
        }

    async def async_states(self, streams: Iterable[Stream]) -> list[Register]:
        """Return the registers of streams as they are to be kept."""
        states: list[Register] = []
        started = time.monotonic()
        for stream in streams:
            states += [
                Register(stream.stream_id, code, state) for code, state in self._sampler.stored(stream.subentry_id)
            ]
            started = await async_yield_in_slices(started)
        return states

    def must_be_kept(self, stream: Stream) -> bool:
        """Take note that the registers of a stream must be kept at once; return whether they are the first."""
        is_first = not self._urgent
        self._urgent.add(stream.subentry_id)
        return is_first

    async def async_keep_urgent(self, streams: Mapping[str, Stream]) -> None:
        """Keep the registers that must be kept at once. Raises OutboxError: then they still have to be kept.

        `streams` are those of the account by subentry id. Call with the intake's `writing` held.
        """
        urgent, self._urgent = self._urgent, set()
        states = await self.async_states(streams[key] for key in urgent if key in streams)
        if not states:
            return
        try:
            await self._outbox.save_registers(states)
        except OutboxError:
            self._urgent |= urgent
            raise

    async def async_restore(self, streams: Iterable[Stream], *, anew: bool = False) -> None:
        """Go on with what was kept of streams that don't know it yet, or with `anew` of all that are followed.

        `anew` is for streams that are other ones by now: they lie on another host.
        """
        started = time.monotonic()
        for stream in streams:
            if anew or not self._sampler.is_restored(stream.subentry_id):
                stored = self.stored(stream)
                if stored is not None and self._sampler.is_followed(stream.subentry_id):
                    self._sampler.async_restore(stream, stored)
                started = await async_yield_in_slices(started)
