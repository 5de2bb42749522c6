"""Streams that must be read back before anything of this run is sent: asked once, and never held up for long."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import override

import pytest

from custom_components.wattics.delivery.errors import OutboxError
from custom_components.wattics.delivery.joining import Joining
from custom_components.wattics.delivery.packet import Packet
from tests.collector import Collector, ReadBack, Status

from .packets import packet, packets
from .rig import PASSWORD, USER, Rig, delivery


class _Awaiting(Joining):
    """Awaits what Wattics has of a stream until it has been told."""

    def __init__(self) -> None:
        self.awaited = {"a"}
        self.taken: list[Packet | None] = []
        self.errors: list[OutboxError] = []

    @override
    def awaits(self, stream_id: str) -> bool:
        return stream_id in self.awaited

    @override
    async def take(self, stream_id: str, last: Packet | None) -> None:
        if self.errors:
            raise self.errors.pop()
        self.taken.append(last)
        self.awaited.discard(stream_id)


@pytest.fixture
def awaiting() -> _Awaiting:
    return _Awaiting()


@pytest.fixture
async def rig(tmp_path: Path, awaiting: _Awaiting, socket_enabled: None) -> AsyncGenerator[Rig]:  # noqa: ARG001
    """Give a rig whose stream `a` is to be asked for."""
    async with (
        Collector(accounts={USER: PASSWORD}) as collector,
        delivery(collector, tmp_path / "account.db", joining=awaiting) as rig,
    ):
        yield rig


def _requests(rig: Rig, stream_id: str) -> list[str]:
    return [one.method for one in rig.collector.statistics.requests if one.stream == stream_id]


async def test_asks_before_the_first_packet_and_no_more(rig: Rig, awaiting: _Awaiting) -> None:
    await rig.start()
    await rig.queue_each(["a", "b"], range(3))
    assert _requests(rig, "a") == ["GET", "POST", "POST", "POST"]
    assert _requests(rig, "b") == ["POST", "POST", "POST"]
    assert awaiting.taken == [None]
    rig.assert_delivered()


async def test_asks_when_told_to_without_a_packet(rig: Rig, awaiting: _Awaiting) -> None:
    await rig.start()
    rig.collector.inject(ReadBack(packet("a", 7).encode()))
    rig.uploader.ask(["a"], 5.0)
    await rig.clock.advance(4.0)
    assert _requests(rig, "a") == []
    await rig.clock.advance(1.0)
    assert awaiting.taken == [packet("a", 7)]
    await rig.queue_each(["a"], range(8, 10))
    assert _requests(rig, "a") == ["GET", "POST", "POST"]


@pytest.mark.parametrize("is_there", [False, True])
async def test_no_packet_goes_while_nobody_can_be_asked(rig: Rig, awaiting: _Awaiting, is_there: bool) -> None:
    refusing = rig.collector.inject(Status(401, times=None))
    await rig.start()
    if not is_there:
        await rig.collector.stop()
    await rig.queue(packets("a", range(2)))
    await rig.clock.advance(3600)
    assert set(_requests(rig, "a")) <= {"GET"}
    assert awaiting.taken == []
    refusing.clear()
    if not is_there:
        await rig.collector.start()
    await rig.clock.advance(3600)
    requests = [method for method in _requests(rig, "a") if method == "POST"]
    assert requests == ["POST", "POST"]
    assert awaiting.taken == [None]
    rig.assert_delivered()


@pytest.mark.parametrize("status", [400, 403, 404, 500, 503])
async def test_a_packet_goes_where_only_the_question_fails(rig: Rig, awaiting: _Awaiting, status: int) -> None:
    rig.collector.inject(Status(status, times=None, method="GET"))
    await rig.start()
    await rig.queue(packets("a", range(3)))
    await rig.clock.advance()
    assert _requests(rig, "a") == ["GET", "POST", "POST", "POST"]
    assert awaiting.taken == []
    rig.assert_delivered()
    # It is still awaited: the next read-back brings it.
    rig.collector.clear_faults()
    await rig.clock.advance(700)
    assert awaiting.taken == [packet("a", 2)]


async def test_asks_again_after_a_disk_that_failed(rig: Rig, awaiting: _Awaiting) -> None:
    awaiting.errors = [OutboxError("no")]
    await rig.start()
    await rig.queue(packets("a", range(2)))
    await rig.clock.advance()
    assert _requests(rig, "a") == ["GET"]
    assert rig.uploader.storage_error == "no"
    await rig.clock.advance(60)
    assert _requests(rig, "a")[:4] == ["GET", "GET", "POST", "POST"]
    assert rig.uploader.storage_error is None
    rig.assert_delivered()
