"""The uploader against a real server: order, fairness, and what follows each answer."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
import threading

import pytest

from custom_components.wattics.delivery.lane import Trouble
from custom_components.wattics.delivery.uploader import _READ_AHEAD_IN_ALL
from tests.collector import Close, Collector, Fault, Hang, Redirect, Reset, Status, Truncated

from .clocks import skip
from .files import assert_consistent, connect, figures
from .packets import FIRST_MILLISECONDS, STEP, packet, packets
from .rig import PASSWORD, USER, Rig, delivery, now

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
async def collector() -> AsyncGenerator[Collector]:
    async with Collector(accounts={USER: PASSWORD}) as running:
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "account.db"


@pytest.fixture
async def rig(collector: Collector, path: Path) -> AsyncGenerator[Rig]:
    async with delivery(collector, path) as rig:
        yield rig


@pytest.fixture
async def narrow(collector: Collector, path: Path) -> AsyncGenerator[Rig]:
    """Give delivery over a single connection."""
    async with delivery(collector, path, connections=1) as rig:
        yield rig


def _streams(count: int) -> list[str]:
    return [f"stream {number}" for number in range(count)]


# Order and fairness


async def test_everything_arrives_in_order(rig: Rig, collector: Collector, path: Path, tmp_path: Path) -> None:
    await rig.queue_each(_streams(10), range(15))
    await rig.start()
    rig.assert_delivered()
    assert rig.requests == 150
    await rig.clock.advance(1)
    assert (rig.outbox.queued, rig.outbox.pushed) == (0, 150)
    for record in rig.outbox.streams.values():
        assert figures(record) == (0, 15, 0, 0)
        assert record.acknowledged == FIRST_MILLISECONDS + 14 * STEP
    assert collector.statistics.connections <= 4
    await assert_consistent(rig.outbox, path, tmp_path)


async def test_connections_are_all_used_and_no_more(rig: Rig, collector: Collector) -> None:
    hang = collector.inject(Hang(times=None))
    await rig.queue_each(_streams(6), range(3))
    rig.hanging = 4
    await rig.start()
    assert collector.statistics.in_flight == 4
    # Four streams wait for an answer; none of them sends its next packet meanwhile.
    assert len({request.stream for request in collector.statistics.requests}) == 4
    hang.release()
    await collector.wait_until(lambda: hang.struck == 8)
    await rig.settle()
    rig.hanging = 0
    hang.clear()
    await rig.clock.advance(1)
    rig.assert_delivered()


async def test_a_long_stream_does_not_hold_up_others(narrow: Rig, collector: Collector) -> None:
    await narrow.queue([*packets("long", range(300)), *packets("a", range(3)), *packets("b", range(3))])
    await narrow.start()
    narrow.assert_delivered()
    order = [request.stream for request in collector.statistics.requests[:9]]
    assert order == ["long", "a", "b"] * 3


async def test_packets_that_come_while_others_are_sent(rig: Rig, collector: Collector) -> None:
    hang = collector.inject(Hang(stream="a"))
    await rig.start()
    await rig.queue([packet("a", 0)])
    rig.hanging = 1
    await rig.clock.advance()
    for number in range(1, 4):
        await rig.queue([packet("a", number), packet("b", number)])
        await rig.clock.advance()
    assert rig.accepted("a") == []
    rig.assert_delivered("b")
    rig.hanging = 0
    hang.release()
    await rig.settle()
    rig.assert_delivered()


async def test_packets_that_come_while_the_outbox_is_read(rig: Rig) -> None:
    """A stream is asked for its packets just as another one is put behind them."""
    await rig.start()
    for number in range(30):
        await rig.queue([packet("a", number)])
        await rig.clock.advance()
        # Nothing settles in between: the next append meets whatever the uploader is at.
    appended = asyncio.create_task(rig.queue([packet("a", 30)]))
    await appended
    await rig.queue([packet("a", 31)])
    await rig.clock.advance()
    rig.assert_delivered()


async def test_a_delay_after_the_start_and_after_samples(rig: Rig) -> None:
    await rig.queue([packet("a", 0)], delay=3)
    await rig.start(delay=7.5)
    await rig.clock.advance(2.9)
    assert rig.requests == 0
    await rig.clock.advance(0.1)
    assert rig.requests == 1
    await rig.queue([packet("a", 1)], delay=4)
    await rig.clock.advance(3.9)
    assert rig.requests == 1
    await rig.clock.advance(0.1)
    rig.assert_delivered()


async def test_what_waits_at_the_start_is_sent_after_the_delay(rig: Rig) -> None:
    await rig.outbox.append([packet("a"), packet("b")])
    await rig.outbox.register(["c"], 0)
    await rig.start(delay=7.5)
    await rig.clock.advance(7.4)
    assert rig.requests == 0
    await rig.clock.advance(0.1)
    assert rig.requests == 2
    assert "c" not in rig.uploader.lanes


async def test_read_ahead_is_bounded(collector: Collector, path: Path) -> None:
    async with delivery(collector, path, connections=50) as rig:
        streams = _streams(50)
        collector.inject(Hang(times=None))
        await rig.outbox.append([one for stream in streams for one in packets(stream, range(60))])
        rig.hanging = 50
        await rig.start()
        ahead = [len(rig.lane(stream).buffer) for stream in streams]
        assert max(ahead) <= 64
        assert len(streams) <= sum(ahead) <= _READ_AHEAD_IN_ALL


async def test_figures_of_a_stream(rig: Rig) -> None:
    await rig.start()
    await rig.queue_each(["a"], range(2))
    lane = rig.lane("a")
    assert (lane.trouble, lane.last_error, lane.latency) == (Trouble.NONE, None, 0)
    assert lane.last_packet is not None
    assert lane.last_packet.body == packet("a", 1).encode()
    assert (rig.uploader.answers.response_status, rig.uploader.answers.last_error) == (200, None)
    assert rig.outbox.pushed == 0
    rig.changes.clear()
    await rig.clock.advance(1)
    assert {"a", None} <= set(rig.changes)
    assert rig.outbox.pushed == 2
    assert rig.outbox.streams["a"].pushed_at == now(rig) - 1000


async def test_acknowledgements_leave_in_groups(narrow: Rig) -> None:
    await narrow.queue_each(["a"], range(150))
    await narrow.start()
    narrow.assert_delivered()
    assert narrow.outbox.pushed == 128
    await narrow.clock.advance(1)
    assert narrow.outbox.pushed == 150


# A server that is away


OUTAGES = [
    Status(503, times=None),
    Status(500, times=None),
    Status(429, times=None),
    Status(408, times=None),
    Redirect(times=None),
    Reset(times=None),
]


@pytest.mark.parametrize("outage", OUTAGES)
async def test_one_probe_finds_out_whether_the_server_is_back(
    rig: Rig, collector: Collector, outage: Fault
) -> None:
    collector.inject(outage)
    await rig.queue_each(_streams(20), range(3))
    await rig.start()
    # As many as were under way when the first of them failed; then one at a time.
    first = rig.requests
    assert 1 <= first <= 4
    assert not rig.uploader.gate.is_open
    assert rig.uploader.answers.last_error is not None
    probes = 0
    for wait in (0.5, 1, 2, 4, 8, 16, 32, 64, 128, 150, 150):
        await rig.clock.advance(wait - 0.01)
        assert rig.requests == first + probes
        await rig.clock.advance(0.01)
        probes += 1
        assert rig.requests == first + probes
    assert rig.accepted("stream 0") == []
    collector.clear_faults()
    await rig.clock.advance(300)
    assert rig.uploader.gate.is_open
    assert rig.uploader.answers.last_error is None
    rig.assert_delivered()
    assert rig.requests == first + probes + 60
    assert {lane.trouble for lane in rig.uploader.lanes.values()} == {Trouble.NONE}


async def test_nobody_listens(rig: Rig, collector: Collector) -> None:
    await collector.stop()
    await rig.queue_each(_streams(5), range(2))
    await rig.start()
    assert not rig.uploader.gate.is_open
    assert rig.uploader.answers.response_status is None
    await rig.clock.advance(100)
    await collector.start()
    await rig.clock.advance(300)
    rig.assert_delivered()


async def test_one_failure_costs_two_seconds_at_most(rig: Rig, collector: Collector) -> None:
    await rig.start()
    await rig.queue_each(["a"], range(1))
    collector.inject(Status(503))
    await rig.queue_each(["a"], range(1, 3))
    assert len(rig.accepted("a")) == 1
    await rig.clock.advance(2)
    rig.assert_delivered()


@pytest.mark.parametrize(("wanted", "wait"), [("120", 120), ("7200", 3600), ("0", 0.5)])
async def test_retry_after(rig: Rig, collector: Collector, wanted: str, wait: float) -> None:
    collector.inject(Status(503, headers={"Retry-After": wanted}))
    await rig.queue_each(["a"], range(2))
    await rig.start()
    await rig.clock.advance(wait - 0.01)
    assert rig.requests == 1
    await rig.clock.advance(0.01)
    rig.assert_delivered()


async def test_samples_during_an_outage_do_not_knock(rig: Rig, collector: Collector) -> None:
    collector.inject(Status(503, times=None, headers={"Retry-After": "3000"}))
    await rig.queue_each(_streams(3), range(1))
    await rig.start()
    first = rig.requests
    for number in range(1, 9):
        await rig.clock.advance(300)
        await rig.queue_each(_streams(6), range(number, number + 1))
    assert rig.requests == first
    collector.clear_faults()
    await rig.clock.advance(700)
    rig.assert_delivered()


async def test_retry_tries_at_once(rig: Rig, collector: Collector) -> None:
    collector.inject(Status(503, times=None, headers={"Retry-After": "3000"}))
    await rig.queue_each(_streams(10), range(2))
    await rig.start()
    first = rig.requests
    rig.uploader.retry()
    await rig.settle()
    assert rig.requests == first + 1
    collector.clear_faults()
    rig.uploader.retry()
    await rig.settle()
    rig.assert_delivered()


async def test_a_restart_of_the_server_between_packets(rig: Rig, collector: Collector) -> None:
    await rig.start()
    for number in range(5):
        await rig.queue_each(_streams(8), range(number, number + 1))
        await collector.stop()
        await collector.start()
    await rig.queue_each(_streams(8), range(5, 6))
    rig.assert_delivered()
    assert rig.uploader.gate.is_open
    assert {lane.failures for lane in rig.uploader.lanes.values()} == {0}


async def test_connections_closed_by_the_server_are_no_outage(rig: Rig, collector: Collector) -> None:
    collector.inject(Close(announced=False, times=None))
    await rig.queue_each(_streams(6), range(10))
    await rig.start()
    rig.assert_delivered()
    assert None not in rig.changes or rig.uploader.gate.is_open
    assert {lane.failures for lane in rig.uploader.lanes.values()} == {0}


async def test_half_an_answer_is_an_acknowledgement(rig: Rig, collector: Collector) -> None:
    collector.inject(Truncated(times=None))
    await rig.queue_each(_streams(3), range(3))
    await rig.start()
    rig.assert_delivered()
    assert rig.requests == 9
    assert not collector.discarded


@pytest.mark.parametrize("fault", [Reset(accept=True), Status(503, accept=True), Hang(accept=True)])
async def test_a_lost_answer_loses_nothing(rig: Rig, collector: Collector, fault: Fault) -> None:
    injection = collector.inject(fault)
    await rig.queue_each(["a"], range(3))
    if isinstance(fault, Hang):
        rig.hanging = 1
        await rig.start()
        rig.hanging = 0
        skip(31)
        await rig.settle()
    else:
        await rig.start()
    assert injection.struck == 1
    await rig.clock.advance(2)
    rig.assert_delivered()
    assert [one.body for one in collector.discarded] == [packet("a", 0).encode()]


# One bad stream among others


async def test_a_hanging_stream(rig: Rig, collector: Collector) -> None:
    hang = collector.inject(Hang(times=None, stream="bad", accept=False))
    rig.hanging = 1
    healthy = _streams(5)
    await rig.queue_each([*healthy, "bad"], range(10))
    await rig.start()
    rig.assert_delivered(*healthy)
    # Others got through meanwhile: the account does not wait for it.
    rig.hanging = 0
    skip(31)
    await rig.settle()
    assert rig.uploader.gate.is_open
    assert rig.lane("bad").trouble is Trouble.RETRYING
    await rig.queue_each(healthy, range(10, 12))
    rig.assert_delivered(*healthy)
    hang.clear()
    await rig.clock.advance(60)
    rig.assert_delivered()


@pytest.mark.parametrize("fault", [Status(500, times=None, stream="bad"), Reset(times=None, stream="bad")])
async def test_a_poisoned_stream_among_others_with_much_to_send(
    narrow: Rig, collector: Collector, fault: Fault
) -> None:
    collector.inject(fault)
    healthy = _streams(5)
    await narrow.queue_each(["bad", *healthy], range(10))
    await narrow.start()
    await narrow.clock.advance(3)
    narrow.assert_delivered(*healthy)
    assert narrow.accepted("bad") == []
    # It is tried less and less often, never given up, and nobody else notices.
    before = narrow.tries("bad")
    await narrow.clock.advance(3600)
    assert 5 <= narrow.tries("bad") - before <= 33
    assert narrow.uploader.gate.is_open
    collector.clear_faults()
    await narrow.clock.advance(300)
    narrow.assert_delivered()
    assert narrow.lane("bad").trouble is Trouble.NONE


@pytest.mark.parametrize("fault", [Status(500, times=None, stream="bad"), Reset(times=None, stream="bad")])
async def test_a_poisoned_stream_does_not_delay_samples(rig: Rig, collector: Collector, fault: Fault) -> None:
    """In everyday work there is one packet a stream each five minutes: few occasions to see who is bad."""
    healthy = _streams(5)
    await rig.start()
    await rig.queue_each(["bad", *healthy], range(1))
    collector.inject(fault)
    delays = []
    for number in range(1, 20):
        await rig.queue_each(["bad", *healthy], range(number, number + 1))
        waited = 0
        while any(len(rig.accepted(stream)) <= number for stream in healthy) and waited < 300:
            waited += 1
            await rig.clock.advance(1)
        delays.append(waited)
        await rig.clock.advance(300 - waited)
    rig.assert_delivered(*healthy)
    assert max(delays) <= 3, delays
    collector.clear_faults()
    await rig.clock.advance(600)
    rig.assert_delivered()


async def test_while_one_stream_alone_fails_another_asks_at_once(narrow: Rig, collector: Collector) -> None:
    collector.inject(Status(500, times=None, stream="bad"))
    await narrow.queue_each(["bad"], range(3))
    await narrow.start()
    await narrow.clock.advance(100)
    assert not narrow.uploader.gate.is_open
    tries = narrow.tries("bad")
    await narrow.queue_each(["good"], range(1))
    assert narrow.collector.statistics.requests[tries].stream == "good"
    narrow.assert_delivered("good")


async def test_two_bad_streams_among_twenty(collector: Collector, path: Path) -> None:
    async with delivery(collector, path, connections=2) as rig:
        collector.inject(Status(404, times=None, stream="stream 3"))
        collector.inject(Status(400, times=None, stream="stream 7", method="POST"))
        streams = _streams(20)
        await rig.queue_each(streams, range(10))
        await rig.start()
        # Without the clock moving at all.
        rig.assert_delivered(*(stream for stream in streams if stream not in ("stream 3", "stream 7")))
        assert (rig.tries("stream 3"), rig.tries("stream 7")) == (1, 1)


# What concerns the credentials


async def test_wrong_credentials(rig: Rig, collector: Collector) -> None:
    collector.accounts = {USER: "another"}
    await rig.queue_each(_streams(6), range(2))
    await rig.start()
    first = rig.requests
    assert 1 <= first <= 4
    assert rig.unauthorized >= 1
    assert rig.uploader.gate.unauthorized
    assert rig.uploader.answers.response_status == 401
    await rig.queue_each(_streams(6), range(2, 4))
    await rig.clock.advance(899)
    assert rig.requests == first
    calls = rig.unauthorized
    await rig.clock.advance(1)
    assert (rig.requests, rig.unauthorized) == (first + 1, calls + 1)
    assert rig.outbox.queued == 24
    collector.accounts = {USER: PASSWORD}
    await rig.clock.advance(899)
    assert rig.requests == first + 1
    await rig.clock.advance(1)
    rig.assert_delivered()
    assert not rig.uploader.gate.unauthorized


async def test_retry_after_wrong_credentials(rig: Rig, collector: Collector) -> None:
    collector.accounts = {USER: "another"}
    await rig.queue_each(_streams(6), range(2))
    await rig.start()
    first = rig.requests
    rig.uploader.retry()
    await rig.settle()
    assert rig.requests == first + 1
    collector.accounts = {USER: PASSWORD}
    rig.uploader.retry()
    await rig.settle()
    rig.assert_delivered()


# What concerns one stream


@pytest.mark.parametrize(("status", "trouble"), [(403, Trouble.FORBIDDEN), (404, Trouble.NOT_FOUND)])
async def test_a_stream_that_may_not_be_written(
    rig: Rig, collector: Collector, status: int, trouble: Trouble
) -> None:
    fault = collector.inject(Status(status, times=None, stream="bad", method="POST"))
    await rig.queue_each(["bad", "good"], range(3))
    await rig.start()
    rig.assert_delivered("good")
    tries = 1
    for wait in (60, 120, 240, 480, 960, 1920, 3600, 3600):
        assert rig.lane("bad").trouble is trouble
        await rig.clock.advance(wait - 1)
        assert rig.tries("bad") == tries
        await rig.clock.advance(1)
        tries += 1
        assert rig.tries("bad") == tries
    assert rig.uploader.gate.is_open
    await rig.queue_each(["good"], range(3, 5))
    rig.assert_delivered("good")
    fault.clear()
    await rig.clock.advance(3600)
    rig.assert_delivered()
    assert rig.lane("bad").trouble is Trouble.NONE
    # The next time it begins with a minute again.
    collector.inject(Status(status, stream="bad", method="POST"))
    await rig.queue_each(["bad"], range(3, 5))
    await rig.clock.advance(60)
    rig.assert_delivered()


async def test_retry_tries_a_waiting_stream_at_once(rig: Rig, collector: Collector) -> None:
    collector.inject(Status(404, times=2, stream="bad"))
    await rig.queue_each(["bad"], range(3))
    await rig.start()
    for tries in (2, 5):
        rig.uploader.retry()
        await rig.settle()
        assert rig.tries("bad") == tries
    rig.assert_delivered()


@pytest.mark.parametrize("status", [400, 409, 413, 422])
async def test_a_refused_packet(rig: Rig, collector: Collector, status: int) -> None:
    fault = Status(
        status, headers={"Content-Type": "text/plain"}, body=b"no such value", times=3, stream="bad", method="POST"
    )
    collector.inject(fault)
    await rig.queue_each(["bad", "good"], range(3))
    await rig.start()
    rig.assert_delivered("good")
    for wait, tries in ((10, 1), (60, 2)):
        assert rig.lane("bad").trouble is Trouble.RETRYING
        await rig.clock.advance(wait - 1)
        assert rig.tries("bad") == tries
        await rig.clock.advance(1)
    assert rig.tries("bad") == 3 + 2
    assert rig.accepted("bad") == rig.queued["bad"][1:]
    assert rig.lane("bad").trouble is Trouble.NONE
    await rig.clock.advance(1)
    assert figures(rig.outbox.streams["bad"]) == (0, 2, 1, 0)
    [rejected] = await rig.outbox.rejected()
    assert (rejected.stream_id, rejected.body) == ("bad", rig.queued["bad"][0])
    assert (rejected.status, rejected.reason, rejected.at) == (status, "no such value", now(rig) - 1000)


async def test_three_rejected_in_a_row(rig: Rig, collector: Collector) -> None:
    fault = collector.inject(Status(400, times=None, stream="bad", method="POST"))
    await rig.queue_each(["bad"], range(6))
    await rig.start()
    await rig.clock.advance(3 * 70)
    assert figures(rig.outbox.streams["bad"]) == (3, 0, 3, 0)
    assert rig.lane("bad").trouble is Trouble.REJECTING
    tries = rig.tries("bad")
    assert tries == 9
    # From here on nothing more is set aside: the oldest packet is the probe.
    for wait in (60, 120, 240, 480, 960, 1920, 3600, 3600):
        await rig.clock.advance(wait - 1)
        assert rig.tries("bad") == tries
        await rig.clock.advance(1)
        tries += 1
        assert rig.tries("bad") == tries
    assert figures(rig.outbox.streams["bad"]) == (3, 0, 3, 0)
    fault.clear()
    await rig.clock.advance(3601)
    assert rig.accepted("bad") == rig.queued["bad"][3:]
    assert figures(rig.outbox.streams["bad"]) == (0, 3, 3, 0)
    assert rig.lane("bad").trouble is Trouble.NONE


async def test_rejected_packets_are_counted_in_a_row_only(rig: Rig, collector: Collector) -> None:
    await rig.start()
    for number in range(0, 10, 2):
        collector.inject(Status(400, times=3, method="POST"))
        await rig.queue_each(["a"], range(number, number + 2))
        await rig.clock.advance(70)
        assert rig.lane("a").trouble is Trouble.NONE
    await rig.clock.advance(1)
    assert figures(rig.outbox.streams["a"]) == (0, 5, 5, 0)


async def test_a_failure_between_refusals_is_none(rig: Rig, collector: Collector) -> None:
    for fault in (Status(400, method="POST"), Status(503), Status(400, method="POST"), Status(400, method="POST")):
        collector.inject(fault)
    await rig.queue_each(["a"], range(2))
    await rig.start()
    await rig.clock.advance(10)
    await rig.clock.advance(2)
    assert rig.outbox.streams["a"].rejected == 0
    await rig.clock.advance(60)
    await rig.clock.advance(1)
    assert figures(rig.outbox.streams["a"]) == (0, 1, 1, 0)


async def test_a_refused_packet_that_had_arrived_is_not_rejected(rig: Rig, collector: Collector) -> None:
    """The answer was lost, and now Wattics does not want the packet because it has it."""
    collector.inject(Reset(accept=True))
    collector.inject(Status(400, times=1, method="POST"))
    await rig.queue_each(["a"], range(3))
    await rig.start()
    await rig.clock.advance(2)
    rig.assert_delivered()
    await rig.clock.advance(1)
    assert figures(rig.outbox.streams["a"]) == (0, 3, 0, 0)


# Streams that come, go and are changed


async def test_a_removed_stream_is_sent_no_more(rig: Rig, collector: Collector) -> None:
    collector.inject(Status(503, times=None))
    await rig.queue_each(["a", "b"], range(3))
    await rig.start()
    rig.uploader.remove("a")
    rig.uploader.remove("unknown")
    await rig.outbox.forget("a")
    tries = rig.tries("a")
    collector.clear_faults()
    await rig.clock.advance(5)
    assert rig.tries("a") == tries
    rig.assert_delivered("b")


@pytest.mark.parametrize("status", [200, 404, 503])
async def test_a_stream_removed_on_the_way_leaves_nothing_behind(
    rig: Rig, collector: Collector, status: int
) -> None:
    hang = collector.inject(Hang(stream="a"))
    await rig.queue(packets("a", range(3)))
    rig.hanging = 1
    await rig.start()
    rig.uploader.remove("a")
    await rig.outbox.forget("a")
    if status == 404:
        collector.known_streams = ["b"]
    rig.hanging = 0
    if status == 503:
        skip(31)
    hang.release()
    await rig.settle()
    assert rig.requests == 1
    await rig.clock.advance(2)
    assert (rig.requests, rig.clock.waits, rig.uploader.lanes) == (1, [], {})


async def test_a_stream_that_comes_back_waits_for_its_packet_on_the_way(rig: Rig, collector: Collector) -> None:
    hang = collector.inject(Hang(stream="a"))
    rig.hanging = 1
    await rig.queue([packet("a", 0)])
    await rig.start()
    rig.uploader.remove("a")
    await rig.outbox.forget("a")
    await rig.queue_each(["a"], range(1, 3))
    assert rig.tries("a") == 1
    rig.hanging = 0
    hang.release()
    await rig.settle()
    rig.assert_delivered()
    await rig.clock.advance(1)
    assert figures(rig.outbox.streams["a"]) == (0, 2, 0, 0)


async def test_discard_while_a_packet_is_on_the_way(rig: Rig, collector: Collector) -> None:
    hang = collector.inject(Hang(stream="a"))
    rig.hanging = 1
    await rig.queue([*packets("a", range(5)), *packets("b", range(2))])
    await rig.start()
    await rig.outbox.discard("a")
    rig.uploader.reread()
    await rig.outbox.append([packet("a", 5)])
    rig.uploader.wake(["a"])
    await rig.clock.advance()
    rig.hanging = 0
    hang.release()
    await rig.settle()
    assert rig.accepted("a") == [packet("a", 0).encode(), packet("a", 5).encode()]
    await rig.clock.advance(1)
    assert figures(rig.outbox.streams["a"]) == (0, 1, 0, 0)
    rig.assert_delivered("b")


async def test_hold(rig: Rig, collector: Collector) -> None:
    hang = collector.inject(Hang(stream="a"))
    rig.hanging = 1
    await rig.queue(packets("a", range(4)))
    await rig.start()
    held = asyncio.Event()
    release = asyncio.Event()

    async def change() -> None:
        async with rig.uploader.hold(["a"]):
            held.set()
            await release.wait()
            await rig.outbox.rename("a", "b")
        rig.uploader.remove("a")
        rig.uploader.wake(["b"])

    changing = asyncio.create_task(change())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not held.is_set()
    rig.hanging = 0
    hang.release()
    await held.wait()
    await rig.settle()
    # What was on the way is acknowledged, on disk too; nothing else has been sent.
    assert figures(rig.outbox.streams["a"]) == (3, 1, 0, 0)
    assert rig.requests == 1
    release.set()
    await changing
    await rig.clock.advance()
    assert rig.accepted("b") == [one.encode() for one in packets("b", range(1, 4))]


async def test_retried_packets_go_first(rig: Rig, collector: Collector) -> None:
    collector.inject(Status(400, times=9, stream="a", method="POST"))
    await rig.queue_each(["a"], range(5))
    await rig.start()
    await rig.clock.advance(3 * 70)
    assert rig.outbox.streams["a"].rejected == 3
    async with rig.uploader.hold(["a"]):
        assert (await rig.outbox.retry_rejected("a")).queued == 3
    rig.uploader.retry()
    await rig.settle()
    rig.assert_delivered()
    await rig.clock.advance(1)
    assert figures(rig.outbox.streams["a"]) == (0, 5, 0, 0)


# Stopping and starting


async def test_stop_in_the_middle(rig: Rig, collector: Collector, path: Path, tmp_path: Path) -> None:
    hang = collector.inject(Hang(times=None, accept=True))
    await rig.queue_each(_streams(6), range(5))
    rig.hanging = 4
    await rig.start()
    await rig.stop()
    hang.clear()
    await assert_consistent(rig.outbox, path, tmp_path)
    await rig.restart()
    await rig.clock.advance(1)
    rig.assert_delivered()
    assert rig.outbox.queued == 0
    # Only what was on the way was sent twice.
    assert len(collector.discarded) == 4


async def test_stop_again_and_again(rig: Rig, collector: Collector) -> None:
    streams = _streams(5)
    await rig.start()
    for number in range(8):
        await rig.queue([packet(stream, number) for stream in streams])
        if number % 2:
            await rig.clock.advance()
        await rig.restart()
    await rig.clock.advance(1)
    rig.assert_delivered()
    assert not collector.discarded
    assert (rig.outbox.queued, rig.outbox.pushed) == (0, 40)


async def test_stop_sends_to_the_end_what_is_on_the_way(rig: Rig, collector: Collector) -> None:
    hang = collector.inject(Hang())
    await rig.queue_each(["a"], range(3))
    rig.hanging = 1
    await rig.start()
    rig.uploader.stop()
    rig.hanging = 0
    hang.release()
    await rig.settle()
    assert rig.requests == 1
    await rig.uploader.close()
    assert rig.outbox.pushed == 1


async def test_stop_while_acknowledgements_are_written(rig: Rig, collector: Collector) -> None:
    """The disk is slow just as the uploader is stopped: what was acknowledged is not sent again."""
    await rig.queue_each(_streams(3), range(4))
    await rig.start()
    release = threading.Event()
    blocked = asyncio.ensure_future(rig.outbox._thread.run(release.wait))
    timer_runs_out = asyncio.create_task(rig.clock.advance(1))
    for _ in range(20):
        await asyncio.sleep(0)
    assert rig.uploader._acknowledgements._writing.locked()
    stopping = asyncio.create_task(rig.stop())
    for _ in range(20):
        await asyncio.sleep(0)
    release.set()
    await asyncio.wait([blocked, timer_runs_out, stopping])
    await stopping
    assert rig.outbox.queued == 0
    await rig.restart()
    assert not collector.discarded


# A disk that fails


async def test_the_outbox_can_not_be_read(rig: Rig, path: Path) -> None:
    await rig.queue_each(_streams(6), range(3))
    with closing(connect(path)) as other:
        other.execute("ALTER TABLE packets RENAME TO elsewhere")
        await rig.start()
        assert rig.requests == 0
        assert rig.uploader.storage_error is not None
        # It is tried again each ten seconds, not without end.
        counted = Counter(rig.changes)[None]
        assert counted <= 20
        await rig.clock.advance(9)
        assert Counter(rig.changes)[None] == counted
        other.execute("ALTER TABLE elsewhere RENAME TO packets")
    await rig.clock.advance(1)
    rig.assert_delivered()
    await rig.clock.advance(1)
    assert rig.uploader.storage_error is None
    assert rig.outbox.queued == 0


async def test_the_outbox_can_not_be_written(rig: Rig, collector: Collector, path: Path) -> None:
    await rig.queue_each(_streams(5), range(30))
    with closing(connect(path)) as other:
        other.execute("CREATE TRIGGER refuse BEFORE DELETE ON packets BEGIN SELECT raise(ABORT, 'full'); END")
        await rig.start()
        await rig.clock.advance(300)
        assert len(collector.accepted) >= 64
        assert rig.uploader.storage_error == "full"
        assert rig.outbox.queued == 150
        # Nothing is sent a second time in the meantime.
        assert not collector.discarded
        other.execute("DROP TRIGGER refuse")
    await rig.clock.advance(10)
    await rig.clock.advance(1)
    rig.assert_delivered()
    assert (rig.outbox.queued, rig.outbox.pushed) == (0, 150)
    assert rig.uploader.storage_error is None
    assert not collector.discarded


async def test_a_rejected_packet_can_not_be_written(rig: Rig, collector: Collector, path: Path) -> None:
    collector.inject(Status(400, times=None, method="POST"))
    await rig.queue_each(["a"], range(2))
    with closing(connect(path)) as other:
        other.execute("CREATE TRIGGER refuse BEFORE INSERT ON rejected BEGIN SELECT raise(ABORT, 'full'); END")
        await rig.start()
        await rig.clock.advance(100)
        assert figures(rig.outbox.streams["a"]) == (2, 0, 0, 0)
        assert rig.uploader.storage_error == "full"
        other.execute("DROP TRIGGER refuse")
    await rig.clock.advance(10)
    assert rig.outbox.streams["a"].rejected == 1
    assert len(await rig.outbox.rejected()) == 1
