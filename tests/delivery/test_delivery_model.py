"""Outbox and uploader together, through faults of the server, restarts and power cuts in any order."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
import shutil
import tempfile
from typing import Any

from hypothesis import settings, strategies
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
import pytest

from tests.collector import Close, Collector, Reset, Status, Truncated

from .files import crash_copy
from .packets import packet
from .rig import PASSWORD, USER, Rig, delivery

_STREAMS = ("a", "b", "c")
STREAM = strategies.sampled_from(_STREAMS)
TIMES = strategies.integers(1, 4)
_HOUR = 3600.0


class DeliveryMachine(RuleBasedStateMachine):
    """Does to a running delivery whatever may happen to it; in the end every sample is where it should be."""

    def __init__(self) -> None:
        """Begin with an empty outbox and a server that is well."""
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "account.db"
        self.runner = asyncio.Runner()
        self.server = AsyncExitStack()
        self.account = AsyncExitStack()
        self.number = 0
        self.queued: dict[str, list[bytes]] = {stream_id: [] for stream_id in _STREAMS}

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Do what has to be done in the event loop."""
        return self.runner.run(work)

    @initialize()
    def begin(self) -> None:
        """Start the server and the upload."""
        self.collector: Collector = self.run(self.server.enter_async_context(Collector(accounts={USER: PASSWORD})))
        self._open()

    def _open(self) -> None:
        rig = self.run(self.account.enter_async_context(delivery(self.collector, self.path, connections=2)))
        self.rig: Rig = rig
        self.run(rig.start())

    @rule(streams=strategies.lists(STREAM, min_size=1, unique=True))
    def sample(self, streams: list[str]) -> None:
        """Queue what streams give at a boundary."""
        self.number += 1
        packets = [packet(stream_id, self.number) for stream_id in streams]
        for one in packets:
            self.queued[one.stream_id].append(one.encode())
        self.run(self.rig.queue(packets))
        self.run(self.rig.clock.advance())

    @rule(status=strategies.sampled_from([401, 408, 429, 500, 503, 302]), times=TIMES)
    def server_fails(self, status: int, times: int) -> None:
        """Let the server refuse everything for a while."""
        self.collector.inject(Status(status, times=times, method="POST"))

    @rule(status=strategies.sampled_from([400, 403, 404, 413, 500]), stream_id=STREAM, times=TIMES)
    def stream_fails(self, status: int, stream_id: str, times: int) -> None:
        """Let the server refuse one stream for a while."""
        self.collector.inject(Status(status, times=times, method="POST", stream=stream_id))

    @rule(accept=strategies.booleans(), times=TIMES)
    def answers_are_lost(self, accept: bool, times: int) -> None:
        """Let connections break, before a packet was taken or after."""
        self.collector.inject(Reset(accept=accept, times=times, method="POST"))

    @rule(announced=strategies.booleans(), times=TIMES)
    def connections_end(self, announced: bool, times: int) -> None:
        """Let the server close connections once it has answered."""
        self.collector.inject(Close(announced=announced, times=times))

    @rule(times=TIMES)
    def answers_are_cut_off(self, times: int) -> None:
        """Let the server send half of its answers."""
        self.collector.inject(Truncated(times=times, method="POST"))

    @rule(seconds=strategies.sampled_from([0.5, 2.0, 15.0, 90.0, 1000.0]))
    def time_passes(self, seconds: float) -> None:
        """Let what waits for its time have it."""
        self.run(self.rig.clock.advance(seconds))

    @rule()
    def the_user_asks_for_another_try(self) -> None:
        """Press the button."""
        self.rig.uploader.retry()
        self.run(self.rig.settle())

    @rule()
    def reload(self) -> None:
        """Stop in order and start again."""
        self.run(self.rig.restart())

    @rule()
    def power_cut(self) -> None:
        """Go on with the files as a power cut leaves them: nothing is written down that was not yet."""
        self.path = crash_copy(self.path, self.folder)
        self.run(self._fall())
        self._open()

    async def _fall(self) -> None:
        run, self.rig._run = self.rig._run, None
        if run is not None:
            run.cancel()
            await asyncio.wait([run])
        await self.account.aclose()

    @invariant()
    def what_arrived_is_what_was_queued_and_in_order(self) -> None:
        """Check the collector's book at any time."""
        if not hasattr(self, "rig"):
            return
        self.rig.assert_order_was_kept()
        for stream_id, queued in self.queued.items():
            places = [queued.index(body) for body in self.rig.accepted(stream_id)]
            assert places == sorted(set(places)), stream_id

    def teardown(self) -> None:
        """Let the server be well: every sample arrives, but those that it had refused three times."""
        if not hasattr(self, "rig"):
            return
        self.collector.clear_faults()
        for _ in range(8):
            self.rig.uploader.retry()
            self.run(self.rig.settle())
            self.run(self.rig.clock.advance(_HOUR))
        rejected = {one.body for one in self.run(self.rig.outbox.rejected())}
        waiting = self.rig.outbox.queued
        arrived = {stream_id: self.rig.accepted(stream_id) for stream_id in _STREAMS}
        self.run(self.account.aclose())
        self.run(self.server.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)
        assert waiting == 0
        for stream_id, queued in self.queued.items():
            assert arrived[stream_id] == [body for body in queued if body not in rejected]


@pytest.mark.usefixtures("socket_enabled")
def test_delivery() -> None:
    run_state_machine_as_test(
        DeliveryMachine, settings=settings(max_examples=100, stateful_step_count=25, deadline=None)
    )
