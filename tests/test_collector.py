"""The local collector against a real client: it is the oracle of other tests, so it must be right itself."""

import asyncio
from collections.abc import AsyncGenerator
import json
import logging
import socket

import pytest

from tests.collector import CODES, Collector, Hang
from tests.collector.client import GOOD, NOON, ONE, PASSWORD, USER, Client, basic, packet

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
async def collector() -> AsyncGenerator[Collector]:
    async with Collector(accounts={USER: PASSWORD}) as started:
        yield started


@pytest.fixture
async def client(collector: Collector) -> AsyncGenerator[Client]:
    async with Client.connect(collector) as connected:
        yield connected


def post(body: bytes, credentials: str = GOOD["Authorization"]) -> bytes:
    """Return a whole request as it goes over the wire."""
    head = (
        "POST /measurements/v2/unifiedjson/ HTTP/1.1",
        "Host: collector",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Authorization: {credentials}",
    )
    return "\r\n".join((*head, "", "")).encode() + body


@pytest.mark.parametrize(
    "body",
    [
        packet(**dict.fromkeys(CODES, 1)),
        *(packet(**{code: -1e-3}) for code in CODES),
        packet(value=0),
        packet(aP_1=10**300),
        packet(stream="Zähler 1"),
        packet("2024-02-29T23:59:59.999+14:00"),
        packet("2026-11-23T12:00:00.000-14:00"),
        b' { "value" : 1E2 , "tsISO8601":"2026-11-23T12:00:00.000-03:30","id":"\\u00e4" } ',
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "text/json; charset=utf-8"])
async def test_takes_packets(collector: Collector, client: Client, body: bytes, content_type: str) -> None:
    assert await client.push(body, {"Content-Type": content_type}) == (200, "")

    members = json.loads(body)
    [arrival] = await collector.wait_for(1)
    assert arrival.body == body
    assert arrival.packet.stream_id == members.pop("id")
    assert arrival.packet.instant.isoformat(timespec="milliseconds") == members.pop("tsISO8601")
    assert arrival.packet.values == members
    assert (arrival.origin.account, arrival.origin.connection) == (USER, 1)


TAIL = f'"id":"meter","tsISO8601":"{NOON}"}}'.encode()


def test_knows_each_code_once() -> None:
    assert len(set(CODES)) == 21


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff", "not UTF-8: invalid start byte at byte 0"),
        (packet() + b"\n", "not one line"),
        (packet().replace(b", ", b",\r", 1), "not one line"),
        (b"", "not JSON: Expecting value at character 0"),
        (b"\xef\xbb\xbf" + packet(), "not JSON"),
        (packet() + b"}", "not JSON: Extra data"),
        (packet()[:-1] + b",}", "not JSON"),
        pytest.param(b"[" * 100_000, "nested too deeply", id="nested"),
        (b'{"aP_1":1,"aP_1":1,' + TAIL, 'duplicate key "aP_1"'),
        (b'{"aP_1":NaN,' + TAIL, "not JSON: NaN"),
        (b'{"aP_1":Infinity,' + TAIL, "not JSON: Infinity"),
        (b'{"aP_1":-Infinity,' + TAIL, "not JSON: -Infinity"),
        (b"[" + packet() + b"]", "not an object: ["),
        (b"null", "not an object: null"),
        (b'{"tsISO8601":"' + NOON.encode() + b'","aP_1":1}', "id is missing"),
        (b'{"id":"meter","aP_1":1}', "tsISO8601 is missing"),
        (packet(aP_4=1), 'unknown key "aP_4"'),
        (packet(ap_1=1), 'unknown key "ap_1"'),
        (packet(stream=7), "id: 7 is no string"),
        (packet(stream=""), "id is empty"),
        (packet(stream="\ud800"), "half a character"),
        (packet(1), "tsISO8601: 1 is no string"),
        (packet(aP_1="1"), 'aP_1: "1" is no number'),
        (packet(aP_1=True), "aP_1: true is no number"),
        (packet(aP_1=None), "aP_1: null is no number"),
        (packet(aP_1=[1]), "aP_1: [1] is no number"),
        (packet(value="x" * 100), "…"),
        (b'{"aP_1":1e999,' + TAIL, "aP_1: the number is too large"),
        (b'{"aP_1":-1e999,' + TAIL, "aP_1: the number is too large"),
        pytest.param(b'{"aP_1":' + b"9" * 5000 + b"," + TAIL, "aP_1: the number is too large", id="huge"),
        (b"{" + TAIL, "no parameter at all"),
        (packet(value=1, aP_1=1), "value beside electricity codes"),
    ],
)
async def test_refuses_what_is_no_packet(collector: Collector, client: Client, body: bytes, reason: str) -> None:
    status, text = await client.push(body)

    assert status == 400
    assert reason in text
    assert [(refusal.reason, refusal.body) for refusal in collector.refused] == [(text, body)]
    assert collector.accepted == []


