"""The outbox against a model of it, through restarts and power cuts, in any order of things to happen."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
import shutil
import tempfile
from typing import Any

from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from custom_components.wattics.delivery.database import ROW_BYTES, Acknowledgement, Waiting
from custom_components.wattics.delivery.outbox import Outbox
from custom_components.wattics.delivery.packet import Packet
from custom_components.wattics.delivery.registers import Register

from .files import assert_counters, bodies, crash_copy, opened
from .packets import FIRST_MILLISECONDS, STEP, packet

CODES = strategies.sets(strategies.sampled_from(["pC_1", "pC_2", "value"]))
STREAMS = strategies.sampled_from(["a", "b", "c", "a longer name"])


@dataclass(eq=False)
class _Held:
    """A packet in the outbox: queued again, or for another stream of the same name, it is another one."""

    body: bytes


@dataclass(eq=False)
class _Stream:
    """What an outbox should hold of a stream; packets by the number of their interval."""

    waiting: dict[int, _Held] = field(default_factory=dict)
    rejected: dict[int, _Held] = field(default_factory=dict)
    registers: dict[str, str] = field(default_factory=dict)
    newest: int = -1
    acknowledged: int = -1
    pushed: int = 0
    dropped: int = 0


def _number(waiting: Waiting) -> int:
    return (waiting.instant - FIRST_MILLISECONDS) // STEP


class OutboxMachine(RuleBasedStateMachine):
    """Does to an outbox whatever an account may do, and to a model the same."""

    def __init__(self) -> None:
        """Begin with an empty outbox on a disk of its own."""
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "account.db"
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.streams: dict[str, _Stream] = {}
        self.gone_pushed = 0
        self.gone_dropped = 0
        self.number = 0
        self.on_the_way: list[tuple[Acknowledgement, _Held]] = []

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Do what the outbox is asked for."""
        return self.runner.run(work)

    @initialize()
    def open(self) -> None:
        """Open the outbox, or open it again."""
        self.outbox: Outbox = self.run(self.stack.enter_async_context(opened(self.path)))

    @rule(streams=strategies.lists(STREAMS, min_size=1, max_size=4), late=strategies.integers(0, 2), codes=CODES)
    def sample(self, streams: list[str], late: int, codes: set[str]) -> None:
        """Queue what several streams give at one boundary, which may be an earlier one: the clock was set back."""
        self.number += 1
        number = max(0, self.number - late)
        expected = []
        sampled: list[Packet] = []
        registers = [Register(stream_id, code, f"{self.number} {code}") for stream_id in streams for code in codes]
        for stream_id in streams:
            stream = self.streams.setdefault(stream_id, _Stream())
            sampled.append(packet(stream_id, number))
            if number <= stream.newest:
                expected.append(stream_id)
                continue
            stream.waiting[number] = _Held(sampled[-1].encode())
            stream.newest = number
        for stream_id, code, state in registers:
            # Where it was sampled twice, the second one is late.
            if stream_id not in expected:
                self.streams[stream_id].registers[code] = state
        assert self.run(self.outbox.append(sampled, registers)) == expected

    @rule(stream_id=STREAMS, codes=CODES)
    def save_registers(self, stream_id: str, codes: set[str]) -> None:
        """Keep registers between samples."""
        registers = [Register(stream_id, code, f"after {self.number}") for code in codes]
        self.run(self.outbox.save_registers(registers))
        if stream_id in self.streams:
            self.streams[stream_id].registers.update((register.code, register.state) for register in registers)

    @rule(stream_id=STREAMS, count=strategies.integers(1, 5))
    def send(self, stream_id: str, count: int) -> None:
        """Get answers for the oldest packets, which are written down later."""
        waiting = self.run(self.outbox.peek(stream_id, None, count))
        stream = self.streams.get(stream_id, _Stream())
        expected = [stream.waiting[number] for number in sorted(stream.waiting)[:count]]
        assert [one.body for one in waiting] == [held.body for held in expected]
        acknowledgements = [Acknowledgement(stream_id, one, 0) for one in waiting]
        self.on_the_way += zip(acknowledgements, expected, strict=True)

    @rule(again=strategies.booleans())
    def acknowledge(self, again: bool) -> None:
        """Write down the answers; `again` leaves them to be written down once more."""
        self.run(self.outbox.acknowledge([acknowledgement for acknowledgement, _ in self.on_the_way]))
        for acknowledgement, held in self.on_the_way:
            number = _number(acknowledgement.packet)
            for stream in self.streams.values():
                if stream.waiting.get(number) is held:
                    del stream.waiting[number]
                    stream.pushed += 1
                    stream.acknowledged = max(stream.acknowledged, number)
        if not again:
            self.on_the_way.clear()

    @rule(stream_id=STREAMS)
    def reject(self, stream_id: str) -> None:
        """Set the oldest packet of a stream aside."""
        for one in self.run(self.outbox.peek(stream_id, None, 1)):
            self.run(self.outbox.reject(one, 400, "no", 0))
            number = _number(one)
            self.streams[stream_id].rejected[number] = self.streams[stream_id].waiting.pop(number)

    @rule(stream_id=STREAMS | strategies.none())
    def retry_rejected(self, stream_id: str | None) -> None:
        """Queue rejected packets again."""
        retried = self.run(self.outbox.retry_rejected(stream_id))
        queued = 0
        for one in self._chosen(stream_id):
            for number in [number for number in one.rejected if number > one.acknowledged]:
                one.waiting[number] = _Held(one.rejected.pop(number).body)
                queued += 1
        assert retried.queued == queued
        assert len(retried.too_late) == sum(len(one.rejected) for one in self._chosen(stream_id))

    @rule(stream_id=STREAMS | strategies.none())
    def discard_rejected(self, stream_id: str | None) -> None:
        """Delete rejected packets."""
        expected = sum(len(one.rejected) for one in self._chosen(stream_id))
        assert self.run(self.outbox.discard_rejected(stream_id)) == expected
        for one in self._chosen(stream_id):
            one.rejected.clear()

    @rule(stream_id=STREAMS | strategies.none())
    def discard(self, stream_id: str | None) -> None:
        """Delete packets, waiting or rejected."""
        expected = sum(len(one.waiting) + len(one.rejected) for one in self._chosen(stream_id))
        assert self.run(self.outbox.discard(stream_id)) == expected
        for one in self._chosen(stream_id):
            one.waiting.clear()
            one.rejected.clear()

    @rule(stream_id=STREAMS)
    def forget(self, stream_id: str) -> None:
        """Delete a stream."""
        stream = self.streams.pop(stream_id, _Stream())
        assert self.run(self.outbox.forget(stream_id)) == len(stream.waiting) + len(stream.rejected)
        self.gone_pushed += stream.pushed
        self.gone_dropped += stream.dropped

    @rule(stream_id=STREAMS, new=STREAMS)
    def rename(self, stream_id: str, new: str) -> None:
        """Give a stream another id."""
        # As the account does it: nothing is on the way, and whoever has the new id has gone.
        self.acknowledge(again=False)
        if new == stream_id or stream_id not in self.streams:
            return
        self.forget(new)
        self.run(self.outbox.rename(stream_id, new))
        stream = self.streams[new] = self.streams.pop(stream_id)
        stream.acknowledged = -1
        for number, held in (*stream.waiting.items(), *stream.rejected.items()):
            held.body = packet(new, number).encode()

    @rule(age=strategies.integers(0, 10))
    def tidy_by_age(self, age: int) -> None:
        """Drop what is older than so many intervals."""
        now = FIRST_MILLISECONDS + self.number * STEP
        dropped = self.run(self.outbox.tidy(now, age * STEP, 10**9))
        for stream in self.streams.values():
            for kept in (stream.rejected, stream.waiting):
                for number in [number for number in kept if number < self.number - age]:
                    del kept[number]
                    stream.dropped += 1
                    dropped -= 1
        assert dropped == 0

    @rule(share=strategies.floats(0, 1))
    def tidy_by_size(self, share: float) -> None:
        """Drop all but a share of what there is."""
        rows = [
            (kept is stream.waiting, number, stream, kept)
            for stream in self.streams.values()
            for kept in (stream.rejected, stream.waiting)
            for number in kept
        ]
        taken = sum(len(kept[number].body) + ROW_BYTES for _, number, _, kept in rows)
        most = int(taken * share)
        dropped = self.run(self.outbox.tidy(FIRST_MILLISECONDS, 10**12, most))
        held = {stream_id: set(self._numbers(stream_id)) for stream_id in self.streams}
        # Among packets of one instant any may go first; but the oldest go, and no more than must.
        for _, number, stream, kept in sorted(rows, key=lambda row: row[:2]):
            stream_id = next(one for one, known in self.streams.items() if known is stream)
            if kept is stream.waiting and number in held[stream_id]:
                continue
            if kept is stream.rejected and taken <= most:
                continue
            taken -= len(kept.pop(number).body) + ROW_BYTES
            stream.dropped += 1
            dropped -= 1
        assert dropped == 0
        assert taken <= most

    @rule()
    def restart(self) -> None:
        """Close the file and open it again."""
        self.run(self.stack.aclose())
        self.open()

    @rule()
    def power_cut(self) -> None:
        """Go on with what is on the disk at this moment."""
        copy = crash_copy(self.path, self.folder)
        assert_counters(copy)
        self.run(self.stack.aclose())
        self.path = copy
        self.on_the_way.clear()
        self.open()

    def _chosen(self, stream_id: str | None) -> list[_Stream]:
        return [one for known, one in self.streams.items() if stream_id in (None, known)]

    def _numbers(self, stream_id: str) -> list[int]:
        waiting = self.run(self.outbox.peek(stream_id, None, 10**6))
        return [_number(one) for one in waiting]

    @invariant()
    def tells_what_the_model_says(self) -> None:
        """Check all that the outbox tells."""
        outbox = self.outbox
        assert set(outbox.streams) == set(self.streams)
        for stream_id, stream in self.streams.items():
            record = outbox.streams[stream_id]
            assert (record.queued, record.rejected, record.pushed, record.dropped) == (
                len(stream.waiting),
                len(stream.rejected),
                stream.pushed,
                stream.dropped,
            )
            oldest = FIRST_MILLISECONDS + min(stream.waiting) * STEP if stream.waiting else None
            assert record.oldest == oldest
            assert outbox.acknowledged_since(stream_id, 0) == stream.pushed
        assert outbox.registers == {
            (stream_id, code): state
            for stream_id, stream in self.streams.items()
            for code, state in stream.registers.items()
        }
        assert outbox.lost_registers == set()
        assert outbox.pushed == self.gone_pushed + sum(one.pushed for one in self.streams.values())
        assert outbox.dropped == self.gone_dropped + sum(one.dropped for one in self.streams.values())

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        """Check the file."""
        assert_counters(self.path)
        assert bodies(self.path) == {
            stream_id: [stream.waiting[number].body for number in sorted(stream.waiting)]
            for stream_id, stream in self.streams.items()
            if stream.waiting
        }

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.run(self.stack.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
