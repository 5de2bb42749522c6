"""The collector's faults, its outages and the control interface, against a real client."""

import asyncio
from collections.abc import AsyncGenerator
import errno
import json
from operator import itemgetter
from typing import Any

import aiohttp
import pytest

from .client import NOON, ONE, PASSWORD, USER, Client, packet
from .control import is_local
from .faults import Close, Fault, Hang, ReadBack, Redirect, Reset, Slow, Status, Truncated
from .server import Collector

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
async def collector() -> AsyncGenerator[Collector]:
    async with Collector(accounts={USER: PASSWORD}) as started:
        yield started


@pytest.fixture
async def client(collector: Collector) -> AsyncGenerator[Client]:
    async with Client.connect(collector) as connected:
        yield connected


@pytest.mark.parametrize("accept", [False, True])
async def test_fault_status(collector: Collector, client: Client, accept: bool) -> None:
    fault = Status(503, headers={"Retry-After": "7"}, body=b"later", accept=accept)
    injection = collector.inject(fault)
    async with client.session.post(
        collector.url, data=packet(), headers={"Content-Type": "text/json"}
    ) as response:
        assert (response.status, response.headers["Retry-After"]) == (503, "7")
        assert await response.read() == b"later"
    assert len(collector.accepted) == accept
    assert injection.struck == 1
    assert collector.faults == {"status": 1}


@pytest.mark.parametrize("accept", [False, True])
async def test_fault_hang(collector: Collector, client: Client, accept: bool) -> None:
    injection = collector.inject(Hang(accept=accept))
    pushed = asyncio.create_task(client.push())
    await collector.wait_until(lambda: injection.struck == 1)
    assert len(collector.accepted) == accept
    assert not pushed.done()
    injection.release()
    assert await pushed == (200, "")
    assert len(collector.accepted) == 1


async def test_fault_slow(collector: Collector, client: Client) -> None:
    collector.inject(Slow(0.05, stream="slow"))
    ended: list[str] = []

    async def send(stream: str) -> None:
        await client.push(packet(stream=stream))
        ended.append(stream)

    async with asyncio.TaskGroup() as group:
        group.create_task(send("slow"))
        await collector.wait_for(1, stream="slow")
        group.create_task(send("fast"))
    assert ended == ["fast", "slow"]
    assert collector.faults == {"slow": 1}


@pytest.mark.parametrize("accept", [False, True])
async def test_fault_reset(collector: Collector, client: Client, accept: bool) -> None:
    collector.inject(Reset(accept=accept))
    with pytest.raises(aiohttp.ClientOSError) as caught:
        await client.push()
    assert caught.value.errno == errno.ECONNRESET
    assert len(collector.accepted) == accept
    assert collector.statistics.statuses == {None: 1}
    assert (await client.push())[0] == 200
    assert len(collector.discarded) == accept
    assert collector.faults == {"reset": 1}


async def test_fault_redirect(collector: Collector, client: Client) -> None:
    collector.inject(Redirect())
    async with client.session.get(collector.url, params={"stream": "meter"}) as response:
        assert response.status == 404
        assert [step.status for step in response.history] == [302]
    assert [request.path for request in collector.statistics.requests][1] == "/elsewhere/"


@pytest.mark.parametrize("body", [b"", b"<html></html>", packet(ONE), b"{"])
async def test_fault_read_back(collector: Collector, client: Client, body: bytes) -> None:
    collector.inject(ReadBack(body))
    await client.push()
    assert collector.faults == {}
    assert await client.read_back() == (200, body.decode())
    assert await client.read_back() == (200, packet().decode())
    assert collector.faults == {"read_back": 1}


async def test_fault_truncated(collector: Collector, client: Client) -> None:
    collector.inject(Truncated(times=2))
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.push()
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.read_back()
    assert len(collector.accepted) == 1
    assert collector.faults == {"truncated": 2}


@pytest.mark.parametrize("announced", [True, False])
async def test_fault_close(collector: Collector, client: Client, announced: bool) -> None:
    collector.inject(Close(announced))
    async with client.session.get(collector.url) as response:
        assert (response.headers.get("Connection") == "close") is announced
    await client.read_back()
    assert collector.statistics.connections == 2
    assert collector.faults == {"close": 1}


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        (Status(500, times=2), [500, 500, 200, 200, 200, 200]),
        (Status(500, times=None), [500] * 6),
        (Status(500, times=None, method="GET"), [200, 500, 200, 500, 200, 500]),
        (Status(500, times=2, stream="b"), [200, 200, 500, 500, 200, 200]),
        (Status(500, stream="b", method="GET"), [200, 200, 200, 500, 200, 200]),
    ],
)
async def test_faults_strike_what_they_match(
    collector: Collector, client: Client, fault: Fault, statuses: list[int]
) -> None:
    injection = collector.inject(fault)
    seen = []
    for stream in ("a", "b", "c"):
        seen.append((await client.push(packet(stream=stream)))[0])
        seen.append((await client.read_back(stream))[0])
    assert seen == statuses
    assert injection.struck == seen.count(500)

    collector.clear_faults()
    assert (await client.read_back())[0] == 200