@pytest.mark.parametrize(
    ("timestamp", "reason"),
    [
        ("2026-11-23T12:00:00.000Z", "form"),
        ("2026-11-23T12:00:00.000", "form"),
        ("2026-11-23T12:00:00.000+0000", "form"),
        ("2026-11-23T12:00:00.000+00", "form"),
        ("2026-11-23T12:00:00.000+00:00:00", "form"),
        ("2026-11-23T12:00:00.000+00:60", "form"),
        ("2026-11-23T12:00:00+00:00", "form"),
        ("2026-11-23T12:00:00.00+00:00", "form"),
        ("2026-11-23T12:00:00.000000+00:00", "form"),
        ("2026-11-23T12:00:00,000+00:00", "form"),
        ("2026-11-23 12:00:00.000+00:00", "form"),
        ("20261123T120000.000+00:00", "form"),
        ("2026-11-23T24:00:00.000+00:00", "form"),
        ("2026-11-23T12:00:60.000+00:00", "form"),
        (NOON + " ", "form"),
        (NOON.replace("-11-", "-1\u0661-"), "form"),
        ("2026-02-29T12:00:00.000+00:00", "real date"),
        ("2026-13-01T12:00:00.000+00:00", "real date"),
        ("2026-11-23T12:00:00.000+14:01", "14 hours"),
        ("2026-11-23T12:00:00.000-15:00", "14 hours"),
    ],
)
async def test_refuses_other_timestamps(client: Client, timestamp: str, reason: str) -> None:
    status, text = await client.push(packet(timestamp))

    assert status == 400
    assert text.startswith("tsISO8601: ")
    assert reason in text


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
async def test_refuses_other_content_types(client: Client, content_type: str) -> None:
    status, text = await client.push(headers={"Content-Type": content_type})

    assert status == 400
    assert content_type in text


async def test_refuses_bodies_over_a_mebibyte(collector: Collector, client: Client) -> None:
    limit = 1024 * 1024
    assert (await client.push(packet().ljust(limit)))[0] == 200
    assert (await client.push(packet(ONE).ljust(limit + 1)))[0] == 413
    assert len(collector.refused) == 1


@pytest.mark.parametrize(
    ("first", "second", "newer"),
    [
        (packet(NOON), packet(NOON), False),
        (packet(ONE), packet(NOON), False),
        (packet(NOON), packet(ONE), True),
        (packet(NOON), packet("2026-11-23T13:00:00.000+01:00"), False),
        (packet(NOON), packet("2026-11-23T11:00:00.000-02:00"), True),
        # The repeated hour: the local times fall, the instants rise.
        (packet("2026-10-25T02:50:00.000+02:00"), packet("2026-10-25T02:10:00.000+01:00"), True),
        (packet(ONE), packet(NOON, stream="other"), True),
    ],
)
@pytest.mark.parametrize("discarded_status", [200, 409])
async def test_discards_what_is_not_newer(
    collector: Collector,
    client: Client,
    first: bytes,
    second: bytes,
    newer: bool,
    discarded_status: int,
) -> None:
    collector.discarded_status = discarded_status
    assert (await client.push(first))[0] == 200
    assert (await client.push(second))[0] == (200 if newer else discarded_status)

    assert [arrival.body for arrival in collector.accepted] == ([first, second] if newer else [first])
    assert [arrival.body for arrival in collector.discarded] == ([] if newer else [second])


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        basic(b"user:wrong"),
        basic(b"user:"),
        basic(b"nobody:" + PASSWORD.encode()),
        basic(PASSWORD.encode("latin-1")),
        basic(f"{USER}:{PASSWORD}".encode("latin-1")),
        basic(b"user"),
        basic(b"empty"),
        {"Authorization": "Basic user:password"},
        {"Authorization": GOOD["Authorization"].replace("Basic", "Bearer")},
    ],
)
async def test_wrong_credentials_come_first(collector: Collector, client: Client, headers: dict[str, str]) -> None:
    collector.accounts["empty"] = ""
    assert (await client.push(b"no packet", headers))[0] == 401
    async with client.session.get(collector.url, headers=headers) as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"].startswith("Basic ")
    assert collector.refused == []
    assert collector.statistics.authenticated == 0


