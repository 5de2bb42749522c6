"""What a read-back says of a stream, and when it is made: "received" is not yet "shown"."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from custom_components.wattics.delivery.errors import DeliveryError, NoAnswer, NotFound, Unreachable
from custom_components.wattics.delivery.verification import Verification
from tests.collector import Collector, Fault, Hang, ReadBack, Reset, Status

from .clocks import skip
from .files import figures
from .packets import FIRST_MILLISECONDS, STEP, packet, packets
from .rig import PASSWORD, USER, Rig, delivery

DAY = 86_400


def test_in_step() -> None:
    verification = Verification()
    assert verification.take(0, 100, 100, 100) == DAY
    assert verification.take(DAY, 200, 200, 300) == DAY
    assert (verification.processed, verification.not_processed, verification.another_installation) == (
        200,
        False,
        False,
    )


def test_behind_for_ten_minutes() -> None:
    verification = Verification()
    assert verification.take(1000, 100, 200, 200) == 600
    assert not verification.not_processed
    # What is acknowledged meanwhile does not begin the time anew.
    assert verification.take(1599, 100, 300, 300) == 600
    assert not verification.not_processed
    assert verification.take(1600, 100, 300, 300) == 600
    assert verification.not_processed
    assert verification.take(1700, 300, 300, 300) == DAY
    assert not verification.not_processed


def test_behind_but_moving() -> None:
    verification = Verification()
    for minute in range(0, 60, 5):
        assert verification.take(60 * minute, 100 * minute, 100 * minute + 100, 10**6) == 600
        assert not verification.not_processed


@pytest.mark.parametrize(
    ("known", "wait"),
    [((None, 200, 200), DAY), ((100, None, 200), DAY), ((100, None, None), 600), ((300, 200, None), 600)],
)
def test_nothing_is_concluded_from_nothing(known: tuple[int | None, int | None, int | None], wait: float) -> None:
    verification = Verification()
    assert verification.take(0, *known) == wait
    assert verification == Verification()


def test_being_behind_is_not_forgotten_for_a_read_back_that_says_nothing() -> None:
    verification = Verification()
    assert verification.take(0, 100, 200, 300) == 600
    assert verification.take(600, None, 200, 300) == 600
    assert verification.take(1200, 100, 200, 300) == 600
    assert verification.not_processed


def test_another_installation_is_looked_at_again_soon() -> None:
    verification = Verification()
    assert verification.take(0, 300, 100, 200) == 600
    assert verification.take(600, 300, 300, 400) == DAY
    assert not verification.another_installation


def test_another_installation() -> None:
    verification = Verification()
    verification.take(0, 300, 100, 200)
    assert verification.another_installation
    verification.take(1, 200, 100, 200)
    assert not verification.another_installation


@pytest.fixture
async def collector(socket_enabled: None) -> AsyncGenerator[Collector]:  # noqa: ARG001
    async with Collector(accounts={USER: PASSWORD}) as running:
        yield running


@pytest.fixture
async def rig(collector: Collector, tmp_path: Path) -> AsyncGenerator[Rig]:
    async with delivery(collector, tmp_path / "account.db") as rig:
        yield rig


def _read_backs(rig: Rig, stream_id: str = "a") -> int:
    return sum(
        request.method == "GET" and request.stream == stream_id for request in rig.collector.statistics.requests
    )


async def test_read_back_after_the_first_packet_and_daily(rig: Rig) -> None:
    await rig.start()
    await rig.queue_each(["a"], range(3))
    await rig.clock.advance(59)
    assert _read_backs(rig) == 0
    await rig.clock.advance(1)
    assert _read_backs(rig) == 1
    assert rig.lane("a").verification.processed == FIRST_MILLISECONDS + 2 * STEP
    await rig.clock.advance(DAY - 1)
    assert _read_backs(rig) == 1
    await rig.clock.advance(1)
    assert _read_backs(rig) == 2


async def test_read_back_after_an_outage(rig: Rig, collector: Collector) -> None:
    await rig.start()
    await rig.queue_each(["a"], range(1))
    await rig.clock.advance(60)
    collector.inject(Status(503))
    await rig.queue_each(["a"], range(1, 3))
    await rig.clock.advance(2)
    rig.assert_delivered()
    await rig.clock.advance(60)
    assert _read_backs(rig) == 2


async def test_what_is_acknowledged_but_not_processed(rig: Rig, collector: Collector) -> None:
    await rig.start()
    await rig.queue_each(["a"], range(3))
    await rig.clock.advance(1)
    fault = collector.inject(ReadBack(packet("a", 1).encode(), times=None))
    await rig.clock.advance(60)
    assert not rig.lane("a").verification.not_processed
    rig.changes.clear()
    await rig.clock.advance(600)
    assert rig.lane("a").verification.not_processed
    assert "a" in rig.changes
    fault.clear()
    await rig.clock.advance(600)
    assert not rig.lane("a").verification.not_processed


@pytest.mark.parametrize(
    "answer",
    [
        ReadBack(b"{}"),
        ReadBack(b"<html></html>", "text/html"),
        ReadBack(packet("a", 99).encode()),
        ReadBack(packet("a", -99).encode()),
        Status(404, method="GET"),
        Status(500, method="GET"),
        Status(401, method="GET"),
        Reset(method="GET"),
    ],
)
async def test_no_read_back_loses_or_stops_anything(rig: Rig, collector: Collector, answer: Fault) -> None:
    await rig.start()
    await rig.queue_each(["a", "b"], range(3))
    injection = collector.inject(answer)
    await rig.clock.advance(60)
    assert injection.struck == 1
    await rig.queue_each(["a", "b"], range(3, 6))
    rig.assert_delivered()
    await rig.clock.advance(1)
    assert (rig.uploader.gate.is_open, rig.outbox.queued, rig.outbox.pushed) == (True, 0, 12)


@pytest.mark.parametrize("fault", [Status(503, times=None), Status(401, times=None)])
async def test_read_backs_that_find_no_server_put_off_the_others(
    rig: Rig, collector: Collector, fault: Fault
) -> None:
    streams = [f"stream {number}" for number in range(20)]
    await rig.start()
    await rig.queue_each(streams, range(1))
    injection = collector.inject(fault)
    await rig.clock.advance(60)
    in_flight = injection.struck
    assert 1 <= in_flight <= rig.connections
    await rig.clock.advance(599)
    assert injection.struck == in_flight
    await rig.clock.advance(1)
    assert injection.struck == in_flight + 1
    await rig.clock.advance(2400)
    assert injection.struck == in_flight + 5
    # Who is asked to, does it all the same.
    with pytest.raises(DeliveryError):
        await rig.uploader.verify("stream 7")
    collector.clear_faults()
    await rig.clock.advance(600)
    assert sum(_read_backs(rig, stream_id) for stream_id in streams) == in_flight + 6 + 20
    assert all(rig.lane(stream_id).verification.processed for stream_id in streams)


async def test_a_read_back_that_its_stream_fails_on_puts_off_no_other(rig: Rig, collector: Collector) -> None:
    await rig.start()
    collector.inject(Status(404, method="GET", times=None, stream="a"))
    await rig.queue_each(["a", "b"], range(1))
    await rig.clock.advance(60)
    assert rig.lane("b").verification.processed == FIRST_MILLISECONDS


async def test_verify_now(rig: Rig, collector: Collector) -> None:
    await rig.start()
    await rig.queue_each(["a"], range(3))
    await rig.clock.advance(1)
    await rig.uploader.verify("a")
    assert _read_backs(rig) == 1
    assert rig.lane("a").verification.processed == FIRST_MILLISECONDS + 2 * STEP
    await rig.uploader.verify("never sent")
    collector.inject(Status(404, method="GET"))
    with pytest.raises(NotFound):
        await rig.uploader.verify("a")


async def test_verify_without_an_answer(rig: Rig, collector: Collector) -> None:
    await rig.start()
    hang = collector.inject(Hang(method="GET"))
    verifying = asyncio.create_task(rig.uploader.verify("a"))
    await collector.wait_until(lambda: hang.struck == 1)
    skip(11)
    with pytest.raises(NoAnswer):
        await verifying
    collector.inject(Status(503))
    await rig.queue_each(["a"], range(1))
    with pytest.raises(Unreachable):
        await rig.uploader.verify("a")


async def test_verify_a_stream_that_waits(rig: Rig, collector: Collector) -> None:
    """Just when a stream is in trouble its user wants to know what Wattics has of it."""
    await rig.start()
    await rig.queue_each(["a"], range(1))
    collector.inject(Status(404, times=None, method="POST"))
    await rig.queue_each(["a"], range(1, 3))
    tries = rig.tries("a")
    async with asyncio.timeout(10):
        await rig.uploader.verify("a")
    await rig.settle()
    assert (_read_backs(rig), rig.tries("a")) == (1, tries)
    await rig.clock.advance(59)
    assert rig.tries("a") == tries
    await rig.clock.advance(1)
    assert rig.tries("a") == tries + 1


async def test_a_read_back_in_an_outage_sends_nothing_of_a_stream_that_waits(
    rig: Rig, collector: Collector
) -> None:
    collector.inject(Status(404, stream="a", method="POST"))
    await rig.queue_each(["a"], range(2))
    await rig.start()
    collector.inject(Status(503, times=None))
    await rig.queue_each(["b"], range(1))
    asked = rig.uploader._verifier.request(rig.lane("a"))
    await rig.clock.advance(1)
    with pytest.raises(Unreachable):
        await asked
    assert rig.tries("a") == 1


async def test_verifying_ends_with_the_stream(rig: Rig, collector: Collector) -> None:
    await rig.start()
    hang = collector.inject(Hang())
    await rig.queue([packet("a")])
    rig.hanging = 1
    await rig.clock.advance()
    verifying = asyncio.create_task(rig.uploader.verify("a"))
    for _ in range(5):
        await asyncio.sleep(0)
    rig.uploader.remove("a")
    with pytest.raises((asyncio.CancelledError, Unreachable)):
        await verifying
    rig.hanging = 0
    hang.release()
    await rig.settle()


async def test_a_packet_that_is_refused_because_it_had_arrived(rig: Rig, collector: Collector) -> None:
    """A server may refuse what it has: that is found out after a restart too, before a packet is set aside."""
    await rig.start()
    await rig.queue_each(["a"], range(1))
    await rig.restart()
    collector.inject(Reset(accept=True, method="POST"))
    collector.inject(Status(400, times=3, method="POST"))
    await rig.queue_each(["a"], range(1, 3))
    await rig.clock.advance(71)
    rig.assert_delivered()
    assert figures(rig.outbox.streams["a"]) == (0, 3, 0, 0)


async def test_another_installations_packet_stops_nothing(rig: Rig, collector: Collector) -> None:
    await rig.start()
    await rig.queue_each(["a"], range(2))
    collector.inject(ReadBack(packet("a", 999).encode()))
    await rig.clock.advance(60)
    assert rig.lane("a").verification.another_installation
    await rig.queue(packets("a", range(2, 4)))
    await rig.clock.advance()
    rig.assert_delivered()