async def test_an_outage(collector: Collector, client: Client) -> None:
    await client.push(packet(NOON))
    url = collector.url
    hang = collector.inject(Hang())
    hanging = asyncio.create_task(client.push(packet(ONE)))
    await collector.wait_until(lambda: hang.struck == 1)

    async with asyncio.timeout(1):
        await collector.stop()
    with pytest.raises(aiohttp.ClientOSError):
        await hanging
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.read_back()

    await collector.start()
    assert collector.url == url
    assert await client.read_back() == (200, packet(NOON).decode())
    assert (await client.push(packet(NOON)))[0] == 200
    assert [len(collector.accepted), len(collector.discarded)] == [1, 1]
    with pytest.raises(RuntimeError):
        await collector.start()


async def test_stops_in_good_order_within_the_grace(collector: Collector, client: Client) -> None:
    collector.inject(Slow(0.05))
    pushed = asyncio.create_task(client.push())
    await collector.wait_for(1)
    await collector.stop(grace=5)
    assert await pushed == (200, "")


async def test_waiting_in_vain_tells_what_came(collector: Collector, client: Client) -> None:
    await client.push()
    with pytest.raises(TimeoutError, match=r"1 of 2 packets accepted in 0 s\n\{.*meter"):
        await collector.wait_for(2, seconds=0)
    with pytest.raises(TimeoutError, match="0 of 1 packets"):
        await collector.wait_for(1, stream="other", seconds=0)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500, "headers": {"Retry-After": "1"}, "body": "ä", "times": None},
        {"kind": "slow", "seconds": 0, "method": "POST", "stream": "meter"},
        {"kind": "reset", "accept": True},
        {"kind": "truncated"},
        {"kind": "redirect", "location": "/", "status": 307},
        {"kind": "close", "announced": False},
        {"kind": "read_back", "body": "", "content_type": "text/html", "method": "POST"},
        {"kind": "hang"},
    ],
    ids=itemgetter("kind"),
)
async def test_control_injects_and_clears_faults(
    collector: Collector, client: Client, fault: dict[str, object]
) -> None:
    faults = collector.url.replace("/measurements/v2/unifiedjson/", "/control/faults")
    async with client.session.post(faults, json=fault) as response:
        assert response.status == 200
    pushed = asyncio.create_task(client.push())
    await collector.wait_until(lambda: collector.faults == {fault["kind"]: 1})

    async with client.session.delete(faults) as response:
        assert response.status == 200
    await asyncio.gather(pushed, return_exceptions=True)
    assert (await client.push())[0] == 200


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"kind": "slow"}, "slow: a field is missing"),
        ({"kind": "slow", "seconds": 0, "accept": True}, "accept: a slow fault has no such field"),
        ({"kind": "reset", "accept": 1}, "accept: 1 is of the wrong type"),
        ({"kind": "status", "status": True}, "status: True is of the wrong type"),
        ({"kind": "hang", "method": 1}, "method: 1 is of the wrong type"),
        ({"kind": "fire"}, "kind: one of status, hang,"),
        ([], "a fault is an object"),
    ],
)
async def test_control_says_what_is_wrong_with_a_fault(
    collector: Collector, client: Client, fault: object, reason: str
) -> None:
    faults = collector.url.replace("/measurements/v2/unifiedjson/", "/control/faults")
    async with client.session.post(faults, json=fault) as response:
        assert response.status == 400
        assert reason in await response.text()
    assert (await client.push())[0] == 200


async def test_control_state(collector: Collector, client: Client) -> None:
    for body in (packet(ONE), packet(NOON), b"\xff"):
        await client.push(body)
    control = collector.url.replace("/measurements/v2/unifiedjson/", "/control/")
    async with client.session.get(control + "state") as response:
        state: dict[str, Any] = await response.json()
    async with client.session.get(control + "else") as response:
        assert response.status == 404

    assert state["accepted"] == [packet(ONE).decode()]
    assert state["discarded"] == [packet(NOON).decode()]
    assert state["refused"] == [{"reason": "not UTF-8: invalid start byte at byte 0", "body": "\\xff"}]
    assert [request["status"] for request in state["statistics"]["requests"]] == [200, 200, 400]
    assert state["statistics"]["most_in_flight_by_stream"] == {"meter": 1}
    assert PASSWORD not in json.dumps(state, ensure_ascii=False)


@pytest.mark.parametrize(
    ("address", "local"),
    [("127.0.0.1", True), ("::1", True), ("::ffff:127.0.0.1", True), ("192.0.2.1", False), (None, False)],
)
def test_control_answers_this_machine_only(address: str | None, local: bool) -> None:
    assert is_local(address) is local