async def test_accounts_keep_to_their_streams(collector: Collector, client: Client) -> None:
    collector.accounts["second"] = ""
    collector.restricted_to = {USER: {"meter", "gone"}}
    collector.known_streams = {"meter", "other"}
    second = basic(b"second:")

    async def statuses(stream: str, headers: dict[str, str]) -> tuple[int, int]:
        async with client.session.get(collector.url, params={"stream": stream}, headers=headers) as response:
            pushed, _ = await client.push(packet(stream=stream), headers)
            return response.status, pushed

    assert await statuses("meter", GOOD) == (200, 200)
    assert await statuses("other", GOOD) == (403, 403)
    assert await statuses("gone", GOOD) == (404, 404)
    assert await statuses("other", second) == (200, 200)
    assert [arrival.origin.account for arrival in collector.accepted] == [USER, "second"]


async def test_reads_back_the_latest_processed(client: Client) -> None:
    assert await client.read_back() == (200, "{}")
    await client.push(packet(ONE))
    await client.push(packet(NOON))
    await client.push(b"nonsense")
    assert await client.read_back() == (200, packet(ONE).decode())
    assert await client.read_back("other") == (200, "{}")
    assert (await client.read_back(""))[0] == 400


async def test_has_nothing_else(collector: Collector, client: Client) -> None:
    async with client.session.put(collector.url) as response:
        assert response.status == 405
    async with client.session.post(collector.url.rstrip("/"), data=packet()) as response:
        assert response.status == 404


async def test_sets_a_cookie_and_sees_it_again(collector: Collector, client: Client) -> None:
    for _ in range(3):
        await client.read_back()
    assert list(collector.statistics.sessions.values()) == [2]
    assert [request.session_returned for request in collector.statistics.requests] == [False, True, True]

    client.session.cookie_jar.clear()
    await client.read_back()
    assert list(collector.statistics.sessions.values()) == [2, 0]


async def test_counts_challenges(collector: Collector, client: Client) -> None:
    await client.push()
    await client.push(headers={"Authorization": ""})
    await client.push()
    statistics = collector.statistics
    assert statistics.authenticated == 2
    assert statistics.authenticated_at_once == 1
    assert statistics.statuses == {200: 2, 401: 1}
    assert statistics.connections == statistics.most_connections == 1


async def test_counts_what_happens_at_once(collector: Collector, client: Client) -> None:
    hang = collector.inject(Hang(times=3))
    async with asyncio.TaskGroup() as group:
        for timestamp, stream in ((NOON, "a"), (ONE, "a"), (NOON, "b")):
            group.create_task(client.push(packet(timestamp, stream)))
        await collector.wait_until(lambda: hang.struck == 3)
        assert collector.statistics.in_flight == 3
        hang.release()
    await client.push(packet(ONE, "b"))

    statistics = collector.statistics
    assert statistics.in_flight == 0
    assert statistics.most_in_flight == statistics.connections == statistics.most_connections == 3
    assert statistics.most_in_flight_by_stream == {"a": 2, "b": 1}
    assert [request.method for request in statistics.requests] == ["POST"] * 4


async def test_a_client_that_gave_up_waits_no_more(collector: Collector, client: Client) -> None:
    hang = collector.inject(Hang())
    given_up = asyncio.create_task(client.push())
    await collector.wait_until(lambda: hang.struck == 1)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    await client.push()

    assert collector.statistics.most_in_flight_by_stream == {"meter": 1}
    assert collector.statistics.connections == 2
    assert collector.statistics.most_connections == 1
    assert collector.statistics.statuses == {None: 1, 200: 1}


async def test_an_answer_given_up_just_before_the_next_request_waits_no_more(collector: Collector) -> None:
    hang = collector.inject(Hang())
    address = (collector.host, collector.port)
    with socket.create_connection(address) as given_up, socket.create_connection(address) as kept:
        given_up.sendall(post(packet(NOON)))
        await collector.wait_until(lambda: hang.struck == 1)
        kept.sendall(post(packet(NOON, "other")))
        await collector.wait_for(1)

        # The server sees both at the same moment.
        given_up.close()
        kept.sendall(post(packet(ONE)))
        await collector.wait_for(2)

    assert collector.statistics.most_in_flight_by_stream == {"meter": 1, "other": 1}


async def test_wrong_credentials_are_told_without_the_body(collector: Collector) -> None:
    reader, writer = await asyncio.open_connection(collector.host, collector.port)
    writer.write(post(packet(), credentials="Basic eDp5")[:-1])
    assert await reader.readline() == b"HTTP/1.1 401 Unauthorized\r\n"
    writer.close()
    await writer.wait_closed()


async def test_half_a_request_harms_nothing(
    collector: Collector, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = await asyncio.open_connection(collector.host, collector.port)
    writer.write(post(packet())[:-1])
    await collector.wait_until(lambda: collector.statistics.in_flight == 1)
    writer.close()
    await writer.wait_closed()
    await collector.wait_until(lambda: collector.statistics.in_flight == 0)
    assert (await client.push())[0] == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
